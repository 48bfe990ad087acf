//! A sweep that is killed or interrupted loses the trial that was running, and nothing else.
#![cfg(target_os = "linux")]

mod common;
#[path = "common/runs.rs"]
mod runs;

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};

use common::{pool_cli, stderr};
use runs::{records, running, signal, trials_running, wait_until};

const SWEEP: &str = "study = \"killed\"\nseeds = [1, 2, 3]\n[data]\ndataset = \"generated\"\n[train]\nepochs = 4\n\
                     [evaluation]\nperturbations = \"none\"\n[costs]\nepochs = 0\n[[arm]]\nname = \"max\"\npool = \"max\"\n[[arm]]\nname = \"avg\"\npool = \"avg\"\n";

fn start(folder: &Path) -> Child {
    fs::write(folder.join("sweep.toml"), SWEEP).unwrap();
    pool_cli(folder)
        .args(["sweep", "sweep.toml", "--jobs", "2"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn finish(folder: &Path) {
    let output = start(folder).wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(records(folder).len(), 6);
    let leftovers = fs::read_dir(folder.join("runs/killed/trials")).unwrap().flat_map(|trial| {
        fs::read_dir(trial.unwrap().path()).unwrap().map(|entry| entry.unwrap().file_name())
    });
    let partial: Vec<_> = leftovers.filter(|name| name.to_string_lossy().contains("partial")).collect();
    assert!(partial.is_empty(), "{partial:?}");
}

#[test]
fn after_kill_9_no_trial_lives_on_and_the_same_command_trains_only_what_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    // At once, while the first trials train, and after some have finished.
    for finished in [0, 1, 3] {
        let mut sweep = start(folder.path());
        wait_until("a trial", || trials_running(folder.path()) > 0);
        wait_until("a record", || records(folder.path()).len() >= finished);
        signal(sweep.id(), "-KILL");
        sweep.wait().unwrap();
        for path in records(folder.path()).keys() {
            let text = fs::read_to_string(path).unwrap();
            <pool_records::TrialRecord as pool_records::Record>::from_json(&text)
                .expect("a record is whole or not there");
        }
    }
    wait_until("the end of the orphans", || trials_running(folder.path()) == 0);
    let before = records(folder.path());
    assert!(before.len() >= 3);
    finish(folder.path());
    let after = records(folder.path());
    for (path, written) in &before {
        assert_eq!(after[path], *written, "{} was trained twice", path.display());
    }
}

/// Sixty arms on generated images, in a network small enough for a second each.
const SEARCH: &str = r#"
study = "killed"
seeds = [1]
[data]
dataset = "generated"
[train]
epochs = 3
[evaluation]
perturbations = "none"
[costs]
epochs = 0
[search]
strategy = "random"
trials = 60
[search.space]
reduce = ["max", "avg", "lp", "mixed"]
size = [2, 3, 4]
stride = [2, 3]
padding = ["valid", "same"]
dropout = { from = 0.0, to = 0.5 }
learning_rate = { from = 1e-3, to = 1e-1, scale = "log" }
batch_size = [50, 100]
[model]
layers = [
    { conv2d = { filters = 2, kernel = 5, activation = "relu" } },
    "pool",
    { dropout = 0.2 },
    "flatten",
    { dense = { units = 4 } },
]
"#;

#[test]
fn a_search_that_is_killed_three_times_ends_with_a_record_for_each_of_its_sixty_trials() {
    let folder = tempfile::tempdir().unwrap();
    let start = || {
        fs::write(folder.path().join("sweep.toml"), SEARCH).unwrap();
        let mut command = pool_cli(folder.path());
        command.args(["sweep", "sweep.toml", "--jobs", "2", "--checkpoint-every", "0s"]);
        command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let mut before = HashMap::new();
    for finished in [10, 25, 45] {
        let mut sweep = start();
        wait_until("a record", || records(folder.path()).len() >= finished);
        signal(sweep.id(), "-KILL");
        sweep.wait().unwrap();
        before = records(folder.path());
    }
    let output = start().wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let after = records(folder.path());
    assert_eq!(after.len(), 60);
    assert!(before.iter().all(|(path, written)| after[path] == *written), "none was trained twice");
    for path in after.keys() {
        <pool_records::TrialRecord as pool_records::Record>::from_json(&fs::read_to_string(path).unwrap())
            .unwrap();
    }
}

#[test]
fn every_polite_signal_ends_the_trials_keeps_what_is_finished_and_ends_with_130() {
    for name in ["-INT", "-TERM", "-HUP"] {
        let folder = tempfile::tempdir().unwrap();
        let sweep = start(folder.path());
        wait_until("a record", || !records(folder.path()).is_empty());
        signal(sweep.id(), name);
        let output = sweep.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(130), "{name}: {}", stderr(&output));
        assert!(stderr(&output).contains("run the same command again to finish the rest"), "{name}");
        assert_eq!(trials_running(folder.path()), 0, "{name}");
        let before = records(folder.path());
        assert!(!before.is_empty());
        finish(folder.path());
        let after = records(folder.path());
        assert!(before.iter().all(|(path, written)| after[path] == *written), "{name}");
    }
}

#[test]
fn ctrl_c_ends_a_measurement_of_memory_too() {
    let folder = tempfile::tempdir().unwrap();
    let text = SWEEP
        .replace("[1, 2, 3]", "[1]")
        .replace("epochs = 4", "epochs = 1")
        .replace("epochs = 0", "epochs = 9");
    fs::write(folder.path().join("sweep.toml"), text).unwrap();
    let sweep = pool_cli(folder.path())
        .args(["sweep", "sweep.toml"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let peaks = || running(folder.path(), "runs/killed/costs", "peak").len();
    wait_until("a peak of memory", || peaks() > 0);
    signal(sweep.id(), "-INT");
    let output = sweep.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", stderr(&output));
    assert_eq!(peaks(), 0);
    assert!(running(folder.path(), "runs/killed/costs", "measure").is_empty());
}

#[test]
fn a_sweep_that_goes_on_with_other_threads_warns_in_its_output_and_in_its_report() {
    let folder = tempfile::tempdir().unwrap();
    let sweep = SWEEP.replace("[1, 2, 3]", "[1]").replace("[[arm]]\nname = \"avg\"\npool = \"avg\"\n", "");
    fs::write(folder.path().join("sweep.toml"), sweep).unwrap();
    let succeed = |arguments: &[&str]| {
        let output = pool_cli(folder.path()).args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", stderr(&output));
        (String::from_utf8(output.stdout.clone()).unwrap(), stderr(&output))
    };
    succeed(&["sweep", "sweep.toml", "--prepare"]);
    let trials: Vec<_> = fs::read_dir(folder.path().join("runs/killed/trials")).unwrap().collect();
    let trial = trials[0].as_ref().unwrap().path().to_string_lossy().into_owned();
    succeed(&["trial", &trial, "--threads", "1", "--jobs", "1", "--until-epoch", "2"]);
    let (report, said) = succeed(&["sweep", "sweep.toml", "--threads", "2", "--jobs", "1"]);
    let warning = "warning: going on after epoch 2 with 2 threads instead of 1; the last digits may differ";
    assert_eq!(said.matches(warning).count(), 1, "{said}");
    let report = report.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(report.contains("2 threads instead of 1 after epoch 2"), "{report}");
}
