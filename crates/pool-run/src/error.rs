//! What can end a sweep.

use std::path::PathBuf;

use pool_metrics::ComparisonError;
use pool_records::RunError;
use pool_spec::NetworkError;

use crate::SlurmError;

// Messages include their cause, so `source` returns `None`: nothing is printed twice.
/// Why a sweep could not go on.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages name the fields")]
pub enum ScheduleError {
    /// The files of the run cannot be read or written.
    #[error(transparent)]
    Run(#[from] RunError),
    /// Slurm does not do what it is asked to.
    #[error(transparent)]
    Slurm(#[from] SlurmError),
    /// A network whose settings do not fit one another.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// What the arms predicted cannot be compared, so that nothing says which of them need more seeds.
    #[error("the arms cannot be compared: {0}")]
    Comparison(#[from] ComparisonError),
    /// A few steps of a network could not be timed.
    #[error("arm \"{arm}\": its steps cannot be timed here: {said}; --no-timing leaves times out")]
    Probe { arm: String, said: String },
    /// This program cannot be started again.
    #[error("cannot start {program}: {cause}", program = .program.display())]
    Start { program: PathBuf, cause: std::io::Error },
}
