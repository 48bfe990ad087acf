//! What a sweep file claims of its arms, each claim with what this run measured and what may be concluded.
//!
//! A claim states a difference for each of its figures and each two of its arms. It *holds* when every one of them is beyond
//! chance on the stated side (that all must be leaves the level as it is: an intersection-union test). Its arms are
//! *practically equal* when every difference is shown to be within its margin. It *does not hold* when one difference is beyond
//! chance on the other side, or is stated and shown to be within its margin; this is corrected for the number of differences
//! (Bonferroni). Each of the three is then corrected over all claims of the run (Holm), at 5 %. What is left *cannot be told*.

mod figures;

use std::collections::BTreeMap;
use std::fmt;

use pool_metrics::{holm, seeds_needed};
use pool_spec::{Claim, ClaimTest, Metric};
use serde::Serialize;

use self::figures::{Measured, Repeated, Unmeasured, measured};
use crate::cells::{counted, fixed, listed};
use crate::figures::LEVEL;
use crate::{ArmFigures, Run};

/// The rule of the conclusions, for whoever reads them.
pub(crate) const HOW_THEY_ARE_JUDGED: &str = "A claim holds if every difference that it states is confirmed, its arms are practically equal if every one is \
    shown to be within its margin, and it does not hold if one is shown to be so, or the opposite of one is confirmed; \
    each at 5 % for all claims together (Holm, 1979). Otherwise it cannot be told. Where a design decided how many seeds there \
    are, claims are judged as if their number had been fixed. Intervals are at 95 %, uncorrected, over seeds, and of \
    times over the processes that measured them, by turns, so that a ratio may differ from that of the two medians; those of test errors count the chance in the images, too.";

/// Four of five true differences are to be found, as for the seeds that a comparison needs.
const POWER: f64 = 0.8;

/// What may be concluded of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Conclusion {
    /// The figures bear it out.
    Holds,
    /// The figures contradict it.
    DoesNotHold,
    /// The arms that it says differ are practically equal.
    PracticallyEqual,
    /// The figures allow none of these.
    CannotBeTold,
}

impl Conclusion {
    /// Every one, in the order in which they are counted.
    pub const ALL: [Self; 4] = [Self::Holds, Self::DoesNotHold, Self::PracticallyEqual, Self::CannotBeTold];
}

impl fmt::Display for Conclusion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Holds => "holds",
            Self::DoesNotHold => "does not hold",
            Self::PracticallyEqual => "practically equal",
            Self::CannotBeTold => "cannot be told",
        })
    }
}

/// One claim with its evidence.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClaimResult {
    /// The claim.
    pub claim: Claim,
    /// How it is tested.
    pub test: String,
    /// What was measured, with intervals, or what is missing.
    pub measured: String,
    /// What follows.
    pub conclusion: Conclusion,
}

/// Every claim of the run's plan.
pub(super) fn claims(run: &Run, arms: &[ArmFigures]) -> Vec<ClaimResult> {
    let evidence: Vec<Evidence> = run.claims.iter().map(|claim| Evidence::of(run, arms, claim)).collect();
    let corrected = |p_value: fn(&Evidence) -> f64| {
        // P-values of tests are probabilities, which is all that the correction asks for.
        holm(&evidence.iter().map(p_value).collect::<Vec<_>>()).unwrap_or_default()
    };
    let borne_out = corrected(|evidence| evidence.borne_out);
    let contradicted = corrected(|evidence| evidence.contradicted);
    let equal = corrected(|evidence| evidence.equal);
    let alpha = 1.0 - LEVEL;
    let conclusions = borne_out.iter().zip(&contradicted).zip(&equal).map(|((holds, does_not), equal)| {
        if *equal <= alpha {
            Conclusion::PracticallyEqual
        } else if *holds <= alpha {
            Conclusion::Holds
        } else if *does_not <= alpha {
            Conclusion::DoesNotHold
        } else {
            Conclusion::CannotBeTold
        }
    });
    run.claims
        .iter()
        .zip(&evidence)
        .zip(conclusions)
        .map(|((claim, evidence), conclusion)| ClaimResult {
            claim: claim.clone(),
            test: in_words(claim),
            measured: evidence.in_words(conclusion),
            conclusion,
        })
        .collect()
}

