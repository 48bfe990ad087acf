//! What a run leaves: the records of its trials and measurements, the directory that they lie in, and the state of each.
//!
//! - [`TrialRecord`] and [`CostRecord`] are the versioned files that trials and measurements leave behind. Numbers are kept
//!   raw: a record holds every setting, every epoch and every test prediction, so that any statistic can be computed later
//!   without training again.
//! - [`RunLayout`] says where they lie. [`RunDir`] is the directory as its owner sees it, with its lock. [`check_outputs`]
//!   keeps results from replacing what they come from.
//! - [`pack_run`] makes one file of all that a report reads, and [`unpack_run`] a run directory of that file, wherever it
//!   comes from.
//! - [`TaskCommand`] is what a process of a run is asked to do, and its command line.
//! - [`TaskState::of`] says what state a task is in. The scheduler, `status` and the report ask it, and nothing else.
//!
//! ```no_run
//! use pool_records::{Record, RunLayout, TaskState, TrialRecord};
//!
//! let run = RunLayout::new("runs/mnist-pooling");
//! let id = "maximum-s1-0de0d558";
//! match TaskState::<TrialRecord>::of(&run.trial(id), id) {
//!     TaskState::Finished(record) => println!("{:?} of the test images misclassified", record.test_error()),
//!     TaskState::Failed(failure) => println!("failed: {}", failure.reason),
//!     state => println!("{state:?}"),
//! }
//! ```
//!
//! The one decision: a record is there whole or not at all. Finished is what has a record; nothing else is noted of it.

mod bundle;
mod disk;
mod error;
mod outputs;
mod process;
mod record;
mod run_dir;
mod run_layout;
mod seeds_of_report;
mod task_command;
mod task_state;

pub use bundle::{PackedBy, PackedRun, pack_run, unpack_run};
pub use disk::{Lock, empty_but_for, free_disk_bytes, lock_holder};
pub use error::{BundleError, RunError};
pub use outputs::{OutputError, check_outputs, check_outside_runs};
pub use process::{Probe, StopFlag, TrialEvent};
pub use record::{
    ComputedWith, Contention, CostRecord, EarlierEpochs, EnergyMissing, EpochRecord, EvaluatedSet,
    Evaluation, HardImage, Latency, LeftOut, MeasuredPeak, ModelFacts, PredictionTimes, Provenance,
    RECORD_VERSION, Record, RecordError, RecordSummary, Robustness, StepTimes, TestResults, TestSummary,
    TestedArm, TestedArms, TrialRecord, TrialStatus, TrialSummary, TriedSetting, TunedArm,
};
pub use run_dir::RunDir;
pub use run_layout::RunLayout;
pub use seeds_of_report::SeedsOfReport;
pub use task_command::{Phase, ProcessOptions, TaskCommand, parse_duration};
pub use task_state::{Failure, FailureCause, PausedTrial, TaskState, UnusableRecord, epochs_so_far};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
