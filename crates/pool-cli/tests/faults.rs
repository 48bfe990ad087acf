//! Whatever happens to a sweep or its files: nothing finished is lost, nothing half-written is read, and the message says
//! what happened.
#![cfg(target_os = "linux")]

mod common;
#[path = "common/runs.rs"]
mod runs;

use std::collections::BTreeMap;
use std::fs::{self, FileTimes};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant, SystemTime};

use common::{pool_cli, stderr};
use pool_records::{Record, TrialRecord};
use pool_spec::draw::{between, generator};
use pool_testkit::left_out;
use runs::{records, running, signal, trials_running, wait_until};

/// A network so small that an epoch takes a tenth of a second.
fn sweep_file(seeds: &str, epochs: u32) -> String {
    format!(
        r#"
study = "killed"
seeds = {seeds}
[data]
dataset = "generated"
[data.augment]
flip = "horizontal"
translate = 2
rotate = 10.0
cutout = 4
[train]
epochs = {epochs}
batch_size = 100
optimizer = {{ sgd = {{ momentum = 0.9, nesterov = true }} }}
learning_rate = 0.05
weight_decay = 0.0005
schedule = "cosine"
warmup_epochs = 1.5
label_smoothing = 0.1
clip_norm = 0.5
[evaluation]
perturbations = "none"
[costs]
epochs = 0
[model]
layers = [
    {{ conv2d = {{ filters = 4, kernel = 5, activation = "relu" }} }},
    "pool",
    {{ residual = {{ layers = [{{ conv2d = {{ filters = 4, kernel = 3, padding = "same" }} }}, {{ batch_norm = {{}} }}] }} }},
    {{ dropout = 0.2 }},
    "flatten",
    {{ dense = {{ units = 32, activation = "relu" }} }},
    {{ dense = {{ units = 4 }} }},
]
[[arm]]
name = "max"
pool = "max"
[[arm]]
name = "stochastic"
pool = "stochastic"
"#
    )
}

const TWO_SEEDS: &str = "[1, 2]";

/// With one thread each: a few sums of libtorch's depend on their number.
fn start(folder: &Path, text: &str, arguments: &[&str]) -> Child {
    fs::write(folder.join("sweep.toml"), text).unwrap();
    let mut command = pool_cli(folder);
    command.args(["sweep", "sweep.toml", "--checkpoint-every", "0s", "--threads", "1"]).args(arguments);
    command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
}

fn run(folder: &Path, text: &str, arguments: &[&str]) -> Output {
    start(folder, text, arguments).wait_with_output().unwrap()
}

