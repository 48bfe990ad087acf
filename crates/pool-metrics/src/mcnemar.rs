//! McNemar's exact test: do two classifiers differ, judged on the images that exactly one of them gets wrong?

use serde::{Deserialize, Serialize};
use statrs::function::{beta::checked_beta_reg, erf::erfc};
use thiserror::Error;

/// statrs cuts the continued fraction of its beta function after 140 steps. Past a few hundred thousand discordant
/// samples an even split needs more, and the result is wrong in the third digit without any sign of it.
const BINOMIAL_UP_TO: u64 = 100_000;

/// Result of McNemar's exact test between two classifiers `a` and `b`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct McNemar {
    /// Samples that `a` gets wrong and `b` right.
    pub only_a_wrong: u64,
    /// Samples that `b` gets wrong and `a` right.
    pub only_b_wrong: u64,
    /// Probability of counts at least this uneven if both classifiers err equally often, in `[0, 1]`.
    pub p_value: f64,
}

/// Why two classifiers' predictions cannot be paired.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[expect(missing_docs, reason = "the messages name the fields; positions count from 0")]
pub enum McNemarError {
    /// The slices do not describe the same samples.
    #[error(
        "{labels} labels, but {predictions_a} predictions of a and {predictions_b} of b: every label needs exactly one of each"
    )]
    LengthsDiffer { labels: usize, predictions_a: usize, predictions_b: usize },
    /// Nothing was predicted, so nothing was compared.
    #[error("0 samples: at least one label with both predictions is needed")]
    NoSamples,
}

/// Tests whether two classifiers err equally often on the same samples, from the counts on which they disagree.
///
/// If they do, each of the `n = only_a_wrong + only_b_wrong` discordant samples is a toss of a fair coin, so the
/// two-sided p-value is `min(1, 2 P(X <= min(only_a_wrong, only_b_wrong)))` for `X ~ Binomial(n, 1/2)`, and 1 for
/// `n = 0`. Q. McNemar, "Note on the Sampling Error of the Difference between Correlated Proportions or Percentages",
/// Psychometrika 12(2), 1947; recommended for two classifiers that were each trained once by T. G. Dietterich,
/// "Approximate Statistical Tests for Comparing Supervised Classification Learning Algorithms", Neural Computation
/// 10(7), 1998. It judges the two trained networks, not the spread over seeds.
///
/// The relative error of the p-value is below 1e-8 up to 100,000 discordant samples. Beyond them the binomial
/// distribution is replaced by the normal one with continuity correction, which is then off by less than 1e-3 of a
/// p-value above 1e-5, and by less than 1e-2 of one above 1e-15.
pub fn mcnemar_exact(only_a_wrong: u64, only_b_wrong: u64) -> McNemar {
    let fewer = only_a_wrong.min(only_b_wrong);
    let more = only_a_wrong.max(only_b_wrong);
    let p_value = if fewer == more {
        1.0
    } else if more.saturating_add(fewer) <= BINOMIAL_UP_TO {
        binomial_p_value(fewer, more)
    } else {
        normal_p_value(fewer, more)
    };
    McNemar { only_a_wrong, only_b_wrong, p_value }
}

/// `P(X <= k) = I_{1/2}(n - k, k + 1)`, the regularised incomplete beta function: as `k < n/2` it is never formed as 1
/// minus something, so a p-value of 1e-75 keeps its digits.
fn binomial_p_value(fewer: u64, more: u64) -> f64 {
    // It refuses only arguments that are not positive, and `more` is at least 1 here.
    checked_beta_reg(more as f64, fewer as f64 + 1.0, 0.5).map_or(1.0, |tail| (2.0 * tail).min(1.0))
}

fn normal_p_value(fewer: u64, more: u64) -> f64 {
    let n = more as f64 + fewer as f64;
    erfc((more - fewer - 1) as f64 / (2.0 * n).sqrt())
}

/// Counts the samples that exactly one of two classifiers gets wrong, and tests them with [`mcnemar_exact`].
///
/// # Errors
/// [`McNemarError::LengthsDiffer`] or [`McNemarError::NoSamples`].
pub fn mcnemar_from_predictions(
    labels: &[u16],
    predictions_a: &[u16],
    predictions_b: &[u16],
) -> Result<McNemar, McNemarError> {
    if labels.len() != predictions_a.len() || labels.len() != predictions_b.len() {
        return Err(McNemarError::LengthsDiffer {
            labels: labels.len(),
            predictions_a: predictions_a.len(),
            predictions_b: predictions_b.len(),
        });
    }
    if labels.is_empty() {
        return Err(McNemarError::NoSamples);
    }
    let (mut only_a_wrong, mut only_b_wrong) = (0, 0);
    for ((label, a), b) in labels.iter().zip(predictions_a).zip(predictions_b) {
        // Added without branching: errors are too irregular for the processor to predict.
        only_a_wrong += u64::from(a != label && b == label);
        only_b_wrong += u64::from(a == label && b != label);
    }
    Ok(mcnemar_exact(only_a_wrong, only_b_wrong))
}

