//! Dropout: masks, and their application.

#![expect(unsafe_code, reason = "vectors are read and written in place, by several threads")]

use std::ops::Range;

use crate::isa::{Isa, Kernel};
use crate::memory::{OutOfMemory, with_room};
use crate::random::{BLOCKS, Stream};
use crate::simd::Simd;
use crate::threads::{DisjointSlices, Threads};

/// A mask of dropout: one bit for each number, set if the number is kept.
#[derive(Debug, Clone, Default)]
pub struct KeepMask {
    /// Number `i` is bit `i % 8` of byte `i / 8`. There are at least [`SPARE`] more bytes than needed.
    bits: Vec<u8>,
    numbers: usize,
}

/// Four bytes are read for the sixteen bits from any number on.
const SPARE: usize = 4;
/// The numbers whose bits come from one group of blocks: a block has four words, and each word two halves.
const GROUP: usize = 8 * BLOCKS;
/// The groups of a task; few under Miri, which is slow and should still see several tasks.
const GROUPS_PER_TASK: usize = if cfg!(miri) { 1 } else { 64 };

/// The probability of dropping a number, as one of the 65,536 values that sixteen random bits distinguish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DropRate(u16);

impl DropRate {
    /// The value nearest to `rate`, at most 65,535 / 65,536.
    pub fn nearest(rate: f64) -> Self {
        Self((rate * 65_536.0).round().clamp(0.0, 65_535.0) as u16)
    }

    /// The factor of kept numbers, which keeps the expectation unchanged.
    pub fn scale(self) -> f32 {
        (65_536.0 / (65_536.0 - f64::from(self.0))) as f32
    }
}

impl KeepMask {
    /// Draws a mask for this many numbers. It is the same with every instruction set and number of threads.
    ///
    /// # Errors
    /// Not enough memory for a bit per number.
    pub fn draw(
        &mut self,
        isa: Isa,
        threads: &dyn Threads,
        stream: Stream,
        rate: DropRate,
        numbers: usize,
    ) -> Result<(), OutOfMemory> {
        let groups = numbers.div_ceil(GROUP);
        let bytes = groups * (GROUP / 8) + SPARE;
        self.numbers = 0;
        self.bits.clear();
        if self.bits.capacity() < bytes {
            self.bits = with_room(bytes)?;
        }
        self.bits.resize(bytes, 0);
        self.numbers = numbers;
        let bits = DisjointSlices::new(&mut self.bits);
        threads.parallel_for(groups.div_ceil(GROUPS_PER_TASK), 4, &|tasks| {
            let groups = tasks.start * GROUPS_PER_TASK..(tasks.end * GROUPS_PER_TASK).min(groups);
            // SAFETY: no two tasks have a group in common.
            let bits = unsafe { bits.part(groups.start * (GROUP / 8)..groups.end * (GROUP / 8)) };
            isa.run(Draw { stream, rate, first: groups.start, bits });
        });
        Ok(())
    }

    /// The number of numbers that it covers.
    pub fn len(&self) -> usize {
        self.numbers
    }

    /// Whether it covers no number.
    pub fn is_empty(&self) -> bool {
        self.numbers == 0
    }

    /// Whether number `index` is kept.
    pub fn keeps(&self, index: usize) -> bool {
        assert!(index < self.numbers, "number {index} of {}", self.numbers);
        self.bits[index / 8] >> (index % 8) & 1 == 1
    }

    /// Bit `i` is set if number `index + i` is kept, for the sixteen from `index` on.
    ///
    /// # Safety
    /// `index` is less than the number of numbers.
    #[inline(always)]
    pub(crate) unsafe fn sixteen(&self, index: usize) -> u32 {
        // SAFETY: the last number's byte is followed by the spare ones, so these four lie in the mask.
        let bytes = unsafe { self.bits.as_ptr().add(index / 8).cast::<[u8; SPARE]>().read() };
        u32::from_le_bytes(bytes) >> (index % 8)
    }

    /// Writes to `to` the kept numbers of `from`, times `scale`, and zeros elsewhere: dropout, forward and backward alike.
    ///
    /// # Panics
    /// Slices of other lengths than the mask.
    pub fn apply(&self, isa: Isa, threads: &dyn Threads, scale: f32, from: &[f32], to: &mut [f32]) {
        assert_eq!((from.len(), to.len()), (self.numbers, self.numbers), "numbers of the mask");
        const NUMBERS_PER_TASK: usize = GROUP * GROUPS_PER_TASK;
        let to = DisjointSlices::new(to);
        threads.parallel_for(self.numbers.div_ceil(NUMBERS_PER_TASK), 4, &|tasks| {
            let numbers = tasks.start * NUMBERS_PER_TASK..(tasks.end * NUMBERS_PER_TASK).min(self.numbers);
            // SAFETY: no two tasks have a number in common.
            let to = unsafe { to.part(numbers.clone()) };
            isa.run(Apply { mask: self, scale, from, numbers, to });
        });
    }
}

struct Draw<'a> {
    stream: Stream,
    rate: DropRate,
    first: usize,
    bits: &'a mut [u8],
}

impl Kernel for Draw<'_> {
    type Output = ();

    /// Of each word of each block of a group, the lower half decides on one number and the upper half on another.
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        for (group, bytes) in self.bits.chunks_exact_mut(GROUP / 8).enumerate() {
            let mut kept = [0u32; GROUP / BLOCKS];
            for part in 0..BLOCKS / S::LANES {
                let words = self.stream.blocks(s, self.first + group, part);
                for (word, &bits) in words.iter().enumerate() {
                    for (half, &draw) in s.halves(bits).iter().enumerate() {
                        kept[word * 2 + half] |= s.at_least(draw, self.rate.0) << (part * S::LANES);
                    }
                }
            }
            for (bytes, kept) in bytes.chunks_exact_mut(2).zip(kept) {
                bytes.copy_from_slice(&(kept as u16).to_le_bytes());
            }
        }
    }
}

struct Apply<'a> {
    mask: &'a KeepMask,
    scale: f32,
    from: &'a [f32],
    numbers: Range<usize>,
    to: &'a mut [f32],
}

impl Kernel for Apply<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let from = &self.from[self.numbers.clone()];
        let whole = from.len() / S::LANES * S::LANES;
        let (scale, zero) = (s.splat(self.scale), s.splat(0.0));
        for index in (0..whole).step_by(S::LANES) {
            // SAFETY: `from` and `to` are equally long, and at least a vector is left of both; the mask covers their
            // numbers, as `KeepMask::apply` has checked.
            unsafe {
                let kept = s.mask(self.mask.sixteen(self.numbers.start + index));
                let value = s.mul(s.load(from.as_ptr().add(index)), scale);
                s.store(self.to.as_mut_ptr().add(index), s.select(kept, value, zero));
            }
        }
        for (index, (&from, to)) in from.iter().zip(self.to).enumerate().skip(whole) {
            let kept = self.mask.keeps(self.numbers.start + index);
            *to = if kept { from * self.scale } else { 0.0 };
        }
    }
}
