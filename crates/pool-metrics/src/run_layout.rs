//! Where the files of a run lie, for those who write it and those who read it.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

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

    /// The [`PlanFile`].
    pub fn plan(&self) -> PathBuf {
        self.root.join("plan.json")
    }

    /// The folder that holds one folder per trial.
    pub fn trials(&self) -> PathBuf {
        self.root.join("trials")
    }

    /// The folder of the trial `id`.
    pub fn trial(&self, id: &str) -> PathBuf {
        self.trials().join(id)
    }

    /// The trial's [`TrialRecord`](crate::TrialRecord): there whole, or not at all.
    pub fn record(&self, id: &str) -> PathBuf {
        Self::record_in(&self.trial(id))
    }

    /// The record in a trial's folder, for the trial's own process, which knows no more than that folder.
    pub fn record_in(trial: &Path) -> PathBuf {
        trial.join("record.json")
    }

    /// The trial's [`TrialFailure`](crate::TrialFailure), when its process died.
    pub fn failure(&self, id: &str) -> PathBuf {
        Self::failure_in(&self.trial(id))
    }

    /// The failure in a trial's folder.
    pub fn failure_in(trial: &Path) -> PathBuf {
        trial.join("failure.json")
    }
}

/// `plan.json`: the trials of a run, in the order in which they are started.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanFile {
    /// The study's name.
    pub study: String,
    /// Every trial of the sweep file.
    pub trials: Vec<PlannedTrial>,
}

/// One trial of a [`PlanFile`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedTrial {
    /// The trial's folder: arm, seed and a hash of every setting.
    pub id: String,
    /// The arm.
    pub arm: String,
    /// The seed.
    pub seed: u64,
    /// Every setting, for whoever trains.
    pub spec: serde_json::Value,
}
