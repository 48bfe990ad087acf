//! A difference of two arms with its standard error: what tests and intervals at any level follow from.

use super::bootstrap::{BootstrapError, PairedPredictions, check_predictions};
use super::interval::Interval;
use super::student::{paired_t, two_sided_critical, upper_tail};

/// The mean difference of two arms, and how far chance could move it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MeanDifference {
    /// The mean of `a` minus that of `b`.
    pub difference: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// Degrees of freedom of the standard error.
    pub freedom: f64,
}

impl MeanDifference {
    /// Of values that are paired by seed, as [`paired_t`](super::paired_t()) has them; `None` where it has none.
    pub fn paired(a: &[f64], b: &[f64], held_out_ratio: f64) -> Option<Self> {
        let test = paired_t(a, b, 0.95, held_out_ratio)?;
        let n = a.len() as f64;
        let standard_error = test.sd * (1.0 / n + held_out_ratio).sqrt();
        Some(Self { difference: test.mean, standard_error, freedom: n - 1.0 })
    }

    /// Of two arms' error rates, with the chance of both its sources, other seeds and other images.
    ///
    /// With `d(s, i)` = 1 where only `a` errs on image `i` with seed `s`, -1 where only `b` does and 0 elsewhere, seeds and
    /// images are two crossed random factors. Their mean squares, `M_s`, `M_i` and that of what is left, `M_r`, give the
    /// variance of the mean of `d` over `S` seeds and `n` images: `(M_s + M_i - M_r) / (S n)`, with
    /// `(M_s + M_i - M_r)² / (M_s²/(S-1) + M_i²/(n-1) + M_r²/((S-1)(n-1)))` degrees of freedom, by F. E. Satterthwaite, "An
    /// Approximate Distribution of Estimates of Variance Components", Biometrics Bulletin 2(6), 1946. Where images or
    /// seeds seem to differ less than chance, their part is 0. `held_out_ratio` is that of [`paired_t`](super::paired_t()).
    ///
    /// [`paired_bootstrap`](super::paired_bootstrap) answers the same question by resampling; but no number of resamples
    /// that anybody waits for can tell a p-value of 1e-8, which the first looks of a design ask for, from 0.
    ///
    /// # Errors
    /// As of [`paired_bootstrap`](super::paired_bootstrap); fewer than two seeds count as none.
    pub fn crossed(
        labels: &[u16],
        seeds: &[PairedPredictions<'_>],
        held_out_ratio: f64,
    ) -> Result<Self, BootstrapError> {
        check_predictions(labels, seeds)?;
        if seeds.len() < 2 {
            return Err(BootstrapError::NoSeeds);
        }
        let sign = |seed: &PairedPredictions<'_>, image: usize| {
            i32::from(seed.a[image] != labels[image]) - i32::from(seed.b[image] != labels[image])
        };
        let mut by_image = vec![0_i32; labels.len()];
        let (mut total, mut of_seeds, mut squares) = (0_i64, 0_i64, 0_i64);
        for seed in seeds {
            let mut of_seed = 0_i64;
            for (image, sum) in by_image.iter_mut().enumerate() {
                let sign = sign(seed, image);
                *sum += sign;
                of_seed += i64::from(sign);
                squares += i64::from(sign * sign);
            }
            total += of_seed;
            of_seeds += of_seed * of_seed;
        }
        let sums = CrossedSums {
            seeds: seeds.len() as f64,
            images: labels.len() as f64,
            total: total as f64,
            of_seeds: of_seeds as f64,
            of_images: by_image.iter().map(|&sum| f64::from(sum).powi(2)).sum(),
            squares: squares as f64,
        };
        Ok(sums.mean_difference(held_out_ratio))
    }

    /// P-value of the hypothesis that the difference is `threshold` or more: small where it is lower beyond chance.
    pub fn p_below(&self, threshold: f64) -> f64 {
        let distance = threshold - self.difference;
        if self.standard_error == 0.0 {
            return if distance > 0.0 { 0.0 } else { 1.0 };
        }
        upper_tail(distance / self.standard_error, self.freedom).unwrap_or(1.0)
    }

    /// P-value of the hypothesis that the difference is `threshold` or less: small where it is higher beyond chance.
    pub fn p_above(&self, threshold: f64) -> f64 {
        Self { difference: -self.difference, ..*self }.p_below(-threshold)
    }

