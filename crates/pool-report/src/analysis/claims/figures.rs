//! The figures that claims are about: where they are, and how far chance could move their differences.

use std::collections::BTreeMap;

use pool_metrics::{MeanDifference, PairedPredictions, median, sample_sd};
use pool_records::{CostRecord, TrialRecord};
use pool_spec::{Claim, Metric, MetricUnit, PerturbationKind};

use crate::cells::{counted, fixed, listed, mebibytes, thousands};
use crate::figures::{LEVEL, changed};
use crate::{ArmFigures, ArmResults, OverProcesses, Run};

/// The difference of one figure between two arms. Amounts are compared by their ratio: the difference is that of the
/// logarithms.
pub(super) struct Measured {
    pub(super) difference: MeanDifference,
    /// What it was repeated over, and the standard deviation from one to the next; `None` for what does not vary.
    pub(super) repeated: Option<(Repeated, f64)>,
    /// Seeds, or processes, behind it.
    pub(super) repetitions: usize,
    pub(super) held_out_ratio: f64,
}

/// What a figure varies with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Repeated {
    Seeds,
    Processes,
}

impl Repeated {
    pub(super) fn noun(self) -> &'static str {
        match self {
            Self::Seeds => "seed",
            Self::Processes => "measurement",
        }
    }
}

/// A figure of a claim, for every two of its arms.
pub(super) struct MeasuredFigure {
    pub(super) differences: Vec<Measured>,
    /// `training loss: none minus average 0.0019 [-0.0059, 0.0096] nats`.
    pub(super) words: String,
}

/// Why a figure was not measured.
pub(super) struct Unmeasured(pub(super) String);

/// The values of a figure: one for each seed, or for each process that measured it, or one for all.
enum Values {
    Seeds(BTreeMap<u64, f64>),
    /// The logarithm of each process's median; and the median of all, as the table of times shows it.
    Processes {
        logarithms: BTreeMap<u64, f64>,
        median: f64,
    },
    Exact(f64),
}

/// A figure of a claim, between each two of its arms.
pub(super) fn measured(
    run: &Run,
    figures: &[ArmFigures],
    claim: &Claim,
    metric: Metric,
) -> Result<MeasuredFigure, Unmeasured> {
    let (mut differences, mut words) = (Vec::new(), Vec::new());
    for first in &claim.arms {
        for second in &claim.than {
            let found = difference(run, figures, metric, first, second)?;
            words.push(in_words(metric, first, second, &found));
            differences.push(found);
        }
    }
    let values: Vec<String> = match metric.unit() {
        MetricUnit::Amount => [&claim.arms[..], &claim.than].concat(),
        MetricUnit::Share | MetricUnit::Nats => Vec::new(),
    }
    .iter()
    .filter_map(|arm| Some(format!("{arm} {}", value_in_words(run, figures, metric, arm)?)))
    .collect();
    let values = if values.is_empty() { String::new() } else { format!("{}; ", listed(&values)) };
    let unit = match metric.unit() {
        MetricUnit::Share => " points",
        MetricUnit::Nats => " nats",
        MetricUnit::Amount => "",
    };
    Ok(MeasuredFigure { differences, words: format!("{metric}: {values}{}{unit}", listed(&words)) })
}

