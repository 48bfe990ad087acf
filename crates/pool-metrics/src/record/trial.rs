//! What one trial measured.

use serde::{Deserialize, Serialize};

use super::{
    ClassImages, ComputedWith, Contention, EarlierEpochs, EpochRecord, Evaluation, Provenance, RecordError,
    TestResults,
};
use crate::{LayerCost, MemoryEstimate};

/// Everything that one trial measured: one arm, one seed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrialRecord {
    /// Format of this record, [`RECORD_VERSION`](crate::RECORD_VERSION).
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
    /// Which of them earlier processes of the trial trained with other threads, kernels or another device than
    /// `provenance` names, in order; empty for a trial that was not interrupted, or went on as it had begun. Their last
    /// digits may differ from those of a trial that ran through.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<EarlierEpochs>,
    /// The epoch (from 1) whose weights were evaluated; none when no epoch had a finite loss.
    pub best_epoch: Option<u32>,
    /// The training images, without dropout, with the best epoch's weights.
    pub train: Option<Evaluation>,
    /// The validation images.
    pub validation: Option<Evaluation>,
    /// The test images, read once, at the end; none when training diverged.
    pub test: Option<TestResults>,
    /// Whether something else kept the machine busy while the epochs were timed.
    pub contention: Contention,
    /// Peak resident memory of the process minus that just before the model was built, in bytes, as it was: with the
    /// pages that the allocator keeps for speed. What the network itself needs is in the [`CostRecord`](crate::CostRecord).
    pub resident_peak_bytes: Option<u64>,
    /// Where and how the numbers came to be.
    pub provenance: Provenance,
}

impl TrialRecord {
    /// Reads a record from its JSON text, refusing other versions before looking at the rest.
    ///
    /// # Errors
    /// Text that is no record, or one of another version.
    pub fn from_json(text: &str) -> Result<Self, RecordError> {
        super::from_json(text)
    }

    /// The record as one line of JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a record holds only what JSON can express")
    }

    /// The epoch (from 1) with the lowest validation loss, whatever decided when to stop; none without a finite one.
    pub fn epoch_of_lowest_validation_loss(&self) -> Option<u32> {
        let finite = self.epochs.iter().filter(|epoch| epoch.validation_loss.is_finite());
        finite.min_by(|a, b| a.validation_loss.total_cmp(&b.validation_loss)).map(|epoch| epoch.epoch)
    }

    /// Share of the test images misclassified, if they were looked at.
    pub fn test_error(&self) -> Option<f64> {
        self.test.as_ref().map(|test| test.evaluation.error_rate())
    }

    /// How much better the training images fare than the validation images, without dropout, as (loss in nats, share
    /// of images): the over-fitting.
    pub fn generalisation_gap(&self) -> Option<(f64, f64)> {
        let (train, validation) = (self.train?, self.validation?);
        Some((validation.loss - train.loss, validation.error_rate() - train.error_rate()))
    }

    /// What the process that ended the trial computed with.
    pub fn ended_with(&self) -> ComputedWith {
        let Provenance { threads, kernels, device, .. } = &self.provenance;
        ComputedWith {
            threads: *threads,
            kernels: kernels.clone().unwrap_or_default(),
            device: device.clone(),
        }
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
    /// Images of each class in these three parts; none in records from before they were counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class_images: Option<ClassImages>,
    /// Images per step.
    pub batch_size: u64,
    /// Epochs at most.
    pub max_epochs: u32,
    /// The optimizer with its settings, for reading.
    pub optimizer: String,
    /// The stopping rule, for reading.
    pub early_stopping: String,
    /// The numbers that products were computed with; `f32` in records from before there was a choice.
    #[serde(default = "f32_products")]
    pub precision: String,
}

fn f32_products() -> String {
    "f32".to_owned()
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
