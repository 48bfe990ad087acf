//! What can end a trial.

use std::path::{Path, PathBuf};

use pool_records::{FailureCause, RunError};
use pool_spec::NetworkError;

// Messages include their cause, so `source` returns `None`: nothing is printed twice.
/// Why a trial could not go on.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages name the fields")]
pub enum TrainError {
    /// A data set is missing or broken.
    #[error(transparent)]
    Data(#[from] mnist_data::DataError),
    /// A network cannot be built or run.
    #[error(transparent)]
    Model(#[from] pool_models::ModelError),
    /// The files of a run cannot be read or written, or stopping was asked for.
    #[error(transparent)]
    Run(#[from] RunError),
    /// A folder that holds no finished trial.
    #[error(
        "{folder} holds no finished trial: it has no record.json; give a folder such as runs/STUDY/trials/ID",
        folder = .folder.display()
    )]
    NoTrial { folder: PathBuf },
    /// A trial without weights.
    #[error(
        "{folder}: training diverged, so there are no weights to use; choose another trial of the run",
        folder = .folder.display()
    )]
    Diverged { folder: PathBuf },
    /// A network that takes something else than pictures.
    #[error(
        "{folder}: the network takes {input:?}, and pictures have 1 or 3 channels, a height and a width; use it from a \
         program of your own, with export",
        folder = .folder.display()
    )]
    NoPictures { folder: PathBuf, input: Vec<usize> },
    /// Images that the network was not made for.
    #[error("{data} has {what}, but the network was made for {expected}; give a data set of the same kind")]
    Foreign { what: String, data: String, expected: String },
    /// Predictions and labels that do not belong together.
    #[error(transparent)]
    Classification(#[from] pool_metrics::ClassificationError),
    /// Probabilities that are none.
    #[error(transparent)]
    Calibration(#[from] pool_metrics::CalibrationError),
}

impl From<tch::TchError> for TrainError {
    fn from(error: tch::TchError) -> Self {
        Self::Model(error.into())
    }
}

impl From<NetworkError> for TrainError {
    fn from(error: NetworkError) -> Self {
        Self::Model(error.into())
    }
}

impl TrainError {
    /// For use with `map_err` on file operations.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let error = RunError::io(action, path);
        move |cause| Self::Run(error(cause))
    }

    /// Whether stopping was asked for.
    pub fn is_stopped(&self) -> bool {
        matches!(self, Self::Run(RunError::Stopped))
    }

    /// Whether fetching a data set would mend it.
    pub fn is_missing_data(&self) -> bool {
        matches!(self, Self::Data(error) if error.is_missing())
    }

    /// What a failure of the task is put down to.
    pub fn failure_cause(&self) -> FailureCause {
        match self {
            Self::Model(error) if error.is_out_of_memory() => FailureCause::OutOfMemory,
            _ => FailureCause::Error,
        }
    }
}
