//! Log-mean-exp.

use super::{CellGradients, Cells, WindowKernel};
use crate::simd::{Simd, exp, ln};
use crate::sum::sums;

/// `logsumexp(x) - ln n` of `n` cells, as `m + ln(1 + mean(e^(x - m) - 1))` with `m = max x`: no exponential overflows,
/// and where the values are nearly equal no digit is lost.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LogMeanExp;

impl LogMeanExp {
    /// The greatest value, and what is subtracted from each: the same, or 0 where it is infinite.
    #[inline(always)]
    fn greatest<S: Simd>(s: S, cells: &Cells<'_, S>) -> (S::F, S::F) {
        let mut greatest = cells.get(0);
        for index in 1..cells.len() {
            greatest = s.max(greatest, cells.get(index));
        }
        let infinite = s.gt(s.abs(greatest), s.splat(f32::MAX));
        (greatest, s.select(infinite, s.splat(0.0), greatest))
    }

    /// The sum of `e^(x - shift) - 1`.
    #[inline(always)]
    fn growth<S: Simd>(s: S, cells: &Cells<'_, S>, shift: S::F) -> S::F {
        let [sum] = sums(
            s,
            cells.len(),
            #[inline(always)]
            |[sum], index| [s.add(sum, exp_minus_one(s, s.sub(cells.get(index), shift)))],
        );
        sum
    }
}

impl WindowKernel for LogMeanExp {
    #[inline(always)]
    fn forward<S: Simd>(self, s: S, cells: &Cells<'_, S>, _draw: S::F) -> S::F {
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
        cells: &Cells<'_, S>,
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

/// `ln(1 + x)` of `x` from -1 on, to about two ulps near 0 as well: what `1 + x` rounds off is made good by the ratio of
/// `x` to what is left of it (Goldberg, "What every computer scientist should know about floating-point arithmetic", 1991).
#[inline(always)]
fn ln_plus_one<S: Simd>(s: S, x: S::F) -> S::F {
    let sum = s.add(s.splat(1.0), x);
    let left = s.sub(sum, s.splat(1.0));
    let nothing = s.eq(left, s.splat(0.0));
    let logarithm = s.div(s.mul(ln(s, sum), x), s.select(nothing, s.splat(1.0), left));
    s.select(nothing, x, logarithm)
}