/// Runs the sweep to its end, which it must come to with these records.
fn finish(folder: &Path, text: &str, expected: usize) {
    let output = run(folder, text, &["--jobs", "2"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(outcomes(folder).len(), expected);
}

/// A digest of what training and evaluation gave in every trial, by its id: to the last bit, and no times.
fn outcomes(folder: &Path) -> BTreeMap<String, u64> {
    let read = |path: &PathBuf| TrialRecord::from_json(&fs::read_to_string(path).unwrap()).unwrap();
    let outcome = |record: TrialRecord| {
        let mut digest = DefaultHasher::new();
        for epoch in &record.epochs {
            let figures =
                [epoch.train_loss, epoch.train_error, epoch.validation_loss, epoch.validation_error];
            figures.map(f64::to_bits).hash(&mut digest);
        }
        let test = record.test.unwrap();
        record.best_epoch.hash(&mut digest);
        (test.evaluation.errors, test.evaluation.loss.to_bits(), test.predictions).hash(&mut digest);
        (record.id, digest.finish())
    };
    records(folder).keys().map(|path| outcome(read(path))).collect()
}

fn trials(folder: &Path) -> Vec<PathBuf> {
    let mut trials: Vec<PathBuf> = fs::read_dir(folder.join("runs/killed/trials"))
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().path())
        .collect();
    trials.sort();
    trials
}

#[test]
fn killed_at_fifty_random_moments_itself_or_its_trials_a_sweep_ends_as_if_nothing_had_been() {
    const KILLS: u32 = 50;
    let text = sweep_file("[1]", 100);
    let whole = tempfile::tempdir().unwrap();
    finish(whole.path(), &text, 2);

    let folder = tempfile::tempdir().unwrap();
    let mut generator = generator(5, 0);
    let (mut kills, mut resumed) = (0, 0);
    let mut kept = records(folder.path());
    loop {
        // A killed trial is tried again by the sweep itself.
        let mut sweep = start(folder.path(), &text, &["--jobs", "2", "--retries", "100"]);
        let life = between(&mut generator, 1, 3);
        for death in 0..life {
            let moment = Duration::from_millis(between(&mut generator, 0, 799));
            let started = Instant::now();
            while started.elapsed() < moment && sweep.try_wait().unwrap().is_none() {
                std::thread::sleep(Duration::from_millis(5));
            }
            if kills == KILLS || sweep.try_wait().unwrap().is_some() {
                break;
            }
            let trials = running(folder.path(), "runs/killed/trials", "--stop-with-stdin");
            match trials.get(between(&mut generator, 0, 1) as usize) {
                // It may have ended by itself in between.
                Some(trial) if death + 1 < life => {
                    let _ = Command::new("kill").args(["-KILL", &trial.to_string()]).output();
                }
                _ => signal(sweep.id(), "-KILL"),
            }
            kills += 1;
        }
        let output = sweep.wait_with_output().unwrap();
        resumed += stderr(&output).matches("going on after epoch").count();
        let now = records(folder.path());
        assert!(kept.iter().all(|(path, written)| now[path] == *written), "what is finished is left alone");
        kept = now;
        if !output.status.success() {
            assert_eq!(output.status.code(), None, "{}", stderr(&output));
            continue;
        }
        assert_eq!(outcomes(folder.path()), outcomes(whole.path()), "after {kills} kills");
        wait_until("the end of all trials", || trials_running(folder.path()) == 0);
        for trial in trials(folder.path()) {
            assert!(!trial.join("checkpoint").exists(), "a finished trial needs no checkpoint");
            let names = fs::read_dir(&trial).unwrap().map(|entry| entry.unwrap().file_name());
            assert!(names.into_iter().all(|name| !name.to_string_lossy().contains("partial")));
        }
        if kills == KILLS {
            break;
        }
        // A fast machine comes to the end before: another sweep takes the other kills.
        fs::remove_dir_all(folder.path().join("runs")).unwrap();
        kept.clear();
    }
    assert!(resumed > 5, "{resumed} times gone on");
}

#[test]
fn a_trial_that_hangs_is_ended_at_its_time_limit_and_the_others_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let text = sweep_file("[1]", 4);
    let sweep = start(folder.path(), &text, &["--timeout", "3s", "--retries", "0"]);
    wait_until("a trial", || trials_running(folder.path()) > 0);
    // A stopped process heeds nothing but the kill.
    signal(running(folder.path(), "runs/killed/trials", "--stop-with-stdin")[0], "-STOP");
    let output = sweep.wait_with_output().unwrap();
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(4), "{said}");
    assert!(said.contains("ended because it took longer than its time limit of 3s; give a longer --timeout"));
    assert_eq!(outcomes(folder.path()).len(), 1);
    finish(folder.path(), &text, 2);
}

#[test]
fn a_corrupted_record_is_trained_again_and_the_others_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let text = sweep_file(TWO_SEEDS, 2);
    finish(folder.path(), &text, 4);
    let whole = outcomes(folder.path());
    let corrupted = trials(folder.path())[1].join("record.json");
    let mut bytes = fs::read(&corrupted).unwrap();
    for (what, spoil) in [
        (
            "cut short",
            Box::new(|bytes: &mut Vec<u8>| bytes.truncate(bytes.len() / 2)) as Box<dyn Fn(&mut Vec<u8>)>,
        ),
        ("no text", Box::new(|bytes: &mut Vec<u8>| bytes.fill(0xff))),
        ("empty", Box::new(Vec::clear)),
    ] {
        spoil(&mut bytes);
        fs::write(&corrupted, &bytes).unwrap();
        let before = records(folder.path());
        let report = pool_cli(folder.path()).args(["report", "runs/killed"]).output().unwrap();
        assert_eq!(report.status.code(), Some(0), "{what}: a report does without it");
        assert!(String::from_utf8_lossy(&report.stdout).contains("unusable"), "{what}");
        finish(folder.path(), &text, 4);
        assert_eq!(outcomes(folder.path()), whole, "{what}");
        let after = records(folder.path());
        let changed = before.iter().filter(|(path, written)| after[*path] != **written);
        assert_eq!(changed.map(|(path, _)| path).collect::<Vec<_>>(), [&corrupted], "{what}");
    }
}

