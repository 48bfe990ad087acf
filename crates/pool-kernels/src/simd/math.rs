//! Exponential and logarithm of every lane.

use super::Simd;

/// The range in which `exp` is a normal number. Beyond it is 0 or infinity.
const LEAST_EXPONENT: f32 = -87.336_54;
const GREATEST_EXPONENT: f32 = 88.722_83;
/// The logarithm of 2 in two parts, so that a multiple of it can be subtracted without rounding.
const LN_2_HIGH: f32 = 0.693_359_4;
const LN_2_LOW: f32 = -2.121_944_4e-4;

/// `e^x`, to about an ulp; 0 if it would be below the normal numbers. NaN stays NaN.
#[inline(always)]
pub(crate) fn exp<S: Simd>(s: S, x: S::F) -> S::F {
    let n = multiples_of_ln_2(s, x);
    let r = s.mul_add(n, s.splat(-LN_2_HIGH), x);
    let r = s.mul_add(n, s.splat(-LN_2_LOW), r);
    s.select(s.is_nan(x), x, exp_in_parts(s, x, n, r))
}

/// The whole number nearest to `x / ln 2`, for `x` limited to the range in which `e^x` is a normal number.
#[inline(always)]
fn multiples_of_ln_2<S: Simd>(s: S, x: S::F) -> S::F {
    let inside = s.max(s.splat(LEAST_EXPONENT), s.min(s.splat(GREATEST_EXPONENT), x));
    s.round(s.mul(inside, s.splat(std::f32::consts::LOG2_E)))
}

/// `e^x` of `x = n ln 2 + r`, with `|r| <= ln 2 / 2`.
#[inline(always)]
fn exp_in_parts<S: Simd>(s: S, x: S::F, n: S::F, r: S::F) -> S::F {
    // The Taylor series of e^r. The first omitted term is below 2^-26.
    let mut series = s.splat(1.0 / 5040.0);
    for factor in [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
        series = s.mul_add(series, r, s.splat(factor));
    }
    // 2^128 is beyond the numbers, so half of the power is taken twice.
    let half = s.round(s.mul(n, s.splat(0.5)));
    let value = s.mul(s.mul(series, s.power_of_two(half)), s.power_of_two(s.sub(n, half)));
    let value = s.select(s.gt(s.splat(LEAST_EXPONENT), x), s.splat(0.0), value);
    s.select(s.gt(x, s.splat(GREATEST_EXPONENT)), s.splat(f32::INFINITY), value)
}

/// `x^exponent` for positive, normal, finite `x`, to about an ulp if the exponent is small. For other `x` the result is
/// unspecified.
#[inline(always)]
pub(crate) fn power<S: Simd>(s: S, x: S::F, exponent: f64) -> S::F {
    // The logarithm has more digits than one number holds. Its first part is a whole number times a constant of nine bits,
    // so its product with the first eight bits of the exponent is exact.
    let first = f32::from_bits((exponent as f32).to_bits() & 0xffff_0000);
    let rest = s.splat((exponent - f64::from(first)) as f32);
    let (e, small) = ln_in_parts(s, x);
    let large = s.mul(e, s.splat(LN_2_HIGH));
    let product = s.mul(s.add(large, small), s.splat(exponent as f32));
    let n = multiples_of_ln_2(s, product);
    let r = s.mul_add(large, s.splat(first), s.mul(n, s.splat(-LN_2_HIGH)));
    let r = s.mul_add(large, rest, r);
    let r = s.mul_add(small, s.splat(exponent as f32), r);
    let r = s.mul_add(n, s.splat(-LN_2_LOW), r);
    exp_in_parts(s, product, n, r)
}

/// The natural logarithm of positive finite numbers, to about an ulp; minus infinity for zero and for numbers below the
/// normal ones.
#[inline(always)]
pub(crate) fn ln<S: Simd>(s: S, x: S::F) -> S::F {
    let tiny = s.gt(s.splat(f32::MIN_POSITIVE), x);
    let (e, small) = ln_in_parts(s, x);
    s.select(tiny, s.splat(f32::NEG_INFINITY), s.mul_add(e, s.splat(LN_2_HIGH), small))
}

/// The natural logarithm of a positive, normal, finite number as `e` and a small part: `e LN_2_HIGH + small`.
#[inline(always)]
fn ln_in_parts<S: Simd>(s: S, x: S::F) -> (S::F, S::F) {
    let (mantissa, exponent) = s.mantissa_and_exponent(x);
    // x = m 2^e with m in [sqrt(1/2), sqrt(2)).
    let high = s.gt(mantissa, s.splat(std::f32::consts::SQRT_2));
    let m = s.select(high, s.mul(mantissa, s.splat(0.5)), mantissa);
    let e = s.select(high, s.add(exponent, s.splat(1.0)), exponent);
    // ln m = 2 artanh t, t = (m - 1) / (m + 1), |t| < 0.172: odd powers, of which the first omitted is below 2^-29.
    let t = s.div(s.sub(m, s.splat(1.0)), s.add(m, s.splat(1.0)));
    let square = s.mul(t, t);
    let mut series = s.splat(2.0 / 9.0);
    for factor in [2.0 / 7.0, 2.0 / 5.0, 2.0 / 3.0] {
        series = s.mul_add(series, square, s.splat(factor));
    }
    (e, s.mul_add(s.mul(series, square), t, s.mul_add(e, s.splat(LN_2_LOW), s.add(t, t))))
}
