//! The order in which an epoch visits the training images.

use pool_spec::draw::{generator, shuffle};

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