#[test]
fn a_run_directory_that_is_removed_meanwhile_ends_the_sweep_and_is_not_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let text = sweep_file(TWO_SEEDS, 10);
    let sweep = start(folder.path(), &text, &[]);
    wait_until("a record", || !records(folder.path()).is_empty());
    // Moved first: a trial that writes meanwhile would leave the removal a directory that is not empty.
    fs::rename(folder.path().join("runs"), folder.path().join("removed")).unwrap();
    fs::remove_dir_all(folder.path().join("removed")).unwrap();
    let output = sweep.wait_with_output().unwrap();
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.lines().last().unwrap().starts_with("error: cannot create runs/killed/trials/"), "{said}");
    assert!(!said.contains("bug") && !said.contains("panicked"), "{said}");
    assert!(!folder.path().join("runs/killed/plan.json").exists());
    finish(folder.path(), &text, 4);
}

#[test]
fn files_from_the_past_and_the_future_are_files_like_others() {
    let text = sweep_file("[1]", 12);
    let whole = tempfile::tempdir().unwrap();
    finish(whole.path(), &text, 2);
    let folder = tempfile::tempdir().unwrap();
    for (year, finished) in [(1_980, 0), (2_100, 1)] {
        // One trial at a time, so that one trains while the other has finished.
        let sweep = start(folder.path(), &text, &["--jobs", "1"]);
        let interrupted = |trial: &PathBuf| trial.join("checkpoint/state.json").exists();
        wait_until("a checkpoint", || {
            records(folder.path()).len() >= finished && trials(folder.path()).iter().any(interrupted)
        });
        signal(sweep.id(), "-KILL");
        sweep.wait_with_output().unwrap();
        wait_until("the end of the trials", || trials_running(folder.path()) == 0);
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs((year - 1_970) * 31_557_600);
        set_times(&folder.path().join("runs"), time);
        let status = pool_cli(folder.path()).args(["status", "runs/killed"]).output().unwrap();
        assert_eq!(status.status.code(), Some(0));
    }
    finish(folder.path(), &text, 2);
    assert_eq!(outcomes(folder.path()), outcomes(whole.path()));
}

fn set_times(path: &Path, time: SystemTime) {
    if path.is_dir() {
        fs::read_dir(path).unwrap().for_each(|entry| set_times(&entry.unwrap().path(), time));
    }
    let times = FileTimes::new().set_modified(time).set_accessed(time);
    fs::File::open(path).unwrap().set_times(times).unwrap();
}

/// A file system of this size of its own; none where this process may not mount one.
struct SmallDisk {
    folder: tempfile::TempDir,
}

impl SmallDisk {
    fn mount(size: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let options = format!("size={size}");
        let arguments = ["-t", "tmpfs", "-o", &options, "tmpfs"];
        let output = Command::new("mount").args(arguments).arg(folder.path()).output();
        let mounted = output.is_ok_and(|output| output.status.success());
        if !mounted {
            left_out("mounting a tmpfs needs to be root");
        }
        mounted.then_some(Self { folder })
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn remount(&self, options: &str) {
        let options = format!("remount,{options}");
        assert!(Command::new("mount").args(["-o", &options]).arg(self.path()).status().unwrap().success());
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.folder.path()).output();
    }
}

#[test]
fn a_disk_that_is_too_small_is_refused_before_the_first_trial() {
    let Some(disk) = SmallDisk::mount("1m") else { return };
    let output = run(disk.path(), &sweep_file(TWO_SEEDS, 2), &[]);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("MiB are needed and") && said.contains("free some space or choose"), "{said}");
    assert!(trials(disk.path()).is_empty(), "nothing was begun");
}

