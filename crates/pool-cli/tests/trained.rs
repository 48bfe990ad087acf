//! What can be done with a run that is finished: its trained networks, its costs, its recommendation, and another run.

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::LazyLock;

use common::{pool_cli, stderr};
use serde_json::Value;

/// Two arms and two seeds on generated images, with costs.
const SWEEP: &str = "study = \"tiny\"\nseeds = [1, 2]\n[data]\ndataset = \"generated\"\n[train]\nepochs = 3\n\
                     [costs]\nepochs = 1\n[model]\nlayers = [{ conv2d = { filters = 4, kernel = 5, activation = \
                     \"relu\" } }, \"pool\", \"flatten\", { dense = { units = 4 } }]\n[[arm]]\nname = \"max\"\n\
                     pool = \"max\"\n[[arm]]\nname = \"none\"\npool = \"none\"\n";

struct Finished {
    folder: tempfile::TempDir,
}

/// The sweep is run once for all tests of this file.
static FINISHED: LazyLock<Finished> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("sweep.toml"), SWEEP).unwrap();
    let output = pool_cli(folder.path()).args(["sweep", "sweep.toml"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    Finished { folder }
});

fn run(arguments: &[&str]) -> Output {
    pool_cli(FINISHED.folder.path()).args(arguments).output().unwrap()
}

fn succeed(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", stderr(&output));
    stdout(&output)
}

/// What it wrote to standard output.
fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn folders(kind: &str, arm: &str) -> Vec<PathBuf> {
    let all = fs::read_dir(FINISHED.folder.path().join("runs/tiny").join(kind)).unwrap();
    let mut folders: Vec<PathBuf> = all.map(|entry| entry.unwrap().path()).collect();
    folders.retain(|path| path.file_name().unwrap().to_string_lossy().starts_with(arm));
    folders.sort();
    folders
}

fn trial(arm: &str) -> String {
    folders("trials", arm)[0].to_string_lossy().into_owned()
}

fn read(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn costs_are_measured_in_processes_of_their_own() {
    // A batch of 1,000 images holds this many numbers after the first block.
    for (arm, numbers) in [("max", 1_000 * 4 * 12 * 12), ("none", 1_000 * 4 * 24 * 24)] {
        let record = read(&folders("costs", arm)[0].join("record.json"));
        assert_eq!(record["training"]["step_s"].as_array().unwrap().len(), 8);
        for peak in record["memory"].as_array().unwrap() {
            if cfg!(target_os = "linux") {
                let bytes = peak["bytes"].as_u64().unwrap();
                let large = peak["estimate"]["batch_size"] == 1_000;
                assert!(!large || bytes > 4 * numbers, "{peak}");
            }
        }
    }
}

#[test]
fn a_recommendation_keeps_to_its_budget_and_says_when_nothing_does() {
    let free: Value = serde_json::from_str(&succeed(&["recommend", "runs/tiny", "--json"])).unwrap();
    assert!(free["arm"].is_string(), "{free}");
    // Without pooling there are 4 * 24 * 24 inputs to the last layer, with it a quarter.
    let small = succeed(&["recommend", "runs/tiny", "--max-parameters", "5000", "--json"]);
    let small: Value = serde_json::from_str(&small).unwrap();
    assert_eq!(small["arm"], "max");
    let impossible = run(&["recommend", "runs/tiny", "--max-parameters", "10"]);
    assert_eq!(impossible.status.code(), Some(5), "a script need not read the words");
    assert!(stdout(&impossible).contains("parameters"), "{}", stdout(&impossible));
    let json = run(&["recommend", "runs/tiny", "--max-latency", "1ns", "--json"]);
    assert_eq!(json.status.code(), Some(5));
    assert_eq!(serde_json::from_str::<Value>(&stdout(&json)).unwrap()["arm"], Value::Null);
}

#[test]
fn a_run_beside_itself_differs_in_nothing() {
    let json = succeed(&["compare", "runs/tiny", "runs/tiny", "--json"]);
    let comparison: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(comparison["settings"], serde_json::json!([]));
    assert_eq!(comparison["arms"].as_array().unwrap().len(), 2);
    assert!(succeed(&["compare", "runs/tiny", "runs/tiny"]).contains("max"));
    assert!(succeed(&["compare", "runs/tiny", "runs/tiny", "--markdown"]).starts_with("# tiny and tiny"));
}

#[test]
fn evaluating_again_gives_what_the_record_says() {
    let trial = trial("max");
    let record = read(&Path::new(&trial).join("record.json"));
    let found: Value = serde_json::from_str(&succeed(&["evaluate", &trial, "--json"])).unwrap();
    assert_eq!(found["evaluation"], record["test"]["evaluation"]);
    assert_eq!(found["confusion"], record["test"]["confusion"]);
    let told = succeed(&["evaluate", &trial]);
    let errors = record["test"]["evaluation"]["errors"].as_u64().unwrap();
    assert!(told.contains(&format!("{errors} of 500 test images misclassified")), "{told}");
    assert!(told.contains("upright cross"), "{told}");
}

#[test]
fn images_of_another_size_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    for (name, images) in [("train", 8_u8), ("t10k", 4)] {
        let header = [0, 0, 8, 3, 0, 0, 0, images, 0, 0, 0, 5, 0, 0, 0, 5];
        let pixels = [&header[..], &vec![9; usize::from(images) * 25]].concat();
        fs::write(folder.path().join(format!("{name}-images-idx3-ubyte")), pixels).unwrap();
        let labels = [&[0, 0, 8, 1, 0, 0, 0, images][..], &vec![1; images.into()]].concat();
        fs::write(folder.path().join(format!("{name}-labels-idx1-ubyte")), labels).unwrap();
    }
    let output = run(&["evaluate", &trial("max"), "--data", &folder.path().to_string_lossy()]);
    assert_eq!(output.status.code(), Some(2));
    let said = stderr(&output);
    assert!(said.contains("has pictures of 5x5 pixels, but the network was made for 28x28"), "{said}");
}

