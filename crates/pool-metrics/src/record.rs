//! The record of a trial: the one file that everything after training reads.

use serde::{Deserialize, Serialize};

use crate::{ConfusionMatrix, LayerCost, MemoryEstimate};

/// Version of the record format. A reader refuses any other.
pub const RECORD_VERSION: u32 = 1;

/// Everything that one trial measured: one arm, one seed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrialRecord {
    /// Format of this record, [`RECORD_VERSION`].
    pub version: u32,
    /// The trial's name in its run directory: arm, seed and a hash of every setting.
    pub id: String,
    /// The study that it belongs to.
    pub study: String,
    /// The arm: the pooling choice under comparison.
    pub arm: String,
    /// The seed of weights, batch order and dropout.
    pub seed: u64,
    /// How it ended.
    pub status: TrialStatus,
    /// What was asked for.
    pub settings: TrialSettings,
    /// The network.
    pub model: ModelFacts,
    /// One row per epoch that ran, in order.
    pub epochs: Vec<EpochRecord>,
    /// The epoch (from 1) whose weights were evaluated; none when no epoch had a finite loss.
    pub best_epoch: Option<u32>,
    /// The training images, without dropout, with the best epoch's weights.
    pub train: Option<Evaluation>,
    /// The validation images.
    pub validation: Option<Evaluation>,
    /// The test images, read once, at the end.
    pub test: Option<Evaluation>,
    /// Confusion matrix of the test images.
    pub test_confusion: Option<ConfusionMatrix>,
    /// The class predicted for each test image, for paired tests between arms.
    pub test_predictions: Vec<u8>,
    /// Durations.
    pub timing: Timing,
    /// Peak resident memory of the process minus that just before the model was built, in bytes.
    pub measured_peak_bytes: Option<u64>,
    /// Where and how the numbers came to be.
    pub provenance: Provenance,
}

impl TrialRecord {
    /// Reads a record from its JSON text, refusing other versions before looking at the rest.
    pub fn from_json(text: &str) -> Result<Self, RecordError> {
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

    /// The record as one line of JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a record holds only what JSON can express")
    }

    /// Seconds of training, over all epochs.
    pub fn train_s(&self) -> f64 {
        self.epochs.iter().map(|epoch| epoch.train_s).sum()
    }
}

/// How a trial ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrialStatus {
    /// All epochs ran.
    Finished,
    /// Early stopping ended it; a success.
    StoppedEarly,
    /// The loss became NaN or infinite.
    Diverged,
}

/// The settings of a trial, as the report shows them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrialSettings {
    /// The data set's name.
    pub dataset: String,
    /// Images trained on.
    pub train_images: u64,
    /// Images that decide when to stop.
    pub validation_images: u64,
    /// Images tested on.
    pub test_images: u64,
    /// Images per step.
    pub batch_size: u64,
    /// Epochs at most.
    pub max_epochs: u32,
    /// The optimizer with its settings, for reading.
    pub optimizer: String,
    /// The stopping rule, for reading.
    pub early_stopping: String,
}

/// The network of a trial.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelFacts {
    /// The pooling slot as the sweep file would spell it.
    pub pool: String,
    /// Trainable parameters.
    pub parameters: u64,
    /// Shape of one sample on the way in and after every layer.
    pub shapes: Vec<Vec<usize>>,
    /// Costs per layer.
    pub layers: Vec<LayerCost>,
    /// Estimates by every memory model, at the training batch size.
    pub memory: Vec<MemoryEstimate>,
}

