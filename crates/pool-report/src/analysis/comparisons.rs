//! Arms against each other, by their predictions for the same test images.
//!
//! Up to ten arms, all pairs are compared. More arms would make hundreds of pairs, and hardly any difference would
//! stand out after the correction: then each arm is compared with the one of the lowest mean validation error. The test
//! images do not choose it.
use std::collections::HashSet;

use pool_metrics::{
    ArmPair, BootstrapMethod, Comparison, FamilyRules, Interval, SeedLooks, Verdict, compare_family,
};
use pool_records::{LeftOut, TestedArm, TestedArms};
use pool_spec::ComparisonSpec;
use serde::Serialize;

use crate::cells::{counted, listed, p_value, points, points_interval};
use crate::{ArmFigures, ArmResults, Run};

/// Pairs of arms. The p-values are corrected for their number (Holm).
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Comparisons {
    /// The arm that all others are compared with; `None` if all pairs are compared.
    pub reference: Option<String>,
    /// The pairs that have a seed in common, in the plan's order of arms.
    pub pairs: Vec<PairComparison>,
    /// The number of pairs that share two seeds or more, for which the correction is made.
    pub tested: usize,
    /// Arms whose errors differ by less than this share of the images are practically equal; `None` calls no two so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub margin: Option<f64>,
    /// Resamples of each bootstrap.
    pub resamples: u32,
    /// How they were compared, in sentences.
    pub about: String,
    /// The sentences among them that a publication needs, too.
    #[serde(skip)]
    pub(crate) method: Vec<String>,
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
    /// [`Comparison::interval`], at 95 %, or at the level of the look that a design has come to.
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
    /// They differ by less than the margin.
    PracticallyEqual,
    /// The difference may be chance, and may be more than the margin.
    Open,
    /// Fewer than two common seeds.
    Unknown,
}

impl Comparisons {
    /// Of these arms of a run, whose figures are in the same order. Where they are too many for all pairs, each is compared
    /// with `against`, or if that is not given, with the one of the lowest validation error.
    pub(super) fn of(
        run: &Run,
        results: &[ArmResults],
        figures: &[ArmFigures],
        against: Option<&str>,
    ) -> Self {
        let margin = run.comparison.margin;
        let records = results.iter().map(|arm| (arm.name.as_str(), arm.records.as_slice()));
        let Some(tested) = TestedArms::of(records) else {
            let diverged = results.iter().filter(|arm| !arm.records.is_empty());
            let left_out = diverged.map(|arm| in_words(&LeftOut::AllDiverged { arm: &arm.name })).collect();
            return Self { margin, left_out, ..Self::default() };
        };
        let mut left_out: Vec<String> = tested.left_out.iter().map(in_words).collect();
        let arms = tested.arms.len();
        let reference = (arms > ComparisonSpec::MOST_ARMS_IN_PAIRS)
            .then(|| against.or_else(|| reference(figures, &tested.arms)))
            .flatten();
        let (names, family) = family(run, &tested, reference, &mut left_out);
        let rules = FamilyRules::planned(&run.comparison, results.len(), tested.held_out_ratio);
        let pairs: Vec<PairComparison> = match compare_family(tested.labels, &family, &rules) {
            Ok(found) => names
                .into_iter()
                .zip(found)
                .map(|([first, second], found)| pair(first, second, found, &run.comparison))
                .collect(),
            Err(error) => {
                left_out.push(format!("The arms cannot be compared: {error}."));
                Vec::new()
            }
        };
        let tested_pairs = pairs.iter().filter(|pair| pair.comparison.seeds > 1).count();
        let method = method(&pairs, tested_pairs, &run.comparison, &rules, reference, arms);
        Self {
            about: method.iter().cloned().chain(of_seeds_needed(&pairs)).collect::<Vec<_>>().join(" "),
            method,
            reference: reference.map(str::to_owned),
            // Large families get more resamples than the default.
            resamples: pairs
                .first()
                .map_or(rules.resampling.resamples, |pair| pair.comparison.bootstrap.resamples),
            pairs,
            tested: tested_pairs,
            margin,
            left_out,
        }
    }

