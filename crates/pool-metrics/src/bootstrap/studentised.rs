//! Resamples that each have a standard error of their own.

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rand_distr::{Binomial, Distribution};

use super::Resampling;
use super::disagreements::Disagreements;
use crate::mean_difference::CrossedSums;

/// Kinds with at least so many images are drawn by one binomial number each. The images of all others are drawn one by
/// one, as a binomial number takes about as long as so many draws.
const COMMON: u64 = 32;

/// The disagreements of two arms, laid out for sums over the seeds and over the images of a resample.
pub(super) struct Studentised {
    /// All test images.
    images: u64,
    /// Per seed, the kinds of image on which only `a` errs and those on which only `b` does.
    by_seed: Vec<[Vec<usize>; 2]>,
    /// Number of images of each kind.
    counts: Vec<u64>,
    /// The kinds with many images.
    common: Vec<usize>,
    /// The kind of each image of all other kinds.
    rare: Vec<usize>,
}

impl Studentised {
    pub(super) fn of(disagreements: Disagreements) -> Self {
        let Disagreements { images, by_seed, counts } = disagreements;
        let kinds_with = |signs: &[i8], sign: i8| -> Vec<usize> {
            signs.iter().enumerate().filter(|(_, found)| **found == sign).map(|(kind, _)| kind).collect()
        };
        let by_seed = by_seed.iter().map(|signs| [1, -1].map(|sign| kinds_with(signs, sign))).collect();
        let (common, others): (Vec<usize>, Vec<usize>) =
            (0..counts.len()).partition(|&kind| counts[kind] >= COMMON);
        let rare = others.into_iter().flat_map(|kind| (0..counts[kind]).map(move |_| kind)).collect();
        Self { images, by_seed, counts, common, rare }
    }

    /// How far each resample's mean difference lies from the observed one, in its own standard errors, times the observed
    /// standard error.
    ///
    /// A resample may have no disagreement left, and so no spread. Its standard error counts as that of one error of one
    /// network, `1 / (S n)`, at the least.
    pub(super) fn deviations(&self, resampling: &Resampling) -> Vec<f64> {
        let mut of_kind = vec![0; self.counts.len()];
        let observed =
            self.sums(&vec![1; self.by_seed.len()], &self.counts, &mut of_kind).mean_difference(0.0);
        let least = 1.0 / (self.by_seed.len() as f64 * self.images as f64);
        self.resampled_sums(resampling)
            .map(|sums| {
                let resample = sums.mean_difference(0.0);
                let distance = resample.difference - observed.difference;
                distance / resample.standard_error.max(least) * observed.standard_error
            })
            .collect()
    }

    fn resampled_sums(&self, resampling: &Resampling) -> impl Iterator<Item = CrossedSums> {
        let mut generator = ChaCha8Rng::seed_from_u64(resampling.seed);
        let mut times_seed = vec![0; self.by_seed.len()];
        let mut times_kind = vec![0; self.counts.len()];
        let mut of_kind = vec![0; self.counts.len()];
        (0..resampling.resamples).map(move |_| {
            times_seed.fill(0);
            for _ in 0..times_seed.len() {
                times_seed[generator.random_range(0..self.by_seed.len())] += 1;
            }
            self.draw_images(&mut generator, &mut times_kind);
            self.sums(&times_seed, &times_kind, &mut of_kind)
        })
    }

    /// Draws as many images as there are, and counts how often each kind is drawn. The common kinds are binomial, one
    /// after the other from what is left, as is the number of images of all rare kinds, each as likely as the next.
    fn draw_images(&self, generator: &mut ChaCha8Rng, times_kind: &mut [u64]) {
        times_kind.fill(0);
        let (mut draws_left, mut images_left) = (self.images, self.images);
        let mut draw = |generator: &mut ChaCha8Rng, count: u64| {
            // It refuses only shares outside [0, 1].
            let drawn = Binomial::new(draws_left, count as f64 / images_left as f64)
                .map_or(0, |binomial| binomial.sample(generator));
            draws_left -= drawn;
            images_left -= count;
            drawn
        };
        for &kind in &self.common {
            times_kind[kind] = draw(generator, self.counts[kind]);
        }
        if self.rare.is_empty() {
            return;
        }
        for _ in 0..draw(generator, self.rare.len() as u64) {
            times_kind[self.rare[generator.random_range(0..self.rare.len())]] += 1;
        }
    }

