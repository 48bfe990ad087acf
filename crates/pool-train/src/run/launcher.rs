//! The seam between deciding what runs and running it.

use std::path::Path;
use std::time::Duration;

use super::{StopFlag, Task};
use crate::TrialEvent;

/// Runs single tasks somewhere: in processes of this machine, or in whatever a test wants.
pub trait Launcher: Sync {
    /// Runs one task and returns when it has ended. Success means that its folder holds a record, or, where the job
    /// ends before the last epoch, what it has come to.
    ///
    /// # Errors
    /// The task was stopped on request, or it died.
    fn run(
        &self,
        job: &Job<'_>,
        stop: &StopFlag,
        on_event: &mut dyn FnMut(TrialEvent),
    ) -> Result<(), LaunchError>;
}

/// One task to run, and what it may take of the machine.
#[derive(Debug, Clone, Copy)]
pub struct Job<'a> {
    /// The task.
    pub task: Task<'a>,
    /// The epoch after which a trial pauses; none trains it to its end.
    pub until_epoch: Option<u32>,
    /// Its folder, prepared.
    pub folder: &'a Path,
    /// Threads that it may use.
    pub threads: u32,
    /// Tasks that may run at once, this one included.
    pub jobs: u32,
    /// How long it may take; none is as long as it needs.
    pub timeout: Option<Duration>,
}

/// Why a launched task left no record.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// On request.
    #[error("stopped")]
    Stopped,
    /// It said why it cannot go on, and would say so again.
    #[error("{0}")]
    Failed(String),
    /// It ended without a word, which may have been chance: a crash, a kill, a hang.
    #[error("{0}")]
    Died(String),
    /// There was not enough memory for it and what ran beside it.
    #[error("{0}")]
    OutOfMemory(String),
}
