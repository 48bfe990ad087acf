//! The run directory, as its writer sees it.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use pool_files::atomic_write;
use pool_spec::{GoingOn, Plan, PlanFile, Task, TaskSpec};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::disk::{Lock, empty_but_for, free_disk_bytes, lock_when_free, remove, remove_partial_files};
use crate::outputs::refuse_foreign;
use crate::task_state::UnusableRecord;
use crate::{
    Failure, FailureCause, PausedTrial, Record, RecordSummary, RunError, RunLayout, StopFlag, TaskState,
};

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
    pub fn create(root: impl Into<PathBuf>, plan: &Plan) -> Result<Self, RunError> {
        let layout = RunLayout::new(root);
        refuse_foreign(&layout)?;
        for folder in [layout.trials(), layout.all_costs()] {
            fs::create_dir_all(&folder).map_err(RunError::io("create", &folder))?;
        }
        // For a moment the lock may be that of somebody who looks whether it is held.
        let lock = lock_when_free(&layout.sweep_lock(), |holder, waited| {
            if waited < ONLOOKERS_PATIENCE {
                return Ok(());
            }
            Err(RunError::Taken { path: layout.root().to_owned(), holder: holder.to_owned() })
        })?;
        // The plan first: it is what makes a folder a run directory.
        write_json(&layout.plan(), &plan_file(&layout, plan, &GoingOn::default()))?;
        write(&layout.sweep_file(), &plan.sweep_text)?;
        Ok(Self { layout, _lock: lock })
    }

    /// Takes a task's folder for this process, for as long as the lock is kept. Waits while another process has it: the
    /// machine that it runs on may have been given up too early.
    ///
    /// # Errors
    /// A folder that is not there or cannot be written, or [`RunError::Stopped`] while waiting.
    pub fn join(folder: &Path, stop: &StopFlag) -> Result<Lock, RunError> {
        if !RunLayout::spec_in(folder).is_file() {
            return Err(RunError::NoTask { folder: folder.to_owned() });
        }
        let mut warned = false;
        let lock = lock_when_free(&RunLayout::lock_in(folder), |holder, waited| {
            if waited > ONLOOKERS_PATIENCE && !std::mem::replace(&mut warned, true) {
                tracing::warn!(holder, "another process runs this task; waiting for its end");
            }
            stop.check()
        })?;
        remove_partial_files(folder).map_err(RunError::io("empty", folder))?;
        Ok(lock)
    }

    /// Stores the plan with the trials of the arms that a search or a design goes on with.
    ///
    /// # Errors
    /// A folder that cannot be written.
    pub fn store_going_on(&self, plan: &Plan, going_on: &GoingOn<'_>) -> Result<(), RunError> {
        write_json(&self.layout.plan(), &plan_file(&self.layout, plan, going_on))
    }

    /// Checks that this much can still be written.
    ///
    /// # Errors
    /// If not. A system that does not report its free space is trusted.
    pub fn check_space(&self, needed_bytes: u64) -> Result<(), RunError> {
        let path = self.layout.root();
        match free_disk_bytes(path) {
            Some(free_bytes) if free_bytes < needed_bytes => {
                Err(RunError::DiskSpace { path: path.to_owned(), needed_bytes, free_bytes })
            }
            _ => Ok(()),
        }
    }

    /// Where its files lie.
    pub fn layout(&self) -> &RunLayout {
        &self.layout
    }

    /// What state a task is in; `R` is as much of its record as is wanted. A torn record is removed.
    ///
    /// # Errors
    /// A record that may be whole and still cannot be read: of another version, or on a disk that does not answer.
    pub fn state<R: Record>(&self, task: Task<'_>) -> Result<TaskState<R>, RunError> {
        state_of(&self.layout.task(task), task.id())
    }

    /// The epochs of a trial that a search has paused; `None` if it has not.
    pub fn paused(&self, task: Task<'_>) -> Option<PausedTrial> {
        PausedTrial::of(&self.layout.task(task))
    }

    /// Makes a task's folder, empty except for its spec: what an interrupted attempt left is removed, except for a trial's
    /// checkpoint, which it goes on from, and what is finished. The folder's name says that the spec is the same.
    ///
    /// # Errors
    /// A folder that cannot be written, or that another process works in.
    pub fn prepare(&self, task: Task<'_>) -> Result<PathBuf, RunError> {
        let folder = self.layout.task(task);
        // Not its parents: a run directory that has been removed is not made again without its plan.
        match fs::create_dir(&folder) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                return Err(RunError::io("create", &folder)(error));
            }
            _ => {}
        }
        let lock = RunLayout::lock_in(&folder);
        let _held = lock_when_free(&lock, |holder, waited| {
            if waited < ORPHANS_PATIENCE {
                return Ok(());
            }
            Err(RunError::Running { folder: folder.clone(), holder: holder.to_owned() })
        })?;
        // The last process of a killed sweep may just have finished it.
        if self.state::<RecordSummary>(task)?.finished().is_some() {
            return Ok(folder);
        }
        let kept = [&lock, &RunLayout::checkpoint_in(&folder), &RunLayout::paused_in(&folder)];
        empty_but_for(&folder, &kept.map(PathBuf::as_path)).map_err(RunError::io("empty", &folder))?;
        match task {
            Task::Trial(trial) => write_json(&RunLayout::spec_in(&folder), trial.spec())?,
            Task::Costs(measurement) => write_json(&RunLayout::spec_in(&folder), measurement.spec())?,
        }
        Ok(folder)
    }

    /// The spec that [`RunDir::prepare`] left in a task's folder.
    ///
    /// # Errors
    /// A file that is missing or holds something else.
    pub fn read_spec<S: TaskSpec + DeserializeOwned>(folder: &Path) -> Result<S, RunError> {
        read_json(&RunLayout::spec_in(folder))
    }

    /// Stores a task's record in its folder: from then on the task is finished.
    ///
    /// # Errors
    /// A folder that cannot be written; the task is then not finished.
    pub fn store_record(folder: &Path, record: &(impl Record + Serialize)) -> Result<(), RunError> {
        write(&RunLayout::record_in(folder), &record.to_json())?;
        tidy(folder);
        Ok(())
    }

    /// Removes what the process of a finished task may have been killed before it could remove it.
    pub fn tidy(&self, task: Task<'_>) {
        tidy(&self.layout.task(task));
    }

    /// Stores how far a trial has come, for a search to judge; its checkpoint goes on being kept.
    ///
    /// # Errors
    /// A folder that cannot be written.
    pub fn store_paused(folder: &Path, paused: &PausedTrial) -> Result<(), RunError> {
        write(&RunLayout::paused_in(folder), &paused.to_json())
    }

    /// Whether there is a record in a task's folder, usable or not.
    pub fn has_record(folder: &Path) -> bool {
        RunLayout::record_in(folder).exists()
    }

    /// Whether the task of this folder has a record that counts. A torn one is removed.
    ///
    /// # Errors
    /// As of [`RunDir::state`].
    pub fn is_finished(folder: &Path) -> Result<bool, RunError> {
        Ok(state_of::<RecordSummary>(folder, &id_of(folder))?.finished().is_some())
    }

    /// Notes why the task of this folder cannot go on, for whoever looks later: nobody may be waiting for its process.
    pub fn note_failure(folder: &Path, reason: &str, cause: FailureCause) {
        #[derive(Default, Deserialize)]
        struct Spec {
            arm: String,
            seed: Option<u64>,
        }
        let spec = RunLayout::spec_in(folder);
        if !spec.is_file() {
            return;
        }
        // What is wrong may be the spec.
        let Spec { arm, seed } = read_json(&spec).unwrap_or_default();
        let (id, reason) = (id_of(folder), reason.to_owned());
        Self::store_failure(folder, &Failure { id, arm, seed, reason, cause });
    }

    /// What the task's process has noted of why it cannot go on.
    pub fn noted_failure(folder: &Path) -> Option<Failure> {
        read_json(&RunLayout::failure_in(folder)).ok()
    }

    /// Notes why a task died. Its folder may be what failed, so that this may fail too.
    pub fn store_failure(folder: &Path, failure: &Failure) {
        if let Err(error) = write_json(&RunLayout::failure_in(folder), failure) {
            tracing::warn!(%error, "the failure cannot be stored");
        }
    }
}

