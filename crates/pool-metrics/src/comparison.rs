//! The verdict on two arms: every test of the pair in one place, and the words that follow from them.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::bootstrap::{Bootstrap, BootstrapError};
use super::family::HolmError;
use super::interval::Interval;
use super::mcnemar::{McNemar, McNemarError};
use super::student::PairedT;

/// What one trained network predicts for the test images.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeedPredictions<'a> {
    /// The seed it was trained with.
    pub seed: u64,
    /// The class predicted for each image, in the order of the labels.
    pub predictions: &'a [u16],
}

/// Two arms to compare, each with one network per seed, in any order. Only seeds that both arms have are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArmPair<'a> {
    /// The first arm.
    pub a: &'a [SeedPredictions<'a>],
    /// The second arm.
    pub b: &'a [SeedPredictions<'a>],
    /// Looks of the family's design that both arms have behind them; 0 without a design.
    pub looks: usize,
}

impl ArmPair<'_> {
    /// The seeds that both arms have, rising. A pair without any cannot be compared.
    pub fn common_seeds(&self) -> Vec<u64> {
        let mut seeds: Vec<u64> = self
            .a
            .iter()
            .map(|trial| trial.seed)
            .filter(|&seed| self.b.iter().any(|trial| trial.seed == seed))
            .collect();
        seeds.sort_unstable();
        seeds
    }
}

/// Everything that the predictions say about two arms `a` and `b`. Differences are `a` minus `b`, as fractions of the
/// images: negative where `a` errs less.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Comparison {
    /// Number of seeds that both arms have, at least 1.
    pub seeds: usize,
    /// Mean over these seeds of `a`'s error rate minus `b`'s, in `[-1, 1]`.
    pub difference: f64,
    /// How the difference varies with other images and other seeds.
    pub bootstrap: Bootstrap,
    /// How it varies from seed to seed; `None` with one seed.
    pub paired_t: Option<PairedT>,
    /// The exact test between the two networks of each seed, by rising seed.
    pub mcnemar_per_seed: Vec<SeedMcNemar>,
    /// The exact test on the sum of these counts, which judges these networks and not the arms.
    pub mcnemar_combined: McNemar,
    /// The sign-flip test's p-value, next to the t-test's, which assumes more; `None` with fewer than seven seeds.
    pub sign_flip: Option<f64>,
    /// The larger one of the bootstrap's and the paired t-test's p-value, in `[0, 1]`; `None` with one seed, and where a
    /// design decides, as no p-value of a single look holds there.
    pub p_value: Option<f64>,
    /// `p_value` after Holm's correction for all pairs of the family, in `[0, 1]`; `None` where `p_value` is.
    pub adjusted_p_value: Option<f64>,
    /// Whether the arms are practically equal; `None` without a margin, or where `p_value` is.
    pub equivalence: Option<Equivalence>,
    /// The look of a design that decided the pair, or the last one so far; `None` without a design or before its first look.
    pub look: Option<LookResult>,
    /// Which arm is better, if either.
    pub verdict: Verdict,
    /// Seeds with which the paired t-test alone, at the level of Bonferroni's correction for the family, would find a
    /// difference as large as the one seen in four cases out of five; `None` with one seed, without a difference, or
    /// beyond a million.
    pub seeds_needed: Option<u32>,
}

impl Comparison {
    /// From the lower to the upper end of two intervals for the difference, the bootstrap's and that of Student's t, at
    /// the level of the resampling and uncorrected: as the verdict rests on both tests, neither interval alone may seem to
    /// contradict it. Where a design decides, the interval of its look.
    pub fn interval(&self) -> Interval {
        if let Some(look) = self.look {
            return look.interval;
        }
        let images = self.bootstrap.interval;
        let seeds = self.paired_t.map_or(images, |test| test.interval);
        Interval { low: images.low.min(seeds.low), high: images.high.max(seeds.high) }
    }
}

/// The tests of whether two arms are practically equal: against differences of the margin or more.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Equivalence {
    /// The margin, as a fraction of the images.
    pub margin: f64,
    /// The larger one of the bootstrap's and the two one-sided t-tests' p-value, in `[0, 1]`.
    pub p_value: f64,
    /// `p_value` after Holm's correction for all pairs of the family, in `[0, 1]`.
    pub adjusted_p_value: f64,
}

/// What a look of a design saw of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LookResult {
    /// Which look, from 1.
    pub number: usize,
    /// Looks of the design.
    pub of: usize,
    /// The look's interval, which holds together with those of all other looks and pairs.
    pub interval: Interval,
}

/// McNemar's test between the two networks that share a seed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeedMcNemar {
    /// The seed.
    pub seed: u64,
    /// The test.
    pub mcnemar: McNemar,
}

/// The conclusion of a comparison of two arms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The first arm, `a`, errs less.
    FirstBetter,
    /// The second arm, `b`, errs less.
    SecondBetter,
    /// They differ by less than the margin.
    PracticallyEqual,
    /// The difference may be chance, and nothing shows that it is less than a margin.
    Open,
    /// One common seed: a difference between arms cannot be distinguished from one between seeds.
    OneSeed,
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::FirstBetter => "first better",
            Self::SecondBetter => "second better",
            Self::PracticallyEqual => "practically equal",
            Self::Open => "open",
            Self::OneSeed => "one seed",
        })
    }
}

/// Why a family of pairs cannot be compared.
#[derive(Debug, Clone, PartialEq, Error)]
#[expect(missing_docs, reason = "the messages name the fields; positions count from 0")]
pub enum ComparisonError {
    /// Two arms that were never trained alike.
    #[error("pair {pair}: no seed is in both arms: leave the pair out, or train both arms with one seed")]
    NoCommonSeed { pair: usize },
    /// Two networks where there must be one.
    #[error("pair {pair}: seed {seed} is twice in one arm: a seed must name one network")]
    SeedTwice { pair: usize, seed: u64 },
    /// Predictions that do not belong to the labels.
    #[error("pair {pair}, seed {seed}: {source}")]
    Predictions { pair: usize, seed: u64, source: McNemarError },
    /// Settings under which nothing can be resampled.
    #[error(transparent)]
    Resampling(#[from] BootstrapError),
    /// A p-value that cannot be corrected.
    #[error(transparent)]
    Holm(#[from] HolmError),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts_have_words() {
        for (verdict, words, json) in [
            (Verdict::FirstBetter, "first better", "\"first_better\""),
            (Verdict::SecondBetter, "second better", "\"second_better\""),
            (Verdict::PracticallyEqual, "practically equal", "\"practically_equal\""),
            (Verdict::Open, "open", "\"open\""),
            (Verdict::OneSeed, "one seed", "\"one_seed\""),
        ] {
            assert_eq!(verdict.to_string(), words);
            assert_eq!(serde_json::to_string(&verdict).unwrap(), json);
        }
    }

    #[test]
    fn a_field_that_is_not_known_is_refused() {
        let error = serde_json::from_str::<SeedMcNemar>(r#"{"seed":1,"tests":2}"#).unwrap_err();
        assert!(error.to_string().contains("unknown field `tests`"), "{error}");
    }
}
