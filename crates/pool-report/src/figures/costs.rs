//! What an arm costs in time, energy and memory.
use std::collections::BTreeMap;

use pool_metrics::{Interval, MemoryModel, quantile};
use pool_records::{CostRecord, EnergyMissing, Latency, MeasuredPeak, Provenance, TrialRecord};
use serde::Serialize;

use super::{Estimate, OverProcesses, Spread};
use crate::ArmResults;
use crate::cells::counted;

/// Where an arm's times come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeSource {
    /// A measurement of its own: warm-up left out, nothing else asked of the machine.
    Measured,
    /// The epochs of the trials, as they trained: they tell an order of magnitude.
    InPassing,
}

/// Time, energy and memory of one arm. Durations are seconds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CostFigures {
    /// Where the times come from.
    pub source: TimeSource,
    /// Processes that were measured, one after another; 0 for times of trials.
    pub processes: usize,
    /// Something else kept the machine busy meanwhile, so that the times must not be compared.
    pub contended: bool,
    /// Other arms were measured on another machine, or with other threads, so that the times must not be compared.
    pub unlike_others: bool,
    /// One training step: gathering the batch, forward, backward, optimizer.
    pub step_s: Option<OverProcesses>,
    /// One epoch of training steps.
    pub epoch_s: Option<OverProcesses>,
    /// Predicting all test images.
    pub prediction_s: Option<OverProcesses>,
    /// Joules of one epoch: those of all processor packages of the machine, everything that ran on it included.
    pub energy_j: Option<OverProcesses>,
    /// Why there are none; `None` for times of trials, and for measurements from before energy was measured.
    pub energy_missing: Option<EnergyMissing>,
    /// Images of a batch in that prediction.
    pub prediction_batch: Option<u64>,
    /// Images of a training step.
    pub training_batch: Option<u64>,
    /// The processor, the threads and the library of the measurements, each once; none for times of trials.
    pub machines: Vec<String>,
    /// Predicting one batch, by rising batch size.
    pub latency: Vec<LatencyFigures>,
    /// Measured peaks of memory with their estimates, in the record's order.
    pub peaks: Vec<PeakFigures>,
    /// Seconds of all training steps of a trial, taken in passing.
    pub train_s: Option<Estimate>,
    /// Peak resident memory of a trial's process beyond what it held before the network was built, bytes: freed pages
    /// that the allocator keeps are in it.
    pub resident_peak_bytes: Option<Spread>,
}

/// How long one batch takes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct LatencyFigures {
    /// Images of the batch.
    pub batch_size: u64,
    /// The median over processes of each process's median, seconds.
    pub p50_s: f64,
    /// The interval of that median over processes, as of [`OverProcesses`]; `None` for one process.
    pub p50_interval: Option<Interval>,
    /// Nineteen of twenty repetitions are faster, seconds.
    pub p95_s: f64,
    /// Ninety-nine of a hundred are faster, seconds.
    pub p99_s: f64,
    /// Repetitions behind them.
    pub repetitions: usize,
}

/// A measured peak of memory and what our model expects of it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PeakFigures {
    /// The model of the phase: training or inference.
    pub phase: MemoryModel,
    /// Images of a batch.
    pub batch_size: u64,
    /// The measured peak in bytes; `None` if the system does not report it.
    pub measured_bytes: Option<u64>,
    /// The model's expectation, bytes.
    pub model_bytes: u64,
    /// Model as a share of the measurement.
    pub model_over_measured: Option<f64>,
}

impl CostFigures {
    pub(super) fn of(arm: &ArmResults) -> Self {
        let seconds: Vec<f64> = arm.healthy().map(TrialRecord::train_s).collect();
        let peaks: Vec<f64> =
            arm.records.iter().filter_map(|record| record.resident_peak_bytes).map(|n| n as f64).collect();
        let quiet: Vec<&CostRecord> = arm.quiet_costs().collect();
        let figures = match (&quiet[..], &arm.costs[..]) {
            ([], []) => Self::in_passing(arm),
            ([], contended) => Self::measured(&contended.iter().collect::<Vec<_>>(), true),
            // Those during which the machine had other work are left out.
            (quiet, _) => Self::measured(quiet, false),
        };
        Self {
            // Memory is measured by one of the processes, whatever else the machine did.
            peaks: arm.costs.iter().flat_map(|record| &record.memory).map(PeakFigures::of).collect(),
            train_s: Estimate::of(&seconds, 0.0),
            resident_peak_bytes: Spread::of(&peaks),
            ..figures
        }
    }

