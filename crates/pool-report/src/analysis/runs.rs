//! Two runs side by side: what was set differently, and how the same arms fared in each.
//!
//! Differences of test errors are paired by seed where both runs were tested on the same images and an arm has two seeds in
//! common (corrected for how many arms there are, Holm); otherwise they get Welch's interval for two independent means, and
//! with a single seed in a run nothing at all.
use pool_metrics::{
    ArmPair, Comparison, FamilyRules, Interval, MemoryModel, SeedPredictions, Verdict, compare_family,
    welch_interval,
};
use pool_spec::Fillings;
use serde::Serialize;

use super::provenance::settings_and_machine;
use crate::cells::{counted, listed, points, points_interval};
use crate::figures::{LEVEL, spelling};
use crate::{ArmFigures, ArmResults, Estimate, OverProcesses, Run};

/// Two runs, compared.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunComparison {
    /// The runs' directories.
    pub runs: [String; 2],
    /// The runs' studies.
    pub studies: [String; 2],
    /// What was set differently, or ran on something else.
    pub settings: Vec<SettingDifference>,
    /// The arms that both runs have, in the first run's order.
    pub arms: Vec<ArmBeside>,
    /// Arms of one run alone.
    pub unmatched: [Vec<String>; 2],
    /// What a reader must know to read it, in sentences.
    pub notes: Vec<String>,
}

/// A setting that differs between two runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SettingDifference {
    /// The setting.
    pub what: String,
    /// Its text in each run.
    pub texts: [String; 2],
}

/// One arm in both runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ArmBeside {
    /// The arm's figures in each run.
    pub runs: [ArmInRun; 2],
    /// How its test errors differ.
    pub difference: Difference,
}

/// One arm in one run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ArmInRun {
    /// Its name there.
    pub arm: String,
    /// Its pooling layer, or what it puts into the places of the network.
    #[serde(serialize_with = "spelling", rename = "pool")]
    pub fillings: Option<Fillings>,
    /// Share of test images misclassified.
    pub test_error: Option<Estimate>,
    /// Share of validation images misclassified.
    pub validation_error: Option<Estimate>,
    /// Trainable parameters.
    pub parameters: Option<u64>,
    /// Seconds of an epoch.
    pub epoch_s: Option<OverProcesses>,
    /// Whether these were measured, and undisturbed.
    pub times_may_be_compared: bool,
    /// Seconds of predicting the test images.
    pub prediction_s: Option<OverProcesses>,
    /// Peak of memory in training, bytes: measured, or expected by our model.
    pub training_bytes: Option<u64>,
    /// Whether that was measured.
    pub memory_measured: bool,
}

impl RunComparison {
    /// Compares two runs, which may be of different studies.
    pub fn of(first: &Run, second: &Run) -> Self {
        let figures = [first, second].map(|run| run.arms.iter().map(ArmFigures::of).collect::<Vec<_>>());
        let matches = matches(&figures);
        let differences = differences([first, second], &figures, &matches);
        let alone = |run: usize| {
            let matched = |index: &usize| matches.iter().any(|pair| pair[run] == *index);
            let names = figures[run].iter().enumerate().filter(|(index, _)| !matched(index));
            names.map(|(_, arm)| arm.arm.clone()).collect::<Vec<_>>()
        };
        let unmatched = [alone(0), alone(1)];
        let beside = |(&[a, b], difference): (&[usize; 2], Difference)| ArmBeside {
            runs: [ArmInRun::of(&figures[0][a]), ArmInRun::of(&figures[1][b])],
            difference,
        };
        let arms: Vec<ArmBeside> = matches.iter().zip(differences).map(beside).collect();
        Self {
            runs: [first, second].map(|run| run.layout.root().display().to_string()),
            studies: [first, second].map(|run| run.study.clone()),
            settings: settings(first, second),
            notes: notes(first, second, &arms, &unmatched),
            arms,
            unmatched,
        }
    }
}

impl ArmInRun {
    fn of(arm: &ArmFigures) -> Self {
        let measured = arm.costs.training_peak().and_then(|peak| peak.measured_bytes);
        Self {
            arm: arm.arm.clone(),
            fillings: arm.fillings.clone(),
            test_error: arm.test_error,
            validation_error: arm.validation_error,
            parameters: arm.parameters,
            epoch_s: arm.costs.epoch_s,
            times_may_be_compared: arm.costs.may_be_compared(),
            prediction_s: arm.costs.prediction_s,
            training_bytes: measured.or_else(|| arm.memory_bytes(MemoryModel::Training)),
            memory_measured: measured.is_some(),
        }
    }
}

