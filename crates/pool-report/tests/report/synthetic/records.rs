//! Records of trials and of costs.
use pool_metrics::{Calibration, ConfusionMatrix, MemoryModel};
use pool_records::{
    Contention, CostRecord, EpochRecord, Evaluation, HardImage, Latency, MeasuredPeak, ModelFacts,
    PredictionTimes, RECORD_VERSION, Robustness, StepTimes, TestResults, TrialRecord, TrialStatus,
};
use pool_spec::{Colour, DataRemarks, LayerCost, OptimizerSpec, PerturbationKind};
use pool_testkit::{class_images, cost_spec, provenance, trial_spec};

const IMAGES: u64 = 10_000;

/// A finished trial whose error falls like one over the epoch.
pub(crate) fn trial(arm: &str, pool: &str, seed: u64, epochs: u32) -> TrialRecord {
    let epochs: Vec<EpochRecord> = (1..=epochs).map(|epoch| epoch_record(epoch, seed)).collect();
    let mut record = TrialRecord {
        version: RECORD_VERSION,
        id: String::new(),
        spec: trial_spec(arm, pool, seed, epochs.len() as u32),
        status: TrialStatus::Finished,
        class_images: class_images(48_000, 12_000, IMAGES),
        class_names: Vec::new(),
        remarks: DataRemarks::default(),
        normalization: Vec::new(),
        model: model(pool),
        best_epoch: epochs.last().map(|epoch| epoch.epoch),
        epochs,
        earlier: Vec::new(),
        train: Some(Evaluation { images: 48_000, errors: 180 + seed, loss: 0.0150 }),
        validation: Some(Evaluation { images: 12_000, errors: 160 + 5 * seed, loss: 0.0442 }),
        test: Some(test_results(pool, seed, IMAGES)),
        contention: Contention { jobs: 1, others_share: Some(0.01) },
        resident_peak_bytes: Some(250 << 20),
        provenance: provenance(),
    };
    err(&mut record, 100 + 10 * seed, seed);
    record
}

/// The same, tested on a hundred images: forty arms of it are compared in no time.
pub(crate) fn small(arm: &str, pool: &str, seed: u64, epochs: u32) -> TrialRecord {
    let mut record = trial(arm, pool, seed, epochs);
    record.test = Some(test_results(pool, seed, 100));
    record.class_images = class_images(48_000, 12_000, 100);
    err(&mut record, 3 + seed, seed);
    record
}

/// Lets a trial misclassify this many test images, those that `which` picks.
pub(crate) fn err(record: &mut TrialRecord, errors: u64, which: u64) {
    let test = record.test.as_mut().unwrap();
    let images = test.labels.len() as u64;
    test.predictions.clone_from(&test.labels);
    for error in 0..errors {
        // 37 shares no factor with the number of images: no image is picked twice.
        let image = ((error * 37 + which * 11) % images) as usize;
        test.predictions[image] = (test.labels[image] + 1 + (error % 9) as u16) % 10;
    }
    test.confusion = ConfusionMatrix::from_predictions(&test.labels, &test.predictions, 10).unwrap();
    test.calibration = calibration(&test.labels, &test.predictions);
    test.evaluation.errors = errors;
}

/// A trial whose loss became NaN in its second epoch.
pub(crate) fn diverged(arm: &str, seed: u64) -> TrialRecord {
    let mut record = trial(arm, "\"max\"", seed, 2);
    record.status = TrialStatus::Diverged;
    record.epochs[1].train_loss = f64::NAN;
    record.epochs[1].validation_loss = f64::INFINITY;
    record.test = None;
    record
}

fn test_results(pool: &str, seed: u64, images: u64) -> TestResults {
    let labels: Vec<u16> = (0..images).map(|image| (image % 10) as u16).collect();
    TestResults {
        evaluation: Evaluation { images, errors: 0, loss: 0.0366 + 0.001 * seed as f64 },
        confusion: ConfusionMatrix::from_predictions(&labels, &labels, 10).unwrap(),
        calibration: calibration(&labels, &labels),
        predictions: labels.clone(),
        labels,
        hardest: (0..12).map(|rank| hard_image(rank, seed)).collect(),
        robustness: robustness(pool, seed, images),
    }
}