/// The plan with the arms that it goes on with; what has a record stays in it, whatever is now asked for.
fn plan_file(layout: &RunLayout, plan: &Plan, going_on: &GoingOn<'_>) -> PlanFile {
    plan.to_file(going_on, |task| RunDir::has_record(&layout.task(task)))
}

/// The id of the task of a folder, which is the folder's name.
fn id_of(folder: &Path) -> String {
    let whole = folder.file_name().is_none().then(|| fs::canonicalize(folder).ok()).flatten();
    let name = whole.as_deref().unwrap_or(folder).file_name();
    name.unwrap_or_default().to_string_lossy().into_owned()
}

fn state_of<R: Record>(folder: &Path, id: &str) -> Result<TaskState<R>, RunError> {
    match TaskState::of(folder, id) {
        TaskState::Unusable(record) if record.is_torn => {
            tracing::warn!(task = id, reason = record.reason, "the record will be made again");
            // From here on, a record that is there counts.
            let torn = RunLayout::record_in(folder);
            remove(&torn).map_err(RunError::io("remove", &torn))?;
            Ok(TaskState::Begun)
        }
        TaskState::Unusable(UnusableRecord { reason, .. }) => {
            Err(RunError::Record { path: RunLayout::record_in(folder), cause: reason })
        }
        state => Ok(state),
    }
}

/// Removes what a finished task no longer needs.
fn tidy(folder: &Path) {
    let useless =
        [RunLayout::failure_in(folder), RunLayout::checkpoint_in(folder), RunLayout::paused_in(folder)];
    for path in useless {
        if let Err(error) = remove(&path) {
            tracing::warn!(%error, path = %path.display(), "what is no longer needed cannot be removed");
        }
    }
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, RunError> {
    let text = fs::read_to_string(path).map_err(RunError::io("read", path))?;
    serde_json::from_str(&text).map_err(|cause| RunError::Json { path: path.to_owned(), cause })
}

fn write_json(path: &Path, value: &impl Serialize) -> Result<(), RunError> {
    let text = serde_json::to_string_pretty(value).expect("a plan holds only what JSON can express");
    write(path, &text)
}

fn write(path: &Path, text: &str) -> Result<(), RunError> {
    atomic_write(path, text.as_bytes()).map_err(RunError::io("write", path))
}
