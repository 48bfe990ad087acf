//! Trains what a sweep file asks for, one process per trial, and leaves a run directory behind.
//!
//! Data goes down once:
//!
//! 1. [`Sweep::read`] checks a sweep file completely; [`Sweep::plan`] makes a [`Plan`] of [`TrialSpec`]s from it.
//!    Whatever can be refused is refused here, before the first epoch.
//! 2. [`RunDir`] holds the plan, and one folder per trial. [`run_sweep`] starts every trial that has no record yet,
//!    through a [`Launcher`], and reports [`SweepEvent`]s.
//! 3. [`run_trial`] is what the process of one trial does: load, build, fit, evaluate, write one
//!    [`TrialRecord`](pool_metrics::TrialRecord).
//!
//! ```no_run
//! use pool_train::Sweep;
//!
//! let plan = Sweep::read("configs/sweep.toml".as_ref())?.plan(&mnist_data::DataDir::from_env()?)?;
//! for trial in &plan.trials {
//!     println!("{} {}", trial.id(), trial.spec().arm);
//! }
//! # Ok::<(), pool_train::TrainError>(())
//! ```
//!
//! The one decision: a trial is a process. A crash, an abort inside libtorch or a kill for lack of memory costs one
//! trial, its memory can be measured from outside, and any launcher that can start a command can run a sweep.
//! This crate knows no terminal and no HTML.

mod error;
mod run;
mod sweep;
mod trial;

pub use error::TrainError;
pub use run::{
    LaunchError, Launcher, LocalProcesses, RunDir, StopFlag, SweepEvent, SweepOptions, SweepSummary,
    TrialFate, TrialJob, run_sweep,
};
pub use sweep::{
    Arm, DataSource, DataSpec, EarlyStopping, Monitor, NetworkTemplate, Plan, Split, Sweep, SweepError,
    TrainSpec, Trial, TrialSpec,
};
pub use trial::{LIBTORCH_VERSION, TrialContext, TrialEvent, cpu_name, run_trial};
