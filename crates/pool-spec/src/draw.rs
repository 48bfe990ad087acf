//! Random draws, written out step by step, so that a seed means the same in every release.
//!
//! A library may change how it shuffles a list, or how it draws from a range, in any release. The same seed would then
//! mean another network, another batch order, another search. Whatever a seed decides is drawn here, from the words of
//! [`ChaCha8Rng`], whose stream is specified.
//!
//! ```
//! use pool_spec::draw;
//!
//! let mut generator = draw::generator(7, 0);
//! let mut places = [0, 1, 2, 3, 4];
//! draw::shuffle(&mut generator, &mut places);
//! assert_eq!(places, [3, 1, 2, 4, 0]);
//! ```

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// The generator for one purpose: ChaCha8, keyed by `seed`, on its own `stream`.
///
/// Streams of one seed do not overlap, so stream 5 can be had without drawing from streams 0 to 4.
pub fn generator(seed: u64, stream: u64) -> ChaCha8Rng {
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    generator.set_stream(stream);
    generator
}

/// A number from `0..bound`, each equally likely; `bound` must not be 0.
///
/// Lemire, "Fast random integer generation in an interval", 2019: take a 64-bit word `w`; the upper half of the
/// 128-bit product `w * bound` is the result, unless the lower half is below `2^64 mod bound`; then draw again.
pub fn below(generator: &mut ChaCha8Rng, bound: u64) -> u64 {
    loop {
        let product = u128::from(generator.next_u64()) * u128::from(bound);
        let lower = product as u64;
        // The remainder is below `bound`, so the division is only needed when `lower` is, too.
        if lower >= bound || lower >= bound.wrapping_neg() % bound {
            return (product >> 64) as u64;
        }
    }
}

/// A number from `low..=high`, which must be neither empty nor all of `u64`.
pub fn between(generator: &mut ChaCha8Rng, low: u64, high: u64) -> u64 {
    low + below(generator, high - low + 1)
}

/// One of `items`, each equally likely; `None` where there are none.
pub fn pick<'a, T>(generator: &mut ChaCha8Rng, items: &'a [T]) -> Option<&'a T> {
    if items.is_empty() {
        return None;
    }
    items.get(below(generator, items.len() as u64) as usize)
}

/// Fisher-Yates from the last position down: position `i` changes places with one drawn from `0..=i`.
pub fn shuffle<T>(generator: &mut ChaCha8Rng, items: &mut [T]) {
    for i in (1..items.len()).rev() {
        let other = below(generator, i as u64 + 1) as usize;
        items.swap(i, other);
    }
}

/// `count` different numbers from `0..bound`, ascending, each set of them equally likely; all of them where `count` is
/// `bound` or more.
///
/// Algorithm S of Knuth, "The Art of Computer Programming", volume 2, 3.4.2: of the numbers that are left, each is
/// taken as likely as one of them is needed.
pub fn subset(generator: &mut ChaCha8Rng, count: usize, bound: usize) -> Vec<usize> {
    let mut needed = count.min(bound);
    let mut chosen = Vec::with_capacity(needed);
    for number in 0..bound {
        if below(generator, (bound - number) as u64) < needed as u64 {
            chosen.push(number);
            needed -= 1;
        }
    }
    chosen
}

