//! A task on its way: how far it is to go, how it is launched, how it ended, and whether it is tried again.

use std::path::Path;
use std::time::Duration;

use pool_records::{
    CostRecord, Failure, FailureCause, PausedTrial, RunDir, RunError, StopFlag, TrialEvent, TrialRecord,
};
use pool_spec::Task;

use crate::Needs;

/// A task, and how far it is to go.
#[derive(Debug, Clone, Copy)]
pub struct QueuedTask<'a> {
    /// The task.
    pub task: Task<'a>,
    /// Pause after this epoch. `None` trains to the end.
    pub until_epoch: Option<u32>,
    /// What it takes.
    pub needs: Needs,
}

/// How a task ended.
#[derive(Debug)]
pub enum TaskOutcome {
    /// A trial, with a record.
    Finished(Box<TrialRecord>),
    /// A trial, after as many epochs as its rung of a search has.
    Paused(PausedTrial),
    /// A measurement, with a record.
    Measured(Box<CostRecord>),
    /// Without one.
    Failed(Failure),
    /// On request, before its end.
    Stopped,
}

impl TaskOutcome {
    /// How a task has ended: with a record, or, where that is enough, after `until_epoch`. `None` if it has not.
    ///
    /// # Errors
    /// A record that may be whole and still cannot be read.
    pub fn read(dir: &RunDir, task: Task<'_>, until_epoch: Option<u32>) -> Result<Option<Self>, RunError> {
        Ok(match task {
            Task::Trial(_) => match dir.state(task)?.finished() {
                Some(record) => Some(Self::Finished(record)),
                None => Self::paused(dir, task, until_epoch).map(Self::Paused),
            },
            Task::Costs(_) => dir.state(task)?.finished().map(Self::Measured),
        })
    }

    /// A trial that a search has paused at this epoch or later.
    pub(crate) fn paused(dir: &RunDir, task: Task<'_>, until_epoch: Option<u32>) -> Option<PausedTrial> {
        let paused = dir.paused(task)?;
        (paused.epochs.len() >= until_epoch? as usize).then_some(paused)
    }

    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Finished(_) => "finished",
            Self::Paused(_) => "paused",
            Self::Measured(_) => "measured",
            Self::Failed(_) => "failed",
            Self::Stopped => "stopped",
        }
    }
}

/// Runs single tasks somewhere: in processes of this machine, or in whatever a test wants.
pub trait Launcher: Sync {
    /// Runs one task and returns when it has ended. Success means that its folder holds a record, or, for a request that
    /// ends before the last epoch, a paused trial.
    ///
    /// # Errors
    /// The task was stopped on request, or it died.
    fn run(
        &self,
        job: &LaunchRequest<'_>,
        stop: &StopFlag,
        on_event: &mut dyn FnMut(TrialEvent),
    ) -> Result<(), LaunchError>;
}

/// One task to run, and what it may take of the machine.
#[derive(Debug, Clone, Copy)]
pub struct LaunchRequest<'a> {
    /// The task.
    pub task: Task<'a>,
    /// Pause after this epoch. `None` trains to the end.
    pub until_epoch: Option<u32>,
    /// Its folder, prepared.
    pub folder: &'a Path,
    /// Threads that it may use.
    pub threads: u32,
    /// Tasks that may run at once, this one included.
    pub jobs: u32,
    /// How long it may take. `None` is as long as it needs.
    pub timeout: Option<Duration>,
}

/// Why a launched task left no record.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// On request.
    #[error("stopped")]
    Stopped,
    /// It reported why it cannot go on, and would fail again.
    #[error("{0}")]
    Failed(String),
    /// It ended without a message, which may have been chance: a crash, a kill, a hang.
    #[error("{0}")]
    Died(String),
    /// There was not enough memory for it and what ran next to it.
    #[error("{0}")]
    OutOfMemory(String),
}

/// One try at a task.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attempt<'a> {
    pub(crate) work: QueuedTask<'a>,
    /// From 1.
    pub(crate) number: u32,
    /// With more memory than its estimate: on this machine with nothing next to it, on a cluster with twice as much.
    pub(crate) exclusive: bool,
}

/// How an attempt ended.
#[derive(Debug)]
pub(crate) enum AttemptOutcome {
    /// For good.
    Over(TaskOutcome),
    /// It is worth another one.
    Again {
        reason: String,
        /// As [`Attempt::exclusive`].
        exclusive: bool,
    },
}

impl<'a> Attempt<'a> {
    pub(crate) fn first(work: QueuedTask<'a>) -> Self {
        Self { work, number: 1, exclusive: false }
    }

    pub(crate) fn next(self, exclusive: bool) -> Self {
        Self { number: self.number + 1, exclusive, ..self }
    }

    /// Decides the outcome of an attempt. If there is a record, the task succeeded, whatever the exit status. A task that
    /// crashed without a message is retried `retries` times, and one that ran out of memory once, with as much as there is.
    pub(crate) fn end(
        self,
        ended: Result<(), LaunchError>,
        retries: u32,
        dir: &RunDir,
        folder: &Path,
    ) -> AttemptOutcome {
        let QueuedTask { task, until_epoch, .. } = self.work;
        let cause = match ended {
            Err(LaunchError::OutOfMemory(_)) => FailureCause::OutOfMemory,
            _ => FailureCause::Error,
        };
        let reason = match TaskOutcome::read(dir, task, until_epoch) {
            Ok(Some(outcome)) => return AttemptOutcome::Over(outcome),
            Err(error) => error.to_string(),
            Ok(None) => match ended {
                Err(LaunchError::Stopped) => return AttemptOutcome::Over(TaskOutcome::Stopped),
                Err(LaunchError::OutOfMemory(reason)) if !self.exclusive => {
                    return AttemptOutcome::Again { reason, exclusive: true };
                }
                Err(LaunchError::Died(reason)) if self.number <= retries => {
                    return AttemptOutcome::Again { reason, exclusive: self.exclusive };
                }
                Err(error) => error.to_string(),
                Ok(()) => "the process ended without a record".to_owned(),
            },
        };
        let reason = match self.number {
            1 => reason,
            number => format!("{reason} (attempt {number})"),
        };
        let failure = Failure {
            id: task.id().to_owned(),
            arm: task.arm().to_owned(),
            seed: task.seed(),
            reason,
            cause,
        };
        RunDir::store_failure(folder, &failure);
        AttemptOutcome::Over(TaskOutcome::Failed(failure))
    }
}
