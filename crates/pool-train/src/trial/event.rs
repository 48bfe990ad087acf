//! What a trial tells while it runs.

use pool_metrics::EpochRecord;
use serde::{Deserialize, Serialize};

/// What a trial tells while it runs. A trial's process writes these to its standard output, one JSON value per line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrialEvent {
    /// Training begins.
    Started {
        /// Epochs at most.
        epochs: u32,
        /// Steps of one epoch.
        steps: u64,
    },
    /// Training goes on where an earlier process of the trial was stopped.
    Resumed {
        /// The last epoch that is done.
        epoch: u32,
        /// What this process computes with other than the one before it, in words; the last digits may depend on it.
        #[serde(default)]
        changes: Vec<String>,
    },
    /// Some steps are done; sent a few times a second.
    Step {
        /// The epoch, from 1.
        epoch: u32,
        /// Steps of it that are done.
        done: u64,
    },
    /// An epoch and its validation are done.
    Epoch(EpochRecord),
    /// Training is over; the final evaluation begins.
    Evaluating,
    /// Something of an arm's costs is being measured.
    Measuring {
        /// What, in words.
        what: String,
    },
    /// The trial cannot go on. Its process ends after this, and may have nowhere else to say why.
    Failed {
        /// Why.
        reason: String,
    },
}
