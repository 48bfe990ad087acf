//! The images on which two arms disagree, and how often each kind of them is drawn.

use std::collections::BTreeMap;

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rand_distr::{Binomial, Distribution};

use super::{PairedPredictions, Resampling};

/// The only images that can move a difference: those on which exactly one arm errs, with some seed. Images that look
/// alike with every seed are counted together.
pub(super) struct Disagreements {
    /// All test images.
    pub(super) images: u64,
    /// Per seed, one of 1 (only `a` errs), -1 (only `b` errs) and 0 for each kind of image that is not 0 everywhere.
    pub(super) by_seed: Vec<Vec<i8>>,
    /// Number of images of each kind.
    pub(super) counts: Vec<u64>,
}

impl Disagreements {
    pub(super) fn collect(labels: &[u16], seeds: &[PairedPredictions<'_>]) -> Self {
        let mut kinds: BTreeMap<Vec<i8>, u64> = BTreeMap::new();
        for (image, label) in labels.iter().enumerate() {
            let sign = |seed: &PairedPredictions<'_>| {
                i8::from(seed.a[image] != *label) - i8::from(seed.b[image] != *label)
            };
            if seeds.iter().any(|seed| sign(seed) != 0) {
                *kinds.entry(seeds.iter().map(sign).collect()).or_default() += 1;
            }
        }
        Self {
            images: labels.len() as u64,
            by_seed: (0..seeds.len()).map(|seed| kinds.keys().map(|signs| signs[seed]).collect()).collect(),
            counts: kinds.into_values().collect(),
        }
    }

    /// Errors of `a` minus errors of `b`, over all seeds.
    pub(super) fn total(&self) -> i64 {
        let of_seed = |signs: &Vec<i8>| -> i64 {
            signs.iter().zip(&self.counts).map(|(&sign, &count)| i64::from(sign) * count as i64).sum()
        };
        self.by_seed.iter().map(of_seed).sum()
    }

    /// [`Self::total`] of each resample: a whole number, as an `f64`.
    ///
    /// Few numbers are drawn. Once a resample's seeds are known, an image enters only by its sum of signs over them, one
    /// of `2 S + 1` whole numbers, and most images have the sum 0. How many of the `n` draws fall on the images of each
    /// sum is multinomial, and a multinomial is a chain of binomials: `Binomial(n, c/n)` for the first sum, which `c`
    /// images have, then `Binomial(n - k, c'/(n - c))` for the next when the first took `k`, and so on. Drawing these
    /// instead of `n` images is therefore the same distribution, to the last digits of the shares, at a cost that hardly
    /// knows `n`.
    pub(super) fn resampled_totals(&self, resampling: &Resampling) -> Vec<f64> {
        let mut generator = ChaCha8Rng::seed_from_u64(resampling.seed);
        let mut of_kind = vec![0_i32; self.counts.len()];
        let mut with_sum = vec![0_u64; 2 * self.by_seed.len() + 1];
        (0..resampling.resamples)
            .map(|_| {
                self.draw_seeds(&mut generator, &mut of_kind);
                self.count_by_sum(&of_kind, &mut with_sum);
                self.draw_images(&mut generator, &with_sum) as f64
            })
            .collect()
    }

    /// Draws as many seeds as there are, and sums each kind's signs over them.
    fn draw_seeds(&self, generator: &mut ChaCha8Rng, of_kind: &mut [i32]) {
        of_kind.fill(0);
        for _ in 0..self.by_seed.len() {
            let drawn = &self.by_seed[generator.random_range(0..self.by_seed.len())];
            of_kind.iter_mut().zip(drawn).for_each(|(sum, &sign)| *sum += i32::from(sign));
        }
    }

    /// Number of images with each sum, from minus the number of seeds up.
    fn count_by_sum(&self, of_kind: &[i32], with_sum: &mut [u64]) {
        let lowest = self.by_seed.len() as i32;
        with_sum.fill(0);
        for (sum, count) in of_kind.iter().zip(&self.counts) {
            with_sum[(sum + lowest) as usize] += count;
        }
    }

