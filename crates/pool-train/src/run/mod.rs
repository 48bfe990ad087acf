//! A run: its directory, its processes, and the order of things.

mod dir;
mod executor;
mod launcher;
mod local;
mod lock;
mod needs;
mod run_sweep;
mod stop;
mod supervise;
mod task;
mod team;
mod working_hours;

pub use dir::RunDir;
pub use executor::{Executor, Ongoing, Stage, SweepEvent};
pub use launcher::{Job, LaunchError, Launcher};
pub use local::LocalProcesses;
pub use lock::Lock;
pub use needs::Needs;
pub use run_sweep::{SweepSummary, run_sweep};
pub use stop::StopFlag;
pub use task::{Fate, Task, Work};
pub use team::{Team, TeamOptions};
pub use working_hours::WorkingHours;