    /// The times of all processes together.
    fn measured(records: &[&CostRecord], contended: bool) -> Self {
        let over_processes = |amounts: fn(&CostRecord) -> &[f64]| {
            OverProcesses::of(&records.iter().map(|record| amounts(record)).collect::<Vec<_>>())
        };
        let energy_j = over_processes(|record| record.training.energy_j.as_slice());
        let mut machines: Vec<String> = records.iter().map(|record| machine(&record.provenance)).collect();
        machines.sort();
        machines.dedup();
        let first = records.first();
        Self {
            source: TimeSource::Measured,
            processes: records.len(),
            contended,
            unlike_others: false,
            step_s: over_processes(|record| &record.training.step_s),
            epoch_s: over_processes(|record| &record.training.epoch_s),
            prediction_s: over_processes(|record| &record.prediction.seconds),
            energy_missing: match energy_j {
                Some(_) => None,
                None => records.iter().find_map(|record| record.training.energy_missing),
            },
            energy_j,
            prediction_batch: first.map(|record| record.prediction.batch_size),
            training_batch: first.map(|record| record.training.batch_size),
            machines,
            latency: latency_of(records),
            peaks: Vec::new(),
            train_s: None,
            resident_peak_bytes: None,
        }
    }

    fn in_passing(arm: &ArmResults) -> Self {
        let epochs: Vec<f64> =
            arm.healthy().flat_map(|record| &record.epochs).map(|epoch| epoch.train_s).collect();
        Self {
            source: TimeSource::InPassing,
            processes: 0,
            contended: arm.records.iter().any(|record| record.contention.is_contended()),
            unlike_others: false,
            step_s: None,
            epoch_s: OverProcesses::of(&[&epochs]),
            prediction_s: None,
            energy_j: None,
            energy_missing: None,
            prediction_batch: None,
            training_batch: arm.records.first().map(|record| record.spec.train.batch_size as u64),
            machines: Vec::new(),
            latency: Vec::new(),
            peaks: Vec::new(),
            train_s: None,
            resident_peak_bytes: None,
        }
    }

    /// Whether the times may stand against another arm's.
    pub fn may_be_compared(&self) -> bool {
        !self.contended
            && !self.unlike_others
            && match self.source {
                TimeSource::Measured => true,
                TimeSource::InPassing => false,
            }
    }

    /// The latency of the smallest batch that was timed.
    pub fn smallest_batch(&self) -> Option<&LatencyFigures> {
        self.latency.first()
    }

    /// The peak of a phase at its smallest measured batch.
    pub fn smallest_peak(&self, phase: MemoryModel) -> Option<&PeakFigures> {
        self.peaks.iter().filter(|peak| peak.phase == phase).min_by_key(|peak| peak.batch_size)
    }

    /// The peak of training at the batch size that the sweep trains with.
    pub fn training_peak(&self) -> Option<&PeakFigures> {
        let training = self.peaks.iter().filter(|peak| peak.phase == MemoryModel::Training);
        training.into_iter().find(|peak| Some(peak.batch_size) == self.training_batch)
    }
}

/// The latency of every batch size, by rising size.
fn latency_of(records: &[&CostRecord]) -> Vec<LatencyFigures> {
    let mut by_batch: BTreeMap<u64, Vec<&[f64]>> = BTreeMap::new();
    for Latency { batch_size, seconds } in records.iter().flat_map(|record| record.latencies()) {
        by_batch.entry(*batch_size).or_default().push(seconds);
    }
    by_batch
        .into_iter()
        .filter_map(|(batch_size, processes)| LatencyFigures::of(batch_size, &processes))
        .collect()
}

/// What decides how long the same work takes.
fn machine(provenance: &Provenance) -> String {
    let Provenance { cpu, threads, libtorch, device, .. } = provenance;
    let cpu = cpu.as_deref().unwrap_or("unknown processor");
    format!("{cpu}, {}, libtorch {libtorch} on {device}", counted(*threads as usize, "thread"))
}

impl LatencyFigures {
    /// Of the repetitions of each process, in seconds.
    fn of(batch_size: u64, processes: &[&[f64]]) -> Option<Self> {
        let OverProcesses { median, interval, p95, repetitions, .. } = OverProcesses::of(processes)?;
        Some(Self {
            batch_size,
            p50_s: median,
            p50_interval: interval,
            p95_s: p95,
            p99_s: quantile(&processes.concat(), 0.99)?,
            repetitions,
        })
    }
}

impl PeakFigures {
    fn of(peak: &MeasuredPeak) -> Self {
        Self {
            phase: peak.estimate.model,
            batch_size: peak.estimate.batch_size,
            measured_bytes: peak.bytes,
            model_bytes: peak.estimate.total_bytes(),
            model_over_measured: peak.model_over_measured(),
        }
    }
}
