//! The paired bootstrap: how far could the difference of two arms' errors move with other test images and other seeds?

mod disagreements;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::interval::Interval;
use super::summary::quantile;
use disagreements::Disagreements;

/// How to resample, and the coverage of the interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resampling {
    /// Coverage of the interval, strictly between 0 and 1.
    pub level: f64,
    /// Number of resamples, at least 1. The smallest p-value is `2 / (resamples + 1)`.
    pub resamples: u32,
    /// Seed of the generator, ChaCha8: the same seed gives the same numbers in every release.
    pub seed: u64,
}

impl Default for Resampling {
    /// 95 % from 10,000 resamples, seed 0.
    fn default() -> Self {
        Self { level: 0.95, resamples: 10_000, seed: 0 }
    }
}

/// One seed's predictions of two arms, for the same images in the same order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PairedPredictions<'a> {
    /// The class that arm `a` predicts for each image.
    pub a: &'a [u16],
    /// The class that arm `b` predicts for each image.
    pub b: &'a [u16],
}

/// Result of the paired bootstrap between two arms `a` and `b`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bootstrap {
    /// Mean over the seeds of `a`'s error rate minus `b`'s, in `[-1, 1]`; negative where `a` errs less.
    pub difference: f64,
    /// Percentile interval for the difference.
    pub interval: Interval,
    /// Two-sided p-value of no difference, in `(0, 1]`.
    pub p_value: f64,
    /// P-value of a difference of the margin or more, in either direction, in `(0, 1]`; `None` without a margin.
    pub equivalence_p_value: Option<f64>,
    /// Number of resamples behind the interval and the p-value.
    pub resamples: u32,
}

/// Why the predictions of two arms cannot be resampled.
#[derive(Debug, Clone, PartialEq, Error)]
#[expect(missing_docs, reason = "the messages name the fields; positions count from 0")]
pub enum BootstrapError {
    /// Nothing was trained, so nothing was compared.
    #[error("0 seeds: at least one seed with predictions of both arms is needed")]
    NoSeeds,
    /// Nothing was predicted, so nothing was compared.
    #[error("0 images: at least one label with both predictions is needed")]
    NoImages,
    /// A seed's predictions do not describe the labelled images.
    #[error(
        "{labels} labels, but {predictions_a} predictions of a and {predictions_b} of b for the seed at position {position}: every label needs exactly one of each"
    )]
    LengthsDiffer { position: usize, labels: usize, predictions_a: usize, predictions_b: usize },
    /// A coverage that no interval has.
    #[error("level {level}: the level must lie strictly between 0 and 1, such as 0.95")]
    Level { level: f64 },
    /// Nothing to take percentiles of.
    #[error("0 resamples: at least one is needed, and 10,000 are usual")]
    NoResamples,
}