    /// Two-sided p-value of the hypothesis that there is no difference.
    pub fn p_value(&self) -> f64 {
        (2.0 * self.p_below(0.0).min(self.p_above(0.0))).min(1.0)
    }

    /// P-value of the hypothesis that the arms differ by `margin` or more, in either direction: small where they are
    /// *practically equal*.
    ///
    /// The larger one of the p-values of two one-sided tests, against a difference of `margin` and of `-margin`:
    /// D. J. Schuirmann, "A Comparison of the Two One-Sided Tests Procedure and the Power Approach for Assessing the
    /// Equivalence of Average Bioavailability", Journal of Pharmacokinetics and Biopharmaceutics 15(6), 1987.
    pub fn p_apart(&self, margin: f64) -> f64 {
        self.p_below(margin).max(self.p_above(-margin))
    }

    /// Confidence interval for the difference, by Student's distribution, that misses it with probability `alpha`.
    ///
    /// `None` if `alpha` is not strictly between 0 and 1, or so small that no quantile can be written down.
    pub fn interval(&self, alpha: f64) -> Option<Interval> {
        let half = two_sided_critical(alpha, self.freedom)? * self.standard_error;
        Some(Interval { low: self.difference - half, high: self.difference + half })
    }
}

/// Sums over seeds and images from which a [`MeanDifference`] follows, with `d(s, i)` as in [`MeanDifference::crossed`].
#[derive(Debug, Clone, Copy)]
pub(super) struct CrossedSums {
    /// Number of seeds, at least 2.
    pub(super) seeds: f64,
    /// Number of images, at least 1.
    pub(super) images: f64,
    /// Sum of `d`.
    pub(super) total: f64,
    /// Sum over the seeds of the square of each one's sum of `d`.
    pub(super) of_seeds: f64,
    /// Sum over the images of the square of each one's sum of `d`.
    pub(super) of_images: f64,
    /// Sum of the squares of `d`.
    pub(super) squares: f64,
}

impl CrossedSums {
    /// As [`MeanDifference::crossed`] describes it.
    pub(super) fn mean_difference(&self, held_out_ratio: f64) -> MeanDifference {
        let Self { seeds: s, images: n, total, .. } = *self;
        let correction = total * total / (s * n);
        let of_seeds = self.of_seeds / n - correction;
        let of_images = self.of_images / s - correction;
        // What rounding leaves of a sum of squares that is 0 must not become negative.
        let rest = (self.squares - correction - of_seeds - of_images).max(0.0);
        let (seed_freedom, image_freedom) = (s - 1.0, (n - 1.0).max(1.0));
        let squares = MeanSquares {
            // Seeds spread by what is left, at the least: a handful may agree by chance.
            seeds: (of_seeds / seed_freedom).max(rest / (seed_freedom * image_freedom))
                * (1.0 + s * held_out_ratio),
            seed_freedom,
            images: of_images.max(0.0) / image_freedom,
            image_freedom,
            rest: rest / (seed_freedom * image_freedom),
        };
        let (variance, freedom) = squares.combined();
        MeanDifference { difference: total / (s * n), standard_error: (variance / (s * n)).sqrt(), freedom }
    }
}

/// Sums of squares over their degrees of freedom.
struct MeanSquares {
    seeds: f64,
    seed_freedom: f64,
    images: f64,
    image_freedom: f64,
    rest: f64,
}

