//! Stochastic pooling.

use super::{CellGradients, Cells, WindowKernel};
use crate::simd::Simd;
use crate::sum::{BLOCK, Total, sums};

/// One of `a = max(x, 0)`, drawn with probability `a / sum a`; 0 where all of them are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sampled;

/// `sum a^2 / sum a`; 0 where all of them are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StochasticMean;

/// `max(x, 0)`; NaN stays.
#[inline(always)]
fn activation<S: Simd>(s: S, value: S::F) -> S::F {
    s.max(s.splat(0.0), value)
}

#[inline(always)]
fn total<S: Simd>(s: S, cells: &Cells<'_, S>) -> S::F {
    let [sum] = sums(
        s,
        cells.len(),
        #[inline(always)]
        |[sum], index| [s.add(sum, activation(s, cells.get(index)))],
    );
    sum
}

impl Sampled {
    /// Calls `see` with each cell, what it is worth, and whether it cannot be drawn: the drawn cell is the last one that can.
    /// Gives the whole.
    #[inline(always)]
    fn walk<S: Simd>(s: S, cells: &Cells<'_, S>, draw: S::F, mut see: impl FnMut(usize, S::F, S::M)) -> S::F {
        let whole = total(s, cells);
        let least = s.mul(draw, whole);
        let zero = s.splat(0.0);
        if cells.len() <= BLOCK {
            // The last sum is the whole, to the last bit, so that one of them exceeds a part of it.
            let mut before = zero;
            for index in 0..cells.len() {
                let value = activation(s, cells.get(index));
                see(index, value, s.gt(before, least));
                before = s.add(before, value);
            }
            return whole;
        }
        let mut total = Total::of(s, zero);
        for first in (0..cells.len()).step_by(BLOCK) {
            let left = total.below(s, least);
            let mut before = zero;
            for index in first..cells.len().min(first + BLOCK) {
                let value = activation(s, cells.get(index));
                // A cell of zero cannot, even if rounding leaves something of `left` behind the last positive one.
                see(index, value, s.or(s.gt(before, left), s.eq(value, zero)));
                before = s.add(before, value);
            }
            total.add(s, before);
        }
        whole
    }

    /// The gradients of a window of one block, whose sum is exceeded at the drawn cell to the last bit.
    #[inline(always)]
    fn backward_of_block<S: Simd>(
        s: S,
        cells: &Cells<'_, S>,
        draw: S::F,
        gradient: S::F,
        to: &CellGradients<'_, S>,
    ) {
        let least = s.mul(draw, total(s, cells));
        let zero = s.splat(0.0);
        let mut found = s.gt(zero, zero);
        let mut running = zero;
        for index in 0..cells.len() {
            running = s.add(running, activation(s, cells.get(index)));
            let beyond = s.gt(running, least);
            to.add(index, s.select(s.and_not(beyond, found), gradient, zero));
            found = s.or(found, beyond);
        }
    }
}

impl WindowKernel for Sampled {
    #[inline(always)]
    fn forward<S: Simd>(self, s: S, cells: &Cells<'_, S>, draw: S::F) -> S::F {
        let zero = s.splat(0.0);
        let mut picked = zero;
        let whole = Self::walk(
            s,
            cells,
            draw,
            #[inline(always)]
            |_, value, cannot| picked = s.select(cannot, picked, value),
        );
        // Zero, unless the sum is no number.
        s.add(picked, s.mul(whole, zero))
    }

    #[inline(always)]
    fn backward<S: Simd>(
        self,
        s: S,
        cells: &Cells<'_, S>,
        draw: S::F,
        gradient: S::F,
        to: &CellGradients<'_, S>,
    ) {
        if cells.len() <= BLOCK {
            return Self::backward_of_block(s, cells, draw, gradient, to);
        }
        let (zero, none) = (s.splat(0.0), s.splat(-1.0));
        let mut picked = none;
        let whole = Self::walk(
            s,
            cells,
            draw,
            #[inline(always)]
            |index, _, cannot| picked = s.select(cannot, picked, s.splat(index as f32)),
        );
        let picked = s.select(s.is_nan(s.mul(whole, zero)), none, picked);
        for index in 0..cells.len() {
            let here = s.eq(picked, s.splat(index as f32));
            to.add(index, s.select(here, gradient, zero));
        }
    }
}

/// The greatest activation as a power of two that no square overflows under; 1 where it is zero or infinite.
#[inline(always)]
pub(super) fn scale<S: Simd>(s: S, greatest: S::F) -> (S::F, S::F) {
    let (least, most) = (s.splat(f32::MIN_POSITIVE), s.splat(f32::MAX));
    let usable = s.and_not(s.gt(greatest, s.splat(0.0)), s.gt(greatest, most));
    let inside = s.select(usable, s.max(greatest, least), s.splat(1.0));
    let (_, exponent) = s.mantissa_and_exponent(inside);
    // 2^126 and its reciprocal are both normal.
    let exponent = s.max(s.splat(-126.0), s.min(s.splat(126.0), exponent));
    (s.power_of_two(s.sub(s.splat(0.0), exponent)), s.power_of_two(exponent))
}

impl StochasticMean {
    /// `down`, the sum of scaled activations, of their squares.
    #[inline(always)]
    fn sums<S: Simd>(s: S, cells: &Cells<'_, S>) -> (S::F, S::F, S::F, S::F) {
        let mut greatest = activation(s, cells.get(0));
        for index in 1..cells.len() {
            greatest = s.max(greatest, activation(s, cells.get(index)));
        }
        let (down, up) = scale(s, greatest);
        let [sum, squares] = sums(
            s,
            cells.len(),
            #[inline(always)]
            |[sum, squares], index| {
                let value = s.mul(activation(s, cells.get(index)), down);
                [s.add(sum, value), s.mul_add(value, value, squares)]
            },
        );
        let sum = s.select(s.eq(sum, s.splat(0.0)), s.splat(1.0), sum);
        (down, up, sum, squares)
    }
}

impl WindowKernel for StochasticMean {
    #[inline(always)]
    fn forward<S: Simd>(self, s: S, cells: &Cells<'_, S>, _draw: S::F) -> S::F {
        let (_, up, sum, squares) = Self::sums(s, cells);
        s.mul(s.div(squares, sum), up)
    }

    /// `(2 a_i - y) / sum a` where `x_i > 0`.
    #[inline(always)]
    fn backward<S: Simd>(
        self,
        s: S,
        cells: &Cells<'_, S>,
        _draw: S::F,
        gradient: S::F,
        to: &CellGradients<'_, S>,
    ) {
        let (down, _, sum, squares) = Self::sums(s, cells);
        let mean = s.div(squares, sum);
        let share = s.div(gradient, sum);
        for index in 0..cells.len() {
            let value = cells.get(index);
            let scaled = s.mul(activation(s, value), down);
            let slope = s.sub(s.add(scaled, scaled), mean);
            let active = s.or(s.gt(value, s.splat(0.0)), s.is_nan(value));
            to.add(index, s.select(active, s.mul(share, slope), s.splat(0.0)));
        }
    }
}
