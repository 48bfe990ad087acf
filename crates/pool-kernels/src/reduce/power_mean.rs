//! Generalised means.

use super::{CellGradients, Cells, Lp, WindowKernel};
use crate::simd::Simd;

/// `(sum |x|^p / n)^(1/p)` of `n` cells.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PowerMean {
    pub(crate) p: f32,
}

impl WindowKernel for PowerMean {
    #[inline(always)]
    fn forward<S: Simd>(self, s: S, cells: &Cells<'_, S>, _draw: S::F) -> S::F {
        let norm = Lp::<false> { p: self.p };
        let (sum, _, up) = norm.scaled(s, cells);
        let mean = s.div(sum, s.splat(cells.len() as f32));
        s.mul(norm.root(s, mean), up)
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
        let norm = Lp::<false> { p: self.p };
        let factor = norm.root(s, s.splat(1.0 / cells.len() as f32));
        let gradient = s.mul(gradient, factor);
        norm.backward(s, cells, draw, gradient, to);
    }
}
