//! Arms against each other, by their predictions for the same test images.
//!
//! Up to ten arms, all pairs are compared. More arms would make hundreds of pairs, and hardly any difference would
//! stand out after the correction: then each arm is compared with the one of the lowest mean validation error. The test
//! images do not choose it.

mod words;
use pool_metrics::{ArmPair, Comparison, Interval, Resampling, SeedPredictions, Verdict, compare_family};
use serde::Serialize;

use crate::cells::counted;
use crate::figures::LEVEL;
use crate::{ArmFigures, ArmResults, Run};

/// With more arms than this, they are compared with one of them.
const MOST_ARMS: usize = 10;

/// Pairs of arms. The p-values are corrected for their number (Holm).
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Comparisons {
    /// The arm that all others are compared with; `None` if all pairs are compared.
    pub reference: Option<String>,
    /// The pairs that have a seed in common, in the plan's order of arms.
    pub pairs: Vec<PairComparison>,
    /// The number of pairs with a p-value, for which the correction is made.
    pub tested: usize,
    /// Resamples of each bootstrap.
    pub resamples: u32,
    /// How they were compared, in sentences.
    pub about: String,
    /// Arms and trials that are left out, and why, in sentences.
    pub left_out: Vec<String>,
}

/// Two arms. Differences are first minus second, as shares of the test images.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PairComparison {
    /// The first arm.
    pub first: String,
    /// The second arm.
    pub second: String,
    /// Every test of the two.
    pub comparison: Comparison,
    /// [`Comparison::interval`], at 95 %.
    pub interval: Interval,
    /// The result in words.
    pub sentence: String,
}

/// How one arm compares with another on the test images.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It errs less.
    Better,
    /// It errs more.
    Worse,
    /// The difference may be chance.
    NotDistinguishable,
    /// Fewer than two common seeds.
    Unknown,
}

impl Comparisons {
    pub(super) fn of(run: &Run, figures: &[ArmFigures]) -> Self {
        let mut left_out = Vec::new();
        let Some((labels, arms)) = comparable(run, &mut left_out) else {
            return Self { left_out, ..Self::default() };
        };
        let reference = (arms.len() > MOST_ARMS).then(|| reference(figures, &arms)).flatten();
        let (names, family) = family(&arms, reference, &mut left_out);
        let resampling = Resampling { level: LEVEL, ..Resampling::default() };
        let pairs: Vec<PairComparison> = match compare_family(labels, &family, &resampling) {
            Ok(found) => names
                .into_iter()
                .zip(found)
                .map(|((first, second), found)| pair(first, second, found))
                .collect(),
            Err(error) => {
                left_out.push(format!("The arms cannot be compared: {error}."));
                Vec::new()
            }
        };
        let tested = pairs.iter().filter(|pair| pair.comparison.p_value.is_some()).count();
        Self {
            about: words::about(&pairs, tested, reference, arms.len()),
            reference: reference.map(str::to_owned),
            // Large families get more resamples than the default.
            resamples: pairs.first().map_or(resampling.resamples, |pair| pair.comparison.bootstrap.resamples),
            pairs,
            tested,
            left_out,
        }
    }

    /// How arm `a` compares with arm `b`.
    pub fn standing(&self, a: &str, b: &str) -> Standing {
        let Some((pair, turned)) = self.pair(a, b) else { return Standing::Unknown };
        match (pair.comparison.verdict, turned) {
            (Verdict::FirstBetter, false) | (Verdict::SecondBetter, true) => Standing::Better,
            (Verdict::SecondBetter, false) | (Verdict::FirstBetter, true) => Standing::Worse,
            (Verdict::NotDistinguishable, _) => Standing::NotDistinguishable,
            (Verdict::OneSeed, _) => Standing::Unknown,
        }
    }

    /// The comparison of two arms, and whether `b` is its first one.
    pub fn pair(&self, a: &str, b: &str) -> Option<(&PairComparison, bool)> {
        self.pairs.iter().find_map(|pair| match (pair.first.as_str(), pair.second.as_str()) {
            (first, second) if (first, second) == (a, b) => Some((pair, false)),
            (first, second) if (first, second) == (b, a) => Some((pair, true)),
            _ => None,
        })
    }
}

/// Pairs of arms by their names, and what they predicted for the seeds that they have in common.
type Family<'a> = (Vec<(&'a str, &'a str)>, Vec<ArmPair<'a>>);

/// Every two arms, or each with the reference. Those without a common seed are left out.
fn family<'a>(
    arms: &'a [Predictions<'a>],
    reference: Option<&str>,
    left_out: &mut Vec<String>,
) -> Family<'a> {
    let (mut names, mut pairs, mut apart) = (Vec::new(), Vec::new(), 0);
    for (index, first) in arms.iter().enumerate() {
        for second in &arms[index + 1..] {
            let pair = ArmPair { a: &first.seeds, b: &second.seeds };
            if reference.is_some_and(|arm| first.arm != arm && second.arm != arm) {
                continue;
            } else if pair.common_seeds().is_empty() {
                apart += 1;
            } else {
                names.push((first.arm, second.arm));
                pairs.push(pair);
            }
        }
    }
    if apart > 0 {
        left_out.push(format!("Not compared, as the arms share no seed: {}.", counted(apart, "pair")));
    }
    (names, pairs)
}

/// Of the arms that can be compared, the one with the lowest mean validation error.
fn reference<'a>(figures: &[ArmFigures], arms: &[Predictions<'a>]) -> Option<&'a str> {
    let error = |name: &str| figures.iter().find(|arm| arm.arm == name)?.validation_error;
    let known = arms.iter().filter_map(|arm| Some((arm.arm, error(arm.arm)?.mean)));
    known.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(arm, _)| arm)
}

/// What the trials of one arm predicted.
struct Predictions<'a> {
    arm: &'a str,
    seeds: Vec<SeedPredictions<'a>>,
}

/// The labels, and the predictions of each arm for them. Trials with labels other than the first trial's are left out.
fn comparable<'a>(run: &'a Run, left_out: &mut Vec<String>) -> Option<(&'a [u8], Vec<Predictions<'a>>)> {
    let labels = run.arms.iter().flat_map(ArmResults::healthy).find_map(|record| record.test.as_ref())?;
    let labels = labels.labels.as_slice();
    let mut arms = Vec::new();
    for arm in &run.arms {
        let mut seeds: Vec<SeedPredictions<'_>> = Vec::new();
        for record in arm.healthy() {
            let Some(test) = &record.test else { continue };
            if test.labels != labels || test.predictions.len() != labels.len() {
                left_out.push(format!(
                    "Trial {} was tested on other images than the first trial, so it is left out of the comparisons.",
                    record.id
                ));
            } else if seeds.iter().any(|trial| trial.seed == record.spec.seed) {
                left_out.push(format!(
                    "Arm {} has seed {} twice; the later trial is left out of the comparisons.",
                    arm.name, record.spec.seed
                ));
            } else {
                seeds.push(SeedPredictions { seed: record.spec.seed, predictions: &test.predictions });
            }
        }
        if !arm.records.is_empty() && arm.healthy().next().is_none() {
            left_out.push(format!("Arm {} is not compared: all its trials diverged.", arm.name));
        } else if !seeds.is_empty() {
            arms.push(Predictions { arm: &arm.name, seeds });
        }
    }
    Some((labels, arms))
}

fn pair(first: &str, second: &str, comparison: Comparison) -> PairComparison {
    let interval = comparison.interval();
    let sentence = words::sentence(first, second, &comparison, interval);
    PairComparison { first: first.to_owned(), second: second.to_owned(), comparison, interval, sentence }
}
