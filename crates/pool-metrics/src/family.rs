//! From predictions to verdicts: compares every pair of a family, and corrects for how many there are.

use std::num::NonZero;
use std::panic::resume_unwind;
use std::thread;

use thiserror::Error;

use super::bootstrap::{BootstrapError, PairedPredictions, Resampling, paired_bootstrap};
use super::comparison::{ArmPair, Comparison, ComparisonError, SeedMcNemar, SeedPredictions, Verdict};
use super::mcnemar::{McNemar, mcnemar_combined, mcnemar_from_predictions};
use super::power::seeds_needed;
use super::student::{PairedT, paired_t};
use crate::confusion::error_rate;

/// Power that [`Comparison::seeds_needed`] aims at: four true differences found out of five, the convention of
/// J. Cohen, "Statistical Power Analysis for the Behavioral Sciences", 1988.
const POWER: f64 = 0.8;

/// More resamples than any family is given beyond those asked for.
const MOST_RESAMPLES: f64 = 1e6;

/// Compares pairs of arms that were tested on the same images, and corrects for how many pairs there are.
///
/// The p-value of a pair is the larger one of [`paired_bootstrap`]'s, which knows the images, and [`paired_t`]'s,
/// which knows how little a few seeds say. A difference counts only if both sources of chance are exceeded: this is
/// an intersection-union test, whose level is that of its parts without any correction (R. L. Berger, "Multiparameter
/// Hypothesis Testing and Acceptance Sampling", Technometrics 24(4), 1982). [`holm`] then corrects over all pairs
/// with a p-value, and an arm is called better where the corrected p-value is at most `1 - level`. McNemar's tests
/// stand next to it: they judge trained networks, not arms.
///
/// With one common seed nothing can be said about the arms: no p-value, [`Verdict::OneSeed`], and no part in the
/// correction.
///
/// Every pair draws the same stream of random numbers, so that its result does not depend on which other pairs are in
/// the family, the correction apart. Only a large family is given more resamples than asked for, at most a million:
/// `4 m / (1 - level)` for `m` pairs, because the smallest p-value of 10,000 resamples, corrected for 300 pairs, is
/// above 0.05, and no pair could ever be distinguished.
///
/// # Errors
/// A [`ComparisonError`] for the first pair without a common seed, with a seed twice in one arm, or with predictions
/// that do not fit the labels, and for settings that [`paired_bootstrap`] refuses.
pub fn compare_family(
    labels: &[u16],
    pairs: &[ArmPair<'_>],
    resampling: &Resampling,
) -> Result<Vec<Comparison>, ComparisonError> {
    let tested = pairs.iter().filter(|arms| arms.common_seeds().len() > 1).count();
    let resampling = enough_for(tested, resampling);
    let mut comparisons = compare_all(labels, pairs, &resampling)?;
    let p_values: Vec<f64> = comparisons.iter().filter_map(|comparison| comparison.p_value).collect();
    let adjusted = holm(&p_values)?;
    let alpha = 1.0 - resampling.level;
    // The level that the smallest of Holm's p-values must keep: one that suffices in any case.
    let strictest = alpha / tested.max(1) as f64;
    let compared = comparisons.iter_mut().filter(|comparison| comparison.p_value.is_some());
    for (comparison, adjusted) in compared.zip(adjusted) {
        comparison.adjusted_p_value = Some(adjusted);
        comparison.verdict = verdict(comparison.difference, adjusted, alpha);
        comparison.seeds_needed =
            comparison.paired_t.and_then(|test| seeds_needed(test.mean, test.sd, strictest, POWER));
    }
    Ok(comparisons)
}

/// Every pair, before the family is known. The pairs are shared among the processors, which changes no result.
fn compare_all(
    labels: &[u16],
    pairs: &[ArmPair<'_>],
    resampling: &Resampling,
) -> Result<Vec<Comparison>, ComparisonError> {
    let workers = thread::available_parallelism().map_or(1, NonZero::get);
    let share = pairs.len().div_ceil(workers).max(1);
    let compare_share = |(chunk, pairs): (usize, &[ArmPair<'_>])| {
        let numbered = pairs.iter().enumerate().map(|(place, arms)| (chunk * share + place, arms));
        numbered.map(|(pair, arms)| compare(labels, pair, arms, resampling)).collect::<Result<Vec<_>, _>>()
    };
    let shares = thread::scope(|scope| {
        let running: Vec<_> =
            pairs.chunks(share).enumerate().map(|share| scope.spawn(move || compare_share(share))).collect();
        let done =
            running.into_iter().map(|worker| worker.join().unwrap_or_else(|panic| resume_unwind(panic)));
        done.collect::<Result<Vec<_>, _>>()
    })?;
    Ok(shares.into_iter().flatten().collect())
}

/// Twice what lets Holm's correction reject at all, so that one resample on the wrong side does not decide. What cannot
/// be resampled stays so.
fn enough_for(pairs: usize, resampling: &Resampling) -> Resampling {
    let needed = (4.0 * pairs as f64 / (1.0 - resampling.level)).ceil().min(MOST_RESAMPLES) as u32;
    let resamples = if resampling.resamples == 0 { 0 } else { resampling.resamples.max(needed) };
    Resampling { resamples, ..*resampling }
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
    labels: &[u16],
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
        seeds_needed: None,
    })
}

/// The paired t-test on the error rates; `None` with one seed.
fn between_seeds(
    labels: &[u16],
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

/// A p-value that is no probability, and so cannot be corrected. Positions count from 0.
#[derive(Debug, Clone, PartialEq, Error)]
#[error("p-value {value} at position {position}: a p-value must be a number from 0 to 1")]
pub struct HolmError {
    position: usize,
    value: f64,
}

/// Adjusts p-values for their number, so that those at most `alpha` may all be called significant with a probability
/// of at most `alpha` that any of them is false. The result is in the order of the input.
///
/// With `m` values sorted so that `p(1) <= ... <= p(m)`, the adjusted value is
/// `max over j <= i of min(1, (m - j + 1) p(j))`: S. Holm, "A Simple Sequentially Rejective Multiple Test Procedure",
/// Scandinavian Journal of Statistics 6(2), 1979. It assumes nothing about how the tests depend on each other (arms
/// that are all compared with one baseline do) and never rejects less than Bonferroni's correction.
///
/// # Errors
/// [`HolmError`] for the first value that is NaN or outside `[0, 1]`.
pub fn holm(p_values: &[f64]) -> Result<Vec<f64>, HolmError> {
    if let Some((position, &value)) =
        p_values.iter().enumerate().find(|(_, value)| !(0.0..=1.0).contains(*value))
    {
        return Err(HolmError { position, value });
    }
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|&i, &j| p_values[i].total_cmp(&p_values[j]));

    let mut adjusted = vec![0.0; p_values.len()];
    let mut largest_so_far = 0.0_f64;
    for (rank, &position) in order.iter().enumerate() {
        let hypotheses_left = (p_values.len() - rank) as f64;
        largest_so_far = largest_so_far.max(hypotheses_left * p_values[position]).min(1.0);
        adjusted[position] = largest_so_far;
    }
    Ok(adjusted)
}

#[cfg(test)]
mod tests;
