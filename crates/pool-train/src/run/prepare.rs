//! Folders for whoever starts the trials.

use std::fmt::Write;
use std::path::PathBuf;

use pool_metrics::atomic_write;

use super::dir::RunDir;
use super::needs::Needs;
use super::task::Task;
use crate::{Selection, TrainError};

/// What was prepared.
#[derive(Debug)]
pub struct Prepared {
    /// The list: one folder per line.
    pub list: PathBuf,
    /// Trials in it, which have no record yet.
    pub trials: usize,
}

/// Makes the folder of every trial that has no record, and the list of them, `tasks.txt`.
///
/// # Errors
/// A run directory that cannot be written or lacks space, or a trial that somebody works on.
pub fn prepare_trials(selection: &Selection<'_>, dir: &RunDir) -> Result<Prepared, TrainError> {
    let mut missing = Vec::new();
    for &trial in &selection.trials {
        let task = Task::Trial(trial);
        if dir.fate(task, None)?.is_none() {
            missing.push(task);
        }
    }
    dir.check_space(missing.iter().map(|&task| Needs::lasting_disk_bytes(task, &[])).sum())?;
    let mut list = String::new();
    for &task in &missing {
        writeln!(list, "{}", dir.prepare(task)?.display()).expect("text can always be written into a string");
    }
    let path = dir.layout().root().join("tasks.txt");
    atomic_write(&path, list.as_bytes()).map_err(TrainError::io("write", &path))?;
    Ok(Prepared { list: path, trials: missing.len() })
}
