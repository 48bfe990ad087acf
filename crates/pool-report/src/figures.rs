//! The figures of an arm: what its trials measured, as mean and interval over seeds.

use pool_metrics::{Evaluation, Interval, MemoryModel, TrialRecord, TrialStatus, mean, median, t_interval};
use serde::Serialize;

use crate::ArmResults;

/// The level of every interval in a report.
pub(crate) const LEVEL: f64 = 0.95;

/// A mean over seeds with its 95 % t interval, which one seed alone does not have.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimate {
    /// The mean.
    pub mean: f64,
    /// The interval.
    pub interval: Option<Interval>,
}

impl Estimate {
    /// Errors, losses, epochs and seconds are never negative, and neither is what an interval says of them.
    fn of(values: &[f64]) -> Option<Self> {
        let interval = t_interval(values, LEVEL)
            .map(|Interval { low, high }| Interval { low: low.max(0.0), high: high.max(0.0) });
        Some(Self { mean: mean(values)?, interval })
    }
}

/// What one arm measured. Diverged trials count as trials and enter no mean.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ArmFigures {
    /// The arm's name.
    pub arm: String,
    /// Its pooling layer, as a sweep file spells it; none without a finished trial.
    pub pool: Option<String>,
    /// Finished trials.
    pub trials: usize,
    /// Finished trials whose loss became NaN or infinite.
    pub diverged: usize,
    /// Share of test images misclassified.
    pub test_error: Option<Estimate>,
    /// Share of validation images misclassified.
    pub validation_error: Option<Estimate>,
    /// Share of training images misclassified, without dropout.
    pub train_error: Option<Estimate>,
    /// Mean cross-entropy of the test images, nats.
    pub test_loss: Option<Estimate>,
    /// Mean cross-entropy of the validation images, nats.
    pub validation_loss: Option<Estimate>,
    /// Mean cross-entropy of the training images, without dropout, nats.
    pub train_loss: Option<Estimate>,
    /// Trainable parameters.
    pub parameters: Option<u64>,
    /// Epochs that ran.
    pub epochs: Option<Estimate>,
    /// Seconds of all training steps.
    pub train_s: Option<Estimate>,
    /// Median seconds of one epoch's training steps, over all epochs of all seeds.
    pub epoch_s: Option<f64>,
    /// Median seconds to predict the test images, over all repetitions of all seeds.
    pub prediction_s: Option<f64>,
    /// The estimate of each memory model, bytes.
    pub memory_bytes: Vec<(MemoryModel, u64)>,
    /// Median measured peak, bytes.
    pub measured_peak_bytes: Option<f64>,
    /// A time was taken while other trials ran on the machine.
    pub contended: bool,
}

impl ArmFigures {
    /// Summarises the finished trials of an arm.
    pub fn of(arm: &ArmResults) -> Self {
        let healthy: Vec<&TrialRecord> =
            arm.records.iter().filter(|record| record.status != TrialStatus::Diverged).collect();
        let over_seeds = |figure: fn(&TrialRecord) -> Option<f64>| {
            let values: Vec<f64> = healthy.iter().filter_map(|record| figure(record)).collect();
            Estimate::of(&values)
        };
        let pooled_median = |values: Vec<f64>| median(&values);
        let first = arm.records.first();
        Self {
            arm: arm.name.clone(),
            pool: first.map(|record| record.model.pool.clone()),
            trials: arm.records.len(),
            diverged: arm.records.len() - healthy.len(),
            test_error: over_seeds(|record| record.test.as_ref().map(Evaluation::error_rate)),
            validation_error: over_seeds(|record| record.validation.as_ref().map(Evaluation::error_rate)),
            train_error: over_seeds(|record| record.train.as_ref().map(Evaluation::error_rate)),
            test_loss: over_seeds(|record| record.test.map(|test| test.loss)),
            validation_loss: over_seeds(|record| record.validation.map(|validation| validation.loss)),
            train_loss: over_seeds(|record| record.train.map(|train| train.loss)),
            parameters: first.map(|record| record.model.parameters),
            epochs: over_seeds(|record| Some(record.epochs.len() as f64)),
            train_s: over_seeds(|record| Some(record.train_s())),
            epoch_s: pooled_median(
                healthy.iter().flat_map(|record| &record.epochs).map(|epoch| epoch.train_s).collect(),
            ),
            prediction_s: pooled_median(
                healthy.iter().flat_map(|record| &record.timing.prediction_s).copied().collect(),
            ),
            memory_bytes: first.map_or_else(Vec::new, |record| {
                record.model.memory.iter().map(|estimate| (estimate.model, estimate.total_bytes())).collect()
            }),
            measured_peak_bytes: pooled_median(
                arm.records
                    .iter()
                    .filter_map(|record| record.measured_peak_bytes)
                    .map(|n| n as f64)
                    .collect(),
            ),
            contended: arm.records.iter().any(|record| record.timing.contended),
        }
    }

    /// The estimate of one memory model, bytes.
    pub fn memory(&self, model: MemoryModel) -> Option<u64> {
        self.memory_bytes.iter().find(|(found, _)| *found == model).map(|(_, bytes)| *bytes)
    }
}
