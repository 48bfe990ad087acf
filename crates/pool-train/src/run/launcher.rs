//! The seam between deciding what runs and running it.

use std::path::Path;

use super::{StopFlag, Task};
use crate::TrialEvent;

/// Runs tasks somewhere: in processes of this machine, or in whatever a test wants.
pub trait Launcher: Sync {
    /// Runs one task and returns when it has ended. Success means that its folder holds a record.
    ///
    /// # Errors
    /// The task was stopped on request, or it died and the reason is known.
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
    /// Its folder, prepared.
    pub folder: &'a Path,
    /// Threads that it may use.
    pub threads: u32,
    /// Tasks that may run at once, this one included.
    pub jobs: u32,
}

/// Why a launched task left no record.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// On request.
    #[error("stopped")]
    Stopped,
    /// It died.
    #[error("{0}")]
    Died(String),
}