/// Most predictions are nearly certain; every fiftieth is not.
fn calibration(labels: &[u16], predictions: &[u16]) -> Calibration {
    let confidences: Vec<f64> =
        (0..labels.len()).map(|image| if image % 50 == 0 { 0.55 } else { 0.997 }).collect();
    let correct: Vec<bool> = labels.iter().zip(predictions).map(|(label, class)| label == class).collect();
    Calibration::from_confidences(&confidences, &correct).unwrap()
}

fn hard_image(rank: u32, seed: u64) -> HardImage {
    let bright = |pixel: u32| ((pixel * (rank + 3)) % 256) as u8;
    HardImage {
        index: 17 * rank + seed as u32,
        label: (rank % 10) as u16,
        prediction: ((rank + 3) % 10) as u16,
        loss: 12.0 - 0.5 * f64::from(rank),
        width: 28,
        colour: Colour::Grey,
        pixels: (0..28 * 28).map(bright).collect(),
    }
}

/// Stronger changes do more harm, and more of it to a network without pooling.
fn robustness(pool: &str, seed: u64, images: u64) -> Vec<Robustness> {
    let harm = if pool == "\"none\"" { 0.03 } else { 0.02 };
    let levels = [1.0, 2.0, 3.0, 4.0].map(|pixels| (PerturbationKind::Shift, pixels, 4, pixels));
    let turns = [5.0, 10.0, 15.0].map(|degrees| (PerturbationKind::Rotation, degrees, 2, degrees / 10.0));
    levels
        .into_iter()
        .chain(turns)
        .map(|(kind, strength, directions, weight)| {
            let images = images * directions;
            let errors = (images as f64 * harm * weight) as u64 + seed * (1 + (100.0 * harm) as u64 % 2);
            Robustness { kind, strength, images, errors, consistent: images - errors + seed }
        })
        .collect()
}

fn epoch_record(epoch: u32, seed: u64) -> EpochRecord {
    let fall = (1.0 + 0.1 * seed as f64) / f64::from(epoch);
    EpochRecord {
        epoch,
        train_loss: 0.33 * fall,
        train_error: 0.09 * fall,
        validation_loss: 0.13 * fall,
        validation_error: 0.036 * fall,
        train_s: 7.5,
        validation_s: 0.5,
    }
}

/// The study's network, in as few layers as give its parameters.
pub(crate) fn model(pool: &str) -> ModelFacts {
    let pooled = pool != "\"none\"";
    let (shape, features) = if pooled { (vec![32, 12, 12], 4_608) } else { (vec![32, 24, 24], 18_432) };
    // Dropout and flatten repeat what the convolution or the pooling layer puts out.
    let repeats = if pooled { 3 } else { 2 };
    let parameters = 832 + 128 * features + 128 + 1_290;
    let layer = LayerCost {
        name: "network".to_owned(),
        input_elements: 784,
        output_elements: 18_432 + repeats * features + 138,
        output_tensors: 1,
        parameters,
        ..LayerCost::default()
    };
    let layers = vec![layer];
    ModelFacts {
        parameters,
        shapes: vec![vec![1, 28, 28], vec![32, 24, 24], shape, vec![features as usize], vec![128], vec![10]],
        memory: MemoryModel::ALL
            .map(|model| model.estimate(&layers, 784, 200, OptimizerSpec::default()))
            .to_vec(),
        layers,
    }
}

/// An undisturbed measurement: average and maximum take the same time, none takes twice as much.
pub(crate) fn costs(arm: &str, pool: &str) -> CostRecord {
    let facts = model(pool);
    let slower = if pool == "\"none\"" { 2.0 } else { 1.0 };
    // One in ten repetitions takes a tenth longer.
    let repeated = |seconds: f64, repetitions: u32| -> Vec<f64> {
        (0..repetitions).map(|n| slower * seconds * if n % 10 == 9 { 1.1 } else { 1.0 }).collect()
    };
    let peak = |phase: MemoryModel, batch| {
        let estimate = phase.estimate(&facts.layers, 784, batch, OptimizerSpec::default());
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
            energy_j: None,
            energy_missing: None,
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
