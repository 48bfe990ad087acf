//! Pictures in colour with more classes than a byte can tell apart, from the files to the report and back.

mod common;

use std::fs;
use std::path::Path;

use common::{pool_cli, stderr};
use pool_testkit::png::{Colour, PngFile};
use serde_json::Value;

const SIDE: usize = 8;
/// Red, green and blue pictures; nothing but the colour tells them apart.
const CLASSES: [(u16, [u8; 3]); 3] = [(0, [200, 20, 20]), (7, [20, 200, 20]), (300, [20, 20, 200])];

const SWEEP: &str = "study = \"colours\"\nseeds = [1]\n[data]\ndataset = { dir = \"pictures\" }\nvalidation = { \
                     stratified = 0.2 }\n[train]\nepochs = 12\nbatch_size = 10\nlearning_rate = 0.01\n[costs]\n\
                     epochs = 0\n[model]\nlayers = [{ conv2d = { filters = 4, kernel = 3, activation = \"relu\" } }, \
                     \"pool\", \"flatten\", { dense = { units = 301 } }]\n[[arm]]\nname = \"max\"\npool = \"max\"\n";

fn idx(code: u8, shape: &[usize], body: Vec<u8>) -> Vec<u8> {
    let sizes = shape.iter().flat_map(|&size| (size as u32).to_be_bytes());
    [0, 0, code, shape.len() as u8].into_iter().chain(sizes).chain(body).collect()
}

/// Pictures of every class in turn, `[N, H, W, 3]`, with a little that differs from one to the next.
fn data_set(folder: &Path) {
    fs::create_dir(folder).unwrap();
    for (part, count) in [("train", 150), ("t10k", 30)] {
        let images = (0..count).flat_map(|index| {
            let (_, colour) = CLASSES[index % 3];
            (0..SIDE * SIDE).flat_map(move |at| colour.map(|value| value + ((at * (index + 3)) % 40) as u8))
        });
        let labels = (0..count).flat_map(|index| i32::from(CLASSES[index % 3].0).to_be_bytes());
        let images = idx(0x08, &[count, SIDE, SIDE, 3], images.collect());
        fs::write(folder.join(format!("{part}-images-idx3-ubyte")), images).unwrap();
        let labels = idx(0x0c, &[count], labels.collect());
        fs::write(folder.join(format!("{part}-labels-idx1-ubyte")), labels).unwrap();
    }
}

/// A picture of twice the size in this colour, its edge half transparent.
fn png(path: &Path, colour: [u8; 3]) {
    let row = |alpha| colour.into_iter().chain([alpha]).collect::<Vec<u8>>().repeat(16);
    let rows = [row(255).repeat(15), row(128)].concat();
    let file = PngFile { width: 16, height: 16, depth: 8, colour: Colour::Rgba, chunks: Vec::new(), rows };
    fs::write(path, file.bytes()).unwrap();
}

#[test]
fn a_network_learns_colours_and_predicts_them() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let output = pool_cli(folder.path()).args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", stderr(&output));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    data_set(&folder.path().join("pictures"));
    fs::write(folder.path().join("sweep.toml"), SWEEP).unwrap();
    run(&["sweep", "sweep.toml"]);

    let trials = folder.path().join("runs/colours/trials");
    let trial = fs::read_dir(trials).unwrap().next().unwrap().unwrap().path();
    let record: Value =
        serde_json::from_str(&fs::read_to_string(trial.join("record.json")).unwrap()).unwrap();
    assert_eq!(record["spec"]["model"]["input"], serde_json::json!([3, 8, 8]));
    assert_eq!(record["test"]["evaluation"]["errors"], 0);
    assert_eq!(record["test"]["hardest"][0]["colour"], "rgb");
    assert_eq!(
        record["test"]["confusion"]["cells"],
        serde_json::json!([[0, 0, 10], [7, 7, 10], [300, 300, 10]])
    );

    let trial = trial.to_string_lossy().into_owned();
    assert!(run(&["evaluate", &trial]).contains("0 of 30 test images misclassified"));
    for (label, colour) in CLASSES {
        png(&folder.path().join("picture.png"), colour);
        let answer: Value =
            serde_json::from_str(&run(&["predict", &trial, "picture.png", "--json"])).unwrap();
        assert_eq!(answer[0]["label"], label, "{answer}");
        assert_eq!(
            answer[0]["steps"],
            serde_json::json!(["transparent pixels laid over white", "scaled to 8 pixels wide and 8 high"])
        );
    }
}

