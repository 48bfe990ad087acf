//! Gaussian noise, drawn pixel by pixel from each picture's own generator.

use pool_spec::draw::generator;
use rand_chacha::rand_core::RngCore;

/// The greatest grey value, which is also the greatest possible change.
const GREATEST: usize = 255;

/// Streams of noise begin here, beyond those of batch orders and splits.
const FIRST_STREAM: u64 = 1 << 63;

/// Enough that the search rarely has a step left at most strengths, and few enough that the table stays in the cache.
const START_BITS: u32 = 11;

/// Normal draws, already rounded to whole grey values.
///
/// For each pixel, one 32-bit word `w` is drawn, and the least `n` with `w < 2^32 * P(round(X) <= n)` is added, where
/// `X` is normal with mean 0. That is the inverse of the distribution function of the rounded draw, exact to the last
/// bit of the word. A pixel needs neither logarithm nor cosine, and the noise of a seed never changes.
pub(super) struct Noise {
    seed: u64,
    /// `2^32 * P(round(X) <= n)` for `n` from -255 to 254. Beyond, every pixel is white.
    thresholds: Vec<u64>,
    /// For every value of a word's upper [`START_BITS`] bits, the number of thresholds that all such words have passed.
    passed: Vec<usize>,
}

impl Noise {
    /// `sd` is a fraction of the grey range.
    pub(super) fn new(sd: f64, seed: u64) -> Self {
        let sd = sd * GREATEST as f64;
        let changes = (0..2 * GREATEST).map(|change| change as f64 - GREATEST as f64);
        let thresholds: Vec<u64> =
            changes.map(|change| (normal_cdf((change + 0.5) / sd) * 2_f64.powi(32)).round() as u64).collect();
        let starts = (0..1_u64 << START_BITS).map(|start| start << (u32::BITS - START_BITS));
        let passed = starts.map(|word| thresholds.partition_point(|&threshold| threshold <= word)).collect();
        Self { seed, thresholds, passed }
    }

    /// Adds the noise of picture `index`, row by row.
    pub(super) fn apply(&self, index: u64, from: &[u8], to: &mut [u8]) {
        let mut generator = generator(self.seed, FIRST_STREAM + index);
        for (new, &old) in to.iter_mut().zip(from) {
            let brighter = usize::from(old) + self.draw(generator.next_u32());
            *new = brighter.clamp(GREATEST, 2 * GREATEST).abs_diff(GREATEST) as u8;
        }
    }

    /// The change that a word stands for, plus 255.
    fn draw(&self, word: u32) -> usize {
        let mut passed = self.passed[(word >> (u32::BITS - START_BITS)) as usize];
        while self.thresholds.get(passed).is_some_and(|&threshold| threshold <= word.into()) {
            passed += 1;
        }
        passed
    }
}

/// The distribution function of the standard normal distribution: Marsaglia, "Evaluating the Normal Distribution",
/// Journal of Statistical Software 11(4), 2004.
fn normal_cdf(x: f64) -> f64 {
    // Beyond, it is within 1e-15 of 0 or 1.
    if x.abs() > 8.0 {
        return if x > 0.0 { 1.0 } else { 0.0 };
    }
    let (mut sum, mut term, mut factor) = (x, x, 1.0);
    loop {
        factor += 2.0;
        term *= x * x / factor;
        let next = sum + term;
        if next == sum {
            break;
        }
        sum = next;
    }
    0.5 + sum * (-0.5 * x * x).exp() / std::f64::consts::TAU.sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{LabelledImages, Perturbation, PictureShape};

    fn noisy(pictures: usize, grey: u8, sd: f64, seed: u64) -> LabelledImages {
        let images =
            LabelledImages::new(PictureShape::grey(28, 28), vec![grey; pictures * 784], vec![0; pictures])
                .unwrap();
        images.perturbed(&Perturbation::Noise { sd }, seed).unwrap()
    }

    #[test]
    fn the_distribution_function_is_that_of_tables() {
        // scipy.stats.norm.cdf
        let table = [
            (0.0, 0.5),
            (1.0, 0.841_344_746_068_542_9),
            (-1.0, 0.158_655_253_931_457_05),
            (1.96, 0.975_002_104_851_779_5),
            (-3.0, 0.001_349_898_031_630_094_6),
            (6.5, 0.999_999_999_959_84),
            (f64::INFINITY, 1.0),
            (f64::NEG_INFINITY, 0.0),
        ];
        for (x, expected) in table {
            assert!((normal_cdf(x) - expected).abs() < 1e-14, "{x}: {}", normal_cdf(x));
        }
    }

    #[test]
    fn noise_has_its_mean_and_standard_deviation() {
        // A middle grey, so that hardly anything is clipped: 0.1 of the range is 25.5.
        let images = noisy(100, 128, 0.1, 1);
        let changes: Vec<f64> = images.pixels().iter().map(|&pixel| f64::from(pixel) - 128.0).collect();
        let n = changes.len() as f64;
        let mean = changes.iter().sum::<f64>() / n;
        let variance = changes.iter().map(|change| (change - mean).powi(2)).sum::<f64>() / n;
        // Four standard errors: 25.5 / sqrt(n), and variance * sqrt(2 / n). Rounding adds 1/12 to the variance.
        assert!(mean.abs() < 4.0 * 25.5 / n.sqrt(), "{mean}");
        let expected = 25.5_f64.powi(2) + 1.0 / 12.0;
        assert!((variance - expected).abs() < 4.0 * expected * (2.0 / n).sqrt(), "{variance}");
    }

    #[test]
    fn noise_is_clipped_at_black_and_white() {
        for (grey, why) in
            [(0, "half of the noise would be darker than black"), (255, "or brighter than white")]
        {
            let unchanged = noisy(10, grey, 0.3, 1).pixels().iter().filter(|&&pixel| pixel == grey).count();
            assert!((3_600..4_300).contains(&unchanged), "{unchanged} of 7840: {why}");
        }
    }

    #[test]
    fn a_picture_s_noise_depends_on_seed_and_index_alone() {
        let (all, first) = (noisy(3, 128, 0.2, 1), noisy(1, 128, 0.2, 1));
        assert_eq!(all.picture(0), first.picture(0));
        assert_ne!(all.picture(0), all.picture(1));
        assert_ne!(first, noisy(1, 128, 0.2, 2));
    }

    #[test]
    fn twice_the_standard_deviation_is_the_same_pattern_twice_as_strong() {
        // From middle grey, 0.05 of the range reaches neither black nor white before nine standard deviations.
        let (weak, strong) = (noisy(2, 128, 0.05, 1), noisy(2, 128, 0.1, 1));
        for (&weak, &strong) in weak.pixels().iter().zip(strong.pixels()) {
            let twice = (2 * (i32::from(weak) - 128)).clamp(-128, 127);
            assert!((i32::from(strong) - 128 - twice).abs() <= 1, "rounding alone differs: {weak} {strong}");
        }
    }
}
