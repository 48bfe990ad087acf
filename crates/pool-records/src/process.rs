//! What a task's process and its parent exchange: events on standard output, and the request to stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::{Deserialize, Serialize};

use crate::{EpochRecord, RunError};

/// The progress of a trial. Its process writes these to its standard output, one JSON value per line.
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
}

/// What a few steps show of a trial.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Probe {
    /// One step of training: the median.
    pub step_s: f64,
    /// Predicting one batch of as many images: the median.
    pub prediction_s: f64,
    /// The peak of the process's resident memory, without a data set; `None` where the system does not report it.
    pub peak_bytes: Option<u64>,
}

/// A request to stop: set once, by a signal handler or by a parent's death, and checked between steps.
#[derive(Debug, Clone, Default)]
pub struct StopFlag(Arc<AtomicBool>);

impl StopFlag {
    /// A flag that is not set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Requests that everyone who holds this flag stop.
    pub fn set(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// Whether stopping was asked for.
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    /// # Errors
    /// [`RunError::Stopped`] once the flag is set.
    pub fn check(&self) -> Result<(), RunError> {
        if self.is_set() { Err(RunError::Stopped) } else { Ok(()) }
    }
}