/// Adds the counts of several tests, one per seed, and tests the sums with [`mcnemar_exact`].
///
/// The sum treats every disagreement as a toss of its own. But the same images come back with every seed, and where the
/// same ones decide each time, the p-value is too small: five seeds that miss the same image are one observation, not
/// five. It judges these trained networks, on average over their seeds; for the arms behind them see
/// [`paired_bootstrap`](super::paired_bootstrap) and [`paired_t`](super::paired_t()).
///
/// Without tests the result is that of no disagreement. Sums stop at `u64::MAX`.
pub fn mcnemar_combined(tests: &[McNemar]) -> McNemar {
    let sum = |count: fn(&McNemar) -> u64| tests.iter().map(count).fold(0, u64::saturating_add);
    mcnemar_exact(sum(|test| test.only_a_wrong), sum(|test| test.only_b_wrong))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_counts_equal_the_binomial_sum_done_by_hand() {
        for (a, b, expected, why) in [
            (0, 0, 1.0, "no disagreement"),
            (1, 0, 1.0, "2 * 1/2"),
            (5, 5, 1.0, "as even as can be"),
            (5, 4, 1.0, "half the mass on each side"),
            (5, 0, 2.0 / 32.0, "2 * C(5,0) / 2^5"),
            (1, 5, 14.0 / 64.0, "2 * (C(6,0) + C(6,1)) / 2^6"),
        ] {
            let p_value = mcnemar_exact(a, b).p_value;
            assert!((p_value - expected).abs() < 1e-14, "({a}, {b}) gave {p_value}: {why}");
        }
    }

    #[test]
    fn counts_too_large_to_occur_still_give_a_probability() {
        for (a, b) in [(u64::MAX, u64::MAX), (u64::MAX, 0), (u64::MAX, u64::MAX - 1), (1 << 60, 1 << 59)] {
            let p_value = mcnemar_exact(a, b).p_value;
            assert!((0.0..=1.0).contains(&p_value), "({a}, {b}) gave {p_value}");
        }
    }

    #[test]
    fn the_normal_distribution_takes_over_without_a_step() {
        for difference in [2, 60, 200, 632, 1_000, 2_000] {
            let (fewer, more) = ((BINOMIAL_UP_TO - difference) / 2, (BINOMIAL_UP_TO + difference) / 2);
            let (binomial, normal) = (binomial_p_value(fewer, more), normal_p_value(fewer, more));
            let step = (normal / binomial - 1.0).abs();
            assert!(step < if binomial > 1e-5 { 1e-3 } else { 1e-2 }, "({fewer}, {more}) steps by {step:e}");
        }
    }

    #[test]
    fn only_samples_that_exactly_one_classifier_misses_count() {
        let labels = [0, 1, 2, 3, 4, 5];
        let a = [0, 9, 9, 3, 9, 9];
        let b = [0, 1, 9, 9, 4, 8];
        //       =  a  =  b  a  =   (both wrong in different ways is no disagreement about being right)
        let result = mcnemar_from_predictions(&labels, &a, &b).unwrap();
        assert_eq!((result.only_a_wrong, result.only_b_wrong), (2, 1));
        assert_eq!(result, mcnemar_exact(2, 1));
    }

    #[test]
    fn predictions_that_do_not_pair_up_are_refused() {
        for (labels, a, b, message) in [
            (
                &[1, 2][..],
                &[1, 2][..],
                &[1][..],
                "2 labels, but 2 predictions of a and 1 of b: every label needs exactly one of each",
            ),
            (
                &[1, 2],
                &[1, 2, 3],
                &[1, 2],
                "2 labels, but 3 predictions of a and 2 of b: every label needs exactly one of each",
            ),
            (&[], &[], &[], "0 samples: at least one label with both predictions is needed"),
        ] {
            assert_eq!(mcnemar_from_predictions(labels, a, b).unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn counts_of_several_seeds_are_added() {
        for (counts, expected, why) in [
            (&[][..], (0, 0), "no seeds, no disagreement"),
            (&[(3, 9)], (3, 9), "one seed stays itself"),
            (&[(3, 9), (9, 3)], (12, 12), "seeds that contradict each other"),
            (&[(1, 5), (0, 4), (2, 6)], (3, 15), "seeds that agree"),
            (&[(u64::MAX, 1), (1, 1)], (u64::MAX, 2), "more than can be counted"),
        ] {
            let tests: Vec<McNemar> = counts.iter().map(|&(a, b)| mcnemar_exact(a, b)).collect();
            assert_eq!(mcnemar_combined(&tests), mcnemar_exact(expected.0, expected.1), "{why}");
        }
    }
}
