//! The limits of a budget, and the figures of an arm that they apply to.
use pool_metrics::MemoryModel;
use serde::Serialize;

use crate::cells::{fixed, mebibytes, thousands};
use crate::{ArmFigures, PeakFigures, TimeSource};

/// The limits; `None` sets no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Budget {
    /// Memory of prediction at the smallest measured batch, bytes.
    pub max_memory_bytes: Option<u64>,
    /// Memory of training, bytes.
    pub max_train_memory_bytes: Option<u64>,
    /// 95th percentile of the seconds to predict the smallest measured batch.
    pub max_latency_s: Option<f64>,
    /// Trainable parameters.
    pub max_parameters: Option<u64>,
    /// Seconds of a whole training.
    pub max_train_s: Option<f64>,
    /// Seconds of predicting the test images.
    pub max_prediction_s: Option<f64>,
}

/// One limit of a budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// Memory of predicting one image.
    Memory,
    /// Memory of training at the batch size of the sweep.
    TrainMemory,
    /// The 95th percentile of the latency of one image.
    Latency,
    /// Trainable parameters.
    Parameters,
    /// Seconds of a whole training.
    TrainTime,
    /// Seconds of predicting the test images.
    PredictionTime,
}

/// Where a figure comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// Measured, or counted.
    Measured,
    /// Measured while the machine had other work.
    Contended,
    /// Taken while the trials ran.
    InPassing,
    /// Estimated by the memory model.
    Model,
}

/// An arm's figure against a limit, in bytes, seconds or parameters.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct LimitFigure {
    /// The limit.
    pub limit: Limit,
    /// What the budget allows.
    pub allowed: f64,
    /// What the arm needs; `None` if it is not known.
    pub value: Option<f64>,
    /// Where that value comes from.
    pub basis: Basis,
}

impl Limit {
    /// Every limit, in the order of a report.
    pub const ALL: [Self; 6] = [
        Self::Memory,
        Self::TrainMemory,
        Self::Latency,
        Self::Parameters,
        Self::TrainTime,
        Self::PredictionTime,
    ];

    /// Its name in a sentence.
    pub fn title(self) -> &'static str {
        match self {
            Self::Memory => "memory for an image",
            Self::TrainMemory => "memory in training",
            Self::Latency => "latency of an image",
            Self::Parameters => "parameters",
            Self::TrainTime => "training time",
            Self::PredictionTime => "prediction time",
        }
    }

    /// A value with its unit.
    pub(crate) fn shown(self, value: f64) -> String {
        match self {
            Self::Memory | Self::TrainMemory => format!("{} MiB", mebibytes(Some(value))),
            Self::Latency => format!("{} ms", fixed(1000.0 * value, 2)),
            Self::Parameters => thousands(Some(value as u64)),
            Self::TrainTime => format!("{} s", fixed(value, 1)),
            Self::PredictionTime => format!("{} s", fixed(value, 3)),
        }
    }

    /// What the budget allows; `None` if it sets no such limit.
    fn allowed(self, budget: &Budget) -> Option<f64> {
        let count = |limit: Option<u64>| limit.map(|limit| limit as f64);
        match self {
            Self::Memory => count(budget.max_memory_bytes),
            Self::TrainMemory => count(budget.max_train_memory_bytes),
            Self::Latency => budget.max_latency_s,
            Self::Parameters => count(budget.max_parameters),
            Self::TrainTime => budget.max_train_s,
            Self::PredictionTime => budget.max_prediction_s,
        }
    }

    pub(super) fn figure(self, arm: &ArmFigures, budget: &Budget) -> Option<LimitFigure> {
        let allowed = self.allowed(budget)?;
        let (value, basis) = match self {
            Self::Memory => {
                measured_or(arm.costs.smallest_peak(MemoryModel::Inference), arm.memory_of_one_image)
            }
            Self::TrainMemory => {
                measured_or(arm.costs.training_peak(), arm.memory_bytes(MemoryModel::Training))
            }
            Self::Latency => (arm.costs.smallest_batch().map(|latency| latency.p95_s), timed(arm)),
            Self::Parameters => (arm.parameters.map(|count| count as f64), Basis::Measured),
            Self::TrainTime => train_time(arm),
            Self::PredictionTime => (arm.costs.prediction_s.map(|prediction| prediction.median), timed(arm)),
        };
        Some(LimitFigure { limit: self, allowed, value, basis })
    }
}

fn timed(arm: &ArmFigures) -> Basis {
    match (arm.costs.contended, arm.costs.source) {
        (true, _) => Basis::Contended,
        (false, TimeSource::Measured) => Basis::Measured,
        (false, TimeSource::InPassing) => Basis::InPassing,
    }
}

/// The measured peak, or its estimate.
fn measured_or(peak: Option<&PeakFigures>, expected: Option<u64>) -> (Option<f64>, Basis) {
    match peak.map(|peak| (peak.measured_bytes, peak.model_bytes)) {
        Some((Some(measured), _)) => (Some(measured as f64), Basis::Measured),
        Some((None, expected)) => (Some(expected as f64), Basis::Model),
        None => (expected.map(|bytes| bytes as f64), Basis::Model),
    }
}

/// The measured time of an epoch times the mean number of epochs, or else the time of the trials.
fn train_time(arm: &ArmFigures) -> (Option<f64>, Basis) {
    match (arm.costs.source, arm.costs.epoch_s, arm.epochs) {
        (TimeSource::Measured, Some(epoch), Some(epochs)) => (Some(epoch.median * epochs.mean), timed(arm)),
        _ => {
            let basis = if arm.costs.contended { Basis::Contended } else { Basis::InPassing };
            (arm.costs.train_s.map(|seconds| seconds.mean), basis)
        }
    }
}
