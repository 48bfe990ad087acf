//! Random draws that are specified here, step by step, so that a seed means the same in every release of every library;
//! and the order in which an epoch visits the training images.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// The generator for one purpose: ChaCha8, keyed by `seed`, on its own `stream`.
///
/// Streams of one seed do not overlap, so stream 5 can be had without drawing from streams 0 to 4.
pub(crate) fn generator(seed: u64, stream: u64) -> ChaCha8Rng {
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    generator.set_stream(stream);
    generator
}

/// A number from `0..bound`, each equally likely; `bound` must not be 0.
///
/// Lemire, "Fast random integer generation in an interval", 2019: take a 64-bit word `w`; the upper half of the
/// 128-bit product `w * bound` is the result, unless the lower half is below `2^64 mod bound`; then draw again.
pub(crate) fn below(generator: &mut ChaCha8Rng, bound: u64) -> u64 {
    loop {
        let product = u128::from(generator.next_u64()) * u128::from(bound);
        let lower = product as u64;
        // The remainder is below `bound`, so the division is only needed when `lower` is, too.
        if lower >= bound || lower >= bound.wrapping_neg() % bound {
            return (product >> 64) as u64;
        }
    }
}

/// A number from `low..=high`.
pub(crate) fn between(generator: &mut ChaCha8Rng, low: u64, high: u64) -> u64 {
    low + below(generator, high - low + 1)
}

/// Fisher-Yates from the last position down: position `i` changes places with one drawn from `0..=i`.
pub(crate) fn shuffle<T>(generator: &mut ChaCha8Rng, items: &mut [T]) {
    for i in (1..items.len()).rev() {
        let other = below(generator, i as u64 + 1) as usize;
        items.swap(i, other);
    }
}

/// A new order for each epoch, as a function of seed, epoch and number of images alone.
///
/// So all arms of a seed see the same batches, however much else they draw at random, and a run that is resumed at
/// epoch 7 sees the batches of epoch 7. The order is a Fisher-Yates shuffle by a ChaCha8 generator with
/// `seed_from_u64(seed)` on stream `epoch`; it will not change between releases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchOrder {
    len: usize,
    seed: u64,
}

impl BatchOrder {
    /// Orders for `len` images under `seed`.
    #[must_use]
    pub fn new(len: usize, seed: u64) -> Self {
        Self { len, seed }
    }

    /// The order of one epoch (counted from 0): a permutation of `0..len`, in the integer type torch indexes with.
    #[must_use]
    pub fn epoch(&self, epoch: u64) -> Vec<i64> {
        let mut order: Vec<i64> = (0_i64..).take(self.len).collect();
        shuffle(&mut generator(self.seed, epoch), &mut order);
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_order_of_four_items_is_about_equally_frequent() {
        let mut generator = generator(1, 0);
        let mut frequencies = std::collections::BTreeMap::new();
        let draws = 24_000;
        for _ in 0..draws {
            let mut items = [0, 1, 2, 3];
            shuffle(&mut generator, &mut items);
            *frequencies.entry(items).or_insert(0_u32) += 1;
        }
        assert_eq!(frequencies.len(), 24);
        // Pearson's chi-squared over 23 degrees of freedom; its 99.9 % quantile is 49.7.
        let expected = f64::from(draws) / 24.0;
        let chi: f64 = frequencies.values().map(|&n| (f64::from(n) - expected).powi(2) / expected).sum();
        assert!(chi < 49.7, "{chi}");
    }

    #[test]
    fn draws_stay_inside_their_bounds_and_reach_both_ends() {
        let mut generator = generator(2, 0);
        let draws: Vec<u64> = (0..1_000).map(|_| between(&mut generator, 3, 6)).collect();
        assert_eq!((draws.iter().min(), draws.iter().max()), (Some(&3), Some(&6)));
    }

    #[test]
    fn an_epoch_visits_every_image_once() {
        for len in [0, 1, 2, 1_000] {
            let mut order = BatchOrder::new(len, 5).epoch(3);
            order.sort_unstable();
            assert!(order.iter().copied().eq((0..).take(len)), "{len}");
        }
    }

    #[test]
    fn seed_and_epoch_each_change_the_order_and_nothing_else_does() {
        let order = |seed, epoch| BatchOrder::new(100, seed).epoch(epoch);
        assert_eq!(order(1, 1), order(1, 1));
        assert_ne!(order(1, 1), order(1, 2));
        assert_ne!(order(1, 1), order(2, 1));
    }

    #[test]
    fn the_order_never_changes_between_releases() {
        // From scripts/golden/batch_order.py, which computes ChaCha8 and the shuffle without any Rust code.
        let table = [
            (10, 0, 0, [6, 1, 8, 3, 2, 9, 0, 5, 4, 7]),
            (48_000, 1, 0, [22_026, 3_287, 30_627, 24_677, 1_208, 41_479, 32_751, 1_379, 11_690, 31_236]),
            (48_000, 1, 9, [39_000, 32_918, 23_323, 30_383, 21_810, 15_029, 5_413, 15_552, 7_115, 17_710]),
            (
                60_000,
                u64::MAX,
                1 << 40,
                [22_224, 13_073, 47_530, 14_257, 23_435, 37_055, 6_561, 4_489, 20_245, 6_504],
            ),
        ];
        for (len, seed, epoch, expected) in table {
            assert_eq!(BatchOrder::new(len, seed).epoch(epoch)[..10], expected, "{len} {seed} {epoch}");
        }
    }
}