    /// How arm `a` compares with arm `b`.
    pub fn standing(&self, a: &str, b: &str) -> Standing {
        let Some((pair, turned)) = self.pair(a, b) else { return Standing::Unknown };
        match (pair.comparison.verdict, turned) {
            (Verdict::FirstBetter, false) | (Verdict::SecondBetter, true) => Standing::Better,
            (Verdict::SecondBetter, false) | (Verdict::FirstBetter, true) => Standing::Worse,
            (Verdict::PracticallyEqual, _) => Standing::PracticallyEqual,
            (Verdict::Open, _) => Standing::Open,
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
type Family<'a> = (Vec<[&'a str; 2]>, Vec<ArmPair<'a>>);

/// Every two arms, or each with the reference. Those without a common seed are left out.
fn family<'a>(
    run: &Run,
    tested: &'a TestedArms<'a>,
    reference: Option<&str>,
    left_out: &mut Vec<String>,
) -> Family<'a> {
    let pairs = tested.pairs(|arm| looks_done(run, arm)).into_iter();
    let (pairs, apart): (Vec<_>, Vec<_>) = pairs
        .filter(|(arms, _)| reference.is_none_or(|reference| arms.contains(&reference)))
        .partition(|(_, pair)| !pair.common_seeds().is_empty());
    if !apart.is_empty() {
        left_out.push(format!("Not compared, as the arms share no seed: {}.", counted(apart.len(), "pair")));
    }
    pairs.into_iter().unzip()
}

/// Looks of the run's design that an arm has behind it.
fn looks_done(run: &Run, arm: &str) -> usize {
    let records = run.arms.iter().filter(|results| results.name == arm).flat_map(|results| &results.records);
    let failures = run.failures.iter().filter(|failure| failure.arm == arm);
    let ended: HashSet<u64> =
        records.map(|record| record.spec.seed).chain(failures.filter_map(|failure| failure.seed)).collect();
    run.comparison.looks_done(|seed| ended.contains(&seed))
}

/// Of the arms that can be compared, the one with the lowest mean validation error.
fn reference<'a>(figures: &[ArmFigures], arms: &[TestedArm<'a>]) -> Option<&'a str> {
    let error = |name: &str| figures.iter().find(|arm| arm.arm == name)?.validation_error;
    let known = arms.iter().filter_map(|arm| Some((arm.arm, error(arm.arm)?.mean)));
    known.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(arm, _)| arm)
}

pub(super) fn in_words(left_out: &LeftOut<'_>) -> String {
    match left_out {
        LeftOut::OtherImages { trial } => format!(
            "Trial {trial} was tested on other images than the first trial, so it is left out of the comparisons."
        ),
        LeftOut::SeedTwice { arm, seed } => {
            format!("Arm {arm} has seed {seed} twice; the later trial is left out of the comparisons.")
        }
        LeftOut::AllDiverged { arm } => format!("Arm {arm} is not compared: all its trials diverged."),
    }
}

fn pair(first: &str, second: &str, comparison: Comparison, planned: &ComparisonSpec) -> PairComparison {
    let interval = comparison.interval();
    let sentence = sentence(first, second, &comparison, interval, planned);
    PairComparison { first: first.to_owned(), second: second.to_owned(), comparison, interval, sentence }
}

/// That the seeds of a run overlap, where each holds out other images.
pub(super) const SPLITS_OVERLAP: &str = "Each seed holds out other images for validation, so that the seeds' training images overlap: the spread over seeds is \
    corrected for it (Nadeau and Bengio, 2003).";

/// How the arms were compared.
fn method(
    pairs: &[PairComparison],
    tested: usize,
    planned: &ComparisonSpec,
    rules: &FamilyRules,
    reference: Option<&str>,
    arms: usize,
) -> Vec<String> {
    if tested == 0 {
        return vec!["Comparing two arms takes at least two seeds that both were trained with.".to_owned()];
    }
    let mut sentences = vec![match &rules.design {
        Some(design) => by_design(planned, design),
        None => by_tests(pairs, tested),
    }];
    sentences.extend(planned.margin.map(|margin| equality(margin, rules)));
    if rules.held_out_ratio > 0.0 {
        sentences.push(SPLITS_OVERLAP.to_owned());
    }
    if let Some(reference) = reference {
        sentences.push(format!(
            "All pairs of {arms} arms would be {}, too many for a difference to stand out after correction: each arm \
             is compared with {reference}, which has the lowest validation error.",
            counted(arms * (arms - 1) / 2, "comparison")
        ));
    }
    sentences
}

/// The rule of a group-sequential design.
fn by_design(planned: &ComparisonSpec, design: &SeedLooks) -> String {
    let last = design.looks().last().map_or(0, |look| look.seeds as usize);
    format!(
        "Differences are percentage points of test error. The plan has a design (group-sequential: Jennison and Turnbull, \
         2000; with levels by Lan and DeMets, 1983): after {} seeds each pair is looked at, and its arms are trained no \
         further once all their pairs are decided. At each look an interval is drawn around the difference, over seeds and \
         images; all intervals together hold at 95 %, whatever the number of looks and pairs. A pair is decided when its \
         interval excludes 0, or lies within the margin; it is open if {} do not suffice.",
        listed(&planned.looks.iter().map(u32::to_string).collect::<Vec<_>>()),
        counted(last, "seed")
    )
}

