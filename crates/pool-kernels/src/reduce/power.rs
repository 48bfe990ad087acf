//! Norms: powers, their sum, and the root.

use super::stochastic::scale;
use super::{CellGradients, Cells, WindowKernel};
use crate::simd::{Simd, exp, ln};

/// `(sum |x|^p)^(1/p)`. A power of two near the greatest value is divided out before and multiplied back after, so that
/// no power up to 64 overflows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lp {
    pub(crate) p: f32,
}

/// `x^exponent` of `x` in `[0, 2)` and a positive exponent.
#[inline(always)]
fn power<S: Simd>(s: S, x: S::F, exponent: f32) -> S::F {
    if exponent == 1.0 {
        return x;
    }
    if exponent == 2.0 {
        return s.mul(x, x);
    }
    if exponent == 3.0 {
        return s.mul(s.mul(x, x), x);
    }
    let positive = s.gt(x, s.splat(0.0));
    let value = exp(s, s.mul(ln(s, x), s.splat(exponent)));
    // Infinity, and NaN, which is not positive either.
    let value = s.select(s.gt(x, s.splat(f32::MAX)), x, value);
    s.select(s.or(positive, s.is_nan(x)), s.select(s.is_nan(x), x, value), s.splat(0.0))
}

#[inline(always)]
pub(super) fn root<S: Simd>(s: S, x: S::F, p: f32) -> S::F {
    if p == 2.0 { s.sqrt(x) } else { power(s, x, 1.0 / p) }
}

impl Lp {
    /// The scaled norm, and the scale down and up.
    #[inline(always)]
    pub(super) fn scaled<S: Simd>(self, s: S, cells: &Cells<'_, S>) -> (S::F, S::F, S::F) {
        let mut greatest = s.abs(cells.get(0));
        for index in 1..cells.len() {
            greatest = s.max(greatest, s.abs(cells.get(index)));
        }
        let (down, up) = scale(s, greatest);
        let mut sum = s.splat(0.0);
        for index in 0..cells.len() {
            sum = s.add(sum, power(s, s.mul(s.abs(cells.get(index)), down), self.p));
        }
        (root(s, sum, self.p), down, up)
    }
}

impl WindowKernel for Lp {
    #[inline(always)]
    fn forward<S: Simd>(self, s: S, cells: &Cells<'_, S>, _draw: S::F) -> S::F {
        let (norm, _, up) = self.scaled(s, cells);
        s.mul(norm, up)
    }

    /// `sign(x_i) (|x_i| / y)^(p - 1)`; 0 where the norm is, and where `x_i` is unless the norm is NaN.
    #[inline(always)]
    fn backward<S: Simd>(
        self,
        s: S,
        cells: &Cells<'_, S>,
        _draw: S::F,
        gradient: S::F,
        to: &CellGradients<'_, S>,
    ) {
        let (norm, down, _) = self.scaled(s, cells);
        let zero = s.splat(0.0);
        let empty = s.eq(norm, zero);
        let divisor = s.select(empty, s.splat(1.0), norm);
        let gradient = s.select(empty, zero, gradient);
        for index in 0..cells.len() {
            let value = cells.get(index);
            let share = if self.p == 1.0 {
                gradient
            } else {
                let ratio = s.div(s.mul(s.abs(value), down), divisor);
                s.mul(gradient, power(s, ratio, self.p - 1.0))
            };
            let signed = s.select(s.gt(zero, value), s.sub(zero, share), share);
            to.add(index, s.select(s.and_not(s.eq(value, zero), s.is_nan(norm)), zero, signed));
        }
    }
}