/// What a run has measured of a claim.
struct Evidence {
    /// What was measured, figure by figure.
    words: Vec<String>,
    /// Why a part of it was not.
    missing: Option<Unmeasured>,
    /// How many seeds, and measurements of times, it would take to decide the claim; empty where no number would do.
    needed: Vec<String>,
    /// P-values of the three conclusions, before the correction over all claims; 1 where something is missing.
    borne_out: f64,
    contradicted: f64,
    equal: f64,
}

impl Evidence {
    fn of(run: &Run, arms: &[ArmFigures], claim: &Claim) -> Self {
        let (mut words, mut parts, mut missing) = (Vec::new(), Vec::new(), None);
        for &metric in claim.test.metrics() {
            match measured(run, arms, claim, metric) {
                Ok(figure) => {
                    words.push(figure.words);
                    parts.extend(figure.differences.into_iter().map(|difference| (metric, difference)));
                }
                Err(why) => missing = missing.or(Some(why)),
            }
        }
        let mut evidence =
            Self { words, missing, needed: Vec::new(), borne_out: 1.0, contradicted: 1.0, equal: 1.0 };
        // A contradiction of one part is one of the whole, whatever is missing.
        let against = parts
            .iter()
            .flat_map(|(metric, part)| [contradiction(claim, *metric, part), equality(claim, *metric, part)]);
        let tests = parts.iter().map(|(metric, _)| 1 + usize::from(claim.margin.contains_key(metric))).sum();
        evidence.contradicted = least_of(against, tests);
        if evidence.missing.is_some() || parts.is_empty() {
            return evidence;
        }
        let most_of = |p_value: fn(&Claim, Metric, &Measured) -> f64| {
            parts.iter().map(|(metric, part)| p_value(claim, *metric, part)).fold(0.0, f64::max)
        };
        evidence.borne_out = most_of(support);
        evidence.equal = most_of(equality);
        evidence.needed = needed(claim, &parts, (1.0 - LEVEL) / run.claims.len().max(1) as f64);
        evidence
    }

    fn in_words(&self, conclusion: Conclusion) -> String {
        let mut text = self.words.join("; ");
        if let Some(why) = &self.missing {
            text += if text.is_empty() { "" } else { "; " };
            text += &why.0;
        } else if conclusion == Conclusion::CannotBeTold && !self.needed.is_empty() {
            text += &format!(
                "; if the differences are as large as they seem, it would take about {}",
                listed(&self.needed)
            );
        }
        text
    }
}

/// What it would take to decide a claim, of seeds and of processes, if the differences are as they were measured: to contradict
/// it by the first difference that does, or to bear it out by all of them. Empty if there are as many already, or if no number
/// would do. The chance in the images, which no seed removes, is not counted. `level` is that of one claim.
fn needed(claim: &Claim, parts: &[(Metric, Measured)], level: f64) -> Vec<String> {
    let (mut against, mut most): (Option<(usize, Repeated)>, BTreeMap<Repeated, usize>) =
        (None, BTreeMap::new());
    let mut never = false;
    for (metric, part) in parts {
        let Some((repeated, spread)) = part.repeated else { continue };
        let found = part.difference.difference;
        let margin = margin(claim, *metric);
        // How far the difference is from where it would count, and whether one side is tested or both.
        let (distance, alpha) = match claim.test {
            ClaimTest::Lower(_) => (-found, level),
            ClaimTest::NotHigher(_) => (margin - found, 2.0 * level),
            ClaimTest::Equal(_) => (margin - found.abs(), 2.0 * level),
            ClaimTest::Ratio(..) => continue,
        };
        let Some(enough) = seeds_needed(distance, spread, alpha, POWER, part.held_out_ratio) else {
            never = true;
            continue;
        };
        let enough = enough as usize;
        if distance < 0.0 && enough > part.repetitions {
            against = Some(against.map_or((enough, repeated), |least| least.min((enough, repeated))));
        } else if enough > part.repetitions {
            let number = most.entry(repeated).or_default();
            *number = enough.max(*number);
        }
    }
    match against {
        Some((number, repeated)) => vec![counted(number, repeated.noun())],
        None if never => Vec::new(),
        None => most.into_iter().map(|(repeated, number)| counted(number, repeated.noun())).collect(),
    }
}

/// The least of so many p-values, corrected for their number.
fn least_of(p_values: impl Iterator<Item = f64>, count: usize) -> f64 {
    (p_values.fold(1.0, f64::min) * count.max(1) as f64).min(1.0)
}

