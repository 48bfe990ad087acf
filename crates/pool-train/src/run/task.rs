//! What the processes of a sweep do.

use std::path::PathBuf;

use pool_metrics::{CostRecord, Failure, PausedTrial, RunLayout, TrialRecord};

use super::Needs;
use crate::{Measurement, Trial};

/// One piece of work for a process of its own, which leaves a record in a folder of its own.
#[derive(Debug, Clone, Copy)]
pub enum Task<'a> {
    /// Train one arm with one seed.
    Trial(&'a Trial),
    /// Measure what one arm costs.
    Costs(&'a Measurement),
}

impl<'a> Task<'a> {
    /// Its folder's name.
    pub fn id(&self) -> &'a str {
        match self {
            Self::Trial(trial) => trial.id(),
            Self::Costs(measurement) => measurement.id(),
        }
    }

    /// The arm's name.
    pub fn arm(&self) -> &'a str {
        match self {
            Self::Trial(trial) => &trial.spec().arm,
            Self::Costs(measurement) => &measurement.spec().arm,
        }
    }

    /// The trial's seed; costs have none.
    pub fn seed(&self) -> Option<u64> {
        match self {
            Self::Trial(trial) => Some(trial.spec().seed),
            Self::Costs(_) => None,
        }
    }

    pub(super) fn folder(&self, layout: &RunLayout) -> PathBuf {
        match self {
            Self::Trial(trial) => layout.trial(trial.id()),
            Self::Costs(measurement) => layout.costs(measurement.id()),
        }
    }

    /// The command of pool-cli that does it.
    pub(super) fn command(&self) -> &'static str {
        match self {
            Self::Trial(_) => "trial",
            Self::Costs(_) => "measure",
        }
    }
}

/// How a task ended.
#[derive(Debug)]
pub enum Fate {
    /// A trial, with a record.
    Finished(Box<TrialRecord>),
    /// A trial, after as many epochs as its rung of a search asks for.
    Paused(PausedTrial),
    /// A measurement, with a record.
    Measured(Box<CostRecord>),
    /// Without one.
    Failed(Failure),
    /// On request, before its end.
    Stopped,
}

impl Fate {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Finished(_) => "finished",
            Self::Paused(_) => "paused",
            Self::Measured(_) => "measured",
            Self::Failed(_) => "failed",
            Self::Stopped => "stopped",
        }
    }
}

/// A task, and how far it is to go.
#[derive(Debug, Clone, Copy)]
pub struct Work<'a> {
    /// The task.
    pub task: Task<'a>,
    /// The epoch after which a trial pauses; none trains it to its end.
    pub until_epoch: Option<u32>,
    /// What it takes.
    pub needs: Needs,
}
