//! An input and the windows over it: what every reducer starts from.
//!
//! Maximum and mean of every window come from libtorch's own kernels where it has them. Everything else goes through
//! [`Windows::gather`], which lays the values of each window side by side: slower, and the reference that the fast
//! paths are held equal to.

#[cfg(test)]
mod fast_equals_reference;
mod gathered;
mod max;
mod mean;
mod torch_args;

pub(super) use gathered::Gathered;
pub(crate) use mean::needs_padded_copy as mean_needs_padded_copy;
pub(crate) use torch_args::need_padded_copy;

use tch::{TchError, Tensor};

use super::geometry::Cells;

/// An input `[N, C, spatial...]` and the windows over its spatial axes.
pub(super) struct Windows<'a> {
    input: &'a Tensor,
    cells: &'a Cells,
    /// Whether a mean counts padded cells as zeros.
    count_padding: bool,
    /// `[N, spatial...]`, true where an entry may be seen; everything where there is none.
    mask: Option<&'a Tensor>,
    kernels: Kernels,
}

/// Which implementation computes maximum and mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kernels {
    /// libtorch's pooling functions where they can express the windows.
    Fast,
    /// Gathered windows, always.
    #[cfg_attr(not(test), expect(dead_code, reason = "tests hold the fast kernels equal to these"))]
    Reference,
}

impl<'a> Windows<'a> {
    pub(super) fn new(input: &'a Tensor, cells: &'a Cells) -> Self {
        Self { input, cells, count_padding: false, mask: None, kernels: Kernels::Fast }
    }

    pub(super) fn count_padding(self, count_padding: bool) -> Self {
        Self { count_padding, ..self }
    }

    pub(super) fn mask(self, mask: Option<&'a Tensor>) -> Self {
        Self { mask, ..self }
    }

    #[cfg(test)]
    pub(super) fn kernels(self, kernels: Kernels) -> Self {
        Self { kernels, ..self }
    }

    /// The same windows over another tensor of the same spatial sizes.
    pub(super) fn over<'b>(&'b self, input: &'b Tensor) -> Windows<'b> {
        Windows { input, ..*self }
    }

    pub(super) fn input(&self) -> &Tensor {
        self.input
    }

    pub(super) fn cells(&self) -> &Cells {
        self.cells
    }

    /// Spatial axes of the input.
    pub(super) fn spatial_rank(&self) -> usize {
        self.input.dim() - 2
    }

    fn may_be_fast(&self) -> bool {
        self.kernels == Kernels::Fast && self.mask.is_none()
    }

    /// The greatest value of each window, `[N, C, output...]`.
    pub(super) fn max(&self) -> Result<Tensor, TchError> {
        if self.may_be_fast()
            && let Some(values) = max::fast(self.input, self.cells)?
        {
            return Ok(values);
        }
        Ok(self.gather()?.max()?.0)
    }

    /// The greatest value of each window and where it is: flat indices into the spatial axes, row-major, as `i64`.
    pub(super) fn max_with_indices(&self) -> Result<(Tensor, Tensor), TchError> {
        if self.may_be_fast()
            && let Some(found) = max::fast_with_indices(self.input, self.cells)?
        {
            return Ok(found);
        }
        let gathered = self.gather()?;
        let (values, cells) = gathered.max()?;
        Ok((values, gathered.places(&cells)?))
    }

    /// The mean of each window, `[N, C, output...]`.
    pub(super) fn mean(&self) -> Result<Tensor, TchError> {
        if self.may_be_fast()
            && let Some(values) = mean::fast(self.input, self.cells, self.count_padding)?
        {
            return Ok(values);
        }
        let gathered = self.gather()?;
        gathered.mean(&gathered.values)
    }

    /// The values of each window, side by side.
    pub(super) fn gather(&self) -> Result<Gathered, TchError> {
        Gathered::new(self.input, self.cells, self.count_padding, self.mask)
    }
}
