//! What a trial takes of its machine does not grow with its epochs.
#![cfg(target_os = "linux")]

mod common;

use std::fs;

use common::context;
use pool_records::{StopFlag, TrialEvent};
use pool_testkit::{SMALL_SWEEP as SMALL, plan};
use pool_train::run_trial;

const EPOCHS: usize = 100;
/// By then allocators have grown to what a step and a checkpoint need.
const SETTLED: usize = 30;
/// A leak of the smallest tensor per step would be more: 1,600 steps of 16 KiB are 25 MiB.
const ALLOWED_BYTES: u64 = 8 << 20;

fn resident_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

fn open_files() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}

#[test]
fn memory_and_file_handles_stay_flat_over_a_hundred_epochs() {
    let folder = tempfile::tempdir().unwrap();
    // Every epoch is better than the last or not, is kept or not, and leaves a checkpoint.
    let text = SMALL
        .replace("epochs = 2", &format!("epochs = {EPOCHS}"))
        .replace("[costs]", "[train.early_stopping]\npatience = 1000\n[costs]");
    let plan = plan(folder.path(), &text).unwrap();
    let context = context(1);
    let mut seen = Vec::new();
    run_trial(plan.trials[0].spec(), folder.path(), &context, &StopFlag::new(), &mut |event| {
        if let TrialEvent::Epoch(_) = event {
            seen.push((resident_bytes(), open_files()));
        }
    })
    .unwrap();
    assert_eq!(seen.len(), EPOCHS);
    let (settled, settled_files) = seen[SETTLED];
    let (last, last_files) = seen[EPOCHS - 1];
    assert!(last <= settled + ALLOWED_BYTES, "resident memory grew from {settled} to {last} bytes");
    assert_eq!(last_files, settled_files, "open files");
}
