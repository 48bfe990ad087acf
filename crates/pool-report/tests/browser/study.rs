//! A run as rich as a real one: five arms, three seeds, and something of everything that a report can show.
use pool_metrics::{Calibration, ConfusionMatrix, MemoryModel};
use pool_records::{
    CostRecord, Evaluation, HardImage, MeasuredPeak, ModelFacts, Robustness, TestResults, TrialRecord,
};
use pool_spec::{Colour, KeptTensor, LastReader, LayerCost, OptimizerSpec, PerturbationKind};
use std::fs;

use crate::synthetic::{Synthetic, costs, diverged, trial};

const IMAGES: usize = 10_000;
const SEEDS: u64 = 3;

/// What tells one arm from another.
struct Arm {
    name: &'static str,
    pool: &'static str,
    /// Outputs of the pooling layer.
    features: u64,
    error: f64,
    overfit: f64,
    slower: f64,
    fragile: f64,
}

const ARMS: [Arm; 5] = [
    Arm {
        name: "average 2x2",
        pool: "\"avg\"",
        features: 4_608,
        error: 0.0112,
        overfit: 1.0,
        slower: 1.0,
        fragile: 0.8,
    },
    Arm {
        name: "maximum 2x2",
        pool: "\"max\"",
        features: 4_608,
        error: 0.0098,
        overfit: 1.1,
        slower: 1.02,
        fragile: 0.9,
    },
    Arm {
        name: "generalised mean, learned per channel",
        pool: "{ reduce = { gem = { p = 3.0, learned = \"channel\" } }, size = 2 }",
        features: 4_608,
        error: 0.0093,
        overfit: 1.1,
        slower: 1.31,
        fragile: 0.75,
    },
    Arm {
        name: "maximum, anti-aliased",
        pool: "{ blur = { reduce = \"max\", taps = 3 } }",
        features: 4_608,
        error: 0.0095,
        overfit: 1.0,
        slower: 1.18,
        fragile: 0.5,
    },
    Arm {
        name: "none",
        pool: "\"none\"",
        features: 18_432,
        error: 0.0141,
        overfit: 2.4,
        slower: 1.9,
        fragile: 1.6,
    },
];

/// Numbers that look drawn and are the same everywhere (splitmix64).
struct Draws(u64);

impl Draws {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn near(&mut self, value: f64, share: f64) -> f64 {
        value * (1.0 + share * (2.0 * self.next() - 1.0))
    }
}

/// The run directory, with a trial that diverged, one that died and one that has not run.
pub(crate) fn rich() -> Synthetic {
    let mut study = Synthetic::study("mnist-pooling");
    for (index, arm) in ARMS.iter().enumerate() {
        for seed in 1..=SEEDS {
            study.finish(record(arm, seed, &mut Draws(1_000 * index as u64 + seed)));
        }
        study.measure(measurement(arm, &mut Draws(index as u64)));
    }
    study.finish(diverged("learning rate too high", 1));
    study.fail("maximum 2x2", 4, "killed by signal 9: the system ran out of memory");
    study.plan("none", 4);
    let sweep = include_str!("../../../../configs/sweep.toml");
    fs::write(study.root().join("sweep.toml"), sweep).unwrap();
    study
}

fn record(arm: &Arm, seed: u64, draws: &mut Draws) -> TrialRecord {
    let mut record = trial(arm.name, arm.pool, seed, 10);
    record.model = facts(arm);
    let level = draws.near(1.0, 0.06);
    for epoch in &mut record.epochs {
        let fall = f64::from(epoch.epoch).powf(-1.1) * level;
        epoch.train_loss = draws.near(0.31 * fall / arm.overfit.sqrt(), 0.04);
        epoch.train_error = draws.near(0.085 * fall / arm.overfit.sqrt(), 0.05);
        let late = 1.0 + 0.035 * arm.overfit * f64::from(epoch.epoch);
        epoch.validation_loss = draws.near((0.10 * fall + 0.028) * late, 0.05);
        epoch.validation_error = draws.near(0.022 * fall + 1.15 * arm.error, 0.06);
        epoch.train_s = draws.near(7.2 * arm.slower, 0.02);
    }
    record.best_epoch = Some(7 + (seed % 3) as u32);
    let errors = |share: f64, images: u64| Evaluation {
        images,
        errors: (share * images as f64) as u64,
        loss: 3.1 * share,
    };
    record.train = Some(errors(draws.near(0.0035 / arm.overfit, 0.1), 48_000));
    record.validation = Some(errors(draws.near(1.2 * arm.error, 0.06), 12_000));
    record.test = Some(test(arm, draws));
    record
}

