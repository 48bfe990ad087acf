//! Vectors of `f32` lanes, so that a kernel is written once and compiled for every instruction set.
//!
//! A value of a type that implements [`Simd`] proves that the processor has the instructions; [`crate::Isa`] makes such
//! values. Methods are always inlined into a function that is compiled for those instructions, which
//! [`crate::isa::Isa::run`] provides.
//!
//! # Why not `pulp`
//! The crate `pulp` (0.22.3, which `gemm` brings along) has the same design: a proof token per instruction set, and kernels
//! that are generic over a trait. In November 2026 three kernels were written with both, the maximum and SoftPool over
//! windows of 2 by 2 (8 images of 24 by 24 pixels with 32 channels) and a step of Adam (32,768 parameters), and timed in turn,
//! in five runs of 240 to 480 rounds, on a virtual machine with an AMD EPYC of family 25, model 17 (Zen 4), which others used
//! at the same time. With AVX-512 and AVX2 the results were the same to the last bit. By the fastest round of each run, Adam
//! takes as long with both (within 1 %). The maximum takes 9 to 14 % longer with `pulp` in AVX-512, and 1 to 4 % longer in
//! AVX2: its trait has no test for NaN but the negation of "equal". SoftPool takes 7 % longer in AVX-512 and 8 % in AVX2: its
//! trait has no rounding and no powers of two, which `exp` must then put together from bits. It also lacks bytes as lanes,
//! masks from bits, and transposes, which the first block, dropout and channels-first panels need. Its portable multiply-add
//! is the C library's fused one, which makes SoftPool and Adam three times slower than ours; its portable maximum is four
//! times as fast as ours, which [`Portable`] could learn from. The rule was to keep this module if `pulp` costs more than
//! 3 %, so it stays.

#![expect(unsafe_code, reason = "reading and writing memory by address")]

