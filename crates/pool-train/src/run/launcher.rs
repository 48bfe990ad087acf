//! The seam between deciding what runs and running it.

use std::path::Path;

use super::StopFlag;
use crate::{Trial, TrialEvent};

/// Runs trials somewhere: in processes of this machine, or in whatever a test wants.
pub trait Launcher: Sync {
    /// Runs one trial and returns when it has ended. Success means that its folder holds a record.
    ///
    /// # Errors
    /// The trial was stopped on request, or it died and the reason is known.
    fn run(
        &self,
        job: &TrialJob<'_>,
        stop: &StopFlag,
        on_event: &mut dyn FnMut(TrialEvent),
    ) -> Result<(), LaunchError>;
}

/// One trial to run.
#[derive(Debug, Clone, Copy)]
pub struct TrialJob<'a> {
    /// The trial.
    pub trial: &'a Trial,
    /// Its folder, prepared.
    pub folder: &'a Path,
    /// Threads that it may use.
    pub threads: u32,
    /// Trials that may run at once, this one included.
    pub jobs: u32,
}

/// Why a launched trial left no record.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// On request.
    #[error("stopped")]
    Stopped,
    /// It died.
    #[error("{0}")]
    Died(String),
}
