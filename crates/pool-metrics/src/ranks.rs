//! Which place an arm takes among many, and how sure that is.

use serde::{Deserialize, Serialize};

use super::comparison::{ArmPair, ComparisonError, SeedPredictions};
use super::family::{holm, pair_by_seed};
use super::mean_difference::MeanDifference;

/// The place of an arm by its mean error, 1 being the lowest, with the places that it may really have.
///
/// `low - 1` arms are better and `arms - high` are worse beyond chance. That is the marginal confidence set of M. Mogstad,
/// J. P. Romano, A. M. Shaikh and D. Wilhelm, "Inference for Ranks with Applications to Mobility across Neighbourhoods and
/// Academic Achievement across Countries", Review of Economic Studies 91(1), 2024: it holds the true rank of the arm
/// with the probability that was asked for, however close the others are. Percentiles of resampled ranks do not: where many
/// arms are equal they all lie in the middle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RankInterval {
    /// One more than the arms with a lower mean error on the seeds that both have.
    pub rank: usize,
    /// The best place that it may have.
    pub low: usize,
    /// The worst.
    pub high: usize,
}

/// The rank of every arm, each with an interval that misses the true one with a probability of at most `alpha`.
///
/// Every two arms are compared by [`MeanDifference::crossed`], over the seeds that both have and over the images. The
/// comparisons of one arm with all others are corrected together (Holm); those of different arms are not, so the intervals
/// hold for one arm at a time. `held_out_ratio` is that of [`paired_t`](super::paired_t()). Two arms that share fewer than two
/// seeds may stand in any order.
///
/// # Errors
/// A [`ComparisonError`] for predictions that do not fit the labels, and a seed that an arm has twice; its pair counts the
/// pairs `(0, 1), (0, 2), ..., (1, 2), ...`.
pub fn ranks(
    labels: &[u16],
    arms: &[&[SeedPredictions<'_>]],
    alpha: f64,
    held_out_ratio: f64,
) -> Result<Vec<RankInterval>, ComparisonError> {
    let count = arms.len();
    // The difference of every two arms: the first one's error minus the second one's; and the p-value of none.
    let mut found = vec![vec![(0.0, 1.0); count]; count];
    let mut pair = 0;
    for first in 0..count {
        for second in first + 1..count {
            let (difference, p_value) = difference(
                labels,
                pair,
                &ArmPair { a: arms[first], b: arms[second], looks: 0 },
                held_out_ratio,
            )?;
            found[first][second] = (difference, p_value);
            found[second][first] = (-difference, p_value);
            pair += 1;
        }
    }
    (0..count).map(|arm| rank_of(arm, &found[arm], alpha)).collect()
}

fn rank_of(arm: usize, others: &[(f64, f64)], alpha: f64) -> Result<RankInterval, ComparisonError> {
    let others: Vec<(f64, f64)> =
        others.iter().enumerate().filter(|(other, _)| *other != arm).map(|(_, found)| *found).collect();
    let adjusted = holm(&others.iter().map(|(_, p_value)| *p_value).collect::<Vec<_>>())?;
    let beyond_chance = |worse: fn(f64) -> bool| {
        others.iter().zip(&adjusted).filter(|((difference, _), p)| **p <= alpha && worse(*difference)).count()
    };
    let better_arms = beyond_chance(|difference| difference > 0.0);
    let worse_arms = beyond_chance(|difference| difference < 0.0);
    let rank = 1 + others.iter().filter(|(difference, _)| *difference > 0.0).count();
    Ok(RankInterval { rank, low: 1 + better_arms, high: others.len() + 1 - worse_arms })
}

fn difference(
    labels: &[u16],
    pair: usize,
    arms: &ArmPair<'_>,
    held_out_ratio: f64,
) -> Result<(f64, f64), ComparisonError> {
    if arms.common_seeds().len() < 2 {
        return Ok((0.0, 1.0));
    }
    let networks: Vec<_> = pair_by_seed(pair, arms)?.into_iter().map(|(_, networks)| networks).collect();
    let found = MeanDifference::crossed(labels, &networks, held_out_ratio)?;
    Ok((found.difference, found.p_value()))
}

#[cfg(test)]
mod tests {
    use rand::Rng;
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::*;

    const IMAGES: usize = 300;
    const SEEDS: u64 = 5;
    const ALPHA: f64 = 0.05;

    /// Networks with these error rates, some images being hard for all of them.
    fn trained(rates: &[f64], generator: &mut ChaCha8Rng) -> Vec<Vec<(u64, Vec<u16>)>> {
        let hard: Vec<bool> = (0..IMAGES).map(|_| generator.random_bool(0.05)).collect();
        let mut network = |rate: f64| {
            let wrong = |&is_hard: &bool| u16::from(generator.random_bool(if is_hard { 0.5 } else { rate }));
            hard.iter().map(wrong).collect::<Vec<u16>>()
        };
        rates.iter().map(|&rate| (1..=SEEDS).map(|seed| (seed, network(rate))).collect()).collect()
    }

    fn ranked(networks: &[Vec<(u64, Vec<u16>)>]) -> Vec<RankInterval> {
        let arms: Vec<Vec<SeedPredictions<'_>>> = networks
            .iter()
            .map(|arm| {
                arm.iter().map(|(seed, predictions)| SeedPredictions { seed: *seed, predictions }).collect()
            })
            .collect();
        let arms: Vec<&[SeedPredictions<'_>]> = arms.iter().map(Vec::as_slice).collect();
        ranks(&[0; IMAGES], &arms, ALPHA, 0.0).unwrap()
    }

    #[test]
    fn arms_that_are_plainly_apart_have_their_own_ranks() {
        let networks = trained(&[0.5, 0.01, 0.2], &mut ChaCha8Rng::seed_from_u64(1));
        let found: Vec<_> =
            ranked(&networks).iter().map(|found| (found.rank, found.low, found.high)).collect();
        assert_eq!(found, [(3, 3, 3), (1, 1, 1), (2, 2, 2)]);
    }

    #[test]
    fn an_interval_misses_the_true_rank_as_seldom_as_it_says() {
        const SWEEPS: usize = 400;
        // Four arms that are equal may have any of the places 3 to 6.
        let rates = [0.02, 0.04, 0.06, 0.06, 0.06, 0.06, 0.10];
        let places = [(1, 1), (2, 2), (3, 6), (3, 6), (3, 6), (3, 6), (7, 7)];
        let mut generator = ChaCha8Rng::seed_from_u64(2);
        let mut missed = [0; 7];
        for _ in 0..SWEEPS {
            let found = ranked(&trained(&rates, &mut generator));
            for (arm, (interval, (best, worst))) in found.iter().zip(places).enumerate() {
                missed[arm] += usize::from(interval.low > best || interval.high < worst);
            }
        }
        // 5 % of 400 are 20, with a standard deviation of 4.4.
        assert!(missed.iter().all(|&missed| missed <= 20 + 3 * 5), "{missed:?}");
    }

    #[test]
    fn an_arm_that_shares_no_seeds_may_have_any_place() {
        let mut networks = trained(&[0.01, 0.3], &mut ChaCha8Rng::seed_from_u64(3));
        networks[1].iter_mut().for_each(|(seed, _)| *seed += 100);
        let found: Vec<_> =
            ranked(&networks).iter().map(|found| (found.rank, found.low, found.high)).collect();
        assert_eq!(found, [(1, 1, 2), (1, 1, 2)]);
    }
}