fn difference(
    run: &Run,
    figures: &[ArmFigures],
    metric: Metric,
    first: &str,
    second: &str,
) -> Result<Measured, Unmeasured> {
    let missing =
        |arm: &str| Unmeasured(format!("the {metric} of {arm} was not measured, or must not be compared"));
    let a = values(run, figures, metric, first).ok_or_else(|| missing(first))?;
    let b = values(run, figures, metric, second).ok_or_else(|| missing(second))?;
    let held_out_ratio = run.held_out_ratio();
    let (pairs, repeated, held_out_ratio) = match (&a, &b) {
        (Values::Exact(a), Values::Exact(b)) => {
            let difference =
                MeanDifference { difference: (a / b).ln(), standard_error: 0.0, freedom: f64::INFINITY };
            return Ok(Measured { difference, repeated: None, repetitions: 1, held_out_ratio });
        }
        (Values::Seeds(a), Values::Seeds(b)) => (paired(a, b), Repeated::Seeds, held_out_ratio),
        (Values::Processes { logarithms: a, .. }, Values::Processes { logarithms: b, .. }) => {
            (paired(a, b), Repeated::Processes, 0.0)
        }
        _ => return Err(missing(first)),
    };
    let (a, b): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
    let difference = match metric {
        Metric::TestError => on_images(run, first, second, held_out_ratio),
        _ => MeanDifference::paired(&a, &b, held_out_ratio),
    };
    let Some(difference) = difference else {
        let common = counted(a.len(), repeated.noun());
        return Err(Unmeasured(format!("{} share {common}, and it takes two", listed(&[first, second]))));
    };
    if difference.standard_error == 0.0 {
        return Err(Unmeasured(format!(
            "the {metric} of {first} and that of {second} differ by the same for every {}, or not at all, which leaves no \
             spread to judge them by",
            repeated.noun()
        )));
    }
    let each: Vec<f64> = a.iter().zip(&b).map(|(a, b)| a - b).collect();
    let repeated = sample_sd(&each).map(|spread| (repeated, spread));
    Ok(Measured { difference, repeated, repetitions: a.len(), held_out_ratio })
}

fn paired(a: &BTreeMap<u64, f64>, b: &BTreeMap<u64, f64>) -> Vec<(f64, f64)> {
    a.iter().filter_map(|(key, a)| Some((*a, *b.get(key)?))).collect()
}

/// The difference of test errors with the chance in the images, too.
fn on_images(run: &Run, first: &str, second: &str, held_out_ratio: f64) -> Option<MeanDifference> {
    let tests = |name: &str| -> BTreeMap<u64, &pool_records::TestResults> {
        healthy(run, name).filter_map(|record| Some((record.spec.seed, record.test.as_ref()?))).collect()
    };
    let (a, b) = (tests(first), tests(second));
    let labels = a.values().next()?.labels.as_slice();
    let pairs: Vec<PairedPredictions<'_>> = a
        .iter()
        .filter_map(|(seed, a)| {
            let b = b.get(seed)?;
            let same = a.labels == labels && b.labels == labels;
            same.then(|| PairedPredictions { a: &a.predictions, b: &b.predictions })
        })
        .collect();
    MeanDifference::crossed(labels, &pairs, held_out_ratio).ok()
}

fn arm<'a>(run: &'a Run, name: &str) -> Option<&'a ArmResults> {
    run.arms.iter().find(|arm| arm.name == name)
}

fn healthy<'a>(run: &'a Run, name: &str) -> impl Iterator<Item = &'a TrialRecord> {
    arm(run, name).into_iter().flat_map(ArmResults::healthy)
}

