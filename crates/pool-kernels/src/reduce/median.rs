//! The lower median.

use super::{CellGradients, Cells, WindowKernel};
use crate::simd::Simd;

/// Cells that are sorted: the effort grows with their square. Of more, the median is searched for.
const MOST_SORTED: usize = 64;

/// The lower middle of the sorted values; NaN if there is one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Median;

impl Median {
    /// Passes that each carry the greatest of what is left to its end, until the middle has been reached.
    #[inline(always)]
    fn sorted<S: Simd>(s: S, cells: &Cells<'_, S>) -> S::F {
        let count = cells.len();
        let mut values = [s.splat(0.0); MOST_SORTED];
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

    /// Halves the interval that the median lies in until one value is left. Each pass counts the cells up to the middle of
    /// the interval, and both ends of what is left are values of cells; so no copy of the cells is made, and there are
    /// about as many passes as a number has digits.
    #[inline(always)]
    fn searched<S: Simd>(s: S, cells: &Cells<'_, S>) -> S::F {
        let (lowest, highest) = (s.splat(f32::NEG_INFINITY), s.splat(f32::INFINITY));
        let (zero, one, half) = (s.splat(0.0), s.splat(1.0), s.splat(0.5));
        let before = s.splat(((cells.len() - 1) / 2) as f32);
        let (mut least, mut greatest) = (highest, lowest);
        let mut not_a_number = s.gt(zero, zero);
        for index in 0..cells.len() {
            let value = cells.get(index);
            not_a_number = s.or(not_a_number, s.is_nan(value));
            least = s.min(value, least);
            greatest = s.max(value, greatest);
        }
        loop {
            let open = s.and_not(s.gt(greatest, least), not_a_number);
            if !s.any(open) {
                return s.select(not_a_number, s.splat(f32::NAN), least);
            }
            // Halves before the sum, which might overflow; of infinite ends the greatest finite numbers.
            let inside = |end| s.max(s.splat(f32::MIN), s.min(s.splat(f32::MAX), end));
            let middle = s.add(s.mul(inside(least), half), s.mul(inside(greatest), half));
            // Rounded to an end of the interval, it must leave out the upper one, and begin with the lower one.
            let middle = s.select(s.gt(greatest, middle), middle, least);
            let middle = s.select(s.gt(least, middle), least, middle);
            let (mut below, mut highest_below, mut lowest_above) = (zero, lowest, highest);
            for index in 0..cells.len() {
                let value = cells.get(index);
                let above = s.gt(value, middle);
                below = s.select(above, below, s.add(below, one));
                highest_below = s.select(above, highest_below, s.max(value, highest_below));
                lowest_above = s.select(above, s.min(value, lowest_above), lowest_above);
            }
            let lies_below = s.gt(below, before);
            greatest = s.select(s.and(open, lies_below), highest_below, greatest);
            least = s.select(s.and_not(open, lies_below), lowest_above, least);
        }
    }
}

impl WindowKernel for Median {
    #[inline(always)]
    fn forward<S: Simd>(self, s: S, cells: &Cells<'_, S>, _draw: S::F) -> S::F {
        if cells.len() <= MOST_SORTED { Self::sorted(s, cells) } else { Self::searched(s, cells) }
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
