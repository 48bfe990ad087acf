//! What becomes of a task's process, whatever kind of program it is: with shell scripts for programs.
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use pool_records::{RunDir, StopFlag, TrialEvent};
use pool_run::{LaunchError, LaunchRequest, Launcher, LocalProcesses, TaskOptions};
use pool_spec::{DeviceChoice, Kernels, Task};
use pool_testkit::{SMALL_SWEEP as SMALL, plan};

/// As a sweep without options gives them.
const OPTIONS: TaskOptions = TaskOptions {
    kernels: Kernels::Fast,
    device: DeviceChoice::Auto,
    verbose: 0,
    checkpoint_every: Duration::from_secs(10),
};

fn program(folder: &Path, script: &str) -> PathBuf {
    let path = folder.join("program");
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

/// Launches the first trial of a plan with this script for a program. Gives how it ended, its events, and how long it
/// took.
fn launch(
    script: &str,
    timeout: Option<Duration>,
    stop: &StopFlag,
) -> (Result<(), LaunchError>, Vec<TrialEvent>, Duration) {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(folder.path(), SMALL).unwrap();
    let dir = RunDir::create(folder.path().join("run"), &plan).unwrap();
    let task = Task::Trial(&plan.trials[0]);
    let prepared = dir.prepare(task).unwrap();
    let job = LaunchRequest { task, until_epoch: None, folder: &prepared, threads: 1, jobs: 1, timeout };
    let launcher = LocalProcesses::new(program(folder.path(), script), OPTIONS);
    let mut events = Vec::new();
    let start = Instant::now();
    let ended = launcher.run(&job, stop, &mut |event| events.push(event));
    (ended, events, start.elapsed())
}

fn described(ended: Result<(), LaunchError>) -> String {
    match ended {
        Ok(()) => "success".to_owned(),
        Err(LaunchError::Stopped) => "stopped".to_owned(),
        Err(LaunchError::Failed(reason)) => format!("failed: {reason}"),
        Err(LaunchError::Died(reason)) => format!("died: {reason}"),
        Err(LaunchError::OutOfMemory(reason)) => format!("out of memory: {reason}"),
    }
}

#[test]
fn every_end_is_told_from_the_others() {
    for (script, expected, why) in [
        ("exit 0", "success", "whether there is a record is for the sweep to see"),
        (
            "kill -KILL $$",
            "died: killed (signal 9), by a person or for lack of memory",
            "nobody lacked memory",
        ),
        ("kill -ABRT $$", "died: aborted (signal 6)", "as libtorch does"),
        ("echo deep trouble >&2; exit 7", "died: exit code 7: deep trouble", "its last words"),
        (
            r#"echo '{"id":"i","arm":"a","seed":1,"reason":"no images"}' >"$2/failure.json"; exit 3"#,
            "failed: no images",
            "it has noted so itself",
        ),
        (
            r#"echo '{"id":"i","arm":"a","seed":1,"reason":"too little","cause":"out_of_memory"}' >"$2/failure.json"; exit 2"#,
            "out of memory: too little",
            "libtorch was refused memory",
        ),
        ("echo this is no event; exit 0", "success", "what is no event is passed over"),
        ("exec >&-; exit 0", "success", "a closed output is no end"),
    ] {
        let (ended, _, _) = launch(script, None, &StopFlag::new());
        assert_eq!(described(ended), expected, "{why}");
    }
}

#[test]
fn what_a_process_says_last_is_heard() {
    let (ended, events, _) =
        launch(r#"echo '"evaluating"'; printf '"evaluating"\n'"#, None, &StopFlag::new());
    assert!(ended.is_ok());
    assert_eq!(events, [TrialEvent::Evaluating, TrialEvent::Evaluating]);
}

#[test]
fn a_gigabyte_of_last_words_is_cut() {
    let script = "yes 'the same words again and again' | head -c 20000000 >&2; exit 1";
    let (ended, _, _) = launch(script, None, &StopFlag::new());
    let reason = described(ended);
    assert!(reason.starts_with("died: exit code 1: ") && reason.len() < 200, "{} bytes", reason.len());
}

#[test]
fn a_process_that_hangs_is_ended_at_its_time_limit_even_if_it_heeds_nothing() {
    let timeout = Some(Duration::from_millis(300));
    let limit = "died: ended because it took longer than its time limit of 300ms; give a longer --timeout";
    for (script, expected, slowest, why) in [
        ("exec sleep 60 <&0", limit, 8, "it does not look at its input"),
        ("exec >&-; trap '' TERM INT HUP; sleep 60 & wait; sleep 60", limit, 8, "it has closed its output"),
        ("cat >/dev/null; exit 1", limit, 3, "it ends when its input does"),
        ("cat >/dev/null", "success", 3, "whether it has finished is for the sweep to see"),
    ] {
        let (ended, _, took) = launch(script, timeout, &StopFlag::new());
        assert_eq!(described(ended), expected, "{why}");
        assert!(took < Duration::from_secs(slowest), "{why}: {took:?}");
    }
}

#[test]
fn a_process_that_is_told_to_stop_is_given_time_and_then_killed() {
    let stop = StopFlag::new();
    stop.set();
    let (ended, _, took) = launch("cat >/dev/null; exit 1", None, &stop);
    assert_eq!(described(ended), "stopped");
    assert!(took < Duration::from_secs(3), "{took:?}");
}
