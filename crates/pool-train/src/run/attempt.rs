//! One try at a task, and whether there will be another.

use std::path::Path;

use pool_metrics::Failure;

use super::dir::RunDir;
use super::launcher::LaunchError;
use super::task::{Fate, Task, Work};

/// One try at a task.
#[derive(Debug, Clone, Copy)]
pub(super) struct Attempt<'a> {
    pub(super) work: Work<'a>,
    /// From 1.
    pub(super) number: u32,
    /// With more memory than its estimate: on this machine with nothing beside it, on a cluster with twice as much.
    pub(super) alone: bool,
}

/// How an attempt ended.
#[derive(Debug)]
pub(super) enum End {
    /// For good.
    Fate(Fate),
    /// It is worth another one.
    Again {
        reason: String,
        /// As [`Attempt::alone`].
        alone: bool,
    },
}

impl<'a> Attempt<'a> {
    pub(super) fn first(work: Work<'a>) -> Self {
        Self { work, number: 1, alone: false }
    }

    pub(super) fn next(self, alone: bool) -> Self {
        Self { number: self.number + 1, alone, ..self }
    }

    /// What comes of an attempt, once its process has ended: a record counts, however it did. What died without a word
    /// is tried again `retries` times, and what lacked memory once more with as much as there is.
    pub(super) fn end(
        self,
        ended: Result<(), LaunchError>,
        retries: u32,
        dir: &RunDir,
        folder: &Path,
    ) -> End {
        let Work { task, until_epoch, .. } = self.work;
        let reason = match dir.fate(task, until_epoch) {
            Ok(Some(fate)) => return End::Fate(fate),
            Err(error) => error.to_string(),
            Ok(None) => match ended {
                Err(LaunchError::Stopped) => return End::Fate(Fate::Stopped),
                Err(LaunchError::OutOfMemory(reason)) if !self.alone => {
                    return End::Again { reason, alone: true };
                }
                Err(LaunchError::Died(reason)) if self.number <= retries => {
                    return End::Again { reason, alone: self.alone };
                }
                Err(error) => error.to_string(),
                Ok(()) => "the process ended without a record".to_owned(),
            },
        };
        let reason = match self.number {
            1 => reason,
            number => format!("{reason} (attempt {number})"),
        };
        let failure = failure(task, reason);
        RunDir::store_failure(folder, &failure);
        End::Fate(Fate::Failed(failure))
    }
}

fn failure(task: Task<'_>, reason: String) -> Failure {
    Failure { id: task.id().to_owned(), arm: task.arm().to_owned(), seed: task.seed(), reason }
}
