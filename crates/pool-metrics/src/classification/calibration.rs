//! How far predicted probabilities can be believed.

use serde::{Deserialize, Serialize};

/// Predictions sorted by confidence into bins of equal width (C. Guo et al., "On Calibration of Modern Neural
/// Networks", 2017).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// The bins, from the least confident on.
    pub bins: Vec<CalibrationBin>,
}

/// The predictions of one range of confidence.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalibrationBin {
    /// Predictions in it.
    pub count: u64,
    /// Their mean confidence; 0 in an empty bin.
    pub mean_confidence: f64,
    /// The share of them that is right; 0 in an empty bin.
    pub accuracy: f64,
}
