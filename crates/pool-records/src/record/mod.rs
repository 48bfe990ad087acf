//! Records: the files that everything after a measurement reads.
//!
//! A trial leaves a [`TrialRecord`]; an arm whose costs were measured leaves a [`CostRecord`]. Both are versioned, hold
//! raw numbers, and say where they come from.

mod costs;
mod evaluation;
mod provenance;
mod tested_arms;
mod trial;
mod tuned_arm;

use pool_spec::reading::one_line;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::PausedTrial;

pub use costs::{CostRecord, EnergyMissing, Latency, MeasuredPeak, ModelFacts, PredictionTimes, StepTimes};
pub use evaluation::{EvaluatedSet, Evaluation, HardImage, Robustness, TestResults};
pub use provenance::{ComputedWith, Contention, EarlierEpochs, Provenance};
pub use tested_arms::{LeftOut, TestedArm, TestedArms};
pub use trial::{EpochRecord, TestSummary, TrialRecord, TrialStatus, TrialSummary};
pub use tuned_arm::{TriedSetting, TunedArm};

/// Version of the record formats. A reader refuses any other.
pub const RECORD_VERSION: u32 = 3;

/// A versioned file that a task leaves.
pub trait Record: DeserializeOwned + Send {
    /// The name of the task that it is of, which is that of its folder.
    fn id(&self) -> &str;

    /// Reads a record from its JSON text, refusing other versions before looking at the rest.
    ///
    /// # Errors
    /// Text that is no record, or one of another version.
    fn from_json(text: &str) -> Result<Self, RecordError> {
        #[derive(Deserialize)]
        struct Versioned {
            version: u32,
        }
        // As records are written. Any other text is read twice.
        if !text.starts_with(&format!("{{\"version\":{RECORD_VERSION},")) {
            let Versioned { version } = serde_json::from_str(text)?;
            if version != RECORD_VERSION {
                return Err(RecordError::Version { found: version });
            }
        }
        Ok(serde_json::from_str(text)?)
    }

    /// The record as one line of JSON.
    fn to_json(&self) -> String
    where
        Self: Serialize,
    {
        serde_json::to_string(self).expect("a record holds only what JSON can express")
    }
}

impl Record for TrialRecord {
    fn id(&self) -> &str {
        &self.id
    }
}

impl Record for TrialSummary {
    fn id(&self) -> &str {
        &self.id
    }
}

impl Record for CostRecord {
    fn id(&self) -> &str {
        &self.id
    }
}

impl Record for PausedTrial {
    fn id(&self) -> &str {
        &self.id
    }
}

/// The little of a record that says that it is whole, and of what task; the rest is passed over.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct RecordSummary {
    /// The task's name.
    pub id: String,
}

impl Record for RecordSummary {
    fn id(&self) -> &str {
        &self.id
    }
}

/// JSON has no NaN or infinity: both become `null`, and `null` is read as NaN.
mod nan_as_null {
    use serde::{Deserialize, Deserializer, Serializer};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields by reference")]
    pub(super) fn serialize<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        if value.is_finite() { serializer.serialize_f64(*value) } else { serializer.serialize_none() }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        Ok(Option::<f64>::deserialize(deserializer)?.unwrap_or(f64::NAN))
    }
}

/// A record that cannot be used.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the message names the field")]
pub enum RecordError {
    /// Not JSON, or not this structure.
    #[error("not a record: {}; run the sweep again to make it anew", one_line(&.0.to_string()))]
    Json(#[from] serde_json::Error),
    /// Written by another version of this program.
    #[error(
        "record format {found}, but this program reads format {RECORD_VERSION}; use the version of pool-cli that wrote it, or \
         move its folder away and run the sweep again"
    )]
    Version { found: u32 },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_format_version_is_refused_before_its_fields_are_looked_at() {
        let error = TrialRecord::from_json(r#"{"version": 99, "unheard_of": true}"#).unwrap_err();
        assert_eq!(
            error.to_string(),
            "record format 99, but this program reads format 3; use the version of pool-cli that wrote it, or move its folder \
             away and run the sweep again"
        );
    }

    #[test]
    fn a_word_of_the_file_cannot_write_over_the_terminal() {
        let error = TrialRecord::from_json(r#"{"version": 3, "\u001b[2J\n": 1}"#).unwrap_err().to_string();
        assert!(error.starts_with(r"not a record: unknown field `\u{1b}[2J; `, expected"), "{error}");
    }

    #[test]
    fn a_truncated_record_is_an_error() {
        let text = r#"{"version": 3, "id": "ma"#;
        assert!(matches!(TrialRecord::from_json(text), Err(RecordError::Json(_))));
        assert!(matches!(CostRecord::from_json(text), Err(RecordError::Json(_))));
    }
}