    /// The sums over seeds and kinds that are there so many times each. Only disagreements are touched, twice for each
    /// seed that was drawn at all.
    fn sums(&self, times_seed: &[u32], times_kind: &[u64], of_kind: &mut [i64]) -> CrossedSums {
        of_kind.fill(0);
        let mut sums = CrossedSums {
            seeds: self.by_seed.len() as f64,
            images: self.images as f64,
            total: 0.0,
            of_seeds: 0.0,
            of_images: 0.0,
            squares: 0.0,
        };
        for ([only_a, only_b], &times) in self.by_seed.iter().zip(times_seed).filter(|(_, times)| **times > 0)
        {
            let [a, b] =
                [only_a, only_b].map(|kinds| kinds.iter().map(|&kind| times_kind[kind]).sum::<u64>());
            let (of_seed, drawn) = (a as f64 - b as f64, f64::from(times));
            sums.total += drawn * of_seed;
            sums.of_seeds += drawn * of_seed * of_seed;
            sums.squares += drawn * (a + b) as f64;
            only_a.iter().for_each(|&kind| of_kind[kind] += i64::from(times));
            only_b.iter().for_each(|&kind| of_kind[kind] -= i64::from(times));
        }
        let of_kinds = of_kind.iter().zip(times_kind);
        sums.of_images = of_kinds.map(|(&sum, &times)| (times as i64 * sum * sum) as f64).sum();
        sums
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{MeanDifference, PairedPredictions, mean, sample_sd};

    /// Networks that err on every image whose number leaves one of these remainders.
    fn networks(images: usize, every: usize, remainders: &[&[usize]]) -> Vec<Vec<u16>> {
        let wrong = |remainders: &&[usize]| {
            (0..images).map(|image| u16::from(remainders.contains(&(image % every)))).collect()
        };
        remainders.iter().map(wrong).collect()
    }

    fn studentised(labels: &[u16], a: &[Vec<u16>], b: &[Vec<u16>]) -> (Studentised, MeanDifference) {
        let seeds: Vec<_> = a.iter().zip(b).map(|(a, b)| PairedPredictions { a, b }).collect();
        let expected = MeanDifference::crossed(labels, &seeds, 0.0).unwrap();
        (Studentised::of(Disagreements::collect(labels, &seeds)), expected)
    }

    #[test]
    fn what_was_observed_has_the_standard_error_of_the_analysis_of_variance() {
        let a = networks(300, 100, &[&[1, 2, 3], &[1, 2, 50, 60, 70], &[3], &[1, 4, 5, 6, 7], &[9, 10]]);
        let b = networks(300, 100, &[&[11, 2], &[11, 12, 50], &[13], &[11, 12, 14, 15], &[11]]);
        let (ours, expected) = studentised(&[0; 300], &a, &b);
        let mut of_kind = vec![0; ours.counts.len()];
        assert_eq!(ours.sums(&[1; 5], &ours.counts, &mut of_kind).mean_difference(0.0), expected);
    }

    #[test]
    fn common_and_rare_images_are_drawn_as_often_as_there_are_of_them() {
        // Remainder 1 is in 100 images of 400, remainder 2 in as many; images 3 and 7 are the only ones of their kind.
        let mut a = networks(400, 4, &[&[1], &[1], &[1], &[1], &[1]]);
        let mut b = networks(400, 4, &[&[2], &[2], &[2], &[2], &[]]);
        a[2][3] = 1;
        b[4][7] = 1;
        let (ours, _) = studentised(&[0; 400], &a, &b);
        assert_eq!((ours.common.len(), ours.rare.len()), (2, 2));
        let mut generator = ChaCha8Rng::seed_from_u64(5);
        let draws = 20_000;
        let mut times_kind = vec![0; ours.counts.len()];
        let mut drawn = vec![Vec::new(); ours.counts.len()];
        for _ in 0..draws {
            ours.draw_images(&mut generator, &mut times_kind);
            drawn.iter_mut().zip(&times_kind).for_each(|(drawn, &times)| drawn.push(times as f64));
        }
        for (times, &count) in drawn.iter().zip(&ours.counts) {
            let (share, found) = (count as f64 / 400.0, sample_sd(times).unwrap());
            let sd = (400.0 * share * (1.0 - share)).sqrt();
            let mean = mean(times).unwrap();
            // Five standard errors of a mean, and at least as many of a standard deviation of counts as skew as these.
            assert!((mean - count as f64).abs() < 5.0 * sd / f64::from(draws).sqrt(), "{count}: {mean}");
            assert!((found / sd - 1.0).abs() < 5.0 / f64::from(draws).sqrt(), "{count}: {found}, not {sd}");
        }
    }

    #[test]
    fn a_resample_knows_on_average_how_far_resamples_spread() {
        // Seeds that differ, images that are hard for one arm, and errors of one network alone.
        let seeds = 12;
        let a: Vec<Vec<u16>> = (0..seeds)
            .map(|seed| {
                (0..500).map(|image| u16::from(image < 20 || (image * 7 + seed * 131) % 97 < seed)).collect()
            })
            .collect();
        let b: Vec<Vec<u16>> = (0..seeds)
            .map(|seed| (0..500).map(|image| u16::from((image * 11 + seed * 61) % 89 < 6)).collect())
            .collect();
        let (ours, _) = studentised(&[0; 500], &a, &b);
        let resampling = Resampling { resamples: 20_000, ..Resampling::default() };
        let resamples: Vec<_> =
            ours.resampled_sums(&resampling).map(|sums| sums.mean_difference(0.0)).collect();
        let differences: Vec<f64> = resamples.iter().map(|resample| resample.difference).collect();
        let variances: Vec<f64> = resamples.iter().map(|resample| resample.standard_error.powi(2)).collect();
        let ratio = mean(&variances).unwrap() / sample_sd(&differences).unwrap().powi(2);
        // Five standard errors of a variance from 20,000 values, sqrt(2 / 20,000) each.
        assert!((ratio - 1.0).abs() < 0.05, "{ratio}");
    }
}
