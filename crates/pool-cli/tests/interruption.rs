//! A sweep that is killed or interrupted loses the trial that was running, and nothing else.
#![cfg(target_os = "linux")]

mod common;

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use common::{pool_cli, stderr};
use rand::Rng;
use rand_chacha::rand_core::SeedableRng;

const SWEEP: &str = "study = \"killed\"\nseeds = [1, 2, 3]\n[data]\ndataset = \"generated\"\n[train]\nepochs = 4\n\
                     [evaluation]\nperturbations = \"none\"\n[costs]\nepochs = 0\n[[arm]]\nname = \"max\"\npool = \"max\"\n[[arm]]\nname = \"avg\"\npool = \"avg\"\n";
const PATIENCE: Duration = Duration::from_secs(60);

fn start(folder: &Path) -> Child {
    fs::write(folder.join("sweep.toml"), SWEEP).unwrap();
    pool_cli(folder)
        .args(["sweep", "sweep.toml", "--jobs", "2"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn signal(process: &Child, name: &str) {
    let pid = process.id().to_string();
    assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
}

/// Every record, by its path, with the time at which it was written.
fn records(folder: &Path) -> HashMap<PathBuf, SystemTime> {
    let Ok(trials) = fs::read_dir(folder.join("runs/killed/trials")) else { return HashMap::new() };
    trials
        .map(|trial| trial.unwrap().path().join("record.json"))
        .filter_map(|path| fs::metadata(&path).ok().map(|facts| (path, facts.modified().unwrap())))
        .collect()
}

/// Processes of trials of this run.
fn trials_running(folder: &Path) -> usize {
    running(folder, "runs/killed/trials", "--stop-with-stdin")
}

/// Processes of this run whose command has this argument and names something below this folder.
fn running(folder: &Path, relative: &str, argument: &str) -> usize {
    let folder = folder.join("runs").to_string_lossy().into_owned();
    fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| {
            let process = entry.unwrap().path();
            let command = fs::read(process.join("cmdline")).ok()?;
            let command = String::from_utf8_lossy(&command).into_owned();
            let cwd = fs::read_link(process.join("cwd")).ok()?;
            let ours = command.contains(&folder)
                || (command.contains(relative) && Path::new(&folder).starts_with(cwd));
            (ours && command.split('\0').any(|found| found == argument)).then_some(())
        })
        .count()
}

fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < PATIENCE, "{what} did not happen");
        std::thread::sleep(Duration::from_millis(20));
    }
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
        signal(&sweep, "-KILL");
        sweep.wait().unwrap();
        for path in records(folder.path()).keys() {
            let text = fs::read_to_string(path).unwrap();
            pool_metrics::TrialRecord::from_json(&text).expect("a record is whole or not there");
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

/// What training and evaluation gave, to the last bit, and no times.
fn outcome(folder: &Path) -> String {
    let (path, _) = records(folder).into_iter().next().unwrap();
    let record = pool_metrics::TrialRecord::from_json(&fs::read_to_string(path).unwrap()).unwrap();
    let epochs = record.epochs.iter().map(|epoch| {
        [epoch.train_loss, epoch.train_error, epoch.validation_loss, epoch.validation_error].map(f64::to_bits)
    });
    let test = record.test.unwrap();
    format!(
        "{:?} {:?} {:?} {:?}",
        epochs.collect::<Vec<_>>(),
        record.best_epoch,
        test.evaluation,
        test.predictions
    )
}

/// Epochs that the only trial's last checkpoint has behind it.
fn epochs(folder: &Path) -> usize {
    let trials = fs::read_dir(folder.join("runs/killed/trials")).into_iter().flatten().flatten();
    let state = trials.map(|trial| fs::read_to_string(trial.path().join("checkpoint/state.json")));
    state.flatten().map(|text| text.matches("\"epoch\":").count()).sum()
}

#[test]
fn a_trial_killed_at_random_moments_ends_with_the_record_of_one_that_never_was() {
    let text = SWEEP
        .replace("[1, 2, 3]", "[1]")
        .replace("epochs = 4", "epochs = 40")
        .replace("[[arm]]\nname = \"avg\"\npool = \"avg\"\n", "");
    let sweep = |folder: &Path| {
        fs::write(folder.join("sweep.toml"), &text).unwrap();
        let mut command = pool_cli(folder);
        command.args(["sweep", "sweep.toml", "--checkpoint-every", "0s"]);
        command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let whole = tempfile::tempdir().unwrap();
    let output = sweep(whole.path()).wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));

    let folder = tempfile::tempdir().unwrap();
    let mut generator = rand_chacha::ChaCha8Rng::seed_from_u64(5);
    let (mut kills, mut resumed) = (0, 0);
    loop {
        let mut process = sweep(folder.path());
        // Every other time only after it has come further than before, however slow the machine is.
        let further = kills % 2 == 1;
        let before = epochs(folder.path());
        let moment = Duration::from_millis(generator.random_range(0..1_000));
        let mut started = Instant::now();
        while kills < 12 && started.elapsed() < moment && process.try_wait().unwrap().is_none() {
            if further && epochs(folder.path()) <= before {
                started = Instant::now();
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        if kills < 12 && process.try_wait().unwrap().is_none() {
            signal(&process, "-KILL");
            kills += 1;
        }
        let output = process.wait_with_output().unwrap();
        resumed += usize::from(stderr(&output).contains("going on after epoch"));
        if output.status.success() {
            break;
        }
    }
    assert!(kills >= 1 && resumed >= 1, "{kills} kills, {resumed} times gone on");
    assert_eq!(outcome(folder.path()), outcome(whole.path()));
    let trial =
        fs::read_dir(folder.path().join("runs/killed/trials")).unwrap().next().unwrap().unwrap().path();
    assert!(!trial.join("checkpoint").exists(), "a finished trial needs no checkpoint");
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
        signal(&sweep, "-KILL");
        sweep.wait().unwrap();
        before = records(folder.path());
    }
    let output = start().wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let after = records(folder.path());
    assert_eq!(after.len(), 60);
    assert!(before.iter().all(|(path, written)| after[path] == *written), "none was trained twice");
    for path in after.keys() {
        pool_metrics::TrialRecord::from_json(&fs::read_to_string(path).unwrap()).unwrap();
    }
}

#[test]
fn ctrl_c_ends_the_trials_keeps_what_is_finished_and_ends_with_130() {
    let folder = tempfile::tempdir().unwrap();
    let sweep = start(folder.path());
    wait_until("a record", || !records(folder.path()).is_empty());
    signal(&sweep, "-INT");
    let output = sweep.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", stderr(&output));
    assert!(stderr(&output).contains("run the same command again to finish the rest"));
    assert_eq!(trials_running(folder.path()), 0);
    let before = records(folder.path());
    assert!(!before.is_empty());
    finish(folder.path());
    let after = records(folder.path());
    assert!(before.iter().all(|(path, written)| after[path] == *written));
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
    let peaks = || running(folder.path(), "runs/killed/costs", "peak");
    wait_until("a peak of memory", || peaks() > 0);
    signal(&sweep, "-INT");
    let output = sweep.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", stderr(&output));
    assert_eq!(peaks(), 0);
    assert_eq!(running(folder.path(), "runs/killed/costs", "measure"), 0);
}
