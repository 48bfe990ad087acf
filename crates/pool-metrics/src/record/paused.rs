//! How far a trial had come when a search stopped it.

use serde::{Deserialize, Serialize};

use super::{EpochRecord, RecordError};

/// A trial that a search has stopped before its last epoch, to go on with the best of them: what it showed until then.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PausedTrial {
    /// Format of this file, [`RECORD_VERSION`](crate::RECORD_VERSION).
    pub version: u32,
    /// The trial's name in its run directory.
    pub id: String,
    /// One row per epoch that ran, in order.
    pub epochs: Vec<EpochRecord>,
}

impl PausedTrial {
    /// Reads one from its JSON text, refusing other versions before looking at the rest.
    ///
    /// # Errors
    /// Text that holds none, or one of another version.
    pub fn from_json(text: &str) -> Result<Self, RecordError> {
        super::from_json(text)
    }

    /// The lowest share of validation images misclassified after any of its epochs, by which a search judges it.
    pub fn best_validation_error(&self) -> Option<f64> {
        let errors = self.epochs.iter().map(|epoch| epoch.validation_error);
        errors.filter(|error| error.is_finite()).min_by(f64::total_cmp)
    }

    /// One line of JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("epochs hold only what JSON can express")
    }
}