/// A test image of the generated set as a picture, as it is and seven times as large, dark on light.
fn pictures(folder: &Path) -> [String; 2] {
    let test = mnist_data::Dataset::bars_and_crosses(0).test;
    let pixels = test.picture(0).unwrap();
    let small = image::GrayImage::from_raw(28, 28, pixels.to_vec()).unwrap();
    let mut large = image::imageops::resize(&small, 196, 196, image::imageops::FilterType::Nearest);
    image::imageops::invert(&mut large);
    let paths = ["small.png", "large.png"].map(|name| folder.join(name));
    small.save(&paths[0]).unwrap();
    large.save(&paths[1]).unwrap();
    paths.map(|path| path.to_string_lossy().into_owned())
}

#[test]
fn a_picture_of_any_size_and_polarity_gets_a_class_and_an_account_of_what_was_done_to_it() {
    let folder = tempfile::tempdir().unwrap();
    let [small, large] = pictures(folder.path());
    let trial = trial("max");
    let json = succeed(&["predict", &trial, &small, &large, "--json"]);
    let predictions: Value = serde_json::from_str(&json).unwrap();
    let record = read(&Path::new(&trial).join("record.json"));
    assert_eq!(predictions[0]["label"], record["test"]["predictions"][0], "the picture is the test image");
    assert_eq!(predictions[1]["label"], predictions[0]["label"], "seven times as large, dark on light");
    let sum: f64 =
        predictions[0]["probabilities"].as_array().unwrap().iter().map(|p| p.as_f64().unwrap()).sum();
    assert!((sum - 1.0).abs() < 1e-9, "{sum}");
    let told = succeed(&["predict", &trial, &large]);
    assert!(told.contains("bar") || told.contains("cross"), "{told}");
    assert!(told.contains("inverted"), "{told}");
}

#[test]
fn what_is_no_picture_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.png");
    fs::write(&path, "not a picture").unwrap();
    let output = run(&["predict", &trial("max"), &path.to_string_lossy()]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(stderr(&output).contains("notes.png"), "{}", stderr(&output));
}

#[test]
fn one_bad_picture_among_many_costs_no_prediction_and_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let [small, large] = pictures(folder.path());
    let (broken, absent) = (folder.path().join("broken.png"), folder.path().join("absent.png"));
    fs::write(&broken, &fs::read(&small).unwrap()[..60]).unwrap();
    let [broken, absent] = [broken, absent].map(|path| path.to_string_lossy().into_owned());
    let trial = trial("max");
    let output = run(&["predict", &trial, &small, &broken, &absent, &large]);
    assert_eq!(output.status.code(), Some(2));
    let (told, said) = (stdout(&output), stderr(&output));
    assert_eq!(told, succeed(&["predict", &trial, &small, &large]), "what the good ones alone give");
    let errors: Vec<&str> = said.lines().collect();
    assert_eq!(errors.len(), 2, "{said}");
    assert!(
        errors[0].starts_with(&format!("error: {broken}: ")) && errors[1].contains("absent.png"),
        "{said}"
    );

    let output = run(&["predict", &trial, &small, &broken, &absent, &large, "--json"]);
    assert_eq!(output.status.code(), Some(2));
    let answers: Value = serde_json::from_str(&stdout(&output)).unwrap();
    let good: Value = serde_json::from_str(&succeed(&["predict", &trial, &small, &large, "--json"])).unwrap();
    assert_eq!((&answers[0], &answers[3]), (&good[0], &good[1]));
    assert_eq!(answers[1]["image"], broken);
    assert!(answers[1]["error"].as_str().unwrap().starts_with(&broken), "{answers}");
    assert!(answers[2]["error"].is_string() && answers.as_array().unwrap().len() == 4, "{answers}");
}

