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
    let impossible = succeed(&["recommend", "runs/tiny", "--max-memory", "1KiB"]);
    assert!(impossible.contains("memory"), "{impossible}");
    let json = succeed(&["recommend", "runs/tiny", "--max-latency", "1ns", "--json"]);
    assert_eq!(serde_json::from_str::<Value>(&json).unwrap()["arm"], Value::Null);
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
            contents(&path, found)
        } else {
            found.push((path.clone(), fs::read(&path).unwrap()))
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
