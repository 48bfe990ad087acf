//! From predictions to verdicts: compares every pair of a family, and corrects for how many there are.

use std::num::NonZero;
use std::panic::resume_unwind;
use std::thread;

use pool_spec::ComparisonSpec;
use thiserror::Error;

use super::bootstrap::{BootstrapError, PairedPredictions, Resampling, paired_bootstrap};
use super::comparison::{
    ArmPair, Comparison, ComparisonError, Equivalence, LookResult, SeedMcNemar, SeedPredictions, Verdict,
};
use super::mcnemar::{McNemar, mcnemar_combined, mcnemar_from_predictions};
use super::mean_difference::MeanDifference;
use super::power::seeds_needed;
use super::sequential::SeedLooks;
use super::sign_flip::sign_flip;
use super::student::{PairedT, paired_t};
use crate::confusion::error_rate;

/// Power that [`Comparison::seeds_needed`] aims at: four true differences found out of five, the convention of
/// J. Cohen, "Statistical Power Analysis for the Behavioral Sciences", 1988.
const POWER: f64 = 0.8;

/// More resamples than any family is given beyond those asked for.
const MOST_RESAMPLES: f64 = 1e6;

/// How the pairs of a family are compared.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FamilyRules {
    /// How to resample; its level is that of every interval, and 1 minus it the error of the whole family.
    pub resampling: Resampling,
    /// Arms whose errors differ by less than this fraction of the images are practically equal; without one, no two arms
    /// are ever called so.
    pub margin: Option<f64>,
    /// The design that stops a sweep when its pairs are decided; `None` for a number of seeds that was fixed. A look of so many
    /// seeds compares those from 1 on.
    pub design: Option<SeedLooks>,
    /// Images held out over images trained with, where each seed holds out others, and else 0; see [`paired_t`].
    pub held_out_ratio: f64,
}

impl FamilyRules {
    /// The rules of a sweep's plan for so many arms, every two of which are compared; `held_out_ratio` as in the field.
    pub fn planned(comparison: &ComparisonSpec, arms: usize, held_out_ratio: f64) -> Self {
        let resampling = Resampling::default();
        let ComparisonSpec { margin, looks } = comparison;
        let pairs = arms * arms.saturating_sub(1) / 2;
        let design = SeedLooks::new(looks, pairs, 1.0 - resampling.level, margin.unwrap_or(0.0));
        Self { resampling, margin: *margin, design, held_out_ratio }
    }
}

