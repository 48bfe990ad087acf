//! A run: its directory, its processes, and the order of things.

mod dir;
mod launcher;
mod local;
mod lock;
mod scheduler;
mod stop;

pub use dir::RunDir;
pub use launcher::{LaunchError, Launcher, TrialJob};
pub use local::LocalProcesses;
pub use scheduler::{SweepEvent, SweepOptions, SweepSummary, TrialFate, run_sweep};
pub use stop::StopFlag;
