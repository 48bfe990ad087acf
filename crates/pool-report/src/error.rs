//! What stops a report.

use pool_records::{OutputError, RunError};
use pool_spec::reading::one_line;
use std::path::{Path, PathBuf};

/// A run that cannot be reported on.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// No run directory.
    #[error(
        "{path} is no run directory: no plan.json lies in it; give the folder that `pool-cli sweep` wrote, such as \
         runs/mnist-pooling",
        path = .path.display()
    )]
    NoRun {
        /// The folder.
        path: PathBuf,
    },
    /// A file where a run directory should be.
    #[error(
        "{path} is a file, and this takes a run directory; `pool-cli report {path}` unpacks a bundle into one",
        path = .path.display()
    )]
    NotUnpacked {
        /// The file.
        path: PathBuf,
    },
    /// Two runs of a league whose study has one name.
    #[error(
        "{first} and {second} are both runs of a study called \"{study}\"; copy the sweep file of one of them and give it \
         another study",
        first = .first.display(),
        second = .second.display()
    )]
    SameStudy {
        /// The first run.
        first: PathBuf,
        /// The second run.
        second: PathBuf,
        /// The name.
        study: String,
    },
    /// A file where a folder should be written.
    #[error("{path} is a file; give a folder", path = .path.display())]
    NoFolder {
        /// The file.
        path: PathBuf,
    },
    /// The summary would replace something.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// A file cannot be read or written.
    #[error("cannot {action} {path}: {cause}", path = .path.display())]
    Io {
        /// What was attempted.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's words.
        cause: std::io::Error,
    },
    /// A file of the run directory cannot be written.
    #[error(transparent)]
    Run(#[from] RunError),
    /// `plan.json` does not hold a plan.
    #[error(
        "{path}: {cause}; run the sweep again to write it anew",
        path = .path.display(), cause = one_line(&.cause.to_string())
    )]
    Plan {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: serde_json::Error,
    },
}

impl ReportError {
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |cause| Self::Io { action, path, cause }
    }
}
