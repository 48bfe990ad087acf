//! Reducers that weigh cells by exponentials: SoftPool and log-mean-exp.

use super::{CellGradients, CellValues, ReducerKernel};
use crate::simd::{Simd, exp, ln};
use crate::sum::sums;

/// `sum softmax(beta x) x`. A value of minus infinity has no weight; plus infinity and NaN give NaN.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Soft {
    pub(crate) beta: f32,
}

impl Soft {
    /// The greatest score. It is subtracted from every score so that no exponential overflows.
    #[inline(always)]
    fn shift<S: Simd>(self, s: S, cells: &CellValues<'_, S>) -> S::F {
        let beta = s.splat(self.beta);
        let mut greatest = s.mul(cells.get(0), beta);
        for index in 1..cells.len() {
            greatest = s.max(greatest, s.mul(cells.get(index), beta));
        }
        greatest
    }

    /// The weight before normalisation, and the value. Where the weight is 0 the value is, too: 0 times infinity would be
    /// NaN.
    #[inline(always)]
    fn weight<S: Simd>(self, s: S, value: S::F, shift: S::F) -> (S::F, S::F) {
        let weight = exp(s, s.sub(s.mul(value, s.splat(self.beta)), shift));
        let none = s.eq(weight, s.splat(0.0));
        (weight, s.select(none, s.splat(0.0), value))
    }

    /// The value of the window, and the sum of its weights.
    #[inline(always)]
    fn mean<S: Simd>(self, s: S, cells: &CellValues<'_, S>, shift: S::F) -> (S::F, S::F) {
        let [sum, weights] = sums(
            s,
            cells.len(),
            #[inline(always)]
            |[sum, weights], index| {
                let (weight, value) = self.weight(s, cells.get(index), shift);
                [s.mul_add(weight, value, sum), s.add(weights, weight)]
            },
        );
        (s.div(sum, weights), weights)
    }
}

impl ReducerKernel for Soft {
    #[inline(always)]
    fn forward<S: Simd>(self, s: S, cells: &CellValues<'_, S>, _draw: S::F) -> S::F {
        self.mean(s, cells, self.shift(s, cells)).0
    }

    /// `w_i (1 + beta (x_i - y))`.
    #[inline(always)]
    fn backward<S: Simd>(
        self,
        s: S,
        cells: &CellValues<'_, S>,
        _draw: S::F,
        gradient: S::F,
        to: &CellGradients<'_, S>,
    ) {
        let shift = self.shift(s, cells);
        let (mean, weights) = self.mean(s, cells, shift);
        let share = s.div(gradient, weights);
        for index in 0..cells.len() {
            let (weight, value) = self.weight(s, cells.get(index), shift);
            let slope = s.mul_add(s.splat(self.beta), s.sub(value, mean), s.splat(1.0));
            to.add(index, s.mul(share, s.mul(weight, slope)));
        }
    }
}

/// `logsumexp(x) - ln n` of `n` cells, computed as `m + ln(1 + mean(e^(x - m) - 1))` with `m = max x`: no exponential
/// overflows, and nearly equal values lose no digits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LogMeanExp;

impl LogMeanExp {
    /// The greatest value, and the shift to subtract from each value: the same, or 0 if it is infinite.
    #[inline(always)]
    fn greatest<S: Simd>(s: S, cells: &CellValues<'_, S>) -> (S::F, S::F) {
        let mut greatest = cells.get(0);
        for index in 1..cells.len() {
            greatest = s.max(greatest, cells.get(index));
        }
        let infinite = s.gt(s.abs(greatest), s.splat(f32::MAX));
        (greatest, s.select(infinite, s.splat(0.0), greatest))
    }

    /// The sum of `e^(x - shift) - 1`.
    #[inline(always)]
    fn growth<S: Simd>(s: S, cells: &CellValues<'_, S>, shift: S::F) -> S::F {
        let [sum] = sums(
            s,
            cells.len(),
            #[inline(always)]
            |[sum], index| [s.add(sum, exp_minus_one(s, s.sub(cells.get(index), shift)))],
        );
        sum
    }
}

impl ReducerKernel for LogMeanExp {
    #[inline(always)]
    fn forward<S: Simd>(self, s: S, cells: &CellValues<'_, S>, _draw: S::F) -> S::F {
        let (greatest, shift) = Self::greatest(s, cells);
        let growth = Self::growth(s, cells, shift);
        let level = s.add(shift, ln_plus_one(s, s.div(growth, s.splat(cells.len() as f32))));
        let infinite = s.and_not(s.gt(greatest, s.splat(f32::MAX)), s.is_nan(growth));
        s.select(infinite, greatest, level)
    }

    /// `e^(x_i) / sum e^x`.
    #[inline(always)]
    fn backward<S: Simd>(
        self,
        s: S,
        cells: &CellValues<'_, S>,
        _draw: S::F,
        gradient: S::F,
        to: &CellGradients<'_, S>,
    ) {
        let (_, shift) = Self::greatest(s, cells);
        let sum = s.add(Self::growth(s, cells, shift), s.splat(cells.len() as f32));
        let share = s.div(gradient, sum);
        for index in 0..cells.len() {
            to.add(index, s.mul(share, exp(s, s.sub(cells.get(index), shift))));
        }
    }
}

/// `e^x - 1`, to about an ulp near 0 as well.
#[inline(always)]
fn exp_minus_one<S: Simd>(s: S, x: S::F) -> S::F {
    // The Taylor series: the first term left out is under 2^-27 of the result.
    let mut series = s.splat(1.0 / 40_320.0);
    for factor in [1.0 / 5040.0, 1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0] {
        series = s.mul_add(series, x, s.splat(factor));
    }
    let is_small = s.gt(s.splat(0.5), s.abs(x));
    s.select(is_small, s.mul(series, x), s.sub(exp(s, x), s.splat(1.0)))
}

/// `ln(1 + x)` for `x >= -1`, to about two ulps near 0 as well: the ratio of `x` to what is left of it in `1 + x` corrects
/// the rounding (Goldberg, "What every computer scientist should know about floating-point arithmetic", 1991).
#[inline(always)]
fn ln_plus_one<S: Simd>(s: S, x: S::F) -> S::F {
    let sum = s.add(s.splat(1.0), x);
    let left = s.sub(sum, s.splat(1.0));
    let nothing = s.eq(left, s.splat(0.0));
    let logarithm = s.div(s.mul(ln(s, sum), x), s.select(nothing, s.splat(1.0), left));
    s.select(nothing, x, logarithm)
}
