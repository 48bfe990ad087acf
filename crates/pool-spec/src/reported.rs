//! What a publication reported of an arm.

use serde::{Deserialize, Serialize};

/// Figures of an arm as somebody else printed them, to stand next to ours.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reported {
    /// Per cent of test images misclassified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_error: Option<f64>,
    /// Epochs of training.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epochs: Option<f64>,
    /// Seconds of training, all epochs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub training_s: Option<f64>,
    /// Seconds to predict the test images.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prediction_s: Option<f64>,
    /// Memory of training, GiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_gib: Option<f64>,
}
