//! A weighted sum: what a low-pass filter does.

use super::{CellGradients, Cells, WindowKernel};
use crate::simd::Simd;
use crate::sum::sums;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Weighted;

impl WindowKernel for Weighted {
    #[inline(always)]
    fn forward<S: Simd>(self, s: S, cells: &Cells<'_, S>, _draw: S::F) -> S::F {
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
        cells: &Cells<'_, S>,
        _draw: S::F,
        gradient: S::F,
        to: &CellGradients<'_, S>,
    ) {
        for index in 0..cells.len() {
            to.add(index, s.mul(gradient, s.splat(cells.weight(index))));
        }
    }
}
