//! How an arm's test errors differ between two runs.
use pool_metrics::{
    ArmPair, Comparison, Interval, Resampling, SeedPredictions, Verdict, compare_family, welch_interval,
};
use serde::Serialize;

use crate::cells::{counted, points, points_interval};
use crate::figures::LEVEL;
use crate::{ArmFigures, ArmResults, Run};

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
pub(super) fn differences(
    runs: [&Run; 2],
    figures: &[Vec<ArmFigures>; 2],
    matches: &[[usize; 2]],
) -> Vec<Difference> {
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
    let pairs = predictions.iter().map(|[a, b]| ArmPair { a, b }).enumerate();
    let (places, family): (Vec<usize>, Vec<ArmPair<'_>>) =
        pairs.filter(|(_, pair)| pair.common_seeds().len() > 1).unzip();
    // Only a seed that is twice in one arm is refused, and those arms are then compared unpaired.
    let found = compare_family(labels, &family, &Resampling { level: LEVEL, ..Resampling::default() });
    places.into_iter().zip(found.unwrap_or_default()).collect()
}

fn labels(run: &Run) -> Option<&[u8]> {
    let tests = run.records().filter_map(|record| record.test.as_ref());
    tests.map(|test| test.labels.as_slice()).next()
}

fn predictions<'a>(arm: &'a ArmResults, labels: &[u8]) -> Vec<SeedPredictions<'a>> {
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
        Verdict::NotDistinguishable | Verdict::OneSeed => None,
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
