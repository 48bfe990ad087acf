//! Order statistics: maximum, minimum and the lower median.

use super::{CellGradients, CellValues, ReducerKernel};
use crate::simd::Simd;

/// The greatest or the smallest value, by libtorch's rule: a later value must be better, and NaN is better than everything.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Extreme<const GREATEST: bool>;

pub(crate) type Max = Extreme<true>;
pub(crate) type Min = Extreme<false>;

impl<const GREATEST: bool> Extreme<GREATEST> {
    /// The best number, and the lanes that hold a NaN. Two short chains of instructions are faster than a long one of
    /// comparisons.
    #[inline(always)]
    fn best<S: Simd>(s: S, cells: &CellValues<'_, S>) -> (S::F, S::M) {
        let mut best = cells.get(0);
        let mut nan = s.is_nan(best);
        for index in 1..cells.len() {
            let value = cells.get(index);
            nan = s.or(nan, s.is_nan(value));
            // This order of arguments keeps the earlier of equal values, which matters for 0 and -0.
            best = if GREATEST { s.max(value, best) } else { s.min(value, best) };
        }
        (best, nan)
    }

    /// Backward for windows that may hold NaN, of which the last one wins.
    #[inline(always)]
    fn backward_with_nan<S: Simd>(
        s: S,
        cells: &CellValues<'_, S>,
        gradient: S::F,
        to: &CellGradients<'_, S>,
    ) {
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

impl<const GREATEST: bool> ReducerKernel for Extreme<GREATEST> {
    #[inline(always)]
    fn forward<S: Simd>(self, s: S, cells: &CellValues<'_, S>, _draw: S::F) -> S::F {
        let (best, nan) = Self::best(s, cells);
        s.select(nan, s.splat(f32::NAN), best)
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
        let zero = s.splat(0.0);
        let (best, nan) = Self::best(s, cells);
        if s.any(nan) {
            return Self::backward_with_nan(s, cells, gradient, to);
        }
        let mut left = gradient;
        for index in 0..cells.len() {
            let won = s.eq(cells.get(index), best);
            to.add(index, s.select(won, left, zero));
            // The first of equal values takes all of it.
            left = s.select(won, zero, left);
        }
    }
}

/// The most cells that are sorted, at a cost that grows with their square. Among more cells the median is searched for.
const MOST_SORTED: usize = 64;

/// The lower middle of the sorted values; NaN if there is one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Median;

impl Median {
    /// Bubble sort down to the middle: each pass carries the greatest of the remaining values to their end.
    #[inline(always)]
    fn sorted<S: Simd>(s: S, cells: &CellValues<'_, S>) -> S::F {
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

    /// Halves the interval that contains the median until one value is left. Each pass counts the cells up to the middle of
    /// the interval, and both ends of the new interval are values of cells. So the cells are never copied, and there are
    /// about as many passes as a number has binary digits.
    #[inline(always)]
    fn searched<S: Simd>(s: S, cells: &CellValues<'_, S>) -> S::F {
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
            // The sum might overflow, so the ends are halved first; infinite ends count as the greatest finite numbers.
            let inside = |end| s.max(s.splat(f32::MIN), s.min(s.splat(f32::MAX), end));
            let middle = s.add(s.mul(inside(least), half), s.mul(inside(greatest), half));
            // If rounding puts it on an end, the lower part must exclude the upper end and include the lower one.
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

impl ReducerKernel for Median {
    #[inline(always)]
    fn forward<S: Simd>(self, s: S, cells: &CellValues<'_, S>, _draw: S::F) -> S::F {
        if cells.len() <= MOST_SORTED { Self::sorted(s, cells) } else { Self::searched(s, cells) }
    }

    /// The gradient goes to the cell that a stable sort puts in the middle. Among the values equal to the median, that is
    /// the one preceded by as many as the smaller values fall short of the middle.
    #[inline(always)]
    fn backward<S: Simd>(
        self,
        s: S,
        cells: &CellValues<'_, S>,
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
