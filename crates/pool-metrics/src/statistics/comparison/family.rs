//! From predictions to verdicts: compares every pair of a family and corrects for their number.

use std::num::NonZero;
use std::panic::resume_unwind;
use std::thread;

use super::{ArmPair, Comparison, ComparisonError, SeedMcNemar, SeedPredictions, Verdict};
use crate::classification::error_rate;
use crate::statistics::bootstrap::{BootstrapError, PairedPredictions, Resampling, paired_bootstrap};
use crate::statistics::holm::holm;
use crate::statistics::mcnemar::{McNemar, mcnemar_combined, mcnemar_from_predictions};
use crate::statistics::paired_t::{PairedT, paired_t};
use crate::statistics::power::seeds_needed;

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
/// stand beside it: they judge trained networks, not arms.
///
/// With one common seed nothing can be said about the arms: no p-value, [`Verdict::OneSeed`], and no part in the
/// correction.
///
/// Every pair draws the same stream of random numbers, so that its result does not depend on which other pairs are in
/// the family, the correction apart. Only a large family is given more resamples than asked for, at most a million:
/// `4 m / (1 - level)` for `m` pairs, because the smallest p-value of 10,000 resamples, corrected for 300 pairs, is
/// above 0.05, and no pair could ever be told apart.
///
/// # Errors
/// A [`ComparisonError`] for the first pair without a common seed, with a seed twice in one arm, or with predictions
/// that do not fit the labels, and for settings that [`paired_bootstrap`] refuses.
pub fn compare_family(
    labels: &[u8],
    pairs: &[ArmPair<'_>],
    resampling: &Resampling,
) -> Result<Vec<Comparison>, ComparisonError> {
    let tested = pairs.iter().filter(|arms| arms.common_seeds().len() > 1).count();
    let resampling = enough_for(tested, resampling);
    let mut comparisons = compare_all(labels, pairs, &resampling)?;
    let p_values: Vec<f64> = comparisons.iter().filter_map(|comparison| comparison.p_value).collect();
    let adjusted = holm(&p_values)?;
    let tested = comparisons.iter_mut().filter(|comparison| comparison.p_value.is_some());
    for (comparison, adjusted) in tested.zip(adjusted) {
        comparison.adjusted_p_value = Some(adjusted);
        comparison.verdict = verdict(comparison.difference, adjusted, 1.0 - resampling.level);
    }
    Ok(comparisons)
}

/// Every pair, before the family is known. The pairs are shared among the processors, which changes no result.
fn compare_all(
    labels: &[u8],
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

#[cfg(test)]
mod tests {
    use super::*;

    const IMAGES: usize = 1_000;
    const LABELS: [u8; IMAGES] = [0; IMAGES];

    /// One network per seed, wrong on so many of the images from `first` on.
    fn networks(wrong: &[(u64, usize)], first: usize) -> Vec<(u64, Vec<u8>)> {
        let predictions =
            |count| (0..IMAGES).map(move |image| u8::from((first..first + count).contains(&image)));
        wrong.iter().map(|&(seed, count)| (seed, predictions(count).collect())).collect()
    }

    fn arm(networks: &[(u64, Vec<u8>)]) -> Vec<SeedPredictions<'_>> {
        networks.iter().map(|(seed, predictions)| SeedPredictions { seed: *seed, predictions }).collect()
    }

    /// Compares arms that err on disjoint images, given as `(seed, errors)`, as a family of one pair.
    fn compare_one(a: &[(u64, usize)], b: &[(u64, usize)]) -> Result<Comparison, ComparisonError> {
        let (a, b) = (networks(a, 0), networks(b, 500));
        let pair = ArmPair { a: &arm(&a), b: &arm(&b) };
        compare_family(&LABELS, &[pair], &Resampling::default()).map(|mut family| family.remove(0))
    }

    #[test]
    fn the_verdict_needs_both_images_and_seeds() {
        for (a, b, expected, why) in [
            (
                &[(1, 10), (2, 12), (3, 11)][..],
                &[(1, 60), (2, 64), (3, 61)][..],
                Verdict::FirstBetter,
                "far apart",
            ),
            (
                &[(1, 60), (2, 64), (3, 61)],
                &[(1, 10), (2, 12), (3, 11)],
                Verdict::SecondBetter,
                "the other way",
            ),
            (&[(1, 10), (2, 14), (3, 9)], &[(1, 11), (2, 11), (3, 12)], Verdict::NotDistinguishable, "near"),
            (
                &[(1, 10), (2, 11)],
                &[(1, 12), (2, 13)],
                Verdict::NotDistinguishable,
                "steady seeds, few images",
            ),
            (
                &[(1, 10), (2, 10)],
                &[(1, 30), (2, 90)],
                Verdict::NotDistinguishable,
                "many images, two odd seeds",
            ),
            (&[(1, 10)], &[(1, 90)], Verdict::OneSeed, "one seed, however far apart"),
            (&[(1, 0), (2, 0)], &[(1, 0), (2, 0)], Verdict::NotDistinguishable, "no errors at all"),
        ] {
            assert_eq!(compare_one(a, b).unwrap().verdict, expected, "{why}");
        }
    }

    #[test]
    fn the_larger_p_value_decides() {
        for (a, b) in
            [(&[(1, 10), (2, 11)][..], &[(1, 12), (2, 13)][..]), (&[(1, 10), (2, 10)], &[(1, 30), (2, 90)])]
        {
            let comparison = compare_one(a, b).unwrap();
            let paired_t = comparison.paired_t.unwrap();
            assert_eq!(comparison.p_value, Some(comparison.bootstrap.p_value.max(paired_t.p_value)));
            assert_eq!(comparison.adjusted_p_value, comparison.p_value, "a family of one");
        }
    }

    #[test]
    fn only_common_seeds_are_compared_in_their_order() {
        let comparison = compare_one(&[(9, 10), (4, 20), (2, 1)], &[(4, 23), (7, 400), (9, 12)]).unwrap();
        assert_eq!(comparison.seeds, 2);
        assert_eq!(comparison.difference, -5.0 / 2_000.0);
        let per_seed: Vec<_> = comparison
            .mcnemar_per_seed
            .iter()
            .map(|test| (test.seed, test.mcnemar.only_a_wrong, test.mcnemar.only_b_wrong))
            .collect();
        assert_eq!(per_seed, [(4, 20, 23), (9, 10, 12)]);
        let combined = comparison.mcnemar_combined;
        assert_eq!((combined.only_a_wrong, combined.only_b_wrong), (30, 35));
        let paired_t = comparison.paired_t.unwrap();
        assert!((paired_t.mean - comparison.difference).abs() < 1e-17);
        assert_eq!(comparison.seeds_needed, seeds_needed(paired_t.mean, paired_t.sd, 1.0 - 0.95, 0.8));
    }

    #[test]
    fn one_seed_says_something_about_the_networks_alone() {
        let comparison = compare_one(&[(3, 10)], &[(3, 90), (4, 80)]).unwrap();
        assert_eq!(comparison.seeds, 1);
        assert_eq!((comparison.p_value, comparison.adjusted_p_value), (None, None));
        assert_eq!((comparison.paired_t, comparison.seeds_needed), (None, None));
        assert!(comparison.mcnemar_combined.p_value < 1e-10);
    }

    #[test]
    fn the_family_is_corrected_without_pairs_of_one_seed_and_changes_nothing_else() {
        let [better, worse, other] = [
            networks(&[(1, 10), (2, 12), (3, 11)], 0),
            networks(&[(1, 60), (2, 64), (3, 61)], 100),
            networks(&[(1, 61)], 200),
        ];
        let (better, worse, other) = (arm(&better), arm(&worse), arm(&other));
        let far = ArmPair { a: &better, b: &worse };
        let same = ArmPair { a: &better, b: &better };
        let single = ArmPair { a: &better, b: &other };
        let family = compare_family(&LABELS, &[far, single, same], &Resampling::default()).unwrap();
        let alone = compare_family(&LABELS, &[far], &Resampling::default()).unwrap();
        assert_eq!(family[0].adjusted_p_value, alone[0].p_value.map(|p_value| 2.0 * p_value));
        assert_eq!(family[0].bootstrap, alone[0].bootstrap);
        assert_eq!((family[1].verdict, family[1].adjusted_p_value), (Verdict::OneSeed, None));
        assert_eq!((family[2].verdict, family[2].adjusted_p_value), (Verdict::NotDistinguishable, Some(1.0)));
        assert_eq!(compare_family(&LABELS, &[], &Resampling::default()), Ok(vec![]));
    }

    #[test]
    fn a_large_family_is_resampled_often_enough_to_be_told_apart() {
        for (pairs, resamples, level, expected, why) in [
            (1, 10_000, 0.95, 10_000, "as asked"),
            (124, 10_000, 0.95, 10_000, "still as asked"),
            (780, 10_000, 0.95, 62_400, "every pair of 40 arms"),
            (780, 100_000, 0.95, 100_000, "more than needed"),
            (780, 10_000, 0.999_999_9, 1_000_000, "more than can be waited for"),
            (780, 0, 0.95, 0, "left to be refused"),
            (780, 10_000, f64::NAN, 1_000_000, "refused for its level"),
        ] {
            let given = enough_for(pairs, &Resampling { level, resamples, seed: 0 });
            assert_eq!(given.resamples, expected, "{why}");
        }
        let [none, many] = [(0, [0, 0, 0, 0, 0]), (1, [60, 61, 60, 60, 60])]
            .map(|(first, wrong)| networks(&(1..).zip(wrong).collect::<Vec<_>>(), first));
        let (none, many) = (arm(&none), arm(&many));
        let family = vec![ArmPair { a: &none, b: &many }; 300];
        let family = compare_family(&LABELS, &family, &Resampling::default()).unwrap();
        assert!(family.iter().all(|comparison| comparison.verdict == Verdict::FirstBetter));
    }

    #[test]
    fn pairs_that_cannot_be_compared_are_refused() {
        let long = networks(&[(1, 3), (2, 4)], 0);
        let (arm_a, apart) = (arm(&long), [SeedPredictions { seed: 3, predictions: &LABELS }]);
        let twice = [arm_a[1], arm_a[0], arm_a[1]];
        let short = [SeedPredictions { seed: 2, predictions: &[0, 1] }];
        let usual = Resampling::default();
        for (b, resampling, message) in [
            (
                &apart[..],
                usual,
                "pair 1: no seed is in both arms: leave the pair out, or train both arms with one seed",
            ),
            (&twice, usual, "pair 1: seed 2 is twice in one arm: a seed must name one network"),
            (
                &short,
                usual,
                "pair 1, seed 2: 1000 labels, but 1000 predictions of a and 2 of b: every label needs exactly one of each",
            ),
            (
                &arm_a,
                Resampling { level: 95.0, ..usual },
                "level 95: the level must lie strictly between 0 and 1, such as 0.95",
            ),
            (
                &arm_a,
                Resampling { level: 1e-20, ..usual },
                "level 0.00000000000000000001: the level must lie strictly between 0 and 1, such as 0.95",
            ),
            (
                &arm_a,
                Resampling { resamples: 0, ..usual },
                "0 resamples: at least one is needed, and 10,000 are usual",
            ),
        ] {
            let pairs = [ArmPair { a: &arm_a, b: &arm_a }, ArmPair { a: &arm_a, b }];
            let error = compare_family(&LABELS, &pairs, &resampling).unwrap_err();
            assert_eq!(error.to_string(), message);
        }
    }

    #[test]
    fn a_comparison_survives_its_file() {
        for comparison in [
            compare_one(&[(1, 10), (2, 14)], &[(1, 11), (2, 11)]).unwrap(),
            compare_one(&[(1, 10)], &[(1, 11)]).unwrap(),
            compare_one(&[(1, 10), (2, 10)], &[(1, 11), (2, 11)]).unwrap(),
        ] {
            let json = serde_json::to_string(&comparison).unwrap();
            assert_eq!(serde_json::from_str::<Comparison>(&json).unwrap(), comparison);
        }
    }
}
