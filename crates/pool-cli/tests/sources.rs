//! One data set through every kind of source: what a user types is different, what is trained is the same.

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::{pool_cli, stderr};
use mnist_data::{DataDir, load, source_at};
use pool_spec::PictureSettings;
use pool_testkit::sources::{write_csv, write_idx, write_pngs};
use serde_json::Value;

/// 24 images of MNIST to train with and 12 to test with, as numpy packs them.
const EXCERPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../mnist-data/tests/golden/excerpt.npz");

const REST: &str = r#"
validation = { tail = 0.25 }
normalize = "per_channel"
[data.augment]
translate = 2
rotate = 10.0
[train]
epochs = 2
batch_size = 6
[evaluation]
perturbations = "none"
[costs]
epochs = 0
[[arm]]
name = "maximum"
pool = "max"
"#;

/// The folder of the only trial of a sweep on `source`.
fn trained(folder: &Path, name: &str, source: &str) -> PathBuf {
    let text = format!("study = \"{name}\"\nseeds = [1]\n[data]\ndataset = {{ {source} }}{REST}");
    fs::write(folder.join("sweep.toml"), text).unwrap();
    let output = pool_cli(folder)
        .args(["sweep", "sweep.toml"])
        .env("POOL_DATA_DIR", folder.join("data"))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{name}: {}", stderr(&output));
    let trials = fs::read_dir(folder.join("runs").join(name).join("trials")).unwrap();
    trials.map(|entry| entry.unwrap().path()).next().unwrap()
}

/// What a trial found out: losses and errors of every epoch, predictions, and the weights.
fn findings(trial: &Path) -> (Vec<[Value; 4]>, Value, Vec<u8>) {
    let record: Value = serde_json::from_slice(&fs::read(trial.join("record.json")).unwrap()).unwrap();
    let losses = ["train_loss", "train_error", "validation_loss", "validation_error"];
    let epochs = record["epochs"].as_array().unwrap();
    let epochs: Vec<_> = epochs.iter().map(|epoch| losses.map(|loss| epoch[loss].clone())).collect();
    assert_eq!(epochs.len(), 2);
    (epochs, record["test"]["predictions"].clone(), fs::read(trial.join("model.safetensors")).unwrap())
}

#[test]
fn mnist_gives_the_same_trial_to_the_last_bit_through_every_source() {
    let folder = tempfile::tempdir().unwrap();
    let no_cache = DataDir::at(folder.path().join("none"));
    let excerpt = load(&source_at(Path::new(EXCERPT)), &PictureSettings::default(), &no_cache).unwrap();
    write_idx(&folder.path().join("four"), &excerpt);
    write_csv(&folder.path().join("table"), &excerpt);
    write_pngs(&folder.path().join("pictures"), &excerpt);
    fs::copy(EXCERPT, folder.path().join("arrays.npz")).unwrap();

    let expected = findings(&trained(folder.path(), "idx", "dir = \"four\""));
    for (name, source) in
        [("npz", "npz = \"arrays.npz\""), ("csv", "csv = \"table\""), ("png", "folder = \"pictures\"")]
    {
        assert!(findings(&trained(folder.path(), name, source)) == expected, "{name}");
    }
    // From the cache.
    fs::remove_dir_all(folder.path().join("runs/png")).unwrap();
    assert!(findings(&trained(folder.path(), "png", "folder = \"pictures\"")) == expected);
}