/// Compares pairs of arms that were tested on the same images, and corrects for how many pairs there are.
///
/// The p-value of a pair is the larger one of [`paired_bootstrap`]'s, which knows the images, and [`paired_t`]'s,
/// which knows how little a few seeds say. A difference counts only if both sources of chance are exceeded: this is
/// an intersection-union test, whose level is that of its parts without any correction (R. L. Berger, "Multiparameter
/// Hypothesis Testing and Acceptance Sampling", Technometrics 24(4), 1982). [`holm`] then corrects over all pairs
/// with a p-value, and an arm is called better where the corrected p-value is at most `1 - level`. McNemar's tests
/// stand next to it: they judge trained networks, not arms.
///
/// With a margin, two arms may also be *practically equal*: the larger one of the bootstrap's and of [`MeanDifference::p_apart`]'s
/// p-value, corrected over all pairs in the same way, is at most `1 - level`. An arm that errs less by less than the margin is
/// equal, not better. Each kind of statement, that arms differ and that they are equal, is false anywhere in the family with a
/// probability of at most `1 - level`.
///
/// With one common seed nothing can be said about the arms: no p-value, [`Verdict::OneSeed`], and no part in the
/// correction.
///
/// With a [`SeedLooks`] design, it decides instead, by the first look that does: the pair is compared on the seeds of that
/// look, or of the last one so far. Tests of a number of seeds that was fixed hold there no longer, so there are no p-values.
///
/// Every pair draws the same stream of random numbers, so that its result does not depend on which other pairs are in
/// the family, the correction apart. Only a large family is given more resamples than asked for, at most a million:
/// `4 m / (1 - level)` for `m` pairs, because the smallest p-value of 10,000 resamples, corrected for 300 pairs of
/// arms with few seeds, is above 0.05, and no pair could ever be distinguished.
///
/// # Errors
/// A [`ComparisonError`] for the first pair without a common seed, with a seed twice in one arm, or with predictions
/// that do not fit the labels, and for settings that [`paired_bootstrap`] refuses.
pub fn compare_family(
    labels: &[u16],
    pairs: &[ArmPair<'_>],
    rules: &FamilyRules,
) -> Result<Vec<Comparison>, ComparisonError> {
    if let Some(design) = &rules.design {
        return compare_all(pairs, |pair, arms| compare_by_looks(labels, pair, arms, rules, design));
    }
    let tested = pairs.iter().filter(|arms| arms.common_seeds().len() > 1).count();
    let rules = FamilyRules { resampling: enough_for(tested, &rules.resampling), ..rules.clone() };
    let mut comparisons = compare_all(pairs, |pair, arms| compare(labels, pair, arms, &rules))?;
    let of_all = |p_value: fn(&Comparison) -> Option<f64>| {
        let p_values: Vec<f64> = comparisons.iter().filter_map(p_value).collect();
        holm(&p_values)
    };
    let differences = of_all(|comparison| comparison.p_value)?;
    let equalities = of_all(|comparison| Some(comparison.equivalence?.p_value))?;
    let alpha = 1.0 - rules.resampling.level;
    // The level that the smallest of Holm's p-values must keep: one that suffices in any case.
    let strictest = alpha / tested.max(1) as f64;
    let mut equalities = equalities.into_iter();
    let compared = comparisons.iter_mut().filter(|comparison| comparison.p_value.is_some());
    for (comparison, adjusted) in compared.zip(differences) {
        comparison.adjusted_p_value = Some(adjusted);
        if let Some((equivalence, adjusted)) = comparison.equivalence.as_mut().zip(equalities.next()) {
            equivalence.adjusted_p_value = adjusted;
        }
        comparison.verdict = verdict(comparison, adjusted, alpha);
        comparison.seeds_needed = comparison
            .paired_t
            .and_then(|test| seeds_needed(test.mean, test.sd, strictest, POWER, rules.held_out_ratio));
    }
    Ok(comparisons)
}

/// Every pair by itself. The pairs are shared among the processors, which changes no result.
fn compare_all(
    pairs: &[ArmPair<'_>],
    compare: impl Fn(usize, &ArmPair<'_>) -> Result<Comparison, ComparisonError> + Sync,
) -> Result<Vec<Comparison>, ComparisonError> {
    let workers = thread::available_parallelism().map_or(1, NonZero::get);
    let share = pairs.len().div_ceil(workers).max(1);
    let compare_share = |(chunk, pairs): (usize, &[ArmPair<'_>])| {
        let numbered = pairs.iter().enumerate().map(|(place, arms)| (chunk * share + place, arms));
        numbered.map(|(pair, arms)| compare(pair, arms)).collect::<Result<Vec<_>, _>>()
    };
    let compare_share = &compare_share;
    let shares = thread::scope(|scope| {
        let running: Vec<_> =
            pairs.chunks(share).enumerate().map(|share| scope.spawn(move || compare_share(share))).collect();
        let done =
            running.into_iter().map(|worker| worker.join().unwrap_or_else(|panic| resume_unwind(panic)));
        done.collect::<Result<Vec<_>, _>>()
    })?;
    Ok(shares.into_iter().flatten().collect())
}

/// At least twice what lets Holm's correction reject at all, so that one resample on the wrong side does not decide. What cannot
/// be resampled stays so.
fn enough_for(pairs: usize, resampling: &Resampling) -> Resampling {
    let needed = (4.0 * pairs as f64 / (1.0 - resampling.level)).ceil().min(MOST_RESAMPLES) as u32;
    let resamples = if resampling.resamples == 0 { 0 } else { resampling.resamples.max(needed) };
    Resampling { resamples, ..*resampling }
}

fn verdict(comparison: &Comparison, adjusted_p_value: f64, alpha: f64) -> Verdict {
    let difference = comparison.difference;
    if comparison.equivalence.is_some_and(|equivalence| equivalence.adjusted_p_value <= alpha) {
        Verdict::PracticallyEqual
    } else if adjusted_p_value > alpha || difference == 0.0 {
        Verdict::Open
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
    rules: &FamilyRules,
) -> Result<Comparison, ComparisonError> {
    let networks = pair_by_seed(pair, arms)?;
    compare_networks(labels, pair, networks, rules)
}

/// One pair by the looks of a design: on the seeds of the look that decides, or of the last one; before the first look, on
/// all that there are.
fn compare_by_looks(
    labels: &[u16],
    pair: usize,
    arms: &ArmPair<'_>,
    rules: &FamilyRules,
    design: &SeedLooks,
) -> Result<Comparison, ComparisonError> {
    let networks = pair_by_seed(pair, arms)?;
    let mut seen = None;
    for (number, look) in design.looks().iter().enumerate().take(arms.looks) {
        let of_look: Vec<_> =
            networks.iter().filter(|(seed, _)| *seed <= u64::from(look.seeds)).copied().collect();
        let predictions: Vec<_> = of_look.iter().map(|(_, networks)| *networks).collect();
        if predictions.len() < 2 {
            continue;
        }
        let difference = MeanDifference::crossed(labels, &predictions, rules.held_out_ratio)
            .map_err(|source| prediction_error(pair, labels, &of_look).unwrap_or(source.into()))?;
        let Some((interval, verdict)) = design.judge(number, &difference) else { continue };
        let look = LookResult { number: number + 1, of: design.looks().len(), interval };
        seen = Some((of_look, look, verdict));
        if verdict != Verdict::Open {
            break;
        }
    }
    let (networks, look, verdict) = match seen {
        Some((networks, look, verdict)) => (networks, Some(look), verdict),
        None if networks.len() > 1 => (networks, None, Verdict::Open),
        None => (networks, None, Verdict::OneSeed),
    };
    let found = compare_networks(labels, pair, networks, rules)?;
    Ok(Comparison { p_value: None, equivalence: None, look, verdict, ..found })
}

/// Two networks that share a seed, with it.
type SeedPair<'a> = (u64, PairedPredictions<'a>);

/// What is wrong with the predictions of a pair, if anything is, by its seed.
fn prediction_error(pair: usize, labels: &[u16], networks: &[SeedPair<'_>]) -> Option<ComparisonError> {
    networks.iter().find_map(|(seed, networks)| {
        let source = mcnemar_from_predictions(labels, networks.a, networks.b).err()?;
        Some(ComparisonError::Predictions { pair, seed: *seed, source })
    })
}

fn compare_networks(
    labels: &[u16],
    pair: usize,
    networks: Vec<SeedPair<'_>>,
    rules: &FamilyRules,
) -> Result<Comparison, ComparisonError> {
    let FamilyRules { resampling, margin, held_out_ratio, .. } = rules;
    let mcnemar_per_seed = networks
        .iter()
        .map(|(seed, networks)| match mcnemar_from_predictions(labels, networks.a, networks.b) {
            Ok(mcnemar) => Ok(SeedMcNemar { seed: *seed, mcnemar }),
            Err(source) => Err(ComparisonError::Predictions { pair, seed: *seed, source }),
        })
        .collect::<Result<Vec<_>, _>>()?;
    let tests: Vec<McNemar> = mcnemar_per_seed.iter().map(|test| test.mcnemar).collect();
    let errors: Vec<i64> =
        tests.iter().map(|test| test.only_a_wrong as i64 - test.only_b_wrong as i64).collect();

    let predictions: Vec<PairedPredictions<'_>> =
        networks.into_iter().map(|(_, networks)| networks).collect();
    let bootstrap = paired_bootstrap(labels, &predictions, resampling, *margin)?;
    let rates = error_rates(labels, &predictions);
    let paired_t = between_seeds(&rates, resampling.level, *held_out_ratio)?;
    let over_seeds = MeanDifference::paired(&rates.0, &rates.1, *held_out_ratio);
    let equivalence = margin.zip(bootstrap.equivalence_p_value).zip(over_seeds).map(
        |((margin, by_resampling), over_seeds)| {
            let p_value = by_resampling.max(over_seeds.p_apart(margin));
            Equivalence { margin, p_value, adjusted_p_value: p_value }
        },
    );
    Ok(Comparison {
        seeds: predictions.len(),
        difference: bootstrap.difference,
        bootstrap,
        paired_t,
        mcnemar_per_seed,
        mcnemar_combined: mcnemar_combined(&tests),
        sign_flip: sign_flip(&errors),
        p_value: paired_t.map(|test| test.p_value.max(bootstrap.p_value)),
        adjusted_p_value: None,
        equivalence,
        look: None,
        verdict: Verdict::OneSeed,
        seeds_needed: None,
    })
}

/// The error rates of both arms, seed by seed.
fn error_rates(labels: &[u16], predictions: &[PairedPredictions<'_>]) -> (Vec<f64>, Vec<f64>) {
    predictions
        .iter()
        .filter_map(|seed| error_rate(labels, seed.a).ok().zip(error_rate(labels, seed.b).ok()))
        .unzip()
}

/// The paired t-test on the error rates; `None` with one seed.
fn between_seeds(
    (a, b): &(Vec<f64>, Vec<f64>),
    level: f64,
    held_out_ratio: f64,
) -> Result<Option<PairedT>, ComparisonError> {
    if a.len() < 2 {
        return Ok(None);
    }
    // Two or more finite rates per arm: what is left to refuse is a level within rounding of 0 or 1.
    paired_t(a, b, level, held_out_ratio)
        .map(Some)
        .ok_or(ComparisonError::Resampling(BootstrapError::Level { level }))
}

/// The networks that share a seed, by rising seed.
pub(super) fn pair_by_seed<'a>(
    pair: usize,
    arms: &ArmPair<'a>,
) -> Result<Vec<SeedPair<'a>>, ComparisonError> {
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
