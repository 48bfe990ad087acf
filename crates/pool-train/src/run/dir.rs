//! The run directory, as its writer sees it.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use pool_metrics::{CostRecord, Failure, PlanFile, RecordError, RunLayout, TrialRecord, atomic_write};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Task, lock};
use crate::clear::{empty_but_for, remove};
use crate::{CostSpec, Plan, TrainError, TrialSpec};

/// A run directory: the source of truth about which trials are finished. It is this process's own while this exists.
#[derive(Debug)]
pub struct RunDir {
    layout: RunLayout,
    _lock: File,
}

impl RunDir {
    /// Opens the run directory at `root`, or makes it, and stores the plan in it. Trials of earlier plans stay.
    ///
    /// # Errors
    /// A folder that holds something else, belongs to another running sweep, or cannot be written.
    pub fn create(root: impl Into<PathBuf>, plan: &Plan) -> Result<Self, TrainError> {
        let layout = RunLayout::new(root);
        refuse_foreign_folder(&layout)?;
        for folder in [layout.trials(), layout.all_costs()] {
            fs::create_dir_all(&folder).map_err(TrainError::io("create", &folder))?;
        }
        let lock = lock::take(layout.root())?;
        // The plan first: it is what makes a folder a run directory.
        write_json(&layout.plan(), &plan.to_file())?;
        write(&layout.sweep_file(), &plan.sweep_text)?;
        Ok(Self { layout, _lock: lock })
    }

    /// Says that the trial in this folder is running, for as long as the file is kept: a new sweep waits for it.
    ///
    /// # Errors
    /// A folder that is not inside a run directory that can be written.
    pub fn join(folder: &Path) -> Result<File, TrainError> {
        lock::join(&folder.join("../.."))
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
        read_record(&self.layout.trial(id), TrialRecord::from_json)
    }

    /// The record of a measurement of costs, as [`RunDir::record`].
    ///
    /// # Errors
    /// As there.
    pub fn cost_record(&self, id: &str) -> Result<Option<CostRecord>, TrainError> {
        read_record(&self.layout.costs(id), CostRecord::from_json)
    }

    /// Makes a task's folder, empty but for its spec: what an interrupted attempt left is removed, except for a trial's
    /// checkpoint, which it goes on from. The folder's name says that the spec is the same.
    ///
    /// # Errors
    /// A folder that cannot be written.
    pub fn prepare(&self, task: Task<'_>) -> Result<PathBuf, TrainError> {
        let folder = task.folder(&self.layout);
        empty_but_for(&folder, &[&RunLayout::checkpoint_in(&folder)])
            .map_err(TrainError::io("empty", &folder))?;
        fs::create_dir_all(&folder).map_err(TrainError::io("create", &folder))?;
        match task {
            Task::Trial(trial) => write_json(&spec_path(&folder), trial.spec())?,
            Task::Costs(measurement) => write_json(&spec_path(&folder), measurement.spec())?,
        }
        Ok(folder)
    }

    /// The spec that [`RunDir::prepare`] left in a trial's folder.
    ///
    /// # Errors
    /// A file that is missing or holds something else.
    pub fn read_spec(folder: &Path) -> Result<TrialSpec, TrainError> {
        read_json(&spec_path(folder))
    }

    /// The spec that [`RunDir::prepare`] left in a measurement's folder.
    ///
    /// # Errors
    /// A file that is missing or holds something else.
    pub fn read_cost_spec(folder: &Path) -> Result<CostSpec, TrainError> {
        read_json(&spec_path(folder))
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

    /// Notes why a task died. Its folder may be what failed, so that this may fail too.
    pub(super) fn store_failure(folder: &Path, failure: &Failure) {
        if let Err(error) = write_json(&RunLayout::failure_in(folder), failure) {
            tracing::warn!(%error, "the failure cannot be stored");
        }
    }
}

fn read_record<R>(
    folder: &Path,
    parse: impl FnOnce(&str) -> Result<R, RecordError>,
) -> Result<Option<R>, TrainError> {
    let path = RunLayout::record_in(folder);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(TrainError::Record { path, cause: error.to_string() }),
    };
    match parse(&text) {
        Ok(record) => Ok(Some(record)),
        Err(RecordError::Json(error)) => {
            tracing::warn!(path = %path.display(), %error, "the record is torn; it will be made again");
            Ok(None)
        }
        Err(error @ RecordError::Version { .. }) => {
            Err(TrainError::Record { path, cause: error.to_string() })
        }
    }
}

fn store(folder: &Path, record: &str) -> Result<(), TrainError> {
    write(&RunLayout::record_in(folder), record)?;
    let failure = RunLayout::failure_in(folder);
    remove(&failure).map_err(TrainError::io("remove", &failure))?;
    // Of no use beside a record, and in nobody's way.
    if let Err(error) = remove(&RunLayout::checkpoint_in(folder)) {
        tracing::warn!(%error, "the checkpoint cannot be removed");
    }
    Ok(())
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, TrainError> {
    let text = fs::read_to_string(path).map_err(TrainError::io("read", path))?;
    serde_json::from_str(&text).map_err(|cause| TrainError::Json { path: path.to_owned(), cause })
}

fn spec_path(folder: &Path) -> PathBuf {
    folder.join("spec.json")
}

fn write_json(path: &Path, value: &impl Serialize) -> Result<(), TrainError> {
    let text = serde_json::to_string_pretty(value).expect("a plan holds only what JSON can express");
    write(path, &text)
}

fn write(path: &Path, text: &str) -> Result<(), TrainError> {
    atomic_write(path, text.as_bytes()).map_err(TrainError::io("write", path))
}

/// A folder with other things in it is somebody's: nothing is written there.
fn refuse_foreign_folder(layout: &RunLayout) -> Result<(), TrainError> {
    let foreign = || Err(TrainError::ForeignFolder { path: layout.root().to_owned() });
    match fs::read_to_string(layout.plan()) {
        Ok(text) if serde_json::from_str::<PlanFile>(&text).is_ok() => return Ok(()),
        // A plan that is torn, or of another version, beside trials that are ours.
        Ok(_) if holds_trials(layout) => return Ok(()),
        Ok(_) => return foreign(),
        Err(_) => {}
    }
    let mut entries = match fs::read_dir(layout.root()) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(TrainError::io("open", layout.root())(error)),
    };
    if entries.all(|entry| is_leftover(entry.as_ref())) { Ok(()) } else { foreign() }
}

/// Whether a trial's folder of ours is in it.
fn holds_trials(layout: &RunLayout) -> bool {
    let Ok(trials) = fs::read_dir(layout.trials()) else { return false };
    trials.flatten().any(|trial| spec_path(&trial.path()).is_file())
}

/// What a sweep leaves that was killed before its plan was stored.
fn is_leftover(entry: Result<&fs::DirEntry, &std::io::Error>) -> bool {
    entry.is_ok_and(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        name == "trials"
            || name == "costs"
            || name == lock::SWEEP_LOCK
            || name == lock::TRIALS_LOCK
            || name.starts_with(".partial-")
    })
}