/// Uniform on `[0, 1)`: the upper 53 bits of a 64-bit word, as many as an `f64` has.
pub fn unit(generator: &mut ChaCha8Rng) -> f64 {
    (generator.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}

/// Uniform on `[-limit, limit)`: the upper 23 bits of a 32-bit word, as a share of the interval. The greatest share leaves
/// two units in the last place of `limit`, so that no sum rounds up to it.
pub fn symmetric(generator: &mut ChaCha8Rng, limit: f32) -> f32 {
    let share = (generator.next_u32() >> 9) as f32 / (1_u32 << 23) as f32;
    share * (limit + limit) - limit
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use sha2::{Digest, Sha256};

    use super::*;

    /// Pearson's chi-squared of draws that are all equally likely.
    fn chi_squared<T: Ord>(draws: impl Iterator<Item = T>, outcomes: usize) -> f64 {
        let mut frequencies = BTreeMap::new();
        draws.for_each(|draw| *frequencies.entry(draw).or_insert(0_u32) += 1);
        assert_eq!(frequencies.len(), outcomes);
        let expected = f64::from(frequencies.values().sum::<u32>()) / outcomes as f64;
        frequencies.values().map(|&n| (f64::from(n) - expected).powi(2) / expected).sum()
    }

    #[test]
    fn every_order_of_four_items_is_about_equally_frequent() {
        let mut generator = generator(1, 0);
        let orders = (0..24_000).map(|_| {
            let mut items = [0, 1, 2, 3];
            shuffle(&mut generator, &mut items);
            items
        });
        // The 99.9 % quantile of chi-squared over 23 degrees of freedom.
        let chi = chi_squared(orders, 24);
        assert!(chi < 49.7, "{chi}");
    }

    #[test]
    fn every_three_of_six_numbers_are_about_equally_frequent_and_ascend() {
        let mut generator = generator(3, 0);
        let subsets: Vec<_> = (0..20_000).map(|_| subset(&mut generator, 3, 6)).collect();
        assert!(subsets.iter().all(|subset| subset.len() == 3 && subset.is_sorted_by(|a, b| a < b)));
        // The 99.9 % quantile of chi-squared over 19 degrees of freedom.
        let chi = chi_squared(subsets.into_iter(), 20);
        assert!(chi < 43.8, "{chi}");
    }

    #[test]
    fn a_subset_of_none_is_empty_and_of_all_is_everything() {
        let mut generator = generator(4, 0);
        for (count, bound, expected) in
            [(0, 3, vec![]), (3, 3, vec![0, 1, 2]), (5, 2, vec![0, 1]), (1, 0, vec![])]
        {
            assert_eq!(subset(&mut generator, count, bound), expected, "{count} of {bound}");
        }
    }

    #[test]
    fn draws_stay_inside_their_bounds_and_reach_both_ends() {
        let mut generator = generator(2, 0);
        let draws: Vec<u64> = (0..1_000).map(|_| between(&mut generator, 3, 6)).collect();
        assert_eq!((draws.iter().min(), draws.iter().max()), (Some(&3), Some(&6)));
        assert_eq!(pick::<u8>(&mut generator, &[]), None);
        assert_eq!(pick(&mut generator, &["one"]), Some(&"one"));
    }

    fn digest(bits: impl Iterator<Item = u64>) -> String {
        format!("{:x}", Sha256::digest(bits.flat_map(u64::to_le_bytes).collect::<Vec<u8>>()))
    }

    /// The digests are those of the same draws by rand 0.9.5: `random_range(-limit..limit)` and `random::<f64>()`. Networks
    /// of earlier builds began with them.
    #[test]
    fn numbers_between_bounds_never_change_between_releases() {
        for (limit, expected) in [
            (0.25, "da3c711da66af08bea6584c1ae8834f3e5ec6e8ed556c85c8778c4e881d9de9d"),
            (0.085_280_28, "fd11d133a6bc56507960811a6d73cb5418562952cc5158c040de650089e8c704"),
            (1.732_050_8, "1591bedcd86b26eac724d936f311c5fd8e21dec56bbf3699666358a1b3e134e2"),
        ] {
            let mut generator = generator(5, 0);
            let draws: Vec<f32> = (0..10_000).map(|_| symmetric(&mut generator, limit)).collect();
            assert!(draws.iter().all(|draw| (-limit..limit).contains(draw)));
            assert_eq!(digest(draws.iter().map(|draw| draw.to_bits().into())), expected, "{limit}");
        }
        let mut generator = generator(5, 1);
        let draws: Vec<f64> = (0..10_000).map(|_| unit(&mut generator)).collect();
        assert!(draws.iter().all(|draw| (0.0..1.0).contains(draw)));
        assert_eq!(
            digest(draws.iter().map(|draw| draw.to_bits())),
            "c0e9e7e6deea57309964d91a65ad34aff8542f4f083a012735ba8df3e4100e87"
        );
    }
}
