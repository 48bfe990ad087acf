//! What can end a sweep or a trial.

use std::path::{Path, PathBuf};

use crate::SweepError;

// Every message holds its cause, so that `source` would only say it twice.
/// Why a sweep or a trial could not go on.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// The sweep file is wrong.
    #[error(transparent)]
    Sweep(#[from] SweepError),
    /// A data set is missing or broken.
    #[error(transparent)]
    Data(#[from] mnist_data::DataError),
    /// A network cannot be built or run.
    #[error(transparent)]
    Model(#[from] pool_models::ModelError),
    /// A file of the run directory cannot be read or written.
    #[error("cannot {action} {path}: {cause}{cure}", path = .path.display(), cure = io_cure(.cause))]
    Io {
        /// What was attempted: `read`, `write`, `create`.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's words.
        cause: std::io::Error,
    },
    /// A file of the run directory does not hold what it should.
    #[error("{path}: {cause}", path = .path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: serde_json::Error,
    },
    /// A result would replace something.
    #[error(transparent)]
    Output(#[from] pool_metrics::OutputError),
    /// The run directory's place is taken.
    #[error(
        "{path} exists and is no run directory; choose another folder with --out",
        path = .path.display()
    )]
    ForeignFolder {
        /// The folder.
        path: PathBuf,
    },
    /// Another sweep owns the run directory.
    #[error(
        "another sweep is running in {path} ({holder}); wait for it, or choose another folder with --out",
        path = .path.display()
    )]
    Taken {
        /// The run directory.
        path: PathBuf,
        /// Who has it: process and machine.
        holder: String,
    },
    /// A folder without a task.
    #[error(
        "{folder} holds no task: it has no spec.json; give a folder of tasks.txt, which sweep --prepare writes",
        folder = .folder.display()
    )]
    NoTask {
        /// The folder.
        folder: PathBuf,
    },
    /// Another process works on the task.
    #[error(
        "{folder} is being worked in ({holder}); wait for it, or end it, and run the same command again",
        folder = .folder.display()
    )]
    Running {
        /// The task's folder.
        folder: PathBuf,
        /// Who has it: process and machine.
        holder: String,
    },
    /// What is to be written would not fit on the disk.
    #[error(
        "{path}: {needed} are needed and {free} are free; free some space or choose another folder with --out; \
         finished trials are kept",
        path = .path.display(), needed = mebibytes(*.needed_bytes), free = mebibytes(*.free_bytes)
    )]
    DiskSpace {
        /// The run directory.
        path: PathBuf,
        /// Bytes that the tasks need.
        needed_bytes: u64,
        /// Bytes that there are.
        free_bytes: u64,
    },
    /// A finished trial's record cannot be read, and may not be thrown away.
    #[error("{path}: {cause}; move the trial's folder away to train it again", path = .path.display())]
    Record {
        /// The record.
        path: PathBuf,
        /// What is wrong with it.
        cause: String,
    },
    /// No arm has the name that was asked for.
    #[error("no arm is called \"{name}\"; the sweep has {known}")]
    UnknownArm {
        /// The name given.
        name: String,
        /// The arms that exist.
        known: String,
    },
    /// A folder that holds no finished trial.
    #[error(
        "{folder} holds no finished trial: it has no record.json; give a folder such as runs/STUDY/trials/ID",
        folder = .folder.display()
    )]
    NoTrial {
        /// The folder.
        folder: PathBuf,
    },
    /// A trial without weights.
    #[error(
        "{folder}: training diverged, so there are no weights to use; choose another trial of the run",
        folder = .folder.display()
    )]
    Diverged {
        /// The trial's folder.
        folder: PathBuf,
    },
    /// Images that the network was not made for.
    #[error("{data} has {what}, but the network was made for {expected}; give a data set of the same kind")]
    Foreign {
        /// What does not fit.
        what: String,
        /// The data set.
        data: String,
        /// What would fit.
        expected: String,
    },
    /// Predictions and labels that do not belong together.
    #[error(transparent)]
    Classification(#[from] pool_metrics::ClassificationError),
    /// Probabilities that are none.
    #[error(transparent)]
    Calibration(#[from] pool_metrics::CalibrationError),
    /// A few steps of a network could not be timed.
    #[error("arm \"{arm}\": its steps cannot be timed here: {said}; --no-timing leaves times out")]
    Probe {
        /// The arm.
        arm: String,
        /// What its process said.
        said: String,
    },
    /// Slurm does not do what it is asked to.
    #[error(transparent)]
    Slurm(#[from] crate::SlurmError),
    /// The trial was told to stop.
    #[error("stopped before the end")]
    Stopped,
}

impl From<tch::TchError> for TrainError {
    fn from(error: tch::TchError) -> Self {
        Self::Model(error.into())
    }
}

impl TrainError {
    /// For use with `map_err` on file operations.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |cause| Self::Io { action, path, cause }
    }

    /// Whether fetching a data set would mend it.
    pub fn is_missing_data(&self) -> bool {
        matches!(self, Self::Data(error) if error.is_missing())
    }
}

fn mebibytes(bytes: u64) -> String {
    format!("{:.0} MiB", bytes as f64 / f64::from(1 << 20))
}

fn io_cure(error: &std::io::Error) -> &'static str {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            "; make it writable or choose another folder with --out"
        }
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            "; free some space and run the same command again: finished trials are kept"
        }
        ErrorKind::NotADirectory | ErrorKind::AlreadyExists => "; choose another folder with --out",
        _ => "",
    }
}