/// Images differ in how hard they are, and arms in how much that matters to them.
fn test(arm: &Arm, draws: &mut Draws) -> TestResults {
    let mut images = Draws(7);
    let labels: Vec<u16> = (0..IMAGES).map(|_| (10.0 * images.next()) as u16).collect();
    let difficulty: Vec<f64> = labels.iter().map(|_| images.next().powi(60) * 6.0).collect();
    let mut predictions = labels.clone();
    let (mut confidences, mut right, mut hard) = (Vec::new(), Vec::new(), Vec::new());
    for (index, (&label, &difficulty)) in labels.iter().zip(&difficulty).enumerate() {
        let doubt = (difficulty * 11.0 * arm.error + 0.1 * arm.error * draws.next()).min(0.97);
        let wrong = draws.next() < doubt;
        if wrong {
            let confused = [6, 7, 7, 5, 9, 3, 0, 1, 3, 4][usize::from(label)];
            let other = (label + 1 + (9.0 * draws.next()) as u16) % 10;
            predictions[index] = if draws.next() < 0.6 { confused } else { other };
            hard.push((index, doubt));
        }
        let sure = 1.0 - 0.5 * doubt * draws.next() - 0.004 * draws.next();
        confidences.push(if wrong { draws.near(0.72, 0.35).min(1.0) } else { sure });
        right.push(!wrong);
    }
    hard.sort_by(|one, other| other.1.total_cmp(&one.1));
    let picture = |&(index, doubt): &(usize, f64)| HardImage {
        index: index as u32,
        label: labels[index],
        prediction: predictions[index],
        loss: 9.0 * doubt,
        width: 28,
        colour: Colour::Grey,
        pixels: digit(labels[index], index as u64),
    };
    let confusion = ConfusionMatrix::from_predictions(&labels, &predictions, 10).unwrap();
    TestResults {
        evaluation: Evaluation { images: IMAGES as u64, errors: confusion.errors(), loss: 3.3 * arm.error },
        calibration: Calibration::from_confidences(&confidences, &right).unwrap(),
        hardest: hard.iter().take(30).map(picture).collect(),
        robustness: robustness(arm, draws),
        confusion,
        labels,
        predictions,
    }
}

fn robustness(arm: &Arm, draws: &mut Draws) -> Vec<Robustness> {
    let kinds = [
        (PerturbationKind::Shift, [1.0, 2.0, 3.0, 4.0], 4),
        (PerturbationKind::Rotation, [5.0, 10.0, 15.0, 20.0], 2),
        (PerturbationKind::Noise, [0.1, 0.2, 0.3, 0.4], 1),
    ];
    kinds
        .into_iter()
        .flat_map(|(kind, strengths, directions)| {
            (1..).zip(strengths).map(move |level| (kind, directions, level))
        })
        .map(|(kind, directions, (level, strength))| {
            let images = IMAGES as u64 * directions;
            let harm = arm.fragile * 0.006 * f64::from(level).powi(2);
            let share = (arm.error + draws.near(harm, 0.15)).min(0.9);
            let errors = (share * images as f64) as u64;
            let lost = (draws.near(1.1 * harm, 0.1) * images as f64) as u64;
            Robustness { kind, strength, images, errors, consistent: images - lost }
        })
        .collect()
}

