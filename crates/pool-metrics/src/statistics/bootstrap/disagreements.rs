//! The images on which two arms disagree, and how often each of them is drawn.

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rand_distr::{Binomial, Distribution};

use super::{PairedPredictions, Resampling};

/// The only images that can move a difference: those on which exactly one arm errs, with some seed.
pub(super) struct Disagreements {
    /// All test images.
    images: usize,
    /// Per seed, one of 1 (only `a` errs), -1 (only `b` errs) and 0 for each of the images that are not 0 everywhere.
    by_seed: Vec<Vec<i8>>,
}

impl Disagreements {
    pub(super) fn collect(labels: &[u8], seeds: &[PairedPredictions<'_>]) -> Self {
        let sign = |seed: &PairedPredictions<'_>, image: usize| {
            i8::from(seed.a[image] != labels[image]) - i8::from(seed.b[image] != labels[image])
        };
        let moving: Vec<usize> =
            (0..labels.len()).filter(|&image| seeds.iter().any(|seed| sign(seed, image) != 0)).collect();
        let by_seed =
            seeds.iter().map(|seed| moving.iter().map(|&image| sign(seed, image)).collect()).collect();
        Self { images: labels.len(), by_seed }
    }

    /// Errors of `a` minus errors of `b`, over all seeds.
    pub(super) fn total(&self) -> i64 {
        self.by_seed.iter().flatten().copied().map(i64::from).sum()
    }

    /// [`Self::total`] of each resample: a whole number, as an `f64`.
    pub(super) fn resampled_totals(&self, resampling: &Resampling) -> Vec<f64> {
        let seeds = self.by_seed.len();
        let moving = self.by_seed.first().map_or(0, Vec::len);
        // It refuses only shares outside [0, 1].
        let Ok(hits) = Binomial::new(self.images as u64, moving as f64 / self.images as f64) else {
            return Vec::new();
        };
        let mut generator = ChaCha8Rng::seed_from_u64(resampling.seed);
        let mut of_image = vec![0_i32; moving];
        (0..resampling.resamples)
            .map(|_| {
                of_image.fill(0);
                for _ in 0..seeds {
                    let drawn = &self.by_seed[generator.random_range(0..seeds)];
                    of_image.iter_mut().zip(drawn).for_each(|(sum, &sign)| *sum += i32::from(sign));
                }
                let draws = hits.sample(&mut generator);
                let total: i64 =
                    (0..draws).map(|_| i64::from(of_image[generator.random_range(0..moving)])).sum();
                total as f64
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two arms that disagree on some of `images`: entry `[seed][k]` is the sign on image `k`, and the rest agree.
    fn disagreeing(images: usize, by_seed: &[&[i8]]) -> Disagreements {
        Disagreements { images, by_seed: by_seed.iter().map(|signs| signs.to_vec()).collect() }
    }

    #[test]
    fn only_images_that_some_seed_is_divided_on_are_kept() {
        let labels = [0, 1, 2, 3, 4];
        let seeds = [
            PairedPredictions { a: &[0, 9, 2, 8, 4], b: &[0, 1, 9, 9, 4] },
            PairedPredictions { a: &[0, 1, 9, 3, 4], b: &[0, 1, 2, 3, 9] },
        ];
        let disagreements = Disagreements::collect(&labels, &seeds);
        assert_eq!(disagreements.images, 5);
        // Image 0 is right everywhere; on image 3 both are wrong in different ways.
        assert_eq!(disagreements.by_seed, [[1, -1, 0], [0, 1, -1]]);
        assert_eq!(disagreements.total(), 0);
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
