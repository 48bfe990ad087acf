//! A weighted sum: what a low-pass filter does.

use super::{CellGradients, Cells, WindowKernel};
use crate::simd::Simd;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Weighted;

impl WindowKernel for Weighted {
    #[inline(always)]
    fn forward<S: Simd>(self, s: S, cells: &Cells<'_, S>, _draw: S::F) -> S::F {
        let mut sum = s.mul(cells.get(0), s.splat(cells.weight(0)));
        for index in 1..cells.len() {
            sum = s.mul_add(cells.get(index), s.splat(cells.weight(index)), sum);
        }
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
