//! How the numbers that products are made of lie in scratch memory: as `f32`, or as bfloat16 in pairs.
//!
//! A product in bfloat16 takes both factors to the nearest bfloat16 and adds to an `f32`. AVX512-BF16 adds two such products per
//! lane and instruction. So two numbers share the place of one: neighbouring channels where channels are summed over, and the
//! same channel of neighbouring pixels where pixels are. Processors that gain nothing by it, or have no such instruction, round,
//! and multiply as in `f32`. Their results are the same except for the order of sums, what the tiles of 3x3 kernels round, and
//! subnormal numbers, which AVX512-BF16 takes as zero.

#![expect(unsafe_code, reason = "rows are copied by address")]

use super::border::Border;
#[cfg(target_arch = "x86_64")]
use crate::isa::Bf16Kernel;
use crate::isa::{Isa, Kernel};
use crate::memory::scratch_length;
use crate::precision::ProductPrecision;
#[cfg(target_arch = "x86_64")]
use crate::simd::{Avx512, Bf16, bf16_pair};
use crate::simd::{Simd, round_numbers};

/// How factors lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// One `f32` after another.
    Singles,
    /// The same, rounded to bfloat16.
    Rounded,
    /// Two bfloat16 numbers in the place of one `f32`.
    Pairs,
}

impl Form {
    pub(super) fn of(precision: ProductPrecision, isa: Isa) -> Self {
        match precision {
            ProductPrecision::F32 => Self::Singles,
            ProductPrecision::Bf16 if isa.has_fast_bf16() => Self::Pairs,
            ProductPrecision::Bf16 => Self::Rounded,
        }
    }

    /// The places of so many numbers that are summed over.
    pub(super) fn places(self, numbers: usize) -> usize {
        match self {
            Self::Singles | Self::Rounded => numbers,
            Self::Pairs => numbers.div_ceil(2),
        }
    }
}

/// Numbers that stand for factors, in one form.
pub(super) trait Operands<S: Simd>: Copy {
    /// `sum` with the products of a place of each lane.
    fn add_product(self, s: S, seen: S::F, weights: S::F, sum: S::F) -> S::F;

    /// Factors of one.
    fn one(self) -> f32;

    /// Copies neighbouring numbers that are summed over.
    ///
    /// # Safety
    /// The numbers can be read, and their places, which do not overlap them, written.
    unsafe fn copy(self, s: S, from: *const f32, to: *mut f32, numbers: usize);

    /// What the gradients of the weights are sums of. May round the gradients where they lie.
    ///
    /// # Safety
    /// The images and gradients are those of `seen`, and `room` has [`Seen::weights_room`].
    unsafe fn for_weights(
        self,
        s: S,
        seen: &Seen,
        input: *const f32,
        gradient: *mut f32,
        room: *mut f32,
    ) -> [*const f32; 2];

    /// What the gradient of the input is a sum of, once [`Operands::for_weights`] was called.
    ///
    /// # Safety
    /// The gradients are those of `seen`, and `room` has [`Seen::input_room`].
    unsafe fn for_input(self, s: S, seen: &Seen, gradient: *const f32, room: *mut f32) -> *const f32;
}

/// Images with their border, and the gradients of their convolution with theirs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    pub(super) images: usize,
    pub(super) input: Border,
    pub(super) gradient: Border,
    /// Numbers of the input between the pixels that neighbouring outputs see first.
    pub(super) ahead: usize,
}

impl Seen {
    /// Pairs of neighbouring pixels of a row of the gradient; the last one may be single.
    fn pairs(&self) -> usize {
        self.gradient.image[1].div_ceil(2)
    }

    /// Numbers of an image's gradient in pairs of pixels.
    fn pair_numbers(&self) -> usize {
        self.gradient.image[0] * self.pairs() * self.gradient.channels
    }

    /// Room for pairs of pixels, of the input and of the gradient.
    pub(super) fn weights_room(&self, form: Form) -> [usize; 2] {
        match form {
            Form::Singles | Form::Rounded => [0; 2],
            Form::Pairs => [self.input.numbers(), self.pair_numbers()]
                .map(|numbers| scratch_length(&[self.images, numbers])),
        }
    }

    /// Room for pairs of channels of the gradient.
    pub(super) fn input_room(&self, form: Form) -> usize {
        match form {
            Form::Singles | Form::Rounded => 0,
            Form::Pairs => scratch_length(&[self.images, form.places(self.gradient.numbers())]),
        }
    }
}

/// Numbers as they are, or rounded.
#[derive(Debug, Clone, Copy)]
pub(super) struct Singles {
    pub(super) rounds: bool,
}

impl<S: Simd> Operands<S> for Singles {
    #[inline(always)]
    fn add_product(self, s: S, seen: S::F, weights: S::F, sum: S::F) -> S::F {
        s.mul_add(seen, weights, sum)
    }

    #[inline(always)]
    fn one(self) -> f32 {
        1.0
    }

    #[inline(always)]
    unsafe fn copy(self, s: S, from: *const f32, to: *mut f32, numbers: usize) {
        // SAFETY: the caller's promise.
        unsafe {
            if !self.rounds {
                return std::ptr::copy_nonoverlapping(from, to, numbers);
            }
            round_numbers(s, from, to, numbers);
        }
    }