/// Methods of one expression each, which touch no memory.
#[cfg(target_arch = "x86_64")]
macro_rules! instructions {
    ($($(#[$doc:meta])* $visible:vis fn $name:ident($($argument:ident: $type:ty),*) -> $result:ty { $body:expr })*) => {$(
        $(#[$doc])*
        #[inline(always)]
        $visible fn $name(self, $($argument: $type),*) -> $result {
            // SAFETY: `self` proves that the processor has these instructions; they touch no memory.
            unsafe { $body }
        }
    )*};
}

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod bf16;
mod math;
mod portable;

#[cfg(target_arch = "x86_64")]
pub(crate) use avx2::Avx2;
#[cfg(target_arch = "x86_64")]
pub(crate) use avx512::{Avx512, Bf16};
pub(crate) use bf16::{bf16_pair, round_numbers, round_to_bf16};
pub(crate) use math::{exp, ln, power};
pub(crate) use portable::Portable;

/// The number of lanes of the widest vector.
pub(crate) const MOST_LANES: usize = 16;

/// Operations on vectors of `LANES` numbers.
pub(crate) trait Simd: Copy {
    /// The number of lanes of a vector, at most [`MOST_LANES`].
    const LANES: usize;
    /// The number of vectors that fit into registers next to the operands of an instruction.
    const ACCUMULATORS: usize;
    /// `f32` lanes.
    type F: Copy;
    /// `i32` lanes.
    type I: Copy;
    /// One bit per lane.
    type M: Copy;

    fn splat(self, value: f32) -> Self::F;
    /// # Safety
    /// `LANES` numbers can be read.
    unsafe fn load(self, from: *const f32) -> Self::F;
    /// # Safety
    /// `LANES` numbers can be written.
    unsafe fn store(self, to: *mut f32, value: Self::F);
    /// Reads the first `count` numbers, or a whole vector if there are more; the other lanes are zero.
    ///
    /// # Safety
    /// As many numbers can be read.
    #[inline(always)]
    unsafe fn load_up_to(self, from: *const f32, count: usize) -> Self::F {
        // SAFETY: the caller's promise; a vector fits into the widest one.
        unsafe {
            if count >= Self::LANES {
                return self.load(from);
            }
            let mut all = [0.0; MOST_LANES];
            std::ptr::copy_nonoverlapping(from, all.as_mut_ptr(), count);
            self.load(all.as_ptr())
        }
    }
    /// Writes the first `count` lanes, or all if there are fewer.
    ///
    /// # Safety
    /// As many numbers can be written.
    #[inline(always)]
    unsafe fn store_up_to(self, to: *mut f32, value: Self::F, count: usize) {
        // SAFETY: the caller's promise; a vector fits into the widest one.
        unsafe {
            if count >= Self::LANES {
                return self.store(to, value);
            }
            let mut all = [0.0; MOST_LANES];
            self.store(all.as_mut_ptr(), value);
            std::ptr::copy_nonoverlapping(all.as_ptr(), to, count);
        }
    }

    fn add(self, a: Self::F, b: Self::F) -> Self::F;
    fn sub(self, a: Self::F, b: Self::F) -> Self::F;
    fn mul(self, a: Self::F, b: Self::F) -> Self::F;
    fn div(self, a: Self::F, b: Self::F) -> Self::F;
    /// `a * b + c`, rounded once if the processor has an instruction for it.
    fn mul_add(self, a: Self::F, b: Self::F, c: Self::F) -> Self::F;
    fn sqrt(self, a: Self::F) -> Self::F;
    fn abs(self, a: Self::F) -> Self::F;
    /// The greater of two numbers; if one is NaN, the second.
    fn max(self, a: Self::F, b: Self::F) -> Self::F;
    /// The smaller of two numbers; if one is NaN, the second.
    fn min(self, a: Self::F, b: Self::F) -> Self::F;
    /// To the nearest bfloat16, ties to even.
    fn round_to_bf16(self, a: Self::F) -> Self::F;
    /// To the nearest integer, ties to even.
    fn round(self, a: Self::F) -> Self::F;
    /// `2^n` for whole numbers `n` from -126 to 127.
    fn power_of_two(self, n: Self::F) -> Self::F;
    /// A positive, normal, finite number as `mantissa * 2^exponent` with the mantissa in `[1, 2)`.
    fn mantissa_and_exponent(self, a: Self::F) -> (Self::F, Self::F);

    /// `a > b`; false if one is NaN.
    fn gt(self, a: Self::F, b: Self::F) -> Self::M;
    /// `a == b`; false if one is NaN.
    fn eq(self, a: Self::F, b: Self::F) -> Self::M;
    fn is_nan(self, a: Self::F) -> Self::M;
    fn or(self, a: Self::M, b: Self::M) -> Self::M;
    fn and(self, a: Self::M, b: Self::M) -> Self::M;
    fn and_not(self, a: Self::M, not: Self::M) -> Self::M;
    /// `yes` in the lanes of the mask, `no` in the others.
    fn select(self, mask: Self::M, yes: Self::F, no: Self::F) -> Self::F;
    /// Whether the mask has any lane.
    fn any(self, mask: Self::M) -> bool;
    /// The mask with lane `i` if bit `i` is set.
    fn mask(self, bits: u32) -> Self::M;

    fn splat_int(self, value: i32) -> Self::I;
    fn select_int(self, mask: Self::M, yes: Self::I, no: Self::I) -> Self::I;
    fn or_int(self, a: Self::I, b: Self::I) -> Self::I;
    fn xor_int(self, a: Self::I, b: Self::I) -> Self::I;
    /// The upper and the lower half of each lane's unsigned product with `factor`.
    fn multiply_wide(self, a: Self::I, factor: u32) -> (Self::I, Self::I);
    /// The lower and the upper sixteen bits of each lane.
    fn halves(self, a: Self::I) -> [Self::I; 2];
    /// The upper 24 bits of each lane as a number from 0 to 2^24 - 1.
    fn upper_24_bits(self, a: Self::I) -> Self::F;
    /// Bit `i` is set if lane `i`, from 0 to 65,535, is at least `least`.
    fn at_least(self, a: Self::I, least: u16) -> u32;
    /// # Safety
    /// `LANES` numbers can be read.
    unsafe fn load_int(self, from: *const u32) -> Self::I;
    /// The lanes in which the two have a bit in common.
    fn test(self, a: Self::I, b: Self::I) -> Self::M;
    /// # Safety
    /// `LANES` bytes can be read.
    unsafe fn load_bytes(self, from: *const u8) -> Self::I;
    /// The lowest byte of each lane.
    ///
    /// # Safety
    /// `LANES` bytes can be written.
    unsafe fn store_bytes(self, to: *mut u8, value: Self::I);

    /// Turns the rows of the first `LANES` vectors into columns.
    fn transpose(self, block: &mut [Self::F; MOST_LANES]);

    /// Reads `LANES` numbers from each of the first `LANES` rows, and writes `LANES` vectors of one number from every
    /// row, `stride` numbers apart.
    ///
    /// # Safety
    /// `LANES` numbers can be read at `offset` from each row, and as many vectors written.
    #[inline(always)]
    unsafe fn gather_block(
        self,
        rows: &[*const f32; MOST_LANES],
        offset: usize,
        to: *mut f32,
        stride: usize,
    ) {
        let mut block = [self.splat(0.0); MOST_LANES];
        for (vector, row) in block.iter_mut().zip(rows).take(Self::LANES) {
            // SAFETY: the caller's promise.
            *vector = unsafe { self.load(row.add(offset)) };
        }
        self.transpose(&mut block);
        for (index, &vector) in block.iter().enumerate().take(Self::LANES) {
            // SAFETY: the caller's promise.
            unsafe { self.store(to.add(index * stride), vector) }
        }
    }

    /// The reverse of [`Simd::gather_block`], with the vectors one after another.
    ///
    /// # Safety
    /// `LANES * LANES` numbers can be read, and `LANES` written at `offset` from each row.
    #[inline(always)]
    unsafe fn scatter_block(self, from: *const f32, rows: &[*mut f32; MOST_LANES], offset: usize) {
        let mut block = [self.splat(0.0); MOST_LANES];
        for (index, vector) in block.iter_mut().enumerate().take(Self::LANES) {
            // SAFETY: the caller's promise.
            *vector = unsafe { self.load(from.add(index * Self::LANES)) };
        }
        self.transpose(&mut block);
        for (&vector, row) in block.iter().zip(rows).take(Self::LANES) {
            // SAFETY: the caller's promise.
            unsafe { self.store(row.add(offset), vector) }
        }
    }
}
