//! Maximum and minimum.

use super::{CellGradients, Cells, WindowKernel};
use crate::simd::Simd;

/// The value that beats all others. libtorch's rule: a later one must be better, and NaN beats everything.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Extreme<const GREATEST: bool>;

pub(crate) type Max = Extreme<true>;
pub(crate) type Min = Extreme<false>;

impl<const GREATEST: bool> Extreme<GREATEST> {
    #[inline(always)]
    fn beats<S: Simd>(s: S, value: S::F, best: S::F) -> S::M {
        let better = if GREATEST { s.gt(value, best) } else { s.gt(best, value) };
        s.or(better, s.is_nan(value))
    }
}

impl<const GREATEST: bool> WindowKernel for Extreme<GREATEST> {
    #[inline(always)]
    fn forward<S: Simd>(self, s: S, cells: &Cells<'_, S>, _draw: S::F) -> S::F {
        let mut best = cells.get(0);
        for index in 1..cells.len() {
            let value = cells.get(index);
            best = s.select(Self::beats(s, value, best), value, best);
        }
        best
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
        let mut best = cells.get(0);
        let mut winner = s.splat(0.0);
        for index in 1..cells.len() {
            let value = cells.get(index);
            let better = Self::beats(s, value, best);
            best = s.select(better, value, best);
            winner = s.select(better, s.splat(index as f32), winner);
        }
        for index in 0..cells.len() {
            let won = s.eq(winner, s.splat(index as f32));
            to.add(index, s.select(won, gradient, s.splat(0.0)));
        }
    }
}