    #[inline(always)]
    unsafe fn for_weights(
        self,
        s: S,
        seen: &Seen,
        input: *const f32,
        gradient: *mut f32,
        _: *mut f32,
    ) -> [*const f32; 2] {
        if self.rounds {
            // SAFETY: the caller's promise.
            unsafe { round_numbers(s, gradient, gradient, seen.images * seen.gradient.numbers()) }
        }
        [input, gradient]
    }

    #[inline(always)]
    unsafe fn for_input(self, _: S, _: &Seen, gradient: *const f32, _: *mut f32) -> *const f32 {
        gradient
    }
}

/// Two bfloat16 numbers in a place.
#[cfg(target_arch = "x86_64")]
#[derive(Debug, Clone, Copy)]
pub(super) struct Pairs(Bf16);

#[cfg(target_arch = "x86_64")]
impl Operands<Avx512> for Pairs {
    #[inline(always)]
    fn add_product(self, _: Avx512, seen: Floats, weights: Floats, sum: Floats) -> Floats {
        self.0.dot(seen, weights, sum)
    }

    #[inline(always)]
    fn one(self) -> f32 {
        bf16_pair(1.0, 1.0)
    }

    #[inline(always)]
    unsafe fn copy(self, s: Avx512, from: *const f32, to: *mut f32, numbers: usize) {
        let to = to.cast::<u16>();
        for first in (0..numbers).step_by(Avx512::LANES) {
            let rest = numbers - first;
            // SAFETY: the caller's promise. A last place that is half full gets a zero.
            unsafe {
                self.0.store(to.add(first), s.load_up_to(from.add(first), rest), rest.next_multiple_of(2));
            }
        }
    }

    #[inline(always)]
    unsafe fn for_weights(
        self,
        s: Avx512,
        seen: &Seen,
        input: *const f32,
        gradient: *mut f32,
        room: *mut f32,
    ) -> [*const f32; 2] {
        let numbers = seen.images * seen.input.numbers();
        let Border { image: [rows, columns], before, copy, channels, .. } = seen.gradient;
        // SAFETY: the caller's promise.
        unsafe {
            for first in (0..numbers).step_by(Avx512::LANES) {
                let rest = numbers - first;
                let low = s.load_up_to(input.add(first), rest);
                // A single pixel at the end of a row stands next to a gradient of zero, whatever number lies ahead of it. If
                // that is infinite or NaN, the weights' gradient is NaN.
                let high = match rest.saturating_sub(seen.ahead) {
                    0 => s.splat(0.0),
                    rest => s.load_up_to(input.add(first + seen.ahead), rest),
                };
                s.store_up_to(room.add(first), self.0.pair(low, high), rest);
            }
            let of_gradient = room.add(numbers);
            let mut to = of_gradient;
            for image in 0..seen.images {
                for row in 0..rows {
                    let first = (before[0] + row) * copy[1] + before[1];
                    let from = gradient.add(image * seen.gradient.numbers() + first * channels);
                    for column in (0..columns).step_by(2) {
                        for lane in (0..channels).step_by(Avx512::LANES) {
                            let from = from.add(column * channels + lane);
                            let high =
                                if column + 1 < columns { s.load(from.add(channels)) } else { s.splat(0.0) };
                            s.store(to.add(lane), self.0.pair(s.load(from), high));
                        }
                        to = to.add(channels);
                    }
                }
            }
            [room, of_gradient]
        }
    }

    #[inline(always)]
    unsafe fn for_input(self, s: Avx512, seen: &Seen, gradient: *const f32, room: *mut f32) -> *const f32 {
        // SAFETY: the caller's promise.
        unsafe { self.copy(s, gradient, room, seen.images * seen.gradient.numbers()) }
        room
    }
}

#[cfg(target_arch = "x86_64")]
type Floats = <Avx512 as Simd>::F;

/// Work with products, which is compiled for each instruction set and form.
pub(super) trait ProductKernel {
    /// The result of the work.
    type Output;

    /// Must be inlined, as everything that it calls.
    fn run<S: Simd, O: Operands<S>>(self, s: S, operands: O) -> Self::Output;
}

struct WithSingles<K> {
    kernel: K,
    rounds: bool,
}

impl<K: ProductKernel> Kernel for WithSingles<K> {
    type Output = K::Output;

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> K::Output {
        self.kernel.run(s, Singles { rounds: self.rounds })
    }
}

#[cfg(target_arch = "x86_64")]
struct WithPairs<K>(K);

#[cfg(target_arch = "x86_64")]
impl<K: ProductKernel> Bf16Kernel for WithPairs<K> {
    type Output = K::Output;

    #[inline(always)]
    fn run(self, s: Avx512, bf16: Bf16) -> K::Output {
        self.0.run(s, Pairs(bf16))
    }
}

impl Form {
    /// Runs a kernel with factors of this form.
    pub(super) fn run<K: ProductKernel>(self, isa: Isa, kernel: K) -> K::Output {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Pairs => isa.run_bf16(WithPairs(kernel)),
            #[cfg(not(target_arch = "x86_64"))]
            Self::Pairs => unreachable!("no other processor has pairs"),
            Self::Singles | Self::Rounded => isa.run(WithSingles { kernel, rounds: self == Self::Rounded }),
        }
    }
}
