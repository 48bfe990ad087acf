//! What an arm costs in time and memory, measured alone on the machine.

use serde::{Deserialize, Serialize};

use super::{Contention, ModelFacts, Provenance, RecordError};
use crate::MemoryEstimate;

/// The costs of one arm: durations and peaks of memory, raw, warm-up left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CostRecord {
    /// Format of this record, [`RECORD_VERSION`](crate::RECORD_VERSION).
    pub version: u32,
    /// The measurement's name in its run directory: arm and a hash of every setting.
    pub id: String,
    /// The study that it belongs to.
    pub study: String,
    /// The arm.
    pub arm: String,
    /// The network.
    pub model: ModelFacts,
    /// Training.
    pub training: StepTimes,
    /// Predicting the whole test set.
    pub prediction: PredictionTimes,
    /// Predicting one batch, for several batch sizes.
    pub latency: Vec<Latency>,
    /// Peaks of memory, each from a process of its own.
    pub memory: Vec<MeasuredPeak>,
    /// Whether the durations may be compared.
    pub contention: Contention,
    /// Where and how the numbers came to be.
    pub provenance: Provenance,
}

impl CostRecord {
    /// Reads a record from its JSON text, refusing other versions before looking at the rest.
    ///
    /// # Errors
    /// Text that is no record, or one of another version.
    pub fn from_json(text: &str) -> Result<Self, RecordError> {
        super::from_json(text)
    }

    /// The latencies, one for each batch size, rising: records from before small test sets were thought of have their
    /// largest batch twice.
    pub fn latencies(&self) -> Vec<&Latency> {
        let mut latencies: Vec<&Latency> = self.latency.iter().collect();
        latencies.sort_by_key(|latency| latency.batch_size);
        latencies.dedup_by_key(|latency| latency.batch_size);
        latencies
    }

    /// The record as one line of JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a record holds only what JSON can express")
    }
}

/// Durations of training, in seconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepTimes {
    /// Images of a step.
    pub batch_size: u64,
    /// Steps of an epoch.
    pub steps_per_epoch: u64,
    /// Steps that ran before the clock started.
    pub warm_up_steps: u64,
    /// Every timed step: gathering the batch, forward, backward, optimizer.
    pub step_s: Vec<f64>,
    /// Every timed epoch, the sum of its steps.
    pub epoch_s: Vec<f64>,
}

/// Durations of predicting all test images, in seconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PredictionTimes {
    /// Images of a batch.
    pub batch_size: u64,
    /// Images in all.
    pub images: u64,
    /// Every repetition after the warm-up.
    pub seconds: Vec<f64>,
}

/// Durations of predicting one batch, from the pixels in memory to the classes read back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Latency {
    /// Images of the batch.
    pub batch_size: u64,
    /// Every repetition after the warm-up, in seconds.
    pub seconds: Vec<f64>,
}

/// What a fresh process needed at most, beyond what it needed just before the network was built.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeasuredPeak {
    /// Peak resident memory minus that before the network, bytes; none where the system does not tell.
    pub bytes: Option<u64>,
    /// What our model expects of the same phase ([`MemoryModel::Training`](crate::MemoryModel::Training) or
    /// [`Inference`](crate::MemoryModel::Inference)) at the same batch size.
    pub estimate: MemoryEstimate,
}

impl MeasuredPeak {
    /// The model's expectation as a share of the measurement: 1 where they agree.
    pub fn model_over_measured(&self) -> Option<f64> {
        let measured = self.bytes.filter(|&bytes| bytes > 0)?;
        Some(self.estimate.total_bytes() as f64 / measured as f64)
    }
}