impl MeanSquares {
    /// The variance of one seed's difference for one image, as far as it is the mean's; and its degrees of freedom.
    fn combined(&self) -> (f64, f64) {
        let variance = self.seeds + self.images - self.rest;
        if self.images <= self.rest || variance <= 0.0 {
            return (self.seeds, self.seed_freedom);
        }
        let uncertainty = self.seeds.powi(2) / self.seed_freedom
            + self.images.powi(2) / self.image_freedom
            + self.rest.powi(2) / (self.seed_freedom * self.image_freedom);
        (variance, variance.powi(2) / uncertainty)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paired_t;

    #[test]
    fn images_that_never_matter_leave_the_paired_t_test() {
        // Each seed's differing images are others, so that no image stands out.
        let labels = [0; 12];
        let wrong = |images: &[usize]| -> Vec<u16> {
            (0..12).map(|image| u16::from(images.contains(&image))).collect()
        };
        let a = [wrong(&[0, 1, 2, 3, 4, 5]), wrong(&[]), wrong(&[6])];
        let b = [wrong(&[]), wrong(&[]), wrong(&[])];
        let seeds: Vec<_> = a.iter().zip(&b).map(|(a, b)| PairedPredictions { a, b }).collect();
        let ours = MeanDifference::crossed(&labels, &seeds, 0.0).unwrap();
        let t = paired_t(&[6.0 / 12.0, 0.0, 1.0 / 12.0], &[0.0; 3], 0.95, 0.0).unwrap();
        assert!((ours.difference - t.mean).abs() < 1e-15);
        assert!((ours.standard_error - t.sd / 3.0_f64.sqrt()).abs() < 1e-15);
        assert_eq!(ours.freedom, 2.0);
        let (ours, theirs) = (ours.interval(0.05).unwrap(), t.interval);
        assert!((ours.low - theirs.low).abs() < 1e-12 && (ours.high - theirs.high).abs() < 1e-12);
    }

    #[test]
    fn the_same_images_with_every_seed_leave_the_chance_in_the_images() {
        let labels = [0; 100];
        let (mut a, b) = ([0; 100], [0; 100]);
        a[..20].fill(1);
        let ours = MeanDifference::crossed(&labels, &[PairedPredictions { a: &a, b: &b }; 4], 0.0).unwrap();
        // The standard error of 20 images in a hundred: sqrt(0.2 * 0.8 / 99).
        assert!((ours.standard_error - (0.16_f64 / 99.0).sqrt()).abs() < 1e-12, "{ours:?}");
        assert!((ours.freedom - 99.0).abs() < 1e-9, "{ours:?}");
    }

    #[test]
    fn seeds_that_agree_by_chance_are_not_certain() {
        // One error more with every seed, each on another image: the seeds do not spread at all.
        let labels = [0; 50];
        let a: Vec<Vec<u16>> =
            (0..4).map(|seed| (0..50).map(|image| u16::from(image == seed)).collect()).collect();
        let seeds: Vec<_> = a.iter().map(|a| PairedPredictions { a, b: &labels }).collect();
        let ours = MeanDifference::crossed(&labels, &seeds, 0.0).unwrap();
        assert!(ours.standard_error > 0.005, "{ours:?}");
    }

    #[test]
    fn overlapping_training_images_widen_the_part_of_the_seeds() {
        let labels = [0; 12];
        let a = [[0; 12], [1; 12], [0; 12]];
        let seeds = [0, 1, 2].map(|seed| PairedPredictions { a: &a[seed], b: &labels });
        let [plain, wider] =
            [0.0, 0.25].map(|ratio| MeanDifference::crossed(&labels, &seeds, ratio).unwrap());
        // 1/3 becomes 1/3 + 1/4.
        let factor = (7.0_f64 / 12.0 / (1.0 / 3.0)).sqrt();
        assert!((wider.standard_error / plain.standard_error - factor).abs() < 1e-12);
    }

    #[test]
    fn one_sided_p_values_are_halves_of_the_two_sided_ones_and_add_up_to_one() {
        let (a, b) = ([3.0, 2.5, 4.0, 3.5], [2.0, 2.75, 2.5, 2.25]);
        let (ours, test) =
            (MeanDifference::paired(&a, &b, 0.0).unwrap(), paired_t(&a, &b, 0.95, 0.0).unwrap());
        assert!((ours.p_above(0.0) - test.p_value / 2.0).abs() < 1e-15);
        assert!((ours.p_above(0.3) + ours.p_below(0.3) - 1.0).abs() < 1e-12);
        assert!((ours.p_below(ours.difference) - 0.5).abs() < 1e-12);
    }

    #[test]
    fn without_any_chance_a_difference_is_what_it_is() {
        let exact = MeanDifference { difference: 0.5, standard_error: 0.0, freedom: 1.0 };
        assert_eq!([exact.p_below(0.6), exact.p_below(0.5), exact.p_above(0.4)], [0.0, 1.0, 0.0]);
    }

    #[test]
    fn one_seed_has_no_spread() {
        let pair = PairedPredictions { a: &[1, 2], b: &[1, 2] };
        assert_eq!(MeanDifference::crossed(&[1, 2], &[pair], 0.0), Err(BootstrapError::NoSeeds));
    }
}
