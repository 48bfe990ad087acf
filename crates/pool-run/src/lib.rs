//! Runs the tasks of a plan that have no record yet: in processes of this machine, or on a Slurm cluster.
//!
//! 1. [`run_sweep`] decides what is to run and in which order: trials, seed by seed, rung by rung or
//!    until every comparison is decided, then measurements.
//! 2. An [`Executor`] decides where and how many at once: [`LocalExecutor`] on this machine within its memory, [`Slurm`] on
//!    a cluster. Both retry a task that crashed, and give one that ran out of memory more of it.
//! 3. A [`Launcher`] runs one task: [`LocalProcesses`] starts this program again with a
//!    [`TaskCommand`](pool_records::TaskCommand).
//!
//! ```no_run
//! use pool_records::{RunDir, StopFlag};
//! use pool_run::{LocalExecutor, LocalOptions, LocalProcesses, TaskOptions, run_sweep};
//! # fn example(plan: &pool_spec::Plan, options: TaskOptions) -> Result<(), pool_run::ScheduleError> {
//!
//! let dir = RunDir::create("runs/mnist-pooling", plan)?;
//! let launcher = LocalProcesses::new("pool-cli", options);
//! let executor = LocalExecutor::new(&launcher, LocalOptions::default());
//! let everything = plan.select(&[]).expect("no arm is named");
//! let summary = run_sweep(&everything, &dir, &executor, &StopFlag::new(), &mut |event| println!("{event:?}"))?;
//! println!("{} trials finished, {} failed", summary.finished, summary.failed.len());
//! # Ok(())
//! # }
//! ```
//!
//! The one decision: a task is a process, and its folder is the only channel for its result. A crash, an abort inside
//! libtorch or a kill for lack of memory costs one task. This crate never links torch.

mod decisions;
mod error;
mod estimate;
mod executor;
mod local_executor;
mod local_processes;
mod resources;
mod run_sweep;
mod slurm;
mod task;
mod waiting;

pub use error::ScheduleError;
pub use estimate::{estimate_from, measure_estimate};
pub use executor::{Executor, Stage, SweepContext, SweepEvent, TimeBudget};
pub use local_executor::{LocalExecutor, LocalOptions, Share};
pub use local_processes::{LocalProcesses, TaskOptions};
pub use resources::Needs;
pub use run_sweep::{Prepared, SweepSummary, prepare_trials, run_sweep};
pub use slurm::{Slurm, SlurmError, SlurmOptions};
pub use task::{LaunchError, LaunchRequest, Launcher, QueuedTask, TaskOutcome};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
