//! Maximum and minimum.

use super::{CellGradients, Cells, WindowKernel};
use crate::simd::Simd;

/// The value that beats all others. libtorch's rule: a later one must be better, and NaN is better than everything.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Extreme<const GREATEST: bool>;

pub(crate) type Max = Extreme<true>;
pub(crate) type Min = Extreme<false>;

impl<const GREATEST: bool> Extreme<GREATEST> {
    /// The best number, and where there is a NaN: two short chains, where one comparison after another would be long.
    #[inline(always)]
    fn best<S: Simd>(s: S, cells: &Cells<'_, S>) -> (S::F, S::M) {
        let mut best = cells.get(0);
        let mut nan = s.is_nan(best);
        for index in 1..cells.len() {
            let value = cells.get(index);
            nan = s.or(nan, s.is_nan(value));
            // In this order the earlier of equal values stays, which decides between 0 and -0.
            best = if GREATEST { s.max(value, best) } else { s.min(value, best) };
        }
        (best, nan)
    }

    /// Backward where a window may hold NaN, of which the last one wins.
    #[inline(always)]
    fn backward_with_nan<S: Simd>(s: S, cells: &Cells<'_, S>, gradient: S::F, to: &CellGradients<'_, S>) {
        let mut best = cells.get(0);
        let mut winner = s.splat(0.0);
        for index in 1..cells.len() {
            let value = cells.get(index);
            let better = if GREATEST { s.gt(value, best) } else { s.gt(best, value) };
            let better = s.or(better, s.is_nan(value));
            best = s.select(better, value, best);
            winner = s.select(better, s.splat(index as f32), winner);
        }
        for index in 0..cells.len() {
            let won = s.eq(winner, s.splat(index as f32));
            to.add(index, s.select(won, gradient, s.splat(0.0)));
        }
    }
}

impl<const GREATEST: bool> WindowKernel for Extreme<GREATEST> {
    #[inline(always)]
    fn forward<S: Simd>(self, s: S, cells: &Cells<'_, S>, _draw: S::F) -> S::F {
        let (best, nan) = Self::best(s, cells);
        s.select(nan, s.splat(f32::NAN), best)
    }

    #[inline(always)]
    fn backward<S: Simd>(
        self,
        s: S,
        cells: &Cells<'_, S>,
        _draw: S::F,
        gradient: S::F,
        to: &CellGradients<'_, S>,
    ) {
        let zero = s.splat(0.0);
        let (best, nan) = Self::best(s, cells);
        if s.any(nan) {
            return Self::backward_with_nan(s, cells, gradient, to);
        }
        let mut left = gradient;
        for index in 0..cells.len() {
            let won = s.eq(cells.get(index), best);
            to.add(index, s.select(won, left, zero));
            // The first of equal values takes it all.
            left = s.select(won, zero, left);
        }
    }
}