/// The margin of a figure, in the unit of its differences; 0 if it has none.
fn margin(claim: &Claim, metric: Metric) -> f64 {
    claim.margin.get(&metric).map_or(0.0, |margin| figures::in_unit_of_differences(metric, *margin))
}

/// Whether a difference that leaves nothing to chance is as the claim states it.
fn is_stated(claim: &Claim, metric: Metric, found: f64) -> bool {
    let margin = margin(claim, metric);
    match &claim.test {
        ClaimTest::Lower(_) => found < -margin,
        ClaimTest::NotHigher(_) => found <= margin,
        ClaimTest::Equal(_) => found.abs() <= margin,
        ClaimTest::Ratio(_, range) => {
            // The logarithm of a ratio that is exactly at an end may differ from the end's in its last bit.
            let [low, high] = range.map(f64::ln);
            low - ROUNDING <= found && found <= high + ROUNDING
        }
    }
}

const ROUNDING: f64 = 1e-12;

/// 0 for what is certain, and 1 for what is not.
fn certain(known: bool) -> f64 {
    if known { 0.0 } else { 1.0 }
}

/// P-value of the hypothesis that one of the claim's differences is not as stated.
fn support(claim: &Claim, metric: Metric, part: &Measured) -> f64 {
    let found = &part.difference;
    if part.repeated.is_none() {
        return certain(is_stated(claim, metric, found.difference));
    }
    match &claim.test {
        ClaimTest::Lower(_) => 2.0 * found.p_below(0.0),
        ClaimTest::NotHigher(_) => found.p_below(margin(claim, metric)),
        ClaimTest::Equal(_) => found.p_apart(margin(claim, metric)),
        // Of figures that do not vary alone.
        ClaimTest::Ratio(..) => 1.0,
    }
    .min(1.0)
}

/// P-value of the hypothesis that one of the claim's differences is not to the contrary.
fn contradiction(claim: &Claim, metric: Metric, part: &Measured) -> f64 {
    let found = &part.difference;
    if part.repeated.is_none() {
        return certain(!is_stated(claim, metric, found.difference));
    }
    let margin = margin(claim, metric);
    match &claim.test {
        ClaimTest::Lower(_) => 2.0 * found.p_above(0.0),
        ClaimTest::NotHigher(_) => found.p_above(margin),
        ClaimTest::Equal(_) => 2.0 * found.p_below(-margin).min(found.p_above(margin)),
        ClaimTest::Ratio(..) => 1.0,
    }
    .min(1.0)
}

/// P-value of the hypothesis that a difference which the claim states is larger than its margin; 1 without one.
fn equality(claim: &Claim, metric: Metric, part: &Measured) -> f64 {
    match &claim.test {
        ClaimTest::Lower(_) if claim.margin.contains_key(&metric) => {
            let margin = margin(claim, metric);
            match part.repeated {
                Some(_) => part.difference.p_apart(margin),
                None => certain(part.difference.difference.abs() <= margin),
            }
        }
        ClaimTest::Lower(_) | ClaimTest::NotHigher(_) | ClaimTest::Equal(_) | ClaimTest::Ratio(..) => 1.0,
    }
}

/// How a claim is tested.
fn in_words(claim: &Claim) -> String {
    let metrics: Vec<String> = claim.test.metrics().iter().map(ToString::to_string).collect();
    let what = listed(&metrics);
    let (arms, than) = (listed(&claim.arms), listed(&claim.than));
    let says = match &claim.test {
        ClaimTest::Lower(_) => format!("{what} of {arms} lower than those of {than}"),
        ClaimTest::NotHigher(_) => format!("{what} of {arms} not higher than those of {than}"),
        ClaimTest::Equal(_) => format!("{what} of {arms} and {than} practically equal"),
        ClaimTest::Ratio(_, [low, high]) => format!("{what} of {arms} {low} to {high} times those of {than}"),
    };
    let margins: Vec<String> = claim
        .margin
        .iter()
        .map(|(metric, margin)| format!("{} {} of {metric}", number(*margin), figures::margin_unit(*metric)))
        .collect();
    if margins.is_empty() { says } else { format!("{says}; equal within {}", listed(&margins)) }
}

/// A margin as somebody wrote it.
fn number(value: f64) -> String {
    if value.fract() == 0.0 { fixed(value, 0) } else { value.to_string() }
}
