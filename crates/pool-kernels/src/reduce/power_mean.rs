//! Generalised means.

use super::power::root;
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
        let (sum, _, up) = Lp { p: self.p }.scaled(s, cells);
        let mean = s.div(sum, s.splat(cells.len() as f32));
        s.mul(root(s, mean, self.p.into()), up)
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
        let factor = root(s, s.splat(1.0 / cells.len() as f32), self.p.into());
        let gradient = s.mul(gradient, factor);
        Lp { p: self.p }.backward(s, cells, draw, gradient, to);
    }
}
