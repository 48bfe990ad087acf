//! Generalised means.

use super::power::root;
use super::{CellGradients, Cells, Lp, WindowKernel};
use crate::simd::Simd;

/// `(sum |x|^p / n)^(1/p)`: the norm of the `n` cells, times that of `n` shares of one `n`-th.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PowerMean {
    pub(crate) p: f32,
}

impl PowerMean {
    /// `n^(-1/p)`, by which the mean and its gradient are less than the norm and its gradient.
    #[inline(always)]
    fn factor<S: Simd>(self, s: S, cells: &Cells<'_, S>) -> S::F {
        root(s, s.splat(1.0 / cells.len() as f32), self.p)
    }
}

impl WindowKernel for PowerMean {
    #[inline(always)]
    fn forward<S: Simd>(self, s: S, cells: &Cells<'_, S>, _draw: S::F) -> S::F {
        let (norm, _, up) = Lp { p: self.p }.scaled(s, cells);
        // Scaled up in the end: the norm may be too large where the mean is not.
        s.mul(s.mul(norm, self.factor(s, cells)), up)
    }

    /// `(|x_i| / norm)^(p - 1) n^(-1/p)`, with the sign of `x_i`.
    #[inline(always)]
    fn backward<S: Simd>(
        self,
        s: S,
        cells: &Cells<'_, S>,
        draw: S::F,
        gradient: S::F,
        to: &CellGradients<'_, S>,
    ) {
        let gradient = s.mul(gradient, self.factor(s, cells));
        Lp { p: self.p }.backward(s, cells, draw, gradient, to);
    }
}