#[test]
fn a_disk_that_fills_up_meanwhile_costs_no_finished_trial() {
    let Some(disk) = SmallDisk::mount("40m") else { return };
    let text = sweep_file(TWO_SEEDS, 30);
    let sweep = start(disk.path(), &text, &[]);
    wait_until("a record", || !records(disk.path()).is_empty());
    let before = records(disk.path());
    let filler = disk.path().join("filler");
    let _full = fs::write(&filler, vec![1; 40 << 20]).unwrap_err();
    let output = sweep.wait_with_output().unwrap();
    let said = stderr(&output);
    assert!(matches!(output.status.code(), Some(2 | 4)), "{:?} {said}", output.status);
    let told = ["are needed and", "No space left on device"];
    assert!(told.iter().any(|words| said.contains(words)), "{said}");
    let after = records(disk.path());
    assert!(before.iter().all(|(path, written)| after[path] == *written));

    fs::remove_file(&filler).unwrap();
    finish(disk.path(), &text, 4);
    let whole = tempfile::tempdir().unwrap();
    finish(whole.path(), &text, 4);
    assert_eq!(outcomes(disk.path()), outcomes(whole.path()));
}

#[test]
fn a_directory_that_cannot_be_written_says_so_and_keeps_what_is_in_it() {
    let Some(disk) = SmallDisk::mount("40m") else { return };
    let text = sweep_file(TWO_SEEDS, 2);
    let output = run(disk.path(), &text, &["--only", "max"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let before = outcomes(disk.path());
    disk.remount("ro");
    let output = pool_cli(disk.path()).args(["sweep", "sweep.toml"]).output().unwrap();
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("make it writable or choose another folder with --out"), "{said}");
    let status = pool_cli(disk.path()).args(["status", "runs/killed"]).output().unwrap();
    assert_eq!(status.status.code(), Some(0), "looking needs no right to write");
    disk.remount("rw");
    assert_eq!(outcomes(disk.path()), before);
    finish(disk.path(), &text, 4);
}

/// A control group with so much memory; none where this process may not make one.
struct MemoryGroup {
    folder: PathBuf,
}

impl MemoryGroup {
    fn of(limit: &str) -> Option<Self> {
        let name = format!("pooling-study-test-{}", std::process::id());
        // Version 1, and version 2.
        let kinds = [("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max")];
        for (root, file) in kinds {
            let group = Self { folder: Path::new(root).join(&name) };
            if fs::create_dir(&group.folder).is_ok() && fs::write(group.folder.join(file), limit).is_ok() {
                return Some(group);
            }
        }
        left_out("making a control group needs to be root");
        None
    }
}

impl Drop for MemoryGroup {
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.folder);
    }
}

#[test]
fn a_trial_that_the_kernel_kills_for_lack_of_memory_is_tried_again_alone() {
    let Some(group) = MemoryGroup::of("500M") else { return };
    let folder = tempfile::tempdir().unwrap();
    // Each of them takes about 340 MB.
    let text =
        sweep_file("[1]", 2).replace("units = 32", "units = 2000").replace("\"stochastic\"", "\"none\"");
    let text = text
        .replace("filters = 4", "filters = 8")
        .replace("pool = \"max\"", "pool = { reduce = \"max\", size = 1 }");
    fs::write(folder.path().join("sweep.toml"), text).unwrap();
    let program = pool_cli(folder.path());
    let output = Command::new("sh")
        .current_dir(folder.path())
        // More memory than there is, so that both are started at once.
        .args(["-c", "echo $$ >\"$1\" && exec \"$0\" sweep sweep.toml --jobs 2 --threads 1 --memory 1TB"])
        .arg(program.get_program())
        .arg(group.folder.join("cgroup.procs"))
        .output()
        .unwrap();
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(0), "{said}");
    let told = "killed by the system for lack of memory; trying again with more memory to itself";
    assert!(said.contains(told), "{said}");
    assert_eq!(outcomes(folder.path()).len(), 2);
}
