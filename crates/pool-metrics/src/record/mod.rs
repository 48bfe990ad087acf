//! Records: the files that everything after a measurement reads.
//!
//! A trial leaves a [`TrialRecord`]; an arm whose costs were measured leaves a [`CostRecord`]. Both are versioned, hold
//! raw numbers, and say where they come from.

mod class_images;
mod costs;
mod epoch;
mod evaluation;
mod nan_as_null;
mod paused;
mod pixels;
mod provenance;
mod trial;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::one_line;

pub use class_images::ClassImages;
pub use costs::{CostRecord, Latency, MeasuredPeak, PredictionTimes, StepTimes};
pub use epoch::EpochRecord;
pub use evaluation::{Evaluation, HardImage, Robustness, TestResults};
pub use paused::PausedTrial;
pub use provenance::{ComputedWith, Contention, EarlierEpochs, Failure, Provenance};
pub use trial::{ModelFacts, TrialRecord, TrialSettings, TrialStatus};

/// Version of the record formats. A reader refuses any other.
pub const RECORD_VERSION: u32 = 2;

/// Reads a record from its JSON text, refusing other versions before looking at the rest.
fn from_json<R: DeserializeOwned>(text: &str) -> Result<R, RecordError> {
    #[derive(Deserialize)]
    struct Versioned {
        version: u32,
    }
    let Versioned { version } = serde_json::from_str(text)?;
    if version != RECORD_VERSION {
        return Err(RecordError::Version { found: version });
    }
    Ok(serde_json::from_str(text)?)
}

/// A record that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// Not JSON, or not this structure.
    #[error("not a record: {}", one_line(&.0.to_string()))]
    Json(#[from] serde_json::Error),
    /// Written by another version of this program.
    #[error(
        "record format {found}, but this program reads format {RECORD_VERSION}; use the version that wrote it"
    )]
    Version {
        /// The version that the record names.
        found: u32,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_format_version_is_refused_before_its_fields_are_looked_at() {
        let error = TrialRecord::from_json(r#"{"version": 99, "unheard_of": true}"#).unwrap_err();
        assert_eq!(
            error.to_string(),
            "record format 99, but this program reads format 2; use the version that wrote it"
        );
    }

    #[test]
    fn settings_of_a_record_from_before_classes_were_counted_are_read_without_them() {
        let settings = r#"{"dataset": "MNIST", "train_images": 4, "validation_images": 1, "test_images": 1,
            "batch_size": 1, "max_epochs": 1, "optimizer": "Adam", "early_stopping": "none"}"#;
        let read: TrialSettings = serde_json::from_str(settings).unwrap();
        assert_eq!((read.class_images.as_ref(), read.precision.as_str()), (None, "f32"));
        let counted = ClassImages::of([0, 1].into_iter(), [1].into_iter(), [0].into_iter());
        let written = serde_json::to_string(&TrialSettings { class_images: Some(counted.clone()), ..read });
        let again: TrialSettings = serde_json::from_str(&written.unwrap()).unwrap();
        assert_eq!(again.class_images, Some(counted));
    }

    #[test]
    fn a_word_of_the_file_cannot_write_over_the_terminal() {
        let error = TrialRecord::from_json(r#"{"version": 2, "\u001b[2J\n": 1}"#).unwrap_err().to_string();
        assert!(error.starts_with(r"not a record: unknown field `\u{1b}[2J; `, expected"), "{error}");
    }

    #[test]
    fn a_truncated_record_is_an_error() {
        let text = r#"{"version": 2, "id": "ma"#;
        assert!(matches!(TrialRecord::from_json(text), Err(RecordError::Json(_))));
        assert!(matches!(CostRecord::from_json(text), Err(RecordError::Json(_))));
    }
}