/// Resamples test images and seeds to see how the difference of two arms' error rates varies with both.
///
/// With `d(s, i)` = 1 where only `a` errs on image `i` with seed `s`, -1 where only `b` does and 0 elsewhere, the
/// difference is the mean of `d` over `S` seeds and `n` images. Each resample draws `n` images with replacement, the
/// same ones for every seed and both arms because all trials share the test set, and independently of them `S` seeds
/// with replacement, and takes the mean over what was drawn: two crossed factors, each resampled by itself, as in
/// A. B. Owen, "The Pigeonhole Bootstrap", Annals of Applied Statistics 1(2), 2007. The interval runs between the
/// `(1 - level)/2` and `(1 + level)/2` quantiles ([`quantile`](super::quantile())) of the resamples. The p-value is
/// `2 (r + 1) / (B + 1)`, at most 1, where `r` is the number of the `B` resamples at or beyond 0 on the rarer side:
/// A. C. Davison and D. V. Hinkley, "Bootstrap Methods and their Application", Cambridge University Press, 1997,
/// section 4.2. With a `margin`, a share of the images, there is a second one, for the hypothesis that the arms differ by the
/// margin or more: `(r + 1) / (B + 1)`, where `r` is the number of resamples at or beyond the margin, on the side where there
/// are more of them.
///
/// *A handful of seeds is few.* Resampled seeds spread by `sqrt((S - 1)/S)` of what they should, know nothing of
/// Student's correction, and never leave the range of those that were run: were all chance in the seeds, a 95 %
/// interval from three would at most reach from the smallest difference to the largest, which covers the truth three
/// times in four. With one seed their part is absent. This is why [`paired_t`](super::paired_t()) stands next to it.
///
/// *Few numbers are drawn.* Once a resample's seeds are known, an image enters only by its sum of `d` over them, one
/// of `2 S + 1` whole numbers, and most images have the sum 0. How many of the `n` draws fall on the images of each
/// sum is multinomial, and a multinomial is a chain of binomials: `Binomial(n, c/n)` for the first sum, which `c`
/// images have, then `Binomial(n - k, c'/(n - c))` for the next when the first took `k`, and so on. Drawing these
/// instead of `n` images is therefore the same distribution, to the last digits of the shares, at a cost that hardly
/// knows `n`.
///
/// # Errors
/// A [`BootstrapError`] without seeds, images or resamples, for lists of different lengths, and for a level that is not
/// strictly between 0 and 1.
pub fn paired_bootstrap(
    labels: &[u16],
    seeds: &[PairedPredictions<'_>],
    resampling: &Resampling,
    margin: Option<f64>,
) -> Result<Bootstrap, BootstrapError> {
    check(labels, seeds, resampling)?;
    let disagreements = Disagreements::collect(labels, seeds);
    let totals = disagreements.resampled_totals(resampling);

    let (low, high) = ((1.0 - resampling.level) / 2.0, (1.0 + resampling.level) / 2.0);
    let scale = labels.len() as f64 * seeds.len() as f64;
    let end = |q| quantile(&totals, q).map(|total| total / scale);
    // The checks leave no quantile undefined.
    let interval = end(low).zip(end(high)).map(|(low, high)| Interval { low, high });
    Ok(Bootstrap {
        difference: disagreements.total() as f64 / scale,
        interval: interval.ok_or(BootstrapError::NoResamples)?,
        p_value: p_value(&totals),
        equivalence_p_value: margin.map(|margin| equivalence_p_value(&totals, margin * scale)),
        resamples: resampling.resamples,
    })
}

fn check(
    labels: &[u16],
    seeds: &[PairedPredictions<'_>],
    resampling: &Resampling,
) -> Result<(), BootstrapError> {
    let Resampling { level, resamples, seed: _ } = *resampling;
    if !(level > 0.0 && level < 1.0) {
        return Err(BootstrapError::Level { level });
    }
    if resamples == 0 {
        return Err(BootstrapError::NoResamples);
    }
    check_predictions(labels, seeds)
}

/// Checks that there are seeds and images, and that every seed has one prediction of both arms for each image.
pub(super) fn check_predictions(
    labels: &[u16],
    seeds: &[PairedPredictions<'_>],
) -> Result<(), BootstrapError> {
    if seeds.is_empty() {
        return Err(BootstrapError::NoSeeds);
    }
    for (position, PairedPredictions { a, b }) in seeds.iter().enumerate() {
        if a.len() != labels.len() || b.len() != labels.len() {
            return Err(BootstrapError::LengthsDiffer {
                position,
                labels: labels.len(),
                predictions_a: a.len(),
                predictions_b: b.len(),
            });
        }
    }
    if labels.is_empty() { Err(BootstrapError::NoImages) } else { Ok(()) }
}

/// The observed difference counts as one resample of each side, so that no p-value is 0.
fn p_value(totals: &[f64]) -> f64 {
    let at_most_0 = totals.iter().filter(|&&total| total <= 0.0).count();
    let at_least_0 = totals.iter().filter(|&&total| total >= 0.0).count();
    let rarer = at_most_0.min(at_least_0);
    (2.0 * (rarer + 1) as f64 / (totals.len() + 1) as f64).min(1.0)
}

/// The margin is in the unit of the totals.
fn equivalence_p_value(totals: &[f64], margin: f64) -> f64 {
    let below = totals.iter().filter(|&&total| total <= -margin).count();
    let above = totals.iter().filter(|&&total| total >= margin).count();
    (below.max(above) + 1) as f64 / (totals.len() + 1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn many(resamples: u32) -> Resampling {
        Resampling { resamples, ..Resampling::default() }
    }

    #[test]
    fn p_values_count_the_rarer_side_and_are_never_zero() {
        for (totals, expected, why) in [
            (&[1.0, 2.0, 3.0][..], 2.0 / 4.0, "none at or below 0"),
            (&[-1.0, -2.0, -3.0], 2.0 / 4.0, "none at or above 0"),
            (&[-1.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0], 4.0 / 10.0, "one of nine on the rarer side"),
            (&[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0], 4.0 / 10.0, "a resample of 0 is on both sides"),
            (&[0.0, 0.0, 0.0], 1.0, "never above 1"),
        ] {
            assert_eq!(p_value(totals), expected, "{why}");
        }
    }

    #[test]
    fn equality_counts_what_lies_beyond_the_margin_on_the_side_with_more() {
        for (totals, expected, why) in [
            (&[-1.0, 0.0, 1.0][..], 1.0 / 4.0, "none beyond"),
            (&[2.0, 3.0, 0.0], 3.0 / 4.0, "at the margin is beyond it"),
            (&[-2.0, 2.0, 5.0], 3.0 / 4.0, "two above, one below"),
        ] {
            assert_eq!(equivalence_p_value(totals, 2.0), expected, "{why}");
        }
    }

    #[test]
    fn arms_that_never_disagree_do_not_differ() {
        let same = PairedPredictions { a: &[1, 2, 0], b: &[1, 2, 9] };
        let result = paired_bootstrap(&[1, 2, 3], &[same; 4], &many(1_000), None).unwrap();
        assert_eq!(
            (result.difference, result.interval, result.p_value),
            (0.0, Interval { low: 0.0, high: 0.0 }, 1.0)
        );
    }

    #[test]
    fn the_same_seed_gives_the_same_numbers_in_every_release() {
        let labels = [0; 200];
        let mut a = [0; 200];
        let mut b = [0; 200];
        a[..12].fill(1);
        b[9..30].fill(1);
        let seeds = [PairedPredictions { a: &a, b: &b }, PairedPredictions { a: &a, b: &labels }];
        let result =
            paired_bootstrap(&labels, &seeds, &Resampling { seed: 7, ..Resampling::default() }, None);
        assert_eq!(
            result,
            Ok(Bootstrap {
                difference: 0.0075,
                interval: Interval { low: -0.08, high: 0.08 },
                p_value: 0.8775122487751225,
                equivalence_p_value: None,
                resamples: 10_000
            })
        );
        let other = paired_bootstrap(&labels, &seeds, &Resampling { seed: 8, ..Resampling::default() }, None);
        assert_ne!(other, result);
    }

    #[test]
    fn what_cannot_be_resampled_is_refused() {
        let pair = PairedPredictions { a: &[1, 2], b: &[1, 2] };
        let short = PairedPredictions { a: &[1, 2], b: &[1] };
        let level = |level| Resampling { level, ..Resampling::default() };
        for (labels, seeds, resampling, message) in [
            (
                &[1, 2][..],
                &[][..],
                many(10),
                "0 seeds: at least one seed with predictions of both arms is needed",
            ),
            (
                &[],
                &[PairedPredictions { a: &[], b: &[] }],
                many(10),
                "0 images: at least one label with both predictions is needed",
            ),
            (
                &[1, 2],
                &[pair, short],
                many(10),
                "2 labels, but 2 predictions of a and 1 of b for the seed at position 1: every label needs exactly one of each",
            ),
            (&[1, 2], &[pair], many(0), "0 resamples: at least one is needed, and 10,000 are usual"),
            (
                &[1, 2],
                &[pair],
                level(1.0),
                "level 1: the level must lie strictly between 0 and 1, such as 0.95",
            ),
            (
                &[1, 2],
                &[pair],
                level(f64::NAN),
                "level NaN: the level must lie strictly between 0 and 1, such as 0.95",
            ),
        ] {
            assert_eq!(paired_bootstrap(labels, seeds, &resampling, None).unwrap_err().to_string(), message);
        }
    }
}