    /// Draws as many images as there are, and adds up their sums: how many draws fall on each sum is multinomial, drawn
    /// as one binomial after the other from what is left.
    fn draw_images(&self, generator: &mut ChaCha8Rng, with_sum: &[u64]) -> i64 {
        let (mut draws_left, mut images_left, mut total) = (self.images, self.images, 0);
        for (sum, &count) in (-(self.by_seed.len() as i64)..).zip(with_sum) {
            if sum == 0 || count == 0 {
                continue;
            }
            // It refuses only shares outside [0, 1].
            let drawn = Binomial::new(draws_left, count as f64 / images_left as f64)
                .map_or(0, |binomial| binomial.sample(generator));
            total += sum * drawn as i64;
            draws_left -= drawn;
            images_left -= count;
        }
        total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two arms that disagree on some of `images`: entry `[seed][k]` is the sign on image `k`, and the rest agree.
    fn disagreeing(images: u64, by_seed: &[&[i8]]) -> Disagreements {
        let by_seed: Vec<Vec<i8>> = by_seed.iter().map(|signs| signs.to_vec()).collect();
        Disagreements { images, counts: vec![1; by_seed[0].len()], by_seed }
    }

    #[test]
    fn images_that_look_alike_are_counted_and_those_that_divide_nobody_are_not() {
        let labels = [0, 1, 2, 3, 4, 5];
        let seeds = [
            PairedPredictions { a: &[0, 9, 2, 8, 4, 0], b: &[0, 1, 9, 9, 4, 5] },
            PairedPredictions { a: &[0, 1, 9, 3, 4, 5], b: &[0, 1, 2, 3, 9, 5] },
        ];
        let disagreements = Disagreements::collect(&labels, &seeds);
        assert_eq!(disagreements.images, 6);
        // Image 0 is right everywhere; on image 3 both are wrong in different ways; images 1 and 5 look alike.
        assert_eq!(disagreements.by_seed, [[-1, 0, 1], [1, -1, 0]]);
        assert_eq!(disagreements.counts, [1, 1, 2]);
        assert_eq!(disagreements.total(), 1);
    }

    #[test]
    fn resamples_have_the_mean_and_variance_of_two_way_resampling() {
        for (images, by_seed, why) in [
            (40, &[&[1, 1, -1, 1, 0, 0][..]][..], "one seed: images alone"),
            (6, &[&[1, 1, -1, 1, 1, 1], &[1, -1, -1, 1, 1, 0]], "every image divides the arms"),
            (500, &[&[1, 1, 1, 1, 0, 0], &[0, 0, -1, 0, -1, -1], &[1, 0, 0, 0, 0, 0]], "seeds that disagree"),
            (50, &[&[1; 5], &[1; 5], &[-1; 5], &[1; 5], &[-1; 5]], "the same images decide with every seed"),
        ] {
            let disagreements = disagreeing(images, by_seed);
            let (n, seeds) = (images as f64, by_seed.len() as f64);
            // Counts of independent draws have the covariances E[M_i M_j] = 1 - 1/n + [i = j], and so for the seeds;
            // the square of the resampled total expands into squares of row, column and single sums.
            let square = |value: f64| value * value;
            let total = disagreements.total() as f64;
            let of_seeds: f64 =
                by_seed.iter().map(|signs| square(signs.iter().map(|&sign| f64::from(sign)).sum())).sum();
            let of_images: f64 = (0..by_seed[0].len())
                .map(|image| square(by_seed.iter().map(|signs| f64::from(signs[image])).sum()))
                .sum();
            let of_both: f64 =
                by_seed.iter().flat_map(|signs| signs.iter()).map(|&sign| square(f64::from(sign))).sum();
            let (rest_n, rest_seeds) = (1.0 - 1.0 / n, 1.0 - 1.0 / seeds);
            let variance =
                rest_n * rest_seeds * square(total) + rest_n * of_seeds + rest_seeds * of_images + of_both
                    - square(total);

            let totals =
                disagreements.resampled_totals(&Resampling { resamples: 200_000, ..Resampling::default() });
            let count = totals.len() as f64;
            let mean = totals.iter().sum::<f64>() / count;
            let spread = totals.iter().map(|value| square(value - mean)).sum::<f64>() / (count - 1.0);
            let fourth = totals.iter().map(|value| square(square(value - mean))).sum::<f64>() / count;
            // Five standard errors of a mean and of a variance.
            assert!(
                (mean - total).abs() < 5.0 * (variance / count).sqrt(),
                "{why}: mean {mean}, not {total}"
            );
            let error = ((fourth - square(spread)) / count).sqrt();
            assert!((spread - variance).abs() < 5.0 * error, "{why}: variance {spread}, not {variance}");
        }
    }
}