fn settings(first: &Run, second: &Run) -> Vec<SettingDifference> {
    let texts = |run: &Run| -> Vec<(&'static str, String)> {
        settings_and_machine(run).into_iter().chain([("seeds", seeds(run))]).collect()
    };
    let (first, second) = (texts(first), texts(second));
    let of = |texts: &[(&str, String)], wanted: &str| -> String {
        let found = texts.iter().find(|(label, _)| *label == wanted);
        found.map_or_else(|| "-".to_owned(), |(_, text)| text.clone())
    };
    let longer = if first.len() >= second.len() { &first } else { &second };
    longer
        .iter()
        .map(|(label, _)| SettingDifference {
            what: (*label).to_owned(),
            texts: [of(&first, label), of(&second, label)],
        })
        .filter(|difference| difference.texts[0] != difference.texts[1])
        .collect()
}

fn seeds(run: &Run) -> String {
    let mut seeds: Vec<u64> = run.records().map(|record| record.spec.seed).collect();
    seeds.sort_unstable();
    seeds.dedup();
    let seeds: Vec<String> = seeds.iter().map(ToString::to_string).collect();
    seeds.join(", ")
}

fn notes(first: &Run, second: &Run, arms: &[ArmBeside], unmatched: &[Vec<String>; 2]) -> Vec<String> {
    let mut notes = Vec::new();
    if arms.is_empty() {
        notes.push("The runs have no arm in common: neither a pooling layer nor a name.".to_owned());
    }
    for (alone, which) in unmatched.iter().zip(["first", "second"]) {
        if !alone.is_empty() {
            notes.push(format!("In the {which} run alone: {}.", listed(alone)));
        }
    }
    let dataset = |run: &Run| run.records().next().map(|record| record.spec.data.source.to_string());
    if let (Some(one), Some(other)) = (dataset(first), dataset(second))
        && one != other
    {
        notes.push(format!(
            "The runs are of different data, {one} and {other}: their errors differ by the task before anything else."
        ));
    }
    if arms.iter().flat_map(|arm| &arm.runs).any(|arm| arm.epoch_s.is_some() && !arm.times_may_be_compared) {
        notes.push(
            "Some times were taken while the trials ran, or while the machine had other work, and must not be compared."
                .to_owned(),
        );
    }
    notes
}

/// Indices into both runs' arms. The same name with the same layer belongs together; of what is left, a layer that is one
/// arm's in both runs; of what is still left, the same name.
fn matches(figures: &[Vec<ArmFigures>; 2]) -> Vec<[usize; 2]> {
    let rules: [fn(&ArmFigures, &ArmFigures) -> bool; 3] = [
        |a, b| a.arm == b.arm && a.fillings == b.fillings,
        |a, b| a.fillings.is_some() && a.fillings == b.fillings,
        |a, b| a.arm == b.arm,
    ];
    let mut found: Vec<[usize; 2]> = Vec::new();
    for same in rules {
        let free = |run: usize| -> Vec<usize> {
            (0..figures[run].len()).filter(|index| found.iter().all(|pair| pair[run] != *index)).collect()
        };
        let [first, second] = [free(0), free(1)];
        let pairs = first.iter().filter_map(|&a| {
            let fits = |b: &&usize| same(&figures[0][a], &figures[1][**b]);
            let mut partners = second.iter().filter(fits);
            let (partner, another) = (partners.next(), partners.next());
            let rivals = first
                .iter()
                .filter(|&&other| partner.is_some_and(|&b| same(&figures[0][other], &figures[1][b])));
            (another.is_none() && rivals.count() == 1).then(|| partner.map(|&b| [a, b])).flatten()
        });
        let pairs: Vec<[usize; 2]> = pairs.collect();
        found.extend(pairs);
    }
    found.sort_unstable();
    found
}

/// How a difference was judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Seed by seed, on the same test images.
    Paired {
        /// Seeds that both have.
        seeds: usize,
    },
    /// As two independent means (Welch).
    Unpaired,
    /// Not at all: a run has one seed of the arm, or none.
    Untested,
}

/// Test error in the first run minus that in the second, as a share of the images.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// How it was judged.
    pub method: Method,
    /// The difference of the means; none where a run has no test error.
    pub difference: Option<f64>,
    /// Its 95 % interval.
    pub interval: Option<Interval>,
    /// In words.
    pub sentence: String,
}

