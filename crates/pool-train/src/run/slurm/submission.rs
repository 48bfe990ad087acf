//! What was submitted, in the run directory: so that the same sweep, begun again, finds the tasks that wait or run.

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;

use pool_metrics::{RunLayout, atomic_write};
use serde::{Deserialize, Serialize};

use super::commands::Queue;
use crate::TrainError;
use crate::run::Work;

/// A task's place in Slurm's queue: the array job, and its index there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) job: u64,
    pub(super) index: u32,
}

/// One array job.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Submission {
    /// Slurm's number of the array job.
    pub(super) job: u64,
    /// [`key`] of each task, in the order of the array.
    pub(super) tasks: Vec<String>,
}

/// Says which task this is, and how far it goes.
pub(super) fn key(work: &Work<'_>) -> String {
    let id = work.task.id();
    match work.until_epoch {
        Some(epoch) => format!("{id} until {epoch}"),
        None => id.to_owned(),
    }
}

impl Submission {
    /// Stores it among those of the run directory.
    pub(super) fn store(&self, layout: &RunLayout) -> Result<(), TrainError> {
        let path = folder_of(layout).join(format!("{}.json", self.job));
        let text = serde_json::to_string(self).expect("a submission holds only what JSON can express");
        atomic_write(&path, text.as_bytes()).map_err(TrainError::io("write", &path))
    }

    /// All that the run directory knows of, the latest last.
    pub(super) fn read_all(layout: &RunLayout) -> Result<Vec<Self>, TrainError> {
        let folder = folder_of(layout);
        let mut all = Vec::new();
        for entry in fs::read_dir(&folder).into_iter().flatten() {
            let path = entry.map_err(TrainError::io("read", &folder))?.path();
            if path.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            let text = fs::read_to_string(&path).map_err(TrainError::io("read", &path))?;
            match serde_json::from_str::<Self>(&text) {
                Ok(submission) => all.push(submission),
                Err(error) => {
                    tracing::warn!(path = %path.display(), %error, "what was submitted cannot be read");
                }
            }
        }
        all.sort_unstable_by_key(|submission| submission.job);
        Ok(all)
    }

    /// The places of its tasks that still wait or run, by [`key`].
    pub(super) fn places(&self, queue: &Queue) -> HashMap<String, Place> {
        let places = self.tasks.iter().zip(0..).map(|(task, index)| (task, Place { job: self.job, index }));
        places
            .filter(|&(_, place)| queue.state(place).is_some())
            .map(|(task, place)| (task.clone(), place))
            .collect()
    }
}

/// Where scripts, lists and submissions lie.
pub(super) fn folder_of(layout: &RunLayout) -> PathBuf {
    layout.root().join("slurm")
}
