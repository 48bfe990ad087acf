//! What can go wrong with a run directory, and with a bundle of one.

use std::path::{Path, PathBuf};

use pool_spec::reading::one_line;

// Messages include their cause, so `source` returns `None`: nothing is printed twice.
/// Why the files of a run cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages name the fields; `action` is a verb")]
pub enum RunError {
    /// A file of the run directory cannot be read or written.
    #[error("cannot {action} {path}: {cause}{cure}", path = .path.display(), cure = io_cure(.cause))]
    Io { action: &'static str, path: PathBuf, cause: std::io::Error },
    /// A file of the run directory does not hold what it should.
    #[error(
        "{path}: {cause}; run the sweep again to write it anew",
        path = .path.display(), cause = one_line(&.cause.to_string())
    )]
    Json { path: PathBuf, cause: serde_json::Error },
    /// A result would replace something.
    #[error(transparent)]
    Output(#[from] crate::OutputError),
    /// The run directory's place is taken.
    #[error(
        "{path} exists and is no run directory; choose another folder with --out",
        path = .path.display()
    )]
    ForeignFolder { path: PathBuf },
    /// Another sweep owns the run directory.
    #[error(
        "another sweep is running in {path} ({holder}); wait for it, or choose another folder with --out",
        path = .path.display()
    )]
    Taken { path: PathBuf, holder: String },
    /// A folder without a task.
    #[error(
        "{folder} holds no task: it has no spec.json; give a folder of tasks.txt, which sweep --prepare writes",
        folder = .folder.display()
    )]
    NoTask { folder: PathBuf },
    /// Another process works on the task.
    #[error(
        "{folder} is being worked in ({holder}); wait for it, or end it, and run the same command again",
        folder = .folder.display()
    )]
    Running { folder: PathBuf, holder: String },
    /// What is to be written would not fit on the disk.
    #[error(
        "{path}: {needed} are needed and {free} are free; free some space or choose another folder with --out; \
         finished trials are kept",
        path = .path.display(), needed = mebibytes(*.needed_bytes), free = mebibytes(*.free_bytes)
    )]
    DiskSpace { path: PathBuf, needed_bytes: u64, free_bytes: u64 },
    /// A finished trial's record cannot be read, and may not be thrown away.
    #[error("{path}: {cause}", path = .path.display())]
    Record { path: PathBuf, cause: String },
    /// Stopping was asked for.
    #[error("stopped before the end")]
    Stopped,
}

impl RunError {
    /// For use with `map_err` on file operations.
    pub fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |cause| Self::Io { action, path, cause }
    }
}

/// Why a run cannot be packed into a bundle, or a bundle not be unpacked.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages name the fields; `name` is a file within the bundle")]
pub enum BundleError {
    /// No run directory.
    #[error(
        "{path} is no run directory: no plan.json lies in it; give the folder that `pool-cli sweep` wrote, such as \
         runs/mnist-pooling",
        path = .path.display()
    )]
    NoRun { path: PathBuf },
    /// A file that is not called as a bundle is.
    #[error(
        "{path}: the name of a bundle ends in .pool-run.tar.gz, as in mnist-pooling.pool-run.tar.gz; give it such a name",
        path = .path.display()
    )]
    Name { path: PathBuf },
    /// A run that does not fit.
    #[error(
        "{path}: with {name} it would hold more than a bundle may, 256 MiB in a file and 4096 MiB in all; pack the run \
         directory with another program, or divide the study",
        path = .path.display()
    )]
    TooLarge { path: PathBuf, name: String },
    /// A file that was never a bundle, or is one no longer.
    #[error(
        "{path} cannot be unpacked: {cause}; get the bundle again, or pack the run again with `pool-cli bundle`",
        path = .path.display()
    )]
    Broken { path: PathBuf, cause: String },
    /// The folder holds something else.
    #[error(
        "{folder} exists, and {name} there is not that of {bundle}; move the folder away, or choose another one with --out",
        folder = .folder.display(), bundle = .bundle.display()
    )]
    AnotherRun { folder: PathBuf, name: String, bundle: PathBuf },
    /// The bundle would replace something.
    #[error(transparent)]
    Output(#[from] crate::OutputError),
    /// A file cannot be read or written.
    #[error(transparent)]
    Run(#[from] RunError),
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
