//! Norms and generalised means: powers, their sum, and the root.

use super::{CellGradients, CellValues, ReducerKernel, scales};
use crate::simd::{self, Simd};
use crate::sum::sums;

/// `(sum |x|^p)^(1/p)`. The cells are divided by a power of two near the greatest of them, and the norm is multiplied by it
/// again, so that no power up to 64 overflows. `SQUARE` stands for `p = 2`, which needs neither exponential nor logarithm.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lp<const SQUARE: bool> {
    pub(crate) p: f32,
}

/// `x^exponent` for `x >= 0`; 0 if `x` is below the normal numbers.
#[inline(always)]
fn power<S: Simd>(s: S, x: S::F, exponent: f64) -> S::F {
    if exponent == 1.0 {
        return x;
    }
    if exponent == 2.0 {
        return s.mul(x, x);
    }
    if exponent == 3.0 {
        return s.mul(s.mul(x, x), x);
    }
    let tiny = s.gt(s.splat(f32::MIN_POSITIVE), x);
    let value = simd::power(s, s.select(tiny, s.splat(1.0), x), exponent);
    let value = s.select(tiny, s.splat(0.0), value);
    // Infinity and NaN stay.
    let value = s.select(s.gt(x, s.splat(f32::MAX)), x, value);
    s.select(s.is_nan(x), x, value)
}

impl<const SQUARE: bool> Lp<SQUARE> {
    #[inline(always)]
    fn p(self) -> f64 {
        if SQUARE { 2.0 } else { f64::from(self.p) }
    }

    #[inline(always)]
    pub(super) fn root<S: Simd>(self, s: S, x: S::F) -> S::F {
        if SQUARE { s.sqrt(x) } else { power(s, x, 1.0 / self.p()) }
    }

    /// The sum of scaled powers, and the factors that scale down and up.
    #[inline(always)]
    pub(super) fn scaled<S: Simd>(self, s: S, cells: &CellValues<'_, S>) -> (S::F, S::F, S::F) {
        let mut greatest = s.abs(cells.get(0));
        for index in 1..cells.len() {
            greatest = s.max(greatest, s.abs(cells.get(index)));
        }
        let (down, up) = scales(s, greatest);
        let [sum] = sums(
            s,
            cells.len(),
            #[inline(always)]
            |[sum], index| [s.add(sum, power(s, s.mul(s.abs(cells.get(index)), down), self.p()))],
        );
        (sum, down, up)
    }
}

impl<const SQUARE: bool> ReducerKernel for Lp<SQUARE> {
    #[inline(always)]
    fn forward<S: Simd>(self, s: S, cells: &CellValues<'_, S>, _draw: S::F) -> S::F {
        let (sum, _, up) = self.scaled(s, cells);
        s.mul(self.root(s, sum), up)
    }

    /// `sign(x_i) (|x_i| / y)^(p - 1)`; 0 if the norm is 0, and where `x_i` is 0 unless the norm is NaN.
    #[inline(always)]
    fn backward<S: Simd>(
        self,
        s: S,
        cells: &CellValues<'_, S>,
        _draw: S::F,
        gradient: S::F,
        to: &CellGradients<'_, S>,
    ) {
        let (sum, down, _) = self.scaled(s, cells);
        let p = self.p();
        let zero = s.splat(0.0);
        let empty = s.eq(sum, zero);
        let sum = s.select(empty, s.splat(1.0), sum);
        let gradient = s.select(empty, zero, gradient);
        // From the sum, because a high power would multiply the error of the norm.
        let power_of_norm = if SQUARE { self.root(s, sum) } else { power(s, sum, (p - 1.0) / p) };
        let inverse = s.div(s.splat(1.0), power_of_norm);
        for index in 0..cells.len() {
            let value = cells.get(index);
            let share = if p == 1.0 {
                gradient
            } else {
                s.mul(gradient, s.mul(power(s, s.mul(s.abs(value), down), p - 1.0), inverse))
            };
            let signed = s.select(s.gt(zero, value), s.sub(zero, share), share);
            to.add(index, s.select(s.and_not(s.eq(value, zero), s.is_nan(sum)), zero, signed));
        }
    }
}

/// `(sum |x|^p / n)^(1/p)` of `n` cells.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PowerMean {
    pub(crate) p: f32,
}

impl ReducerKernel for PowerMean {
    #[inline(always)]
    fn forward<S: Simd>(self, s: S, cells: &CellValues<'_, S>, _draw: S::F) -> S::F {
        let norm = Lp::<false> { p: self.p };
        let (sum, _, up) = norm.scaled(s, cells);
        let mean = s.div(sum, s.splat(cells.len() as f32));
        s.mul(norm.root(s, mean), up)
    }

    /// `(|x_i| / norm)^(p - 1) n^(-1/p)`, with the sign of `x_i`.
    #[inline(always)]
    fn backward<S: Simd>(
        self,
        s: S,
        cells: &CellValues<'_, S>,
        draw: S::F,
        gradient: S::F,
        to: &CellGradients<'_, S>,
    ) {
        let norm = Lp::<false> { p: self.p };
        let factor = norm.root(s, s.splat(1.0 / cells.len() as f32));
        let gradient = s.mul(gradient, factor);
        norm.backward(s, cells, draw, gradient, to);
    }
}
