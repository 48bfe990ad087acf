//! The statistics that decide whether two arms differ: summaries and intervals over seeds, an exact paired test
//! over images, and the correction for comparing many arms.

mod holm;
mod interval;
mod mcnemar;
mod summary;

pub use holm::{HolmError, holm};
pub use interval::{Interval, t_interval, wilson_interval};
pub use mcnemar::{McNemar, McNemarError, mcnemar_exact, mcnemar_from_predictions};
pub use summary::{mean, median, quantile, sample_sd};
