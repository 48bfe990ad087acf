//! Costs that are really measured, on generated images.

mod common;

use std::path::Path;

use common::context;
use pool_metrics::MemoryModel;
use pool_records::{Record, StopFlag, TrialEvent};
use pool_testkit::{SMALL_SWEEP as SMALL, plan};
use pool_train::measure_costs;

/// Ends at once and prints nothing, as a process does that could not measure its memory.
const NO_PROGRAM: &str = "/bin/true";

#[test]
fn every_step_and_every_repetition_is_in_the_record_and_the_warm_up_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(folder.path(), &SMALL.replace("epochs = 0", "epochs = 2")).unwrap();
    let spec = plan.measurements[0].spec();
    let mut told = Vec::new();
    let mut on_event = |event: TrialEvent| told.push(event);
    let program = Path::new(NO_PROGRAM);
    let record =
        measure_costs(spec, folder.path(), program, &context(1), &StopFlag::new(), &mut on_event).unwrap();

    // 2,000 images, a fifth of them held out, 100 to a step.
    let training = &record.training;
    assert_eq!((training.steps_per_epoch, training.warm_up_steps), (16, 16));
    assert_eq!((training.step_s.len(), training.epoch_s.len()), (32, 2));
    let sum: f64 = training.step_s[16..].iter().sum();
    assert!((training.epoch_s[1] - sum).abs() < 1e-9, "an epoch is the sum of its steps");
    assert_ne!(
        training.energy_j.is_some_and(|energy| energy > 0.0),
        training.energy_missing.is_some(),
        "an epoch's energy, or why it is not known: {:?}",
        training.energy_missing
    );
    assert_eq!((record.prediction.batch_size, record.prediction.images), (200, 500));
    let batches: Vec<u64> = record.latency.iter().map(|latency| latency.batch_size).collect();
    assert_eq!(batches, [1, 32, 200]);
    assert!(record.latency.iter().all(|latency| latency.seconds.len() >= 100));
    let durations = record.latency.iter().flat_map(|latency| &latency.seconds);
    assert!(durations.chain(&training.step_s).chain(&record.prediction.seconds).all(|&s| s > 0.0));

    let phases: Vec<_> = record
        .memory
        .iter()
        .map(|peak| (peak.estimate.model, peak.estimate.batch_size, peak.bytes))
        .collect();
    assert_eq!(
        phases,
        [
            (MemoryModel::Training, 100, None),
            (MemoryModel::Training, 1_000, None),
            (MemoryModel::Inference, 1, None),
            (MemoryModel::Inference, 100, None),
            (MemoryModel::Inference, 1_000, None),
        ],
        "a peak that could not be measured is none, and no reason to lose the rest"
    );
    assert!(told.contains(&TrialEvent::Measuring { what: "latency".to_owned() }));
    assert_eq!(pool_records::CostRecord::from_json(&record.to_json()).unwrap(), record);
}

#[test]
fn a_measurement_can_be_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(folder.path(), &SMALL.replace("epochs = 0", "epochs = 100")).unwrap();
    let stop = StopFlag::new();
    let mut on_event = |event: TrialEvent| {
        if matches!(event, TrialEvent::Measuring { what } if what == "training steps") {
            stop.set();
        }
    };
    let spec = plan.measurements[0].spec();
    let error = measure_costs(spec, folder.path(), Path::new(NO_PROGRAM), &context(1), &stop, &mut on_event)
        .unwrap_err();
    assert!(error.is_stopped());
}
