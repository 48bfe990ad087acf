//! What a trial measured, and what may be concluded from it. Pure Rust: nothing here can reach libtorch.
//!
//! - *Errors*: [`error_rate`], [`ConfusionMatrix`] with per-class precision and recall, [`Calibration`].
//! - *Statistics*: [`t_interval`], [`log_t_interval`], [`wilson_interval`], [`mcnemar_exact`], [`paired_t`], [`sign_flip`],
//!   [`paired_bootstrap`], [`MeanDifference`], [`holm`]; [`seeds_needed`] for the study to come.
//! - *Verdicts*: [`compare_family`] puts them together and says which arm is better, if any, or that two are practically
//!   equal; [`SeedLooks`] lets a sweep stop when that is decided; [`ranks()`] says which place an arm has among many.
//! - *Memory*: a network is a list of [`LayerCost`](pool_spec::LayerCost) rows; [`MemoryModel::estimate`] turns them into an itemised
//!   [`MemoryEstimate`], by the published study's formula or by what training really keeps.
//! - *Trade-offs*: [`pareto_front`].
//!
//! ```
//! use pool_metrics::MemoryModel;
//! use pool_spec::{LayerCost, OptimizerSpec};
//!
//! let dense = LayerCost {
//!     name: "dense".into(),
//!     input_elements: 128,
//!     output_elements: 10,
//!     parameters: 1_290,
//!     ..LayerCost::default()
//! };
//! let estimate = MemoryModel::KerasLegacy.estimate(&[dense], 128, 200, OptimizerSpec::default());
//! assert_eq!(estimate.total_bytes(), 4 * 200 * (10 + 1_290));
//! ```
//!
//! The one decision: everything here is arithmetic on plain numbers, compared in tests with SciPy, statsmodels and
//! scikit-learn.

mod bootstrap;
mod calibration;
mod comparison;
mod confusion;
mod family;
mod interval;
mod mcnemar;
mod mean_difference;
mod memory;
mod pareto;
mod power;
mod ranks;
mod sequential;
mod sign_flip;
mod student;
mod summary;

pub use bootstrap::{
    Bootstrap, BootstrapError, BootstrapMethod, PairedPredictions, Resampling, paired_bootstrap,
};
pub use calibration::{Calibration, CalibrationBin, CalibrationError};
pub use comparison::{
    ArmPair, Comparison, ComparisonError, Equivalence, LookResult, SeedMcNemar, SeedPredictions, Verdict,
};
pub use confusion::{Cell, ClassScores, ClassificationError, ConfusionMatrix, error_rate};
pub use family::{FamilyRules, HolmError, compare_family, holm};
pub use interval::{Interval, log_t_interval, t_interval, welch_interval, wilson_interval};
pub use mcnemar::{McNemar, McNemarError, mcnemar_combined, mcnemar_exact, mcnemar_from_predictions};
pub use mean_difference::MeanDifference;
pub use memory::{MemoryEstimate, MemoryItem, MemoryModel};
pub use pareto::{ParetoError, dominates, pareto_front};
pub use power::{paired_t_power, seeds_needed};
pub use ranks::{RankInterval, ranks};
pub use sequential::{Look, SeedLooks};
pub use sign_flip::sign_flip;
pub use student::{PairedT, paired_t};
pub use summary::{mean, median, quantile, sample_sd};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