/// The four files of a data set: these labels, and pictures of 28x28 pixels that differ by class.
fn data_set(folder: &Path, train: &[u8], test: &[u8]) {
    for (part, labels) in [("train", train), ("t10k", test)] {
        let count = u32::try_from(labels.len()).unwrap().to_be_bytes();
        let header = [&[0, 0, 8, 3][..], &count, &[0, 0, 0, 28, 0, 0, 0, 28]].concat();
        let pixels = labels.iter().flat_map(|&label| {
            (0..28 * 28).map(move |at| if at / 40 == u32::from(label) % 20 { 250 } else { 0 })
        });
        let images = header.into_iter().chain(pixels).collect::<Vec<u8>>();
        fs::write(folder.join(format!("{part}-images-idx3-ubyte")), images).unwrap();
        let labels = [&[0, 0, 8, 1][..], &count, labels].concat();
        fs::write(folder.join(format!("{part}-labels-idx1-ubyte")), labels).unwrap();
    }
}

#[test]
fn classes_that_neither_occur_nor_are_predicted_have_no_row() {
    let folder = tempfile::tempdir().unwrap();
    data_set(folder.path(), &[0, 3], &[0, 3, 3, 0]);
    let trial = trial("max");
    let data = folder.path().to_string_lossy().into_owned();
    let json: Value =
        serde_json::from_str(&succeed(&["evaluate", &trial, "--data", &data, "--json"])).unwrap();
    let counts: Vec<Vec<u64>> = serde_json::from_value(json["confusion"].clone()).unwrap();
    let names = ["horizontal bar", "vertical bar", "upright cross", "diagonal cross"];
    let told = succeed(&["evaluate", &trial, "--data", &data]);
    let (_, table) = told.split_once("Every class").unwrap();
    let (table, _) = table.split_once("Mistaken most often").unwrap();
    for (class, name) in names.into_iter().enumerate() {
        let images: u64 = counts[class].iter().sum();
        let predicted: u64 = counts.iter().map(|row| row[class]).sum();
        assert_eq!(table.contains(name), images + predicted > 0, "{name}: {counts:?} {table}");
    }
}

