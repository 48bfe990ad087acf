//! Trains what a sweep file asks for, one process per trial, and leaves a run directory behind.
//!
//! Data goes down once:
//!
//! 1. [`Sweep::read`] checks a sweep file completely; [`Sweep::plan`] makes a [`Plan`] of [`TrialSpec`]s from it.
//!    Whatever can be refused is refused here, before the first epoch.
//! 2. [`RunDir`] holds the plan, and one folder per trial. [`run_sweep`] starts every trial that has no record yet,
//!    through a [`Launcher`], and reports [`SweepEvent`]s.
//! 3. [`run_trial`] is what the process of one trial does: load, build, fit, evaluate, give one
//!    [`TrialRecord`](pool_metrics::TrialRecord). [`measure_costs`] times an arm and measures its memory, alone on the
//!    machine, after all trials.
//! 4. [`StoredTrial`] puts a trained network to use: one picture, another data set, other programs.
//!
//! ```no_run
//! use pool_train::Sweep;
//!
//! let plan = Sweep::read("configs/sweep.toml".as_ref())?.plan(&mnist_data::DataDir::from_env())?;
//! for trial in &plan.trials {
//!     println!("{} {}", trial.id(), trial.spec().arm);
//! }
//! # Ok::<(), pool_train::TrainError>(())
//! ```
//!
//! The one decision: a trial is a process. A crash, an abort inside libtorch or a kill for lack of memory costs one
//! trial, its memory can be measured from outside, and any launcher that can start a command can run a sweep.
//! This crate knows no terminal and no HTML.

mod clear;
mod costs;
mod error;
mod estimate;
mod machine;
mod resident;
mod run;
mod stored;
mod sweep;
mod trial;

pub(crate) use costs::probe_apart;
pub use costs::{Phase, Probe, measure_costs, measure_peak, probe};
pub use error::TrainError;
pub use estimate::{ArmEstimate, Estimate};
pub use machine::{ComputeDevice, DeviceChoice, LIBTORCH_VERSION, NoDevice, UnknownDevice, cpu_name};
pub use run::{
    Executor, Fate, Job, LaunchError, Launcher, LocalProcesses, Lock, Needs, Ongoing, Prepared, RunDir,
    Share, Slurm, SlurmError, SlurmOptions, Stage, StopFlag, SweepEvent, SweepSummary, Task, Team,
    TeamOptions, Work, WorkingHours, prepare_trials, run_sweep,
};
pub use stored::{EvaluatedSet, Prediction, StoredTrial, WeightFormat};
pub use sweep::{
    Arm, CostSpec, DataSource, DataSpec, EarlyStopping, EvaluationSpec, ImageCounts, Measurement, Monitor,
    NetworkTemplate, Perturbations, Plan, SearchPlan, Selection, Split, Sweep, SweepError, TrainSpec, Trial,
    TrialSpec,
};
pub use trial::{TrialContext, TrialEnd, TrialEvent, run_trial};
