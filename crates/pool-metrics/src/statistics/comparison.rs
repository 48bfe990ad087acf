//! The verdict on two arms: every test of the pair in one place, and the words that follow from them.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::bootstrap::{Bootstrap, BootstrapError, PairedPredictions, Resampling, paired_bootstrap};
use super::holm::{HolmError, holm};
use super::mcnemar::{McNemar, McNemarError, mcnemar_combined, mcnemar_from_predictions};
use super::paired_t::{PairedT, paired_t};
use super::power::seeds_needed;
use crate::classification::error_rate;

/// Power that [`Comparison::seeds_needed`] aims at: four true differences found out of five, the convention of J. Cohen,
/// "Statistical Power Analysis for the Behavioral Sciences", 1988.
const POWER: f64 = 0.8;

/// What one trained network predicts for the test images.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeedPredictions<'a> {
    /// The seed it was trained with.
    pub seed: u64,
    /// The class predicted for each image, in the order of the labels.
    pub predictions: &'a [u8],
}

/// Two arms to compare, each with one network per seed, in any order. Only seeds that both arms have are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArmPair<'a> {
    /// The first arm.
    pub a: &'a [SeedPredictions<'a>],
    /// The second arm.
    pub b: &'a [SeedPredictions<'a>],
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
    /// How it varies from seed to seed; none with one seed.
    pub paired_t: Option<PairedT>,
    /// The exact test between the two networks of each seed, by rising seed.
    pub mcnemar_per_seed: Vec<SeedMcNemar>,
    /// The exact test on the sum of these counts, which judges these networks and not the arms.
    pub mcnemar_combined: McNemar,
    /// The larger one of the bootstrap's and the paired t-test's p-value, in `[0, 1]`; none with one seed.
    pub p_value: Option<f64>,
    /// `p_value` after Holm's correction for all pairs of the family, in `[0, 1]`; none with one seed.
    pub adjusted_p_value: Option<f64>,
    /// What may be said.
    pub verdict: Verdict,
    /// Seeds with which the paired t-test alone, uncorrected, would find a difference as large as the one seen in four
    /// cases out of five; none with one seed, without a difference, or beyond a million.
    pub seeds_needed: Option<u32>,
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

/// What a comparison of two arms allows to be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The first arm, `a`, errs less.
    FirstBetter,
    /// The second arm, `b`, errs less.
    SecondBetter,
    /// The difference may be chance.
    NotDistinguishable,
    /// One common seed: a difference between arms cannot be told from one between seeds.
    OneSeed,
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::FirstBetter => "first better",
            Self::SecondBetter => "second better",
            Self::NotDistinguishable => "not distinguishable",
            Self::OneSeed => "one seed",
        })
    }
}

