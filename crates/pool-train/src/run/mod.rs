//! A run: its directory, its processes, and the order of things.

mod dir;
mod launcher;
mod local;
mod lock;
mod scheduler;
mod stop;
mod task;

pub use dir::RunDir;
pub use launcher::{Job, LaunchError, Launcher};
pub use local::LocalProcesses;
pub use scheduler::{SweepEvent, SweepOptions, SweepSummary, run_sweep};
pub use stop::StopFlag;
pub use task::{Fate, Task};