/// The rule of tests of a number of seeds that was fixed.
fn by_tests(pairs: &[PairComparison], tested: usize) -> String {
    let corrected = match tested {
        1 => String::new(),
        tested => format!(", corrected for {} (Holm, 1979)", counted(tested, "comparison")),
    };
    let resamples = pairs.first().map_or(0, |pair| pair.comparison.bootstrap.resamples as usize);
    format!(
        "Differences are percentage points of test error. A difference counts if both a {} over images and seeds ({}; Owen, \
         2007) and a paired t-test over seeds exclude chance at 5 %{corrected}; the interval spans those of both tests, \
         uncorrected.",
        resampling(pairs),
        counted(resamples, "resample")
    )
}

/// When two arms are practically equal.
fn equality(margin: f64, rules: &FamilyRules) -> String {
    let tests = match rules.design {
        Some(_) => "",
        None => {
            ", by two one-sided tests of each kind at 5 % (Schuirmann, 1987), corrected in the same way; a smaller \
             difference than that is none, even if it is beyond chance"
        }
    };
    format!(
        "Two arms are practically equal if their errors differ by less than {} points{tests}.",
        points(margin)
    )
}

/// What the number of seeds needed means, where a pair has one.
fn of_seeds_needed(pairs: &[PairComparison]) -> Option<String> {
    let needed = |pair: &PairComparison| {
        pair.comparison.verdict == Verdict::Open && pair.comparison.seeds_needed.is_some()
    };
    pairs.iter().any(needed).then(|| {
        "The number of seeds needed is that of the t-test alone, at the corrected level: more seeds do not remove the \
         uncertainty that comes from the number of test images. Adding seeds until a test succeeds makes it succeed by \
         chance; seeds.until in the sweep file plans for that."
            .to_owned()
    })
}

/// What the bootstrap of these pairs is called.
fn resampling(pairs: &[PairComparison]) -> &'static str {
    let of_all = |method| pairs.iter().all(|pair| pair.comparison.bootstrap.method == method);
    if of_all(BootstrapMethod::Studentised) {
        "studentised paired bootstrap"
    } else if of_all(BootstrapMethod::Percentile) {
        "paired bootstrap"
    } else {
        "paired bootstrap (studentised from 5 seeds on)"
    }
}

/// The result of one comparison.
fn sentence(
    first: &str,
    second: &str,
    comparison: &Comparison,
    interval: Interval,
    planned: &ComparisonSpec,
) -> String {
    let turned = Interval { low: -interval.high, high: -interval.low };
    let look = comparison.look.map_or(String::new(), |look| {
        format!(
            " ({} look {} of {}, {})",
            if comparison.verdict == Verdict::Open { "after" } else { "decided at" },
            look.number,
            look.of,
            counted(comparison.seeds, "seed")
        )
    });
    let less = |better: &str, worse: &str, by: f64, interval: Interval| {
        format!(
            "{better} errs less than {worse} by {} points {}{look}.",
            points(by),
            points_interval(interval)
        )
    };
    let measured = format!("{} points {}", points(comparison.difference), points_interval(interval));
    match comparison.verdict {
        Verdict::FirstBetter => less(first, second, -comparison.difference, turned),
        Verdict::SecondBetter => less(second, first, comparison.difference, interval),
        Verdict::PracticallyEqual => format!(
            "{} are practically equal: {measured}, within the margin of {}{look}.",
            listed(&[first, second]),
            points(planned.margin.unwrap_or_default())
        ),
        Verdict::Open if !planned.looks.is_empty() && comparison.look.is_none() => format!(
            "{} have not been looked at yet: {} points so far.",
            listed(&[first, second]),
            points(comparison.difference)
        ),
        Verdict::Open => {
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
            let open = match planned.margin {
                Some(_) => "are neither distinguishable nor practically equal",
                None => "are not distinguishable",
            };
            format!("{} {open}: {measured}{corrected}{more}{look}.", listed(&[first, second]))
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
                bootstrap: Bootstrap {
                    difference,
                    method: BootstrapMethod::Studentised,
                    interval,
                    p_value: 0.03,
                    equivalence_p_value: None,
                    resamples: 10_000,
                },
                paired_t: None,
                mcnemar_per_seed: Vec::new(),
                mcnemar_combined: mcnemar_exact(10, 20),
                sign_flip: None,
                p_value: Some(0.03),
                adjusted_p_value: Some(0.09),
                equivalence: None,
                look: None,
                verdict: Verdict::Open,
                seeds_needed: Some(7),
            };
            sentence("avg", "none", &comparison, interval, &ComparisonSpec::default())
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
