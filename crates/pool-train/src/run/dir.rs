//! The run directory, as its writer sees it.

use std::collections::HashSet;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use pool_metrics::{
    CostRecord, EpochRecord, Failure, PausedTrial, PlanFile, RecordError, RunLayout, TrialRecord,
    atomic_write,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::foreign;
use super::lock::{self, Lock};
use super::{Fate, StopFlag, Task};
use crate::clear::{empty_but_for, remove, remove_partial_files};
use crate::{CostSpec, Plan, TrainError, Trial, TrialSpec, machine};

/// A run directory: the source of truth about which trials are finished. It is this process's own while this exists.
#[derive(Debug)]
pub struct RunDir {
    layout: RunLayout,
    _lock: Lock,
}

/// How long the processes of a killed sweep may take to notice.
const ORPHANS_PATIENCE: Duration = Duration::from_secs(20);
/// How long a lock may be held by `status`, which only looks at it.
const ONLOOKERS_PATIENCE: Duration = Duration::from_millis(500);

impl RunDir {
    /// Opens the run directory at `root`, or makes it, and stores the plan in it. Trials of earlier plans stay.
    ///
    /// # Errors
    /// A folder that holds something else, belongs to another running sweep, or cannot be written.
    pub fn create(root: impl Into<PathBuf>, plan: &Plan) -> Result<Self, TrainError> {
        let layout = RunLayout::new(root);
        foreign::refuse(&layout)?;
        for folder in [layout.trials(), layout.all_costs()] {
            fs::create_dir_all(&folder).map_err(TrainError::io("create", &folder))?;
        }
        // For a moment the lock may be that of somebody who looks whether it is held.
        let lock = lock::take_when_free(&layout.sweep_lock(), |holder, waited| {
            if waited < ONLOOKERS_PATIENCE {
                return Ok(());
            }
            Err(TrainError::Taken { path: layout.root().to_owned(), holder: holder.clone() })
        })?;
        // The plan first: it is what makes a folder a run directory.
        write_json(&layout.plan(), &plan_file(&layout, plan, &HashSet::new()))?;
        write(&layout.sweep_file(), &plan.sweep_text)?;
        Ok(Self { layout, _lock: lock })
    }

    /// Takes a task's folder for this process, for as long as the lock is kept. Waits while another process has it: the
    /// machine that it runs on may have been given up too early.
    ///
    /// # Errors
    /// A folder that is not there or cannot be written, or [`TrainError::Stopped`] while waiting.
    pub fn join(folder: &Path, stop: &StopFlag) -> Result<Lock, TrainError> {
        if !RunLayout::spec_in(folder).is_file() {
            return Err(TrainError::NoTask { folder: folder.to_owned() });
        }
        let mut told = false;
        let lock = lock::take_when_free(&RunLayout::lock_in(folder), |holder, waited| {
            if waited > ONLOOKERS_PATIENCE && !std::mem::replace(&mut told, true) {
                tracing::warn!(holder, "another process runs this task; waiting for its end");
            }
            stop.check()
        })?;
        remove_partial_files(folder).map_err(TrainError::io("empty", folder))?;
        Ok(lock)
    }

    /// Stores the plan with the trials of the arms that have come to the last rung of a search.
    ///
    /// # Errors
    /// A folder that cannot be written.
    pub(super) fn store_finals(&self, plan: &Plan, arms: &HashSet<&str>) -> Result<(), TrainError> {
        write_json(&self.layout.plan(), &plan_file(&self.layout, plan, arms))
    }

    /// Whether so much can still be written.
    ///
    /// # Errors
    /// If not. A system that does not tell is trusted.
    pub(super) fn check_space(&self, needed_bytes: u64) -> Result<(), TrainError> {
        let path = self.layout.root();
        match machine::free_disk_bytes(path) {
            Some(free_bytes) if free_bytes < needed_bytes => {
                Err(TrainError::DiskSpace { path: path.to_owned(), needed_bytes, free_bytes })
            }
            _ => Ok(()),
        }
    }

    /// Where its files lie.
    pub fn layout(&self) -> &RunLayout {
        &self.layout
    }

    /// The record of a trial, if it is finished. A torn record, which only a broken disk can leave, is as good as none.
    ///
    /// # Errors
    /// A record that may be whole and still cannot be read: of another version, or on a disk that does not answer.
    pub fn record(&self, id: &str) -> Result<Option<TrialRecord>, TrainError> {
        read(&RunLayout::record_in(&self.layout.trial(id)), TrialRecord::from_json)
    }

    /// The record of a measurement of costs, as [`RunDir::record`].
    ///
    /// # Errors
    /// As there.
    pub fn cost_record(&self, id: &str) -> Result<Option<CostRecord>, TrainError> {
        read(&RunLayout::record_in(&self.layout.costs(id)), CostRecord::from_json)
    }

    /// The epochs of a trial that is finished, or has come as far as this.
    ///
    /// # Errors
    /// As [`RunDir::record`].
    pub(super) fn epochs(&self, trial: &Trial, until: u32) -> Result<Option<Vec<EpochRecord>>, TrainError> {
        Ok(match self.fate(Task::Trial(trial), Some(until))? {
            Some(Fate::Finished(record)) => Some(record.epochs),
            Some(Fate::Paused(paused)) => Some(paused.epochs),
            _ => None,
        })
    }

    /// What a trial had come to when a search paused it.
    fn paused(&self, id: &str) -> Result<Option<PausedTrial>, TrainError> {
        read(&RunLayout::paused_in(&self.layout.trial(id)), PausedTrial::from_json)
    }

    /// How a task has ended: with a record, or, where that is enough, with so many epochs behind it.
    pub(super) fn fate(&self, task: Task<'_>, until_epoch: Option<u32>) -> Result<Option<Fate>, TrainError> {
        match task {
            Task::Trial(trial) => match (self.record(trial.id())?, until_epoch) {
                (Some(record), _) => Ok(Some(Fate::Finished(Box::new(record)))),
                (None, None) => Ok(None),
                (None, Some(epoch)) => {
                    let enough = |paused: &PausedTrial| paused.epochs.len() >= epoch as usize;
                    Ok(self.paused(trial.id())?.filter(enough).map(Fate::Paused))
                }
            },
            Task::Costs(measurement) => {
                Ok(self.cost_record(measurement.id())?.map(|record| Fate::Measured(Box::new(record))))
            }
        }
    }

    /// Makes a task's folder, empty but for its spec: what an interrupted attempt left is removed, except for a trial's
    /// checkpoint, which it goes on from, and what is finished. The folder's name says that the spec is the same.
    ///
    /// # Errors
    /// A folder that cannot be written, or that another process works in.
    pub fn prepare(&self, task: Task<'_>) -> Result<PathBuf, TrainError> {
        let folder = task.folder(&self.layout);
        // Not its parents: a run directory that has been removed is not made again without its plan.
        match fs::create_dir(&folder) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                return Err(TrainError::io("create", &folder)(error));
            }
            _ => {}
        }
        let lock = RunLayout::lock_in(&folder);
        let _held = lock::take_when_free(&lock, |holder, waited| {
            if waited < ORPHANS_PATIENCE {
                return Ok(());
            }
            Err(TrainError::Running { folder: folder.clone(), holder: holder.clone() })
        })?;
        // The last process of a killed sweep may just have finished it.
        if self.fate(task, None)?.is_some() {
            return Ok(folder);
        }
        let kept = [&lock, &RunLayout::checkpoint_in(&folder), &RunLayout::paused_in(&folder)];
        empty_but_for(&folder, &kept.map(PathBuf::as_path)).map_err(TrainError::io("empty", &folder))?;
        match task {
            Task::Trial(trial) => write_json(&RunLayout::spec_in(&folder), trial.spec())?,
            Task::Costs(measurement) => write_json(&RunLayout::spec_in(&folder), measurement.spec())?,
        }
        Ok(folder)
    }

    /// The spec that [`RunDir::prepare`] left in a trial's folder.
    ///
    /// # Errors
    /// A file that is missing or holds something else.
    pub fn read_spec(folder: &Path) -> Result<TrialSpec, TrainError> {
        read_json(&RunLayout::spec_in(folder))
    }

    /// The spec that [`RunDir::prepare`] left in a measurement's folder.
    ///
    /// # Errors
    /// A file that is missing or holds something else.
    pub fn read_cost_spec(folder: &Path) -> Result<CostSpec, TrainError> {
        read_json(&RunLayout::spec_in(folder))
    }

    /// Stores a trial's record in its folder: from then on the trial is finished.
    ///
    /// # Errors
    /// A folder that cannot be written; the trial is then not finished.
    pub fn store_record(folder: &Path, record: &TrialRecord) -> Result<(), TrainError> {
        store(folder, &record.to_json())
    }

    /// Stores a measurement's record in its folder, as [`RunDir::store_record`].
    ///
    /// # Errors
    /// As there.
    pub fn store_cost_record(folder: &Path, record: &CostRecord) -> Result<(), TrainError> {
        store(folder, &record.to_json())
    }

    /// Removes what the process of a finished task may have been killed before it could remove it.
    pub(super) fn tidy(&self, task: Task<'_>) {
        tidy(&task.folder(&self.layout));
    }

    /// Stores how far a trial has come, for a search to judge; its checkpoint goes on being kept.
    ///
    /// # Errors
    /// A folder that cannot be written.
    pub fn store_paused(folder: &Path, paused: &PausedTrial) -> Result<(), TrainError> {
        write(&RunLayout::paused_in(folder), &paused.to_json())
    }

    /// Whether the task of this folder has its record.
    pub fn is_finished(folder: &Path) -> bool {
        RunLayout::record_in(folder).exists()
    }

    /// Notes why the task of this folder cannot go on, for whoever looks later: nobody may be waiting for its process.
    pub fn note_failure(folder: &Path, reason: &str) {
        #[derive(Deserialize)]
        struct Spec {
            arm: String,
            seed: Option<u64>,
        }
        let id = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if let Ok(Spec { arm, seed }) = read_json(&RunLayout::spec_in(folder)) {
            Self::store_failure(folder, &Failure { id, arm, seed, reason: reason.to_owned() });
        }
    }

    /// Notes why a task died. Its folder may be what failed, so that this may fail too.
    pub(super) fn store_failure(folder: &Path, failure: &Failure) {
        if let Err(error) = write_json(&RunLayout::failure_in(folder), failure) {
            tracing::warn!(%error, "the failure cannot be stored");
        }
    }
}

