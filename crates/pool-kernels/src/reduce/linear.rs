//! Reducers that are linear in the cells: the mean and a weighted sum.

use super::{CellGradients, CellValues, ReducerKernel};
use crate::simd::Simd;
use crate::sum::sums;

/// The sum over the cells, divided by how many of them count.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mean;

impl ReducerKernel for Mean {
    #[inline(always)]
    fn forward<S: Simd>(self, s: S, cells: &CellValues<'_, S>, _draw: S::F) -> S::F {
        let [sum] = sums(
            s,
            cells.len(),
            #[inline(always)]
            |[sum], index| [s.add(sum, cells.get(index))],
        );
        s.div(sum, s.splat(cells.counted()))
    }

    #[inline(always)]
    fn backward<S: Simd>(
        self,
        s: S,
        cells: &CellValues<'_, S>,
        _draw: S::F,
        gradient: S::F,
        to: &CellGradients<'_, S>,
    ) {
        let share = s.div(gradient, s.splat(cells.counted()));
        for index in 0..cells.len() {
            to.add(index, share);
        }
    }
}

/// The sum of the cells times the windows' weights, as a low-pass filter computes it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Weighted;

impl ReducerKernel for Weighted {
    #[inline(always)]
    fn forward<S: Simd>(self, s: S, cells: &CellValues<'_, S>, _draw: S::F) -> S::F {
        let [sum] = sums(
            s,
            cells.len(),
            #[inline(always)]
            |[sum], index| [s.mul_add(cells.get(index), s.splat(cells.weight(index)), sum)],
        );
        sum
    }

    #[inline(always)]
    fn backward<S: Simd>(
        self,
        s: S,
        cells: &CellValues<'_, S>,
        _draw: S::F,
        gradient: S::F,
        to: &CellGradients<'_, S>,
    ) {
        for index in 0..cells.len() {
            to.add(index, s.mul(gradient, s.splat(cells.weight(index))));
        }
    }
}
