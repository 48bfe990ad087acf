//! Where the files of a run lie, for those who write it and those who read it.

use std::path::{Path, PathBuf};

use pool_spec::Task;

/// The paths inside one run directory. Makes and reads nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunLayout {
    root: PathBuf,
}

impl RunLayout {
    /// The run directory at `root`.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The run directory itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The sweep file, as given.
    pub fn sweep_file(&self) -> PathBuf {
        self.root.join("sweep.toml")
    }

    /// The [`PlanFile`](pool_spec::PlanFile).
    pub fn plan(&self) -> PathBuf {
        self.root.join("plan.json")
    }

    /// The numbers of seeds that reports were written for: a list of [`SeedsOfReport`](crate::SeedsOfReport).
    pub fn seeds_of_reports(&self) -> PathBuf {
        self.root.join("seeds-of-reports.json")
    }

    /// The folder that holds one folder per trial.
    pub fn trials(&self) -> PathBuf {
        self.root.join("trials")
    }

    /// The folder of the trial `id`.
    pub fn trial(&self, id: &str) -> PathBuf {
        self.trials().join(id)
    }

    /// The folder that holds one folder per measurement of an arm's costs.
    pub fn all_costs(&self) -> PathBuf {
        self.root.join("costs")
    }

    /// The folder of the measurement `id`.
    pub fn costs(&self, id: &str) -> PathBuf {
        self.all_costs().join(id)
    }

    /// The folder of a task.
    pub fn task(&self, task: Task<'_>) -> PathBuf {
        match task {
            Task::Trial(trial) => self.trial(trial.id()),
            Task::Costs(measurement) => self.costs(measurement.id()),
        }
    }

    /// Every setting of the task, in a trial's or a measurement's folder.
    pub fn spec_in(folder: &Path) -> PathBuf {
        folder.join("spec.json")
    }

    /// The record in a trial's or a measurement's folder: there whole, or not at all.
    pub fn record_in(folder: &Path) -> PathBuf {
        folder.join("record.json")
    }

    /// The [`PausedTrial`](crate::PausedTrial) in a trial's folder, when a search has stopped it after some epochs.
    pub fn paused_in(trial: &Path) -> PathBuf {
        trial.join("paused.json")
    }

    /// The epochs of a running trial, one [`EpochRecord`](crate::EpochRecord) per line.
    pub fn history_in(trial: &Path) -> PathBuf {
        trial.join("history.jsonl")
    }

    /// The lock that a task's process holds on its folder while it runs.
    pub fn lock_in(folder: &Path) -> PathBuf {
        folder.join(".lock")
    }

    /// The lock that a sweep holds on its run directory.
    pub fn sweep_lock(&self) -> PathBuf {
        self.root.join(".sweep.lock")
    }

    /// The folder in a trial's folder that an interrupted trial goes on from.
    pub fn checkpoint_in(folder: &Path) -> PathBuf {
        folder.join("checkpoint")
    }

    /// The [`Failure`](crate::Failure) in such a folder, when its process died.
    pub fn failure_in(folder: &Path) -> PathBuf {
        folder.join("failure.json")
    }

    /// The weights that were evaluated, in a trial's folder.
    pub fn weights_in(trial: &Path) -> PathBuf {
        trial.join("model.safetensors")
    }
}
