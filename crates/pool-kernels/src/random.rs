//! Philox 4x32-10, a generator whose numbers can be computed in any order (Salmon, Moraes, Dror & Shaw, "Parallel Random
//! Numbers: As Easy as 1, 2, 3", 2011).

#![expect(unsafe_code, reason = "vectors are written in place, by several threads")]

use std::ops::Range;

use crate::isa::{Isa, Kernel};
use crate::simd::Simd;
use crate::threads::{DisjointSlices, Threads};

/// Blocks with consecutive numbers that are computed together, whatever the width of vectors.
pub(crate) const BLOCKS: usize = 16;

/// A block of the generator in every lane: four numbers that depend on the counter and the key only.
#[inline(always)]
fn philox<S: Simd>(s: S, counter: [S::I; 4], key: [u32; 2]) -> [S::I; 4] {
    const MULTIPLIERS: [u32; 2] = [0xD251_1F53, 0xCD9E_8D57];
    const STEPS: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];
    const ROUNDS: u32 = 10;
    let [mut a, mut b, mut c, mut d] = counter;
    let [mut first, mut second] = key;
    for _ in 0..ROUNDS {
        let (left_high, left_low) = s.multiply_wide(a, MULTIPLIERS[0]);
        let (right_high, right_low) = s.multiply_wide(c, MULTIPLIERS[1]);
        a = s.xor_int(s.xor_int(right_high, b), s.splat_int(first as i32));
        c = s.xor_int(s.xor_int(left_high, d), s.splat_int(second as i32));
        (b, d) = (right_low, left_low);
        first = first.wrapping_add(STEPS[0]);
        second = second.wrapping_add(STEPS[1]);
    }
    [a, b, c, d]
}

/// A stream of random numbers: a key, and a pass of the key's owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stream {
    /// A key that no other layer and no other seed has.
    pub key: [u32; 2],
    /// The number of the pass. No two passes share a block of the generator.
    pub pass: u64,
}

impl Stream {
    /// Blocks of a group of [`BLOCKS`]: part `part` of them, as many as there are lanes.
    #[inline(always)]
    pub(crate) fn blocks<S: Simd>(self, s: S, group: usize, part: usize) -> [S::I; 4] {
        let first = (group * BLOCKS + part * S::LANES) as u64;
        let mut low = [0u32; crate::simd::MOST_LANES];
        for (lane, low) in low.iter_mut().enumerate() {
            *low = (first + lane as u64) as u32;
        }
        // SAFETY: the array holds the widest vector.
        let low = unsafe { s.load_int(low.as_ptr()) };
        // The upper word is the same for a whole group: its first number is a multiple of sixteen.
        let high = s.splat_int((first >> 32) as i32);
        let pass = [s.splat_int(self.pass as i32), s.splat_int((self.pass >> 32) as i32)];
        philox(s, [low, high, pass[0], pass[1]], self.key)
    }

    /// Fills `numbers` with values uniform on `[0, 1)`, of 24 random bits each, so that a sum times such a value stays below
    /// the sum. The values are the same with every instruction set and number of threads.
    pub fn fill_uniform(self, isa: Isa, threads: &dyn Threads, numbers: &mut [f32]) {
        let length = numbers.len();
        let numbers = DisjointSlices::new(numbers);
        threads.parallel_for(length.div_ceil(TASK), 4, &|tasks| {
            let range = tasks.start * TASK..(tasks.end * TASK).min(length);
            // SAFETY: no two tasks have a number in common.
            let part = unsafe { numbers.part(range.clone()) };
            isa.run(FillUniform { stream: self, range, part });
        });
    }
}

/// The numbers of a group of blocks.
const GROUP: usize = 4 * BLOCKS;
/// The numbers of a task; few under Miri, which is slow and should still see several tasks.
const TASK: usize = if cfg!(miri) { 2 } else { 128 } * GROUP;

struct FillUniform<'a> {
    stream: Stream,
    range: Range<usize>,
    part: &'a mut [f32],
}

impl Kernel for FillUniform<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let scale = s.splat(1.0 / (1u32 << 24) as f32);
        let first = self.range.start / GROUP;
        for (index, chunk) in self.part.chunks_mut(GROUP).enumerate() {
            let mut numbers = [0.0; GROUP];
            for part in 0..BLOCKS / S::LANES {
                let words = self.stream.blocks(s, first + index, part);
                for (word, &bits) in words.iter().enumerate() {
                    let place = numbers[word * BLOCKS + part * S::LANES..].as_mut_ptr();
                    // SAFETY: the vector lies within the sixteen numbers of its word.
                    unsafe { s.store(place, s.mul(s.upper_24_bits(bits), scale)) }
                }
            }
            chunk.copy_from_slice(&numbers[..chunk.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ThisThread;

    /// One block with the same counter in every lane.
    struct Block {
        counter: [u32; 4],
        key: [u32; 2],
        expected: [u32; 4],
    }

    impl Kernel for Block {
        /// Whether each of the four words is as expected in every lane.
        type Output = [bool; 4];

        fn run<S: Simd>(self, s: S) -> [bool; 4] {
            let words = philox(s, self.counter.map(|word| s.splat_int(word as i32)), self.key);
            let halves = |word: S::I, expected: u32| {
                let [low, high] = s.halves(word);
                let all = (1u64 << S::LANES) as u32 - 1;
                let is = |half, value: u16| {
                    s.at_least(half, value) == all && (value == u16::MAX || s.at_least(half, value + 1) == 0)
                };
                is(low, expected as u16) && is(high, (expected >> 16) as u16)
            };
            [0, 1, 2, 3].map(|word: usize| halves(words[word], self.expected[word]))
        }
    }

    /// The known answers that the authors' Random123 library is tested with (`kat_vectors`, philox4x32, 10 rounds).
    #[test]
    fn blocks_are_those_of_random123() {
        for (counter, key, expected) in [
            ([0; 4], [0; 2], [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]),
            ([u32::MAX; 4], [u32::MAX; 2], [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]),
            (
                [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
                [0xa409_3822, 0x299f_31d0],
                [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1],
            ),
        ] {
            for isa in Isa::ALL.into_iter().filter(|isa| isa.is_available()) {
                assert_eq!(isa.run(Block { counter, key, expected }), [true; 4], "{isa}");
            }
        }
    }

    #[test]
    fn uniform_numbers_fill_the_interval_and_streams_differ() {
        const NUMBERS: usize = if cfg!(miri) { 1_007 } else { 10_007 };
        let draw = |isa: Isa, pass| {
            let mut numbers = vec![0.0; NUMBERS];
            Stream { key: [1, 2], pass }.fill_uniform(isa, &ThisThread, &mut numbers);
            numbers
        };
        let (first, second) = (draw(Isa::Portable, 0), draw(Isa::Portable, 1));
        assert!(first.iter().all(|number| (0.0..1.0).contains(number)));
        let mean = first.iter().sum::<f32>() / first.len() as f32;
        // Five standard deviations of the mean.
        let tolerance = 5.0 / (12.0 * NUMBERS as f32).sqrt();
        assert!((mean - 0.5).abs() < tolerance, "{mean}");
        assert!(first.iter().zip(&second).filter(|(a, b)| a == b).count() < 5);
        for isa in Isa::ALL.into_iter().filter(|isa| isa.is_available()) {
            assert_eq!(draw(isa, 0), first, "{isa}");
        }
    }
}
