//! Stochastic pooling: a draw among the activations, and its mean.

use super::{CellGradients, CellValues, ReducerKernel, scales};
use crate::simd::Simd;
use crate::sum::{BLOCK, Total, sums};

/// One of `a = max(x, 0)`, drawn with probability `a / sum a`; 0 if all of them are 0.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sampled;

/// `sum a^2 / sum a` of `a = max(x, 0)`; 0 if all of them are 0.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StochasticMean;

/// `max(x, 0)`; NaN stays.
#[inline(always)]
fn activation<S: Simd>(s: S, value: S::F) -> S::F {
    s.max(s.splat(0.0), value)
}

#[inline(always)]
fn total<S: Simd>(s: S, cells: &CellValues<'_, S>) -> S::F {
    let [sum] = sums(
        s,
        cells.len(),
        #[inline(always)]
        |[sum], index| [s.add(sum, activation(s, cells.get(index)))],
    );
    sum
}

impl Sampled {
    /// Calls `see` with each cell, its activation, and the lanes in which it cannot be drawn. The drawn cell is the last
    /// one that can be. Returns the sum of all activations.
    #[inline(always)]
    fn visit<S: Simd>(
        s: S,
        cells: &CellValues<'_, S>,
        draw: S::F,
        mut see: impl FnMut(usize, S::F, S::M),
    ) -> S::F {
        let whole = total(s, cells);
        let least = s.mul(draw, whole);
        let zero = s.splat(0.0);
        if cells.len() <= BLOCK {
            // The last partial sum equals the whole to the last bit, so one of them exceeds any part of it.
            let mut before = zero;
            for index in 0..cells.len() {
                let value = activation(s, cells.get(index));
                see(index, value, s.gt(before, least));
                before = s.add(before, value);
            }
            return whole;
        }
        let mut total = Total::new(s, zero);
        for first in (0..cells.len()).step_by(BLOCK) {
            let left = total.below(s, least);
            let mut before = zero;
            for index in first..cells.len().min(first + BLOCK) {
                let value = activation(s, cells.get(index));
                // A cell of zero is never drawn, even if rounding leaves part of `left` after the last positive cell.
                see(index, value, s.or(s.gt(before, left), s.eq(value, zero)));
                before = s.add(before, value);
            }
            total.add(s, before);
        }
        whole
    }

    /// The gradients of a window of one block: the drawn cell is the first whose running sum exceeds the draw.
    #[inline(always)]
    fn backward_of_block<S: Simd>(
        s: S,
        cells: &CellValues<'_, S>,
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

impl ReducerKernel for Sampled {
    #[inline(always)]
    fn forward<S: Simd>(self, s: S, cells: &CellValues<'_, S>, draw: S::F) -> S::F {
        let zero = s.splat(0.0);
        let mut picked = zero;
        let whole = Self::visit(
            s,
            cells,
            draw,
            #[inline(always)]
            |_, value, cannot| picked = s.select(cannot, picked, value),
        );
        // Adds zero, or NaN if the sum is infinite or NaN.
        s.add(picked, s.mul(whole, zero))
    }

    #[inline(always)]
    fn backward<S: Simd>(
        self,
        s: S,
        cells: &CellValues<'_, S>,
        draw: S::F,
        gradient: S::F,
        to: &CellGradients<'_, S>,
    ) {
        if cells.len() <= BLOCK {
            return Self::backward_of_block(s, cells, draw, gradient, to);
        }
        let (zero, none) = (s.splat(0.0), s.splat(-1.0));
        let mut picked = none;
        let whole = Self::visit(
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

impl StochasticMean {
    /// The factors that scale down and up, the sum of the scaled activations, and that of their squares.
    #[inline(always)]
    fn sums<S: Simd>(s: S, cells: &CellValues<'_, S>) -> (S::F, S::F, S::F, S::F) {
        let mut greatest = activation(s, cells.get(0));
        for index in 1..cells.len() {
            greatest = s.max(greatest, activation(s, cells.get(index)));
        }
        let (down, up) = scales(s, greatest);
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

impl ReducerKernel for StochasticMean {
    #[inline(always)]
    fn forward<S: Simd>(self, s: S, cells: &CellValues<'_, S>, _draw: S::F) -> S::F {
        let (_, up, sum, squares) = Self::sums(s, cells);
        s.mul(s.div(squares, sum), up)
    }

    /// `(2 a_i - y) / sum a` where `x_i > 0`.
    #[inline(always)]
    fn backward<S: Simd>(
        self,
        s: S,
        cells: &CellValues<'_, S>,
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
