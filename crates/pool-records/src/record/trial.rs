//! What one trial measured, epoch by epoch and in the end.

use pool_spec::{ChannelStatistics, ClassImages, DataRemarks, TrialSpec};
use serde::{Deserialize, Serialize};

use super::{
    ComputedWith, Contention, EarlierEpochs, Evaluation, ModelFacts, Provenance, TestResults, nan_as_null,
};

/// Everything that one trial measured: one arm, one seed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrialRecord {
    /// Format of this record, [`RECORD_VERSION`](crate::RECORD_VERSION).
    pub version: u32,
    /// The trial's name in its run directory: arm, seed and a hash of every setting.
    pub id: String,
    /// What was asked for: every setting.
    pub spec: TrialSpec,
    /// How it ended.
    pub status: TrialStatus,
    /// Images of each class that it trained with, was stopped by, and was tested with.
    pub class_images: ClassImages,
    /// What the classes are called, by label, where the images say so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub class_names: Vec<String>,
    /// What was done to the images while they were loaded.
    #[serde(default, skip_serializing_if = "DataRemarks::is_empty")]
    pub remarks: DataRemarks,
    /// What the pictures were normalized by, channel by channel, if they were: statistics of the images to train with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub normalization: Vec<ChannelStatistics>,
    /// The network.
    pub model: ModelFacts,
    /// One row per epoch that ran, in order.
    pub epochs: Vec<EpochRecord>,
    /// Which of them earlier processes of the trial trained with other threads, kernels or another device than
    /// `provenance` names, in order; empty for a trial that was not interrupted, or went on as it had begun. Their last
    /// digits may differ from those of a trial that ran through.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<EarlierEpochs>,
    /// The epoch (from 1) whose weights were evaluated; `None` when no epoch had a finite loss.
    pub best_epoch: Option<u32>,
    /// The training images, without dropout, with the best epoch's weights.
    pub train: Option<Evaluation>,
    /// The validation images.
    pub validation: Option<Evaluation>,
    /// The test images, read once, at the end; `None` when training diverged.
    pub test: Option<TestResults>,
    /// Whether something else kept the machine busy while the epochs were timed.
    pub contention: Contention,
    /// Peak resident memory of the process minus that just before the model was built, in bytes, as it was: with the
    /// pages that the allocator keeps for speed. What the network itself needs is in the [`CostRecord`](crate::CostRecord).
    pub resident_peak_bytes: Option<u64>,
    /// Where and how the numbers came to be.
    pub provenance: Provenance,
}

/// The little of a record that a trial among thousands is judged by; the rest is passed over.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct TrialSummary {
    /// The trial's name in its run directory.
    pub id: String,
    /// How it ended.
    pub status: TrialStatus,
    /// One row per epoch that ran, in order.
    pub epochs: Vec<EpochRecord>,
    /// The validation images.
    pub validation: Option<Evaluation>,
    /// The test images.
    pub test: Option<TestSummary>,
}

/// The little that is read of [`TestResults`].
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
pub struct TestSummary {
    /// Errors and loss.
    pub evaluation: Evaluation,
}

impl TrialRecord {
    /// The epoch (from 1) with the lowest validation loss, whatever decided when to stop; `None` without a finite one.
    pub fn epoch_of_lowest_validation_loss(&self) -> Option<u32> {
        let finite = self.epochs.iter().filter(|epoch| epoch.validation_loss.is_finite());
        finite.min_by(|a, b| a.validation_loss.total_cmp(&b.validation_loss)).map(|epoch| epoch.epoch)
    }

    /// Whether it may enter a mean or a comparison: its loss stayed finite.
    pub fn is_healthy(&self) -> bool {
        self.status != TrialStatus::Diverged
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

    /// Images held out for validation over images trained with, where each seed holds out others, and else 0: how much alike
    /// the seeds' results are because their training images overlap ([`paired_t`](pool_metrics::paired_t())).
    pub fn held_out_ratio(&self) -> f64 {
        if !self.spec.data.validation.depends_on_seed() {
            return 0.0;
        }
        let images = |part: &[u64]| part.iter().sum::<u64>() as f64;
        images(&self.class_images.validation) / images(&self.class_images.train).max(1.0)
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

impl EpochRecord {
    /// The epochs of a `history.jsonl`, one per line. The trial may still be writing it: what follows a line that is not
    /// whole is left out.
    pub fn history(text: &str) -> Vec<Self> {
        text.lines().map_while(|line| serde_json::from_str(line).ok()).collect()
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
}