/// One epoch. Losses are mean categorical cross-entropies in nats; errors are fractions of the images.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EpochRecord {
    /// From 1.
    pub epoch: u32,
    /// Mean over the epoch's steps, while the weights changed and dropout was on (as Keras reports it).
    #[serde(with = "nan_as_null")]
    pub train_loss: f64,
    /// Fraction of training images misclassified, on the same terms.
    #[serde(with = "nan_as_null")]
    pub train_error: f64,
    /// After the epoch, without dropout.
    #[serde(with = "nan_as_null")]
    pub validation_loss: f64,
    /// After the epoch, without dropout.
    #[serde(with = "nan_as_null")]
    pub validation_error: f64,
    /// Seconds of training steps, evaluation not included.
    pub train_s: f64,
    /// Seconds of validation.
    pub validation_s: f64,
}

/// The result of one pass over a set of images, without dropout.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evaluation {
    /// Images seen.
    pub images: u64,
    /// Images misclassified.
    pub errors: u64,
    /// Mean categorical cross-entropy, nats.
    #[serde(with = "nan_as_null")]
    pub loss: f64,
}

impl Evaluation {
    /// Fraction of images misclassified.
    pub fn error_rate(&self) -> f64 {
        self.errors as f64 / self.images as f64
    }
}

/// Durations outside the epochs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timing {
    /// Seconds to predict all test images at the training batch size, one entry per repetition, warm-up excluded.
    pub prediction_s: Vec<f64>,
    /// Other trials ran on this machine at the same time, so no duration here may be compared.
    pub contended: bool,
}

/// Where and how a record came to be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// Version of this program.
    pub program: String,
    /// Git revision that the program was built from; none when built outside a repository.
    pub git_revision: Option<String>,
    /// libtorch version.
    pub libtorch: String,
    /// `cpu` or `cuda:0`.
    pub device: String,
    /// The processor's name, where the system tells it.
    pub cpu: Option<String>,
    /// Operating system and architecture.
    pub os: String,
    /// Threads that libtorch used.
    pub threads: u32,
    /// Trials that could run at once.
    pub jobs: u32,
    /// Start, RFC 3339, UTC.
    pub started: String,
    /// End, RFC 3339, UTC.
    pub ended: String,
}

/// What is left of a trial that died: written by the process that started it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrialFailure {
    /// The trial's name in its run directory.
    pub id: String,
    /// Its arm.
    pub arm: String,
    /// Its seed.
    pub seed: u64,
    /// What happened, in words.
    pub reason: String,
}

/// A record that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// Not JSON, or not this structure.
    #[error("not a trial record: {0}")]
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

#[cfg(test)]
mod tests {
    use super::*;

    fn epoch(train_loss: f64) -> EpochRecord {
        EpochRecord {
            epoch: 1,
            train_loss,
            train_error: 0.1,
            validation_loss: 0.2,
            validation_error: 0.1,
            train_s: 1.5,
            validation_s: 0.5,
        }
    }

    #[test]
    fn losses_survive_the_file_to_the_last_bit() {
        let loss = 0.1 + 0.2;
        let text = serde_json::to_string(&epoch(loss)).unwrap();
        let read: EpochRecord = serde_json::from_str(&text).unwrap();
        assert_eq!(read.train_loss.to_bits(), loss.to_bits());
    }

    #[test]
    fn a_loss_that_is_no_number_is_null_in_the_file_and_nan_when_read() {
        for loss in [f64::NAN, f64::INFINITY] {
            let text = serde_json::to_string(&epoch(loss)).unwrap();
            assert!(text.contains(r#""train_loss":null"#), "{text}");
            assert!(serde_json::from_str::<EpochRecord>(&text).unwrap().train_loss.is_nan());
        }
    }

    #[test]
    fn another_format_version_is_refused_before_its_fields_are_looked_at() {
        let error = TrialRecord::from_json(r#"{"version": 99, "unheard_of": true}"#).unwrap_err();
        assert_eq!(
            error.to_string(),
            "record format 99, but this program reads format 1; use the version that wrote it"
        );
    }

    #[test]
    fn a_truncated_record_is_an_error() {
        assert!(matches!(TrialRecord::from_json(r#"{"version": 1, "id": "ma"#), Err(RecordError::Json(_))));
    }
}