#[test]
fn a_folder_of_pictures_is_learned_and_its_classes_keep_their_names() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let output = pool_cli(folder.path()).args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", stderr(&output));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    for (name, (_, colour)) in ["roses", "ferns", "irises"].into_iter().zip(CLASSES) {
        let class = folder.path().join("flowers").join(name);
        fs::create_dir_all(&class).unwrap();
        for index in 0..30 {
            let shade = colour.map(|value| value + index % 40);
            png(&class.join(format!("{index:02}.png")), shade);
        }
    }
    fs::write(folder.path().join("flowers/roses/torn.jpg"), b"no picture").unwrap();
    // One picture of another size.
    let large = PngFile {
        width: 24,
        height: 30,
        depth: 8,
        colour: Colour::Rgba,
        chunks: Vec::new(),
        rows: [20, 20, 200, 255].repeat(24 * 30),
    };
    fs::write(folder.path().join("flowers/irises/30.png"), large.bytes()).unwrap();
    let sizes: Value = serde_json::from_str(&run(&["data", "info", "./flowers", "--json"])).unwrap();
    assert_eq!(
        sizes["sizes"],
        serde_json::json!([{ "height": 16, "width": 16, "pictures": 90 }, { "height": 30, "width": 24, "pictures": 1 }])
    );
    assert_eq!(sizes["remarks"]["skipped"][0]["file"], "roses/torn.jpg");
    let text = run(&["data", "info", "./flowers"]);
    assert!(text.starts_with("./flowers: 91 pictures of 2 sizes, 3 classes\n"), "{text}");
    assert!(text.contains("16 x 16               90\n30 x 24                1\n"), "{text}");
    assert!(text.contains("irises                31\n"), "{text}");
    fs::remove_file(folder.path().join("flowers/irises/30.png")).unwrap();

    let text = run(&["data", "preview", "./flowers", "--output", "sheet.png"]);
    assert_eq!(text, "sheet.png: training images of 3 classes of flowers\n");
    let sheet = fs::File::open(folder.path().join("sheet.png")).unwrap();
    let sheet = pool_files::decode_png(std::io::BufReader::new(sheet)).unwrap();
    // Pictures of 16 pixels are shown four times as large, ten in a row behind six letters.
    assert_eq!((sheet.height, sheet.width), (4 + 3 * 68, 8 + 6 * 12 + 10 * 68));

    let sweep = SWEEP
        .replace("{ dir = \"pictures\" }", "{ folder = \"flowers\" }\nsize = 8\nunreadable = \"skip\"")
        .replace("epochs = 12", "epochs = 40")
        .replace("units = 301", "units = 3");
    fs::write(folder.path().join("sweep.toml"), sweep).unwrap();
    run(&["sweep", "sweep.toml"]);

    let trials = folder.path().join("runs/colours/trials");
    let trial = fs::read_dir(trials).unwrap().next().unwrap().unwrap().path();
    let record: Value =
        serde_json::from_str(&fs::read_to_string(trial.join("record.json")).unwrap()).unwrap();
    assert_eq!(record["class_names"], serde_json::json!(["ferns", "irises", "roses"]));
    assert_eq!(record["remarks"]["held_out_for_test"], 18);
    assert_eq!(record["remarks"]["skipped"][0]["file"], "roses/torn.jpg");
    assert_eq!(
        record["spec"]["data"]["pictures"],
        serde_json::json!({ "size": [8, 8], "unreadable": "skip" })
    );
    let report = fs::read_to_string(folder.path().join("runs/colours/report.html")).unwrap();
    assert!(report.contains("18 images, the same share of every class, were held out for testing"));
    assert!(report.contains("roses/torn.jpg (expected a PNG, JPEG, WebP, BMP or GIF picture"));

    let trial = trial.to_string_lossy().into_owned();
    assert!(run(&["evaluate", &trial]).contains("0 of 18 test images misclassified"));
    png(&folder.path().join("picture.png"), CLASSES[0].1);
    assert!(run(&["predict", &trial, "picture.png"]).starts_with("picture.png: roses ("));
}
