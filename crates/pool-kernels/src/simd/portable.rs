//! Eight lanes in plain Rust, for processors that lack the instructions of the other vectors.

#![expect(unsafe_code, reason = "the same loads and stores as the other vectors")]

use std::array::from_fn;

use super::{MOST_LANES, Simd, round_to_bf16};

/// Vectors that every processor has.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Portable;

const LANES: usize = 8;
type Floats = [f32; LANES];
type Ints = [i32; LANES];
type Mask = [bool; LANES];

/// Methods that compute each lane on its own.
macro_rules! lanewise {
    ($(fn $name:ident($($argument:ident: $type:ty),*) -> $result:ty { $body:expr })*) => {$(
        #[inline(always)]
        fn $name(self, $($argument: $type),*) -> $result {
            from_fn(|lane| {
                $(let $argument = $argument[lane];)*
                $body
            })
        }
    )*};
}

impl Simd for Portable {
    const LANES: usize = LANES;
    const ACCUMULATORS: usize = 6;
    type F = Floats;
    type I = Ints;
    type M = Mask;

    lanewise! {
        fn add(a: Floats, b: Floats) -> Floats { a + b }
        fn sub(a: Floats, b: Floats) -> Floats { a - b }
        fn mul(a: Floats, b: Floats) -> Floats { a * b }
        fn div(a: Floats, b: Floats) -> Floats { a / b }
        fn mul_add(a: Floats, b: Floats, c: Floats) -> Floats { a * b + c }
        fn sqrt(a: Floats) -> Floats { a.sqrt() }
        fn abs(a: Floats) -> Floats { a.abs() }
        fn max(a: Floats, b: Floats) -> Floats { if a > b { a } else { b } }
        fn min(a: Floats, b: Floats) -> Floats { if a < b { a } else { b } }
        fn round_to_bf16(a: Floats) -> Floats { round_to_bf16(a) }
        fn round(a: Floats) -> Floats { a.round_ties_even() }
        fn power_of_two(n: Floats) -> Floats { f32::from_bits((((n as i32) + 127) << 23) as u32) }
        fn gt(a: Floats, b: Floats) -> Mask { a > b }
        fn eq(a: Floats, b: Floats) -> Mask { a == b }
        fn is_nan(a: Floats) -> Mask { a.is_nan() }
        fn or(a: Mask, b: Mask) -> Mask { a | b }
        fn and(a: Mask, b: Mask) -> Mask { a & b }
        fn and_not(a: Mask, not: Mask) -> Mask { a & !not }
        fn select(mask: Mask, yes: Floats, no: Floats) -> Floats { if mask { yes } else { no } }
        fn select_int(mask: Mask, yes: Ints, no: Ints) -> Ints { if mask { yes } else { no } }
        fn or_int(a: Ints, b: Ints) -> Ints { a | b }
        fn xor_int(a: Ints, b: Ints) -> Ints { a ^ b }
        fn test(a: Ints, b: Ints) -> Mask { a & b != 0 }
    }

    #[inline(always)]
    fn splat(self, value: f32) -> Floats {
        [value; LANES]
    }

    #[inline(always)]
    fn splat_int(self, value: i32) -> Ints {
        [value; LANES]
    }

    #[inline(always)]
    fn mantissa_and_exponent(self, a: Floats) -> (Floats, Floats) {
        (
            a.map(|a| f32::from_bits(a.to_bits() & 0x007f_ffff | 0x3f80_0000)),
            a.map(|a| ((a.to_bits() >> 23) as i32 - 127) as f32),
        )
    }

    #[inline(always)]
    fn multiply_wide(self, a: Ints, factor: u32) -> (Ints, Ints) {
        let products = a.map(|a| u64::from(a as u32) * u64::from(factor));
        (products.map(|product| (product >> 32) as i32), products.map(|product| product as i32))
    }

    #[inline(always)]
    fn halves(self, a: Ints) -> [Ints; 2] {
        [a.map(|a| a & 0xffff), a.map(|a| (a as u32 >> 16) as i32)]
    }

    #[inline(always)]
    fn upper_24_bits(self, a: Ints) -> Floats {
        a.map(|a| (a as u32 >> 8) as f32)
    }

    #[inline(always)]
    fn at_least(self, a: Ints, least: u16) -> u32 {
        let bits = a.iter().enumerate().map(|(lane, &a)| u32::from(a >= i32::from(least)) << lane);
        bits.fold(0, |all, bit| all | bit)
    }

    #[inline(always)]
    unsafe fn load_int(self, from: *const u32) -> Ints {
        // SAFETY: the caller's promise; an array needs no more alignment than its numbers.
        unsafe { from.cast::<Ints>().read() }
    }

    #[inline(always)]
    fn any(self, mask: Mask) -> bool {
        mask.contains(&true)
    }

    #[inline(always)]
    fn mask(self, bits: u32) -> Mask {
        from_fn(|lane| bits >> lane & 1 == 1)
    }

    #[inline(always)]
    unsafe fn load(self, from: *const f32) -> Floats {
        // SAFETY: the caller's promise; an array needs no more alignment than its numbers.
        unsafe { from.cast::<Floats>().read() }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32, value: Floats) {
        // SAFETY: the caller's promise; an array needs no more alignment than its numbers.
        unsafe { to.cast::<Floats>().write(value) }
    }

    #[inline(always)]
    unsafe fn load_bytes(self, from: *const u8) -> Ints {
        // SAFETY: the caller's promise.
        unsafe { from.cast::<[u8; LANES]>().read() }.map(i32::from)
    }

    #[inline(always)]
    unsafe fn store_bytes(self, to: *mut u8, value: Ints) {
        // SAFETY: the caller's promise.
        unsafe { to.cast::<[u8; LANES]>().write(value.map(|lane| lane as u8)) }
    }

    #[inline(always)]
    fn transpose(self, block: &mut [Floats; MOST_LANES]) {
        let rows: [Floats; LANES] = from_fn(|row| block[row]);
        for (column, vector) in block.iter_mut().enumerate().take(LANES) {
            *vector = from_fn(|lane| rows[lane][column]);
        }
    }
}
