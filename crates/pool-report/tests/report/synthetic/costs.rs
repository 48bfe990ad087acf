//! Records of costs.
use pool_metrics::MemoryModel;
use pool_records::{
    Contention, CostRecord, Latency, MeasuredPeak, PredictionTimes, RECORD_VERSION, StepTimes,
};

use pool_testkit::{cost_spec, provenance};

use super::trial::model;

/// An undisturbed measurement: average and maximum take the same time, none takes twice as much.
pub(crate) fn costs(arm: &str, pool: &str) -> CostRecord {
    let facts = model(pool);
    let slower = if pool == "\"none\"" { 2.0 } else { 1.0 };
    // One in ten repetitions takes a tenth longer.
    let repeated = |seconds: f64, repetitions: u32| -> Vec<f64> {
        (0..repetitions).map(|n| slower * seconds * if n % 10 == 9 { 1.1 } else { 1.0 }).collect()
    };
    let peak = |phase: MemoryModel, batch| {
        let estimate = phase.estimate(&facts.layers, 784, batch);
        MeasuredPeak { bytes: Some(estimate.total_bytes() + (8 << 20)), estimate }
    };
    CostRecord {
        version: RECORD_VERSION,
        id: String::new(),
        spec: cost_spec(arm, pool),
        training: StepTimes {
            batch_size: 200,
            steps_per_epoch: 240,
            warm_up_steps: 20,
            step_s: repeated(0.030, 480),
            epoch_s: repeated(7.2, 4),
        },
        prediction: PredictionTimes { batch_size: 200, images: 10_000, seconds: repeated(0.38, 10) },
        latency: [(1, 0.0004), (32, 0.002), (200, 0.008)]
            .map(|(batch_size, seconds)| Latency { batch_size, seconds: repeated(seconds, 100) })
            .to_vec(),
        memory: vec![
            peak(MemoryModel::Training, 200),
            peak(MemoryModel::Training, 1_000),
            peak(MemoryModel::Inference, 1),
            peak(MemoryModel::Inference, 200),
            peak(MemoryModel::Inference, 1_000),
        ],
        contention: Contention { jobs: 1, others_share: Some(0.01) },
        provenance: provenance(),
        model: facts,
    }
}