/// The plan with these arms in the last rung of a search; what has a record stays in it, whatever it is now searched for.
fn plan_file(layout: &RunLayout, plan: &Plan, finals: &HashSet<&str>) -> PlanFile {
    plan.to_file(finals, |task| RunDir::is_finished(&task.folder(layout)))
}

/// What a file of a finished task holds, if it is there and whole.
fn read<R>(path: &Path, parse: impl FnOnce(&str) -> Result<R, RecordError>) -> Result<Option<R>, TrainError> {
    let unusable = |cause: String| TrainError::Record { path: path.to_owned(), cause };
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unusable(error.to_string())),
    };
    // What is no text is no JSON either.
    match parse(&String::from_utf8_lossy(&bytes)) {
        Ok(record) => Ok(Some(record)),
        Err(RecordError::Json(error)) => {
            tracing::warn!(path = %path.display(), %error, "the record is torn; it will be made again");
            Ok(None)
        }
        Err(error @ RecordError::Version { .. }) => Err(unusable(error.to_string())),
    }
}

fn store(folder: &Path, record: &str) -> Result<(), TrainError> {
    write(&RunLayout::record_in(folder), record)?;
    tidy(folder);
    Ok(())
}

/// Removes what is of no use beside a record, though in nobody's way.
fn tidy(folder: &Path) {
    let useless =
        [RunLayout::failure_in(folder), RunLayout::checkpoint_in(folder), RunLayout::paused_in(folder)];
    for path in useless {
        if let Err(error) = remove(&path) {
            tracing::warn!(%error, path = %path.display(), "what is no longer needed cannot be removed");
        }
    }
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, TrainError> {
    let text = fs::read_to_string(path).map_err(TrainError::io("read", path))?;
    serde_json::from_str(&text).map_err(|cause| TrainError::Json { path: path.to_owned(), cause })
}

fn write_json(path: &Path, value: &impl Serialize) -> Result<(), TrainError> {
    let text = serde_json::to_string_pretty(value).expect("a plan holds only what JSON can express");
    write(path, &text)
}

fn write(path: &Path, text: &str) -> Result<(), TrainError> {
    atomic_write(path, text.as_bytes()).map_err(TrainError::io("write", path))
}