/// Why a family of pairs cannot be compared.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum ComparisonError {
    /// Two arms that were never trained alike.
    #[error("pair {pair}: no seed is in both arms: leave the pair out, or train both arms with one seed")]
    NoCommonSeed {
        /// Position of the pair, from 0.
        pair: usize,
    },
    /// Two networks where there must be one.
    #[error("pair {pair}: seed {seed} is twice in one arm: a seed must name one network")]
    SeedTwice {
        /// Position of the pair, from 0.
        pair: usize,
        /// The seed.
        seed: u64,
    },
    /// Predictions that do not belong to the labels.
    #[error("pair {pair}, seed {seed}: {source}")]
    Predictions {
        /// Position of the pair, from 0.
        pair: usize,
        /// The seed.
        seed: u64,
        /// What does not fit.
        source: McNemarError,
    },
    /// Settings under which nothing can be resampled.
    #[error(transparent)]
    Resampling(#[from] BootstrapError),
    /// A p-value that cannot be corrected.
    #[error(transparent)]
    Holm(#[from] HolmError),
}

/// Compares pairs of arms that were tested on the same images, and corrects for how many pairs there are.
///
/// The p-value of a pair is the larger one of [`paired_bootstrap`]'s, which knows the images, and [`paired_t`]'s, which
/// knows how little a few seeds say. A difference counts only if both sources of chance are exceeded: this is an
/// intersection-union test, whose level is that of its parts without any correction (R. L. Berger, "Multiparameter
/// Hypothesis Testing and Acceptance Sampling", Technometrics 24(4), 1982). [`holm`] then corrects over all pairs with a
/// p-value, and an arm is called better where the corrected p-value is at most `1 - level`. McNemar's tests stand
/// beside it: they judge trained networks, not arms.
///
/// With one common seed nothing can be said about the arms: no p-value, [`Verdict::OneSeed`], and no part in the
/// correction.
///
/// Every pair draws the same stream of random numbers, so that its result does not depend on which other pairs are in
/// the family, the correction apart.
///
/// # Errors
/// A [`ComparisonError`] for the first pair without a common seed, with a seed twice in one arm, or with predictions
/// that do not fit the labels, and for settings that [`paired_bootstrap`] refuses.
pub fn compare_family(
    labels: &[u8],
    pairs: &[ArmPair<'_>],
    resampling: &Resampling,
) -> Result<Vec<Comparison>, ComparisonError> {
    let mut comparisons = pairs
        .iter()
        .enumerate()
        .map(|(pair, arms)| compare(labels, pair, arms, resampling))
        .collect::<Result<Vec<_>, _>>()?;

    let p_values: Vec<f64> = comparisons.iter().filter_map(|comparison| comparison.p_value).collect();
    let adjusted = holm(&p_values)?;
    let tested = comparisons.iter_mut().filter(|comparison| comparison.p_value.is_some());
    for (comparison, adjusted) in tested.zip(adjusted) {
        comparison.adjusted_p_value = Some(adjusted);
        comparison.verdict = verdict(comparison.difference, adjusted, 1.0 - resampling.level);
    }
    Ok(comparisons)
}

fn verdict(difference: f64, adjusted_p_value: f64, alpha: f64) -> Verdict {
    if adjusted_p_value > alpha || difference == 0.0 {
        Verdict::NotDistinguishable
    } else if difference < 0.0 {
        Verdict::FirstBetter
    } else {
        Verdict::SecondBetter
    }
}

/// One pair, before the family is known.
fn compare(
    labels: &[u8],
    pair: usize,
    arms: &ArmPair<'_>,
    resampling: &Resampling,
) -> Result<Comparison, ComparisonError> {
    let networks = pair_by_seed(pair, arms)?;
    let mcnemar_per_seed = networks
        .iter()
        .map(|(seed, networks)| match mcnemar_from_predictions(labels, networks.a, networks.b) {
            Ok(mcnemar) => Ok(SeedMcNemar { seed: *seed, mcnemar }),
            Err(source) => Err(ComparisonError::Predictions { pair, seed: *seed, source }),
        })
        .collect::<Result<Vec<_>, _>>()?;
    let tests: Vec<McNemar> = mcnemar_per_seed.iter().map(|test| test.mcnemar).collect();

    let predictions: Vec<PairedPredictions<'_>> =
        networks.into_iter().map(|(_, networks)| networks).collect();
    let bootstrap = paired_bootstrap(labels, &predictions, resampling)?;
    let paired_t = between_seeds(labels, &predictions, resampling.level)?;
    Ok(Comparison {
        seeds: predictions.len(),
        difference: bootstrap.difference,
        bootstrap,
        paired_t,
        mcnemar_per_seed,
        mcnemar_combined: mcnemar_combined(&tests),
        p_value: paired_t.map(|test| test.p_value.max(bootstrap.p_value)),
        adjusted_p_value: None,
        verdict: Verdict::OneSeed,
        seeds_needed: paired_t
            .and_then(|test| seeds_needed(test.mean, test.sd, 1.0 - resampling.level, POWER)),
    })
}

/// The paired t-test on the error rates; none with one seed.
fn between_seeds(
    labels: &[u8],
    predictions: &[PairedPredictions<'_>],
    level: f64,
) -> Result<Option<PairedT>, ComparisonError> {
    if predictions.len() < 2 {
        return Ok(None);
    }
    let (a, b): (Vec<f64>, Vec<f64>) = predictions
        .iter()
        .filter_map(|seed| error_rate(labels, seed.a).ok().zip(error_rate(labels, seed.b).ok()))
        .unzip();
    // Two or more finite rates per arm: what is left to refuse is a level within rounding of 0 or 1.
    paired_t(&a, &b, level).map(Some).ok_or(ComparisonError::Resampling(BootstrapError::Level { level }))
}

/// The networks that share a seed, by rising seed.
fn pair_by_seed<'a>(
    pair: usize,
    arms: &ArmPair<'a>,
) -> Result<Vec<(u64, PairedPredictions<'a>)>, ComparisonError> {
    let of_seed = |arm: &[SeedPredictions<'a>], seed: u64| {
        let mut found = arm.iter().filter(|trial| trial.seed == seed);
        match (found.next(), found.next()) {
            (Some(trial), None) => Ok(trial.predictions),
            _ => Err(ComparisonError::SeedTwice { pair, seed }),
        }
    };
    let seeds = arms.common_seeds();
    if seeds.is_empty() {
        return Err(ComparisonError::NoCommonSeed { pair });
    }
    seeds
        .into_iter()
        .map(|seed| Ok((seed, PairedPredictions { a: of_seed(arms.a, seed)?, b: of_seed(arms.b, seed)? })))
        .collect()
}