/// One for each matched pair of arms.
fn differences(runs: [&Run; 2], figures: &[Vec<ArmFigures>; 2], matches: &[[usize; 2]]) -> Vec<Difference> {
    let mut paired = paired(runs, matches);
    matches
        .iter()
        .enumerate()
        .map(|(index, &[a, b])| {
            let name = &figures[0][a].arm;
            match paired.iter().position(|(pair, _)| *pair == index) {
                Some(found) => of_comparison(name, &paired.swap_remove(found).1),
                None => unpaired(name, &runs[0].arms[a], &runs[1].arms[b]),
            }
        })
        .collect()
}

/// The comparisons of the pairs that can be paired by seed: the same test images, and two seeds in common.
fn paired(runs: [&Run; 2], matches: &[[usize; 2]]) -> Vec<(usize, Comparison)> {
    let Some(labels) = labels(runs[0]).filter(|first| Some(*first) == labels(runs[1])) else {
        return Vec::new();
    };
    let predictions: Vec<[Vec<SeedPredictions<'_>>; 2]> = matches
        .iter()
        .map(|&[a, b]| [predictions(&runs[0].arms[a], labels), predictions(&runs[1].arms[b], labels)])
        .collect();
    let pairs = predictions.iter().map(|[a, b]| ArmPair { a, b, looks: 0 }).enumerate();
    let (places, family): (Vec<usize>, Vec<ArmPair<'_>>) =
        pairs.filter(|(_, pair)| pair.common_seeds().len() > 1).unzip();
    // Only a seed that is twice in one arm is refused, and those arms are then compared unpaired.
    let held_out_ratio = runs[0].held_out_ratio().max(runs[1].held_out_ratio());
    let found = compare_family(labels, &family, &FamilyRules { held_out_ratio, ..FamilyRules::default() });
    places.into_iter().zip(found.unwrap_or_default()).collect()
}

fn labels(run: &Run) -> Option<&[u16]> {
    let tests = run.records().filter_map(|record| record.test.as_ref());
    tests.map(|test| test.labels.as_slice()).next()
}

fn predictions<'a>(arm: &'a ArmResults, labels: &[u16]) -> Vec<SeedPredictions<'a>> {
    arm.healthy()
        .filter_map(|record| {
            let test = record.test.as_ref().filter(|test| test.labels == labels)?;
            Some(SeedPredictions { seed: record.spec.seed, predictions: &test.predictions })
        })
        .collect()
}

fn of_comparison(arm: &str, comparison: &Comparison) -> Difference {
    let interval = comparison.interval();
    let how = format!("paired by {}", counted(comparison.seeds, "seed"));
    let better = match comparison.verdict {
        Verdict::FirstBetter => Some(true),
        Verdict::SecondBetter => Some(false),
        Verdict::PracticallyEqual | Verdict::Open | Verdict::OneSeed => None,
    };
    Difference {
        method: Method::Paired { seeds: comparison.seeds },
        difference: Some(comparison.difference),
        interval: Some(interval),
        sentence: sentence(arm, better, comparison.difference, interval, &how),
    }
}

fn unpaired(arm: &str, first: &ArmResults, second: &ArmResults) -> Difference {
    let errors = |arm: &ArmResults| arm.healthy().filter_map(pool_records::TrialRecord::test_error).collect();
    let (a, b): (Vec<f64>, Vec<f64>) = (errors(first), errors(second));
    let difference = pool_metrics::mean(&a).zip(pool_metrics::mean(&b)).map(|(a, b)| a - b);
    match (difference, welch_interval(&a, &b, LEVEL)) {
        (Some(value), Some(interval)) => {
            let better = if interval.high < 0.0 {
                Some(true)
            } else if interval.low > 0.0 {
                Some(false)
            } else {
                None
            };
            let sentence = sentence(arm, better, value, interval, "not paired");
            Difference { method: Method::Unpaired, difference, interval: Some(interval), sentence }
        }
        _ => Difference {
            method: Method::Untested,
            difference,
            interval: None,
            sentence: format!(
                "{arm}: not tested; it takes two seeds of it in each run, and there are {} and {}.",
                a.len(),
                b.len()
            ),
        },
    }
}

fn sentence(arm: &str, first_better: Option<bool>, difference: f64, interval: Interval, how: &str) -> String {
    let less = |which: &str, by: f64, interval: Interval| {
        format!(
            "{arm} errs less in the {which} run by {} points {} ({how}).",
            points(by),
            points_interval(interval)
        )
    };
    match first_better {
        Some(true) => less("first", -difference, Interval { low: -interval.high, high: -interval.low }),
        Some(false) => less("second", difference, interval),
        None => format!(
            "{arm}: the runs are not distinguishable, {} points {} ({how}).",
            points(difference),
            points_interval(interval)
        ),
    }
}
