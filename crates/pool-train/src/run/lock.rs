//! Keeps two sweeps from one run directory, and a new sweep from what a killed one left running.
//!
//! Both locks are advisory and belong to open files: the kernel releases them when a process ends, however it ends, so
//! none can be stale. A file system without locks is used without them.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;
use std::time::{Duration, Instant};

use crate::TrainError;

/// Held by the sweep that owns the run directory.
pub(super) const SWEEP_LOCK: &str = ".sweep.lock";
/// Held, shared, by every running trial.
pub(super) const TRIALS_LOCK: &str = ".trials.lock";

/// How long the trials of a killed sweep may take to notice.
const PATIENCE: Duration = Duration::from_secs(20);

/// Takes the run directory for this process, for as long as the file is kept.
pub(super) fn take(root: &Path) -> Result<File, TrainError> {
    let sweep = open(&root.join(SWEEP_LOCK))?;
    match sweep.try_lock() {
        Err(TryLockError::WouldBlock) => return Err(TrainError::Taken { path: root.to_owned() }),
        Err(TryLockError::Error(error)) => tracing::warn!(%error, "this file system has no locks"),
        Ok(()) => wait_for_trials(root)?,
    }
    Ok(sweep)
}

/// A killed sweep's trials end within a step, but one of them may just be writing its record.
fn wait_for_trials(root: &Path) -> Result<(), TrainError> {
    let trials = open(&root.join(TRIALS_LOCK))?;
    let start = Instant::now();
    while let Err(TryLockError::WouldBlock) = trials.try_lock() {
        if start.elapsed() > PATIENCE {
            return Err(TrainError::Taken { path: root.to_owned() });
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// Says that a trial of this run directory is running, for as long as the file is kept.
pub(super) fn join(root: &Path) -> Result<File, TrainError> {
    let trials = open(&root.join(TRIALS_LOCK))?;
    if let Err(error) = trials.lock_shared() {
        tracing::warn!(%error, "this file system has no locks");
    }
    Ok(trials)
}

fn open(path: &Path) -> Result<File, TrainError> {
    OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
        .map_err(TrainError::io("write", path))
}
