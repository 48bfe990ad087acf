//! The statistics that decide whether two arms differ: summaries, intervals and a paired test over seeds, an exact
//! paired test over images, a bootstrap over both, the correction for comparing many arms, and the verdict.

mod bootstrap;
mod comparison;
mod holm;
mod interval;
mod mcnemar;
mod paired_t;
mod power;
mod student;
mod summary;
mod welch;

pub use bootstrap::{Bootstrap, BootstrapError, PairedPredictions, Resampling, paired_bootstrap};
pub use comparison::{
    ArmPair, Comparison, ComparisonError, SeedMcNemar, SeedPredictions, Verdict, compare_family,
};
pub use holm::{HolmError, holm};
pub use interval::{Interval, t_interval, wilson_interval};
pub use mcnemar::{McNemar, McNemarError, mcnemar_combined, mcnemar_exact, mcnemar_from_predictions};
pub use paired_t::{PairedT, paired_t};
pub use power::{paired_t_power, seeds_needed};
pub use summary::{mean, median, quantile, sample_sd};
pub use welch::welch_interval;
