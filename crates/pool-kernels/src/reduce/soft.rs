//! SoftPool.

use super::{CellGradients, Cells, WindowKernel};
use crate::simd::{Simd, exp};
use crate::sum::sums;

/// `sum softmax(beta x) x`. A value of minus infinity has no weight; plus infinity and NaN give NaN.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Soft {
    pub(crate) beta: f32,
}

impl Soft {
    /// The greatest score, which is subtracted so that no exponential overflows.
    #[inline(always)]
    fn shift<S: Simd>(self, s: S, cells: &Cells<'_, S>) -> S::F {
        let beta = s.splat(self.beta);
        let mut greatest = s.mul(cells.get(0), beta);
        for index in 1..cells.len() {
            greatest = s.max(greatest, s.mul(cells.get(index), beta));
        }
        greatest
    }

    /// The weight before normalisation, and the value: 0 where the weight is, as 0 times infinity would be NaN.
    #[inline(always)]
    fn weight<S: Simd>(self, s: S, value: S::F, shift: S::F) -> (S::F, S::F) {
        let weight = exp(s, s.sub(s.mul(value, s.splat(self.beta)), shift));
        let none = s.eq(weight, s.splat(0.0));
        (weight, s.select(none, s.splat(0.0), value))
    }

    /// The value of the window, and the sum of its weights.
    #[inline(always)]
    fn mean<S: Simd>(self, s: S, cells: &Cells<'_, S>, shift: S::F) -> (S::F, S::F) {
        let [sum, weights] = sums(
            s,
            cells.len(),
            #[inline(always)]
            |[sum, weights], index| {
                let (weight, value) = self.weight(s, cells.get(index), shift);
                [s.mul_add(weight, value, sum), s.add(weights, weight)]
            },
        );
        (s.div(sum, weights), weights)
    }
}

impl WindowKernel for Soft {
    #[inline(always)]
    fn forward<S: Simd>(self, s: S, cells: &Cells<'_, S>, _draw: S::F) -> S::F {
        self.mean(s, cells, self.shift(s, cells)).0
    }

    /// `w_i (1 + beta (x_i - y))`.
    #[inline(always)]
    fn backward<S: Simd>(
        self,
        s: S,
        cells: &Cells<'_, S>,
        _draw: S::F,
        gradient: S::F,
        to: &CellGradients<'_, S>,
    ) {
        let shift = self.shift(s, cells);
        let (mean, weights) = self.mean(s, cells, shift);
        let share = s.div(gradient, weights);
        for index in 0..cells.len() {
            let (weight, value) = self.weight(s, cells.get(index), shift);
            let slope = s.mul_add(s.splat(self.beta), s.sub(value, mean), s.splat(1.0));
            to.add(index, s.mul(share, s.mul(weight, slope)));
        }
    }
}
