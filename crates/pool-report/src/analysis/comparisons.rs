//! Arms against each other, by their predictions for the same test images.
//!
//! Up to ten arms, all pairs are compared. More arms would make hundreds of pairs, and hardly any difference would
//! stand out after the correction: then each arm is compared with the one of the lowest mean validation error. The test
//! images do not choose it.
use pool_metrics::{ArmPair, Comparison, Interval, Resampling, SeedPredictions, Verdict, compare_family};
use serde::Serialize;

use crate::cells::{counted, listed, p_value, points, points_interval};
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
            about: about(&pairs, tested, reference, arms.len()),
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
fn comparable<'a>(run: &'a Run, left_out: &mut Vec<String>) -> Option<(&'a [u16], Vec<Predictions<'a>>)> {
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
    let sentence = sentence(first, second, &comparison, interval);
    PairComparison { first: first.to_owned(), second: second.to_owned(), comparison, interval, sentence }
}

/// How the arms were compared.
fn about(pairs: &[PairComparison], tested: usize, reference: Option<&str>, arms: usize) -> String {
    if tested == 0 {
        return "Comparing two arms takes at least two seeds that both were trained with.".to_owned();
    }
    let corrected = match tested {
        1 => String::new(),
        tested => format!(", corrected for {} (Holm)", counted(tested, "comparison")),
    };
    let mut sentences = vec![format!(
        "Differences are percentage points of test error. A difference counts if both a paired bootstrap over images \
         and seeds and a paired t-test over seeds exclude chance at 5 %{corrected}; the interval spans those of both \
         tests, uncorrected."
    )];
    let needed = |pair: &PairComparison| {
        pair.comparison.verdict == Verdict::NotDistinguishable && pair.comparison.seeds_needed.is_some()
    };
    if pairs.iter().any(needed) {
        sentences.push(
            "The number of seeds needed is that of the t-test alone, at the corrected level: more seeds do not remove \
             the uncertainty that comes from the number of test images."
                .to_owned(),
        );
    }
    if let Some(reference) = reference {
        sentences.push(format!(
            "All pairs of {arms} arms would be {}, too many for a difference to stand out after correction: each arm \
             is compared with {reference}, which has the lowest validation error.",
            counted(arms * (arms - 1) / 2, "comparison")
        ));
    }
    sentences.join(" ")
}

/// The result of one comparison.
fn sentence(first: &str, second: &str, comparison: &Comparison, interval: Interval) -> String {
    let turned = Interval { low: -interval.high, high: -interval.low };
    let less = |better: &str, worse: &str, by: f64, interval: Interval| {
        format!("{better} errs less than {worse} by {} points {}.", points(by), points_interval(interval))
    };
    match comparison.verdict {
        Verdict::FirstBetter => less(first, second, -comparison.difference, turned),
        Verdict::SecondBetter => less(second, first, comparison.difference, interval),
        Verdict::NotDistinguishable => {
            let more = match comparison.seeds_needed.map(|seeds| seeds as usize) {
                Some(seeds) if seeds > comparison.seeds => format!(
                    "; about {} would be needed to see a difference of this size",
                    counted(seeds, "seed")
                ),
                Some(_) | None => String::new(),
            };
            // Without an explanation, an interval on one side of zero would seem to contradict the verdict.
            let excludes_zero = interval.low > 0.0 || interval.high < 0.0;
            let corrected = match comparison.adjusted_p_value.filter(|_| excludes_zero) {
                Some(p) => format!(" uncorrected, p {} after correction for all comparisons", p_value(p)),
                None => String::new(),
            };
            format!(
                "{} are not distinguishable: {} points {}{corrected}{more}.",
                listed(&[first, second]),
                points(comparison.difference),
                points_interval(interval)
            )
        }
        Verdict::OneSeed => format!(
            "{} share only one seed, too few to compare the arms: these two networks differ by {} points (McNemar's \
             p {}).",
            listed(&[first, second]),
            points(comparison.difference),
            p_value(comparison.mcnemar_combined.p_value)
        ),
    }
}

#[cfg(test)]
mod tests {
    use pool_metrics::{Bootstrap, mcnemar_exact};

    use super::*;

    #[test]
    fn an_interval_without_zero_that_does_not_survive_the_correction_is_explained() {
        let comparison = |low, high| {
            let interval = Interval { low, high };
            let difference = (low + high) / 2.0;
            let comparison = Comparison {
                seeds: 5,
                difference,
                bootstrap: Bootstrap { difference, interval, p_value: 0.03, resamples: 10_000 },
                paired_t: None,
                mcnemar_per_seed: Vec::new(),
                mcnemar_combined: mcnemar_exact(10, 20),
                p_value: Some(0.03),
                adjusted_p_value: Some(0.09),
                verdict: Verdict::NotDistinguishable,
                seeds_needed: Some(7),
            };
            sentence("avg", "none", &comparison, interval)
        };
        assert_eq!(
            comparison(-0.004, -0.001),
            "avg and none are not distinguishable: -0.25 points [-0.40, -0.10] uncorrected, p 0.090 after correction \
             for all comparisons; about 7 seeds would be needed to see a difference of this size."
        );
        assert_eq!(
            comparison(-0.004, 0.002),
            "avg and none are not distinguishable: -0.10 points [-0.40, 0.20]; about 7 seeds would be needed to see a \
             difference of this size."
        );
    }
}
