//! The mean over the counted cells.

use super::{CellGradients, Cells, WindowKernel};
use crate::simd::Simd;
use crate::sum::sums;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Mean;

impl WindowKernel for Mean {
    #[inline(always)]
    fn forward<S: Simd>(self, s: S, cells: &Cells<'_, S>, _draw: S::F) -> S::F {
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
        cells: &Cells<'_, S>,
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
