//! The lower median.

use super::{CellGradients, Cells, Reduce, WindowKernel};
use crate::simd::Simd;

/// The lower middle of the sorted values; NaN if there is one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Median;

impl WindowKernel for Median {
    /// Passes that each carry the greatest of what is left to its end, until the middle has been reached.
    #[inline(always)]
    fn forward<S: Simd>(self, s: S, cells: &Cells<'_, S>, _draw: S::F) -> S::F {
        let count = cells.len();
        let mut values = [s.splat(0.0); Reduce::WIDEST_MEDIAN];
        let values = &mut values[..count];
        let mut not_a_number = s.is_nan(cells.get(0));
        for (index, value) in values.iter_mut().enumerate() {
            *value = cells.get(index);
            not_a_number = s.or(not_a_number, s.is_nan(*value));
        }
        let middle = (count - 1) / 2;
        for end in (middle..count).rev() {
            for index in 0..end {
                let (a, b) = (values[index], values[index + 1]);
                values[index] = s.min(a, b);
                values[index + 1] = s.max(a, b);
            }
        }
        s.select(not_a_number, s.splat(f32::NAN), values[middle])
    }

    /// To the cell that a stable sort puts in the middle: of the values equal to the median, the one before which as many
    /// lie as are missing to the middle.
    #[inline(always)]
    fn backward<S: Simd>(
        self,
        s: S,
        cells: &Cells<'_, S>,
        draw: S::F,
        gradient: S::F,
        to: &CellGradients<'_, S>,
    ) {
        let median = self.forward(s, cells, draw);
        let (zero, one) = (s.splat(0.0), s.splat(1.0));
        let mut missing = s.splat(((cells.len() - 1) / 2) as f32);
        for index in 0..cells.len() {
            missing = s.select(s.gt(median, cells.get(index)), s.sub(missing, one), missing);
        }
        for index in 0..cells.len() {
            let equal = s.eq(cells.get(index), median);
            to.add(index, s.select(s.and(equal, s.eq(missing, zero)), gradient, zero));
            missing = s.select(equal, s.sub(missing, one), missing);
        }
    }
}