#[test]
fn nothing_but_looking_up_a_public_set_needs_a_data_folder() {
    let folder = tempfile::tempdir().unwrap();
    data_set(folder.path(), &[0, 1, 0, 1, 0, 1, 0, 1, 0, 1], &[0, 1, 1]);
    let own = SWEEP
        .replace("dataset = \"generated\"", "dataset = { dir = \".\" }")
        .replace("units = 4", "units = 2");
    let own = own.replace("epochs = 3", "epochs = 1\nbatch_size = 2").replace("tiny", "own");
    fs::write(folder.path().join("own.toml"), own).unwrap();
    fs::write(folder.path().join("sweep.toml"), SWEEP.replace("epochs = 3", "epochs = 1")).unwrap();
    let mnist = SWEEP.replace("\"generated\"", "\"mnist\"").replace("units = 4", "units = 10");
    fs::write(folder.path().join("mnist.toml"), mnist).unwrap();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let bare = |arguments: &[&str]| {
        let mut command = pool_cli(folder.path());
        command.env_clear().env("PATH", &path).args(arguments).output().unwrap()
    };
    let works = |arguments: &[&str]| {
        let output = bare(arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", stderr(&output));
        stdout(&output)
    };
    for arguments in [
        &["plan", "sweep.toml"][..],
        &["plan", "own.toml", "--no-timing"],
        &["plan", "mnist.toml", "--no-timing"],
        &["summary", "own.toml"],
        &["sweep", "sweep.toml", "--only", "max"],
        &["sweep", "own.toml", "--only", "max"],
        &["status", "runs/own"],
        &["report", "runs/own"],
        &["recommend", "runs/own"],
        &["compare", "runs/own", "runs/tiny"],
        &["operators"],
    ] {
        works(arguments);
    }
    let trials = fs::read_dir(folder.path().join("runs/own/trials")).unwrap();
    let trial = trials.map(|trial| trial.unwrap().path()).next().unwrap().to_string_lossy().into_owned();
    works(&["evaluate", &trial]);
    works(&["evaluate", &trial, "--data", "."]);
    let [picture, _] = pictures(folder.path());
    works(&["predict", &trial, &picture]);
    works(&["export", &trial, "--format", "safetensors", "--output", "weights.safetensors"]);
    // Small sets: a test set of three images has one latency for one image and one for all three.
    let costs = fs::read_dir(folder.path().join("runs/own/costs")).unwrap().next().unwrap().unwrap().path();
    let record = read(&costs.join("record.json"));
    let batches: Vec<u64> =
        record["latency"].as_array().unwrap().iter().map(|row| row["batch_size"].as_u64().unwrap()).collect();
    assert_eq!((batches, &record["prediction"]["batch_size"]), (vec![1, 3], &Value::from(3)));

    for arguments in [
        &["sweep", "mnist.toml"][..],
        &["data", "info", "mnist"],
        &["data", "verify", "mnist"],
        &["data", "fetch", "mnist", "--offline"],
        &["doctor"],
    ] {
        let output = bare(arguments);
        let told = stderr(&output) + &stdout(&output);
        assert_eq!(output.status.code(), Some(3), "{arguments:?}: {told}");
        assert!(told.contains("set POOL_DATA_DIR"), "{arguments:?}: {told}");
    }
    assert!(!folder.path().join("runs/mnist").exists(), "refused before anything is written");
}

#[test]
fn a_set_sorted_by_class_is_warned_of_in_plan_sweep_and_report() {
    let folder = tempfile::tempdir().unwrap();
    let sorted: Vec<u8> = (0..5).flat_map(|class| [class; 8]).collect();
    data_set(folder.path(), &sorted, &[0, 1, 2, 3, 4]);
    let text = SWEEP
        .replace("dataset = \"generated\"", "dataset = { dir = \".\" }")
        .replace("units = 4", "units = 5");
    let text = text
        .replace("epochs = 3", "epochs = 1\nbatch_size = 8")
        .replace("[costs]\nepochs = 1", "[costs]\nepochs = 0");
    fs::write(folder.path().join("sorted.toml"), &text).unwrap();
    let stratified = text.replace("{ dir = \".\" }", "{ dir = \".\" }\nvalidation = { stratified = 0.2 }");
    fs::write(folder.path().join("stratified.toml"), stratified.replace("tiny", "stratified")).unwrap();
    let cli = |arguments: &[&str]| {
        let output = pool_cli(folder.path()).args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", stderr(&output));
        (stdout(&output), stderr(&output))
    };
    let json = |text: &str| -> Value { serde_json::from_str(text).unwrap() };

    let plan = json(&cli(&["plan", "sorted.toml", "--no-timing", "--json"]).0);
    assert_eq!((&plan["images"]["train"], &plan["images"]["validation"]), (&32.into(), &8.into()));
    let gaps: Vec<String> = serde_json::from_value(plan["class_gaps"].clone()).unwrap();
    assert!(gaps[0].contains("No training image shows class 4") && gaps.len() == 3, "{gaps:?}");
    let told = cli(&["plan", "sorted.toml", "--no-timing"]).0;
    assert!(told.contains("32 training, 8 validation and 5 test images. No training image"), "{told}");

    let (tables, said) = cli(&["sweep", "sorted.toml", "--only", "max"]);
    let warned = said.find(&format!("warning: {}", gaps[0])).unwrap();
    assert!(warned < said.find("started").unwrap(), "before the first epoch: {said}");
    let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let verdict = flat(&tables);
    assert!(
        verdict.contains(&gaps[0]) && verdict.find(&gaps[0]) < verdict.find("Error and cost"),
        "{tables}"
    );
    let results = json(&fs::read_to_string(folder.path().join("runs/tiny/results.json")).unwrap());
    assert_eq!(results["class_gaps"], serde_json::json!(gaps));
    for file in ["report.html", "results.md", "results.tex"] {
        let text = fs::read_to_string(folder.path().join("runs/tiny").join(file)).unwrap();
        assert!(flat(&text).contains("No training image shows class 4"), "{file}");
    }
    let trial = fs::read_dir(folder.path().join("runs/tiny/trials")).unwrap().next().unwrap().unwrap().path();
    let images = &read(&trial.join("record.json"))["class_images"];
    assert_eq!(images["train"], serde_json::json!([8, 8, 8, 8]));
    assert_eq!(images["validation"], serde_json::json!([0, 0, 0, 0, 8]));

    let plan = json(&cli(&["plan", "stratified.toml", "--no-timing", "--json"]).0);
    // 1.6 of 8 images are 2, of each class.
    assert_eq!((&plan["images"]["train"], &plan["images"]["validation"]), (&30.into(), &10.into()));
    assert_eq!(plan["class_gaps"], serde_json::json!([]));
    let (_, said) = cli(&["sweep", "stratified.toml", "--only", "max"]);
    assert!(!said.contains("warning"), "{said}");
}

#[test]
fn an_exported_network_runs_without_this_program() {
    let folder = tempfile::tempdir().unwrap();
    let trial = trial("none");
    let record = read(&Path::new(&trial).join("record.json"));
    let script = folder.path().join("network.pt");
    succeed(&["export", &trial, "--format", "torchscript", "--output", &script.to_string_lossy()]);
    let module = tch::CModule::load(&script).unwrap();
    let test = mnist_data::Dataset::bars_and_crosses(0).test;
    let images = tch::Tensor::from_data_size(test.pixels(), &[500, 1, 28, 28], tch::Kind::Uint8);
    let images = images.to_kind(tch::Kind::Float) / 255.0;
    let classes = Vec::<i64>::try_from(module.forward_ts(&[images]).unwrap().argmax(1, false)).unwrap();
    let expected: Vec<i64> = serde_json::from_value(record["test"]["predictions"].clone()).unwrap();
    assert_eq!(classes, expected);

    let weights = folder.path().join("network.safetensors");
    succeed(&["export", &trial, "--format", "safetensors", "--output", &weights.to_string_lossy()]);
    let stored = Path::new(&trial).join("model.safetensors");
    assert_eq!(fs::read(weights).unwrap(), fs::read(stored).unwrap());
}

/// Every file of the run with what it holds.
fn contents(folder: &Path, found: &mut Vec<(PathBuf, Vec<u8>)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            contents(&path, found);
        } else {
            found.push((path.clone(), fs::read(&path).unwrap()));
        }
    }
    found.sort();
}

