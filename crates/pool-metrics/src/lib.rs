//! What a trial measured, and what may be concluded from it. Pure Rust: nothing here can reach libtorch.
//!
//! - *Errors*: [`error_rate`], [`ConfusionMatrix`] with per-class precision and recall, [`Calibration`].
//! - *Statistics*: [`t_interval`], [`wilson_interval`], [`mcnemar_exact`], [`paired_t`], [`paired_bootstrap`],
//!   [`holm`]; [`seeds_needed`] for the study to come.
//! - *Verdicts*: [`compare_family`] puts them together and says which arm is better, if any.
//! - *Memory*: a network is a list of [`LayerCost`] rows; [`MemoryModel::estimate`] turns them into an itemised
//!   [`MemoryEstimate`], by the published study's formula or by what training really keeps.
//! - *Trade-offs*: [`pareto_front`].
//! - *Records*: [`TrialRecord`] and [`CostRecord`], the versioned files that trials and measurements leave behind, and
//!   [`RunLayout`], where they lie; [`atomic_write`] keeps them whole, [`check_outputs`] keeps results from replacing
//!   what they come from, and [`one_line`] says what is wrong with a file.
//!
//! ```
//! use pool_metrics::{LayerCost, MemoryModel};
//!
//! let dense = LayerCost {
//!     name: "dense".into(),
//!     input_elements: 128,
//!     output_elements: 10,
//!     parameters: 1_290,
//!     ..LayerCost::default()
//! };
//! let estimate = MemoryModel::KerasLegacy.estimate(&[dense], 128, 200);
//! assert_eq!(estimate.total_bytes(), 4 * 200 * (10 + 1_290));
//! ```
//!
//! The one decision: numbers are kept raw. A record holds every epoch and every test prediction, so that any
//! statistic can be computed later without training again.

mod atomic_write;
mod classification;
mod memory;
mod one_line;
mod outputs;
mod pareto;
mod record;
mod run_layout;
mod statistics;

pub use atomic_write::{PARTIAL_PREFIX, atomic_write, atomic_write_with};
pub use classification::{
    Calibration, CalibrationBin, CalibrationError, ClassScores, ClassificationError, ConfusionMatrix,
    error_rate,
};
pub use memory::{KeptTensor, LastReader, LayerCost, MemoryEstimate, MemoryItem, MemoryModel};
pub use one_line::one_line;
pub use outputs::{OutputError, check_outputs, check_outside_runs, holds_trials};
pub use pareto::{ParetoError, pareto_front};
pub use record::{
    ClassImages, ComputedWith, Contention, CostRecord, EarlierEpochs, EpochRecord, Evaluation, Failure,
    HardImage, Latency, MeasuredPeak, ModelFacts, PausedTrial, PredictionTimes, Provenance, RECORD_VERSION,
    RecordError, Robustness, StepTimes, TestResults, TrialRecord, TrialSettings, TrialStatus,
};
pub use run_layout::{PlanFile, PlannedCosts, PlannedRung, PlannedTrial, RunLayout};
pub use statistics::{
    ArmPair, Bootstrap, BootstrapError, Comparison, ComparisonError, HolmError, Interval, McNemar,
    McNemarError, PairedPredictions, PairedT, Resampling, SeedMcNemar, SeedPredictions, Verdict,
    compare_family, holm, mcnemar_combined, mcnemar_exact, mcnemar_from_predictions, mean, median,
    paired_bootstrap, paired_t, paired_t_power, quantile, sample_sd, seeds_needed, t_interval,
    welch_interval, wilson_interval,
};