/// The values of a figure; `None` where it was not measured, or must not be compared.
fn values(run: &Run, figures: &[ArmFigures], metric: Metric, name: &str) -> Option<Values> {
    let of_seeds = |figure: &dyn Fn(&TrialRecord) -> Option<f64>| {
        let values: BTreeMap<u64, f64> = healthy(run, name)
            .filter_map(|record| Some((record.spec.seed, figure(record)?)))
            .filter(|(_, value)| value.is_finite())
            .collect();
        (!values.is_empty()).then_some(Values::Seeds(values))
    };
    let figures = figures.iter().find(|arm| arm.arm == name)?;
    let timed = |seconds: fn(&CostRecord) -> Option<&[f64]>| {
        let costs = figures.costs.may_be_compared().then(|| arm(run, name))??;
        let processes: BTreeMap<u64, &[f64]> = costs
            .quiet_costs()
            .filter_map(|record| Some((u64::from(record.spec.process), seconds(record)?)))
            .collect();
        let OverProcesses { median: of_all, .. } =
            OverProcesses::of(&processes.values().copied().collect::<Vec<_>>())?;
        let logarithms =
            processes.iter().filter_map(|(process, of_one)| Some((*process, median(of_one)?.ln())));
        Some(Values::Processes { logarithms: logarithms.collect(), median: of_all })
    };
    match metric {
        Metric::TestError => of_seeds(&TrialRecord::test_error),
        Metric::ValidationError => of_seeds(&|record| Some(record.validation?.error_rate())),
        Metric::TrainingError => of_seeds(&|record| Some(record.train?.error_rate())),
        Metric::TestLoss => of_seeds(&|record| Some(record.test.as_ref()?.evaluation.loss)),
        Metric::ValidationLoss => of_seeds(&|record| Some(record.validation?.loss)),
        Metric::TrainingLoss => of_seeds(&|record| Some(record.train?.loss)),
        Metric::GeneralisationGap => of_seeds(&|record| record.generalisation_gap().map(|(loss, _)| loss)),
        Metric::CalibrationError => {
            of_seeds(&|record| Some(record.test.as_ref()?.calibration.expected_calibration_error()))
        }
        Metric::ShiftChanges => {
            let strength = least_shift(figures)?;
            of_seeds(&|record| {
                let row = changed(record.test.as_ref()?, PerturbationKind::Shift, strength)?;
                Some(1.0 - row.consistency())
            })
        }
        Metric::Parameters => Some(Values::Exact(figures.parameters? as f64)),
        Metric::TrainingMemory => Some(Values::Exact(
            figures.costs.training_peak()?.measured_bytes.filter(|bytes| *bytes > 0)? as f64,
        )),
        Metric::EpochTime => timed(|record| Some(&record.training.epoch_s)),
        Metric::PredictionTime => timed(|record| Some(&record.prediction.seconds)),
        Metric::Latency => timed(|record| Some(&record.latencies().first()?.seconds)),
    }
}

/// The smallest distance by which test images were shifted, pixels.
fn least_shift(figures: &ArmFigures) -> Option<f64> {
    let shifts = figures.robustness.iter().filter(|row| row.kind == PerturbationKind::Shift);
    shifts.map(|row| row.strength).min_by(f64::total_cmp)
}

/// `0.97 s`: an amount of one arm.
fn value_in_words(run: &Run, figures: &[ArmFigures], metric: Metric, name: &str) -> Option<String> {
    let value = match values(run, figures, metric, name)? {
        Values::Exact(value) | Values::Processes { median: value, .. } => value,
        Values::Seeds(_) => return None,
    };
    Some(match metric {
        Metric::TrainingMemory => format!("{} MiB", mebibytes(Some(value))),
        Metric::Parameters => thousands(Some(value as u64)),
        Metric::Latency => format!("{} ms", fixed(1e3 * value, 3)),
        _ => format!("{} s", fixed(value, if value < 1.0 { 3 } else { 2 })),
    })
}

/// `none minus average 0.0019 [-0.0059, 0.0096]`, or `average over none 0.34 [0.33, 0.35]`.
fn in_words(metric: Metric, first: &str, second: &str, found: &Measured) -> String {
    let interval = found.difference.interval(1.0 - LEVEL).filter(|_| found.difference.standard_error > 0.0);
    let (verb, shown): (&str, &dyn Fn(f64) -> String) = match metric.unit() {
        MetricUnit::Share => ("minus", &|value| fixed(100.0 * value, 2)),
        MetricUnit::Nats => ("minus", &|value| fixed(value, 4)),
        MetricUnit::Amount => ("over", &|value| fixed(value.exp(), 3)),
    };
    let interval = interval
        .map_or(String::new(), |interval| format!(" [{}, {}]", shown(interval.low), shown(interval.high)));
    format!("{first} {verb} {second} {}{interval}", shown(found.difference.difference))
}

/// A margin of a claim in the unit of [`Measured`]'s differences.
pub(super) fn in_unit_of_differences(metric: Metric, margin: f64) -> f64 {
    match metric.unit() {
        MetricUnit::Share => margin / 100.0,
        MetricUnit::Nats => margin,
        MetricUnit::Amount => (margin / 100.0).ln_1p(),
    }
}

/// What a margin is written in.
pub(super) fn margin_unit(metric: Metric) -> &'static str {
    match metric.unit() {
        MetricUnit::Share => "points",
        MetricUnit::Nats => "nats",
        MetricUnit::Amount => "%",
    }
}
