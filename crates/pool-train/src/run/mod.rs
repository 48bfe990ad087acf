//! A run: its directory, its processes, and the order of things.

mod attempt;
mod dir;
mod executor;
mod foreign;
mod launcher;
mod local;
mod lock;
mod needs;
mod prepare;
mod run_sweep;
mod slurm;
mod stop;
mod supervise;
mod task;
mod team;
mod working_hours;

pub use dir::RunDir;
pub use executor::{Executor, Ongoing, Stage, SweepEvent};
pub use launcher::{Job, LaunchError, Launcher};
pub(crate) use local::KEEP_FREED_PAGES;
pub use local::LocalProcesses;
pub use lock::Lock;
pub use needs::Needs;
pub use prepare::{Prepared, prepare_trials};
pub use run_sweep::{SweepSummary, run_sweep};
pub use slurm::{Slurm, SlurmError, SlurmOptions};
pub use stop::StopFlag;
pub use task::{Fate, Task, Work};
pub use team::{Share, Team, TeamOptions};
pub use working_hours::WorkingHours;
