//! What an arm costs: its network, counted, and its time and memory, measured alone on the machine.

use pool_metrics::{MemoryEstimate, MemoryModel};
use pool_spec::{CostSpec, LayerCost, NetworkError, Sequential, TrainSpec};
use serde::{Deserialize, Serialize};

use super::{Contention, Provenance};

/// The costs of one arm: durations and peaks of memory, raw, warm-up left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CostRecord {
    /// Format of this record, [`RECORD_VERSION`](crate::RECORD_VERSION).
    pub version: u32,
    /// The measurement's name in its run directory: arm and a hash of every setting.
    pub id: String,
    /// What was asked for: every setting.
    pub spec: CostSpec,
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
    /// The latencies, one for each batch size, rising: records from before small test sets were thought of have their
    /// largest batch twice.
    pub fn latencies(&self) -> Vec<&Latency> {
        let mut latencies: Vec<&Latency> = self.latency.iter().collect();
        latencies.sort_by_key(|latency| latency.batch_size);
        latencies.dedup_by_key(|latency| latency.batch_size);
        latencies
    }
}

/// Durations of training, in seconds, and its energy.
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
    /// Energy of an epoch in joules, the median of the timed ones: what all processor packages of the machine took, whoever
    /// used them. `None` where it is not known, and in records from before it was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub energy_j: Option<f64>,
    /// Why it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub energy_missing: Option<EnergyMissing>,
}

/// Why a measurement holds no energy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EnergyMissing {
    /// The machine does not count the energy of its processors, or its counters stand still.
    NotReported,
    /// It does, and this user may not read the counters: Linux opens them to root alone.
    NotReadable,
    /// The network was on a device whose energy those counters leave out.
    OnDevice,
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
    /// Peak resident memory minus that before the network, bytes; `None` where the system does not report it.
    pub bytes: Option<u64>,
    /// What our model expects of the same phase ([`MemoryModel::Training`](pool_metrics::MemoryModel::Training) or
    /// [`Inference`](pool_metrics::MemoryModel::Inference)) at the same batch size.
    pub estimate: MemoryEstimate,
}

impl MeasuredPeak {
    /// The model's expectation as a share of the measurement: 1 where they agree.
    pub fn model_over_measured(&self) -> Option<f64> {
        let measured = self.bytes.filter(|&bytes| bytes > 0)?;
        Some(self.estimate.total_bytes() as f64 / measured as f64)
    }
}

/// The network of a task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelFacts {
    /// Trainable parameters.
    pub parameters: u64,
    /// Shape of one sample on the way in and after every layer.
    pub shapes: Vec<Vec<usize>>,
    /// Costs per layer.
    pub layers: Vec<LayerCost>,
    /// Estimates by every memory model, at the training batch size.
    pub memory: Vec<MemoryEstimate>,
}

impl ModelFacts {
    /// Of a network that is trained by this protocol, of which batch size and optimizer count here.
    ///
    /// # Errors
    /// Settings that do not fit one another; a plan has ruled them out.
    pub fn new(model: &Sequential, train: &TrainSpec) -> Result<Self, NetworkError> {
        let inferred = model.infer()?;
        let layers = inferred.costs();
        let estimate = |memory: MemoryModel| {
            memory.estimate(&layers, inferred.input_elements(), train.batch_size as u64, train.optimizer)
        };
        let memory = MemoryModel::ALL.map(estimate).to_vec();
        Ok(Self { parameters: inferred.parameters(), shapes: inferred.shapes(), layers, memory })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use pool_spec::{NetworkTemplate, Pool};

    #[test]
    fn times_from_before_energy_was_measured_are_read_and_written_as_they_are() {
        let text =
            r#"{"batch_size":200,"steps_per_epoch":1,"warm_up_steps":1,"step_s":[0.5],"epoch_s":[0.5]}"#;
        let times: StepTimes = serde_json::from_str(text).unwrap();
        assert_eq!((times.energy_j, times.energy_missing), (None, None));
        assert_eq!(serde_json::to_string(&times).unwrap(), text);
        let known = StepTimes { energy_j: Some(250.5), ..times.clone() };
        let unknown = StepTimes { energy_missing: Some(EnergyMissing::NotReadable), ..times };
        for (times, part) in [(known, r#""energy_j":250.5"#), (unknown, r#""energy_missing":"not_readable""#)]
        {
            let text = serde_json::to_string(&times).unwrap();
            assert!(text.contains(part), "{text}");
            assert_eq!(serde_json::from_str::<StepTimes>(&text).unwrap(), times);
        }
    }

    #[test]
    fn the_memory_models_reproduce_the_published_estimates() {
        let train: TrainSpec = serde_json::from_str(r#"{"epochs": 1, "batch_size": 200}"#).unwrap();
        for (pool, gib) in [(Pool::max(2), 0.4653), (Pool::avg(2), 0.4653), (Pool::None, 1.8008)] {
            let network =
                NetworkTemplate::reference().fill([1, 28, 28], 10, &pool.clone().into(), 0).unwrap();
            let facts = ModelFacts::new(&network, &train).unwrap();
            let legacy = facts.memory.iter().find(|estimate| estimate.model == MemoryModel::KerasLegacy);
            assert!((legacy.unwrap().total_gib() - gib).abs() < 5e-5, "{pool}");
        }
    }
}