/// The strokes of a seven-segment digit, bent a little, as a pen would draw them.
fn digit(label: u16, index: u64) -> Vec<u8> {
    const SEGMENTS: [(f64, f64, f64, f64); 7] = [
        (9.0, 6.0, 19.0, 6.0),
        (19.0, 6.0, 19.0, 14.0),
        (19.0, 14.0, 19.0, 22.0),
        (9.0, 22.0, 19.0, 22.0),
        (9.0, 14.0, 9.0, 22.0),
        (9.0, 6.0, 9.0, 14.0),
        (9.0, 14.0, 19.0, 14.0),
    ];
    const LIT: [u8; 10] = [0x3f, 0x06, 0x5b, 0x4f, 0x66, 0x6d, 0x7d, 0x07, 0x7f, 0x6f];
    let mut draws = Draws(index);
    let (slant, bend, pen) = (0.7 * draws.next() - 0.2, 3.0 * draws.next(), 1.0 + draws.next());
    let lit = SEGMENTS.iter().enumerate().filter(|(segment, _)| LIT[usize::from(label)] >> segment & 1 == 1);
    let lit: Vec<_> = lit.map(|(_, segment)| segment).collect();
    (0..28 * 28)
        .map(|pixel| {
            let (x, y) = (f64::from(pixel % 28), f64::from(pixel / 28));
            let x = x + slant * (y - 14.0) + bend * (y / 5.0).sin();
            let nearest = lit.iter().map(|segment| distance((x, y), **segment)).fold(f64::INFINITY, f64::min);
            (255.0 * (pen + 0.8 - nearest).clamp(0.0, 1.0)) as u8
        })
        .collect()
}

/// From a point to a segment.
fn distance((x, y): (f64, f64), (x1, y1, x2, y2): (f64, f64, f64, f64)) -> f64 {
    let (dx, dy) = (x2 - x1, y2 - y1);
    let along = (((x - x1) * dx + (y - y1) * dy) / (dx * dx + dy * dy)).clamp(0.0, 1.0);
    (x - x1 - along * dx).hypot(y - y1 - along * dy)
}

/// The study's network, layer by layer.
fn facts(arm: &Arm) -> ModelFacts {
    let layer = |name: &str, inputs: u64, outputs: u64, parameters: u64, kept: u64| LayerCost {
        name: name.to_owned(),
        input_elements: inputs,
        output_elements: outputs,
        output_tensors: if name == "flatten" { 0 } else { 1 },
        parameters,
        multiply_adds: parameters,
        kept: vec![KeptTensor { what: "output".to_owned(), bytes: 4 * kept, last_reader: LastReader::Maker }],
        ..LayerCost::default()
    };
    let features = arm.features;
    let layers = vec![
        layer("conv2d", 784, 18_432, 832, 18_432),
        layer("pool", 18_432, features, 0, features),
        layer("dropout", features, features, 0, features),
        layer("flatten", features, features, 0, 0),
        layer("dense", features, 128, 128 * features + 128, 128),
        layer("dense_1", 128, 10, 1_290, 10),
    ];
    ModelFacts {
        parameters: layers.iter().map(|layer| layer.parameters).sum(),
        shapes: vec![vec![1, 28, 28], vec![32, 24, 24], vec![features as usize], vec![128], vec![10]],
        memory: MemoryModel::ALL
            .map(|model| model.estimate(&layers, 784, 200, OptimizerSpec::default()))
            .to_vec(),
        layers,
    }
}

fn measurement(arm: &Arm, draws: &mut Draws) -> CostRecord {
    let mut record = costs(arm.name, arm.pool);
    record.model = facts(arm);
    let mut noisy = |seconds: &mut Vec<f64>, typical: f64| {
        for second in seconds {
            *second = draws.near(typical * arm.slower, 0.03);
        }
    };
    noisy(&mut record.training.epoch_s, 7.1);
    noisy(&mut record.training.step_s, 0.030);
    noisy(&mut record.prediction.seconds, 0.37);
    for latency in &mut record.latency {
        noisy(&mut latency.seconds, 0.0004 + 0.00004 * latency.batch_size as f64);
    }
    let peak = |model: MemoryModel| {
        let estimate = model.estimate(&record.model.layers, 784, 200, record.spec.train.optimizer);
        MeasuredPeak { bytes: Some((1.13 * estimate.total_bytes() as f64) as u64 + (9 << 20)), estimate }
    };
    record.memory = vec![peak(MemoryModel::Training), peak(MemoryModel::Inference)];
    record
}
