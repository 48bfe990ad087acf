//! An input and the windows over it: what every reducer starts from.
//!
//! There are up to three ways from windows to values: the kernels of `pool-kernels`; libtorch's own functions, which
//! exist for maximum and mean of most windows; and [`Windows::gather`], which lays the values of each window side by
//! side: slowest, and what the others are held equal to.

#[cfg(test)]
mod fractional_tests;
mod gathered;
mod long_sums;
mod max;
mod mean;
mod native;
mod set;
mod torch_args;
#[cfg(test)]
mod window_tests;

pub(super) use gathered::Gathered;
pub(super) use long_sums::{MOST as MOST_ADDED, as_given, with_digits};
pub(super) use set::{TableSlot, WindowSet};

use std::sync::Arc;

use pool_kernels::Reduce;
use pool_spec::memory_limit::check_gathered;
use pool_spec::windows::Cells;
use tch::{TchError, Tensor};

use crate::Kernels;
use crate::error::carried;
use crate::pool::element_bytes;

/// An input `[N, C, spatial...]` and the windows over its spatial axes.
pub(super) struct Windows<'a> {
    input: &'a Tensor,
    set: &'a Arc<WindowSet>,
    /// `[N, spatial...]`, true where an entry may be seen; everything where there is none.
    mask: Option<&'a Tensor>,
    backend: Backend,
}

/// From windows to values; each falls back to the next where it cannot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Backend {
    /// Kernels of `pool-kernels`.
    Kernels,
    /// libtorch's pooling functions.
    Torch,
    /// Gathered windows.
    #[cfg_attr(not(test), expect(dead_code, reason = "tests hold the other ways equal to this one"))]
    Gathered,
}

impl From<Kernels> for Backend {
    fn from(kernels: Kernels) -> Self {
        match kernels {
            Kernels::Fast => Self::Kernels,
            Kernels::Reference => Self::Torch,
        }
    }
}

impl<'a> Windows<'a> {
    pub(super) fn new(input: &'a Tensor, set: &'a Arc<WindowSet>, kernels: Kernels) -> Self {
        Self { input, set, mask: None, backend: kernels.into() }
    }

    pub(super) fn mask(self, mask: Option<&'a Tensor>) -> Self {
        Self { mask, ..self }
    }

    #[cfg(test)]
    pub(super) fn backend(self, backend: Backend) -> Self {
        Self { backend, ..self }
    }

    /// The same windows over another tensor of the same spatial sizes.
    pub(super) fn over<'b>(&'b self, input: &'b Tensor) -> Windows<'b> {
        Windows { input, ..*self }
    }

    pub(super) fn input(&self) -> &Tensor {
        self.input
    }

    pub(super) fn cells(&self) -> &Cells {
        self.set.cells()
    }

    /// Spatial axes of the input.
    pub(super) fn spatial_rank(&self) -> usize {
        self.input.dim() - 2
    }

    fn may_be_torchs(&self) -> bool {
        self.backend <= Backend::Torch && self.mask.is_none()
    }

    /// The greatest value of each window, `[N, C, output...]`.
    pub(super) fn max(&self) -> Result<Tensor, TchError> {
        self.by_kernel(Reduce::Max, None, max_without_kernels)
    }

    /// The greatest value of each window and where it is: flat indices into the spatial axes, row-major, as `i64`.
    pub(super) fn max_with_indices(&self) -> Result<(Tensor, Tensor), TchError> {
        if self.may_be_torchs()
            && let Some(found) = max::fast_with_indices(self.input, self.set.cells())?
        {
            return Ok(found);
        }
        let gathered = self.gather()?;
        let (values, cells) = gathered.max()?;
        Ok((values, gathered.places(&cells)?))
    }

    /// The mean of each window, `[N, C, output...]`.
    pub(super) fn mean(&self) -> Result<Tensor, TchError> {
        self.by_kernel(Reduce::Mean, None, mean_without_kernels)
    }

    /// The values of each window, side by side.
    ///
    /// # Errors
    /// More bytes than a layer may take, as [`SettingError::TooMuchMemory`](crate::SettingError::TooMuchMemory) behind
    /// [`carried`]; or libtorch's refusal.
    pub(super) fn gather(&self) -> Result<Gathered, TchError> {
        check_gathered(&self.input.size(), self.set.cells(), element_bytes(self.input.kind()))
            .map_err(carried)?;
        Gathered::new(self.input, self.set.cells(), self.set.count_padding(), self.mask)
    }
}

fn max_without_kernels(windows: &Windows<'_>) -> Result<Tensor, TchError> {
    if windows.may_be_torchs()
        && let Some(values) = max::fast(windows.input, windows.set.cells())?
    {
        return Ok(values);
    }
    Ok(windows.gather()?.max()?.0)
}

fn mean_without_kernels(windows: &Windows<'_>) -> Result<Tensor, TchError> {
    if windows.may_be_torchs()
        && let Some(values) = mean::fast(windows.input, windows.set.cells(), windows.set.count_padding())?
    {
        return Ok(values);
    }
    let gathered = windows.gather()?;
    gathered.mean(&gathered.values)
}