#[cfg(unix)]
#[test]
fn nothing_that_is_written_replaces_a_file_of_a_run() {
    let trial = trial("max");
    let elsewhere = tempfile::tempdir().unwrap();
    let link = elsewhere.path().join("link.safetensors");
    std::os::unix::fs::symlink(Path::new(&trial).join("model.safetensors"), &link).unwrap();
    let array = elsewhere.path().join("x.npy");
    tch::Tensor::zeros([1, 1, 4, 4], (tch::Kind::Float, tch::Device::Cpu)).write_npy(&array).unwrap();
    let (link, array) = (link.to_string_lossy().into_owned(), array.to_string_lossy().into_owned());
    let in_trial = |name: &str| format!("{trial}/{name}");
    let mut before = Vec::new();
    contents(&FINISHED.folder.path().join("runs"), &mut before);

    let weights = in_trial("model.safetensors");
    let record = in_trial("record.json");
    let new = in_trial("new.pt");
    let sweep_in = format!("{trial}/runs");
    let export = |format, output| vec!["export", &trial, "--format", format, "--output", output];
    for arguments in [
        export("safetensors", &weights),
        export("torchscript", &weights),
        export("safetensors", &record),
        export("torchscript", &new),
        export("safetensors", &link),
        export("safetensors", "runs/tiny/plan.json"),
        export("safetensors", "runs/../runs/tiny/report.html"),
        vec!["report", "runs/tiny", "--summary-to", "runs/tiny"],
        vec!["report", "runs/tiny", "--summary-to", "runs/tiny/new"],
        vec!["apply", "--pool", "max", "--input", &array, "--output", &record],
        vec!["apply", "--gallery", "runs/tiny/results.md", "--input", &array],
        vec!["sweep", "sweep.toml", "--out", &sweep_in],
    ] {
        let output = run(&arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", stderr(&output));
        assert_eq!(stderr(&output).lines().count(), 1, "{arguments:?}: {}", stderr(&output));
        let mut after = Vec::new();
        contents(&FINISHED.folder.path().join("runs"), &mut after);
        let names = |all: &[(PathBuf, Vec<u8>)]| all.iter().map(|(path, _)| path.clone()).collect::<Vec<_>>();
        assert_eq!(names(&after), names(&before), "{arguments:?}");
        assert!(after == before, "{arguments:?} changed a file of the run");
    }
    let summary = elsewhere.path().join("docs").to_string_lossy().into_owned();
    succeed(&["report", "runs/tiny", "--summary-to", &summary]);
    assert!(elsewhere.path().join("docs/tiny.md").is_file());
}
