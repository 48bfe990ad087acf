//! Windows in the form that libtorch's pooling functions take.
//!
//! Inputs of one spatial axis run as inputs of two, the first of size 1: libtorch's 1D functions do the same inside.

use pool_spec::ResolvedWindow;
use pool_spec::memory_limit::check_padded;
use tch::{TchError, Tensor};

use crate::error::carried;
use crate::pool::element_bytes;

/// Arguments of libtorch's pooling functions, one entry per spatial axis.
pub(super) struct TorchWindow {
    pub(super) size: Vec<i64>,
    pub(super) stride: Vec<i64>,
    pub(super) padding: Vec<i64>,
    pub(super) dilation: Vec<i64>,
    pub(super) ceil: bool,
}

impl TorchWindow {
    /// For an input that is padded already, the overhang of ceil mode included.
    pub(super) fn without_padding(axes: &[ResolvedWindow]) -> Self {
        Self {
            size: axes.iter().map(|axis| axis.size as i64).collect(),
            stride: axes.iter().map(|axis| axis.stride as i64).collect(),
            padding: vec![0; axes.len()],
            dilation: axes.iter().map(|axis| axis.dilation as i64).collect(),
            ceil: false,
        }
    }

    /// With libtorch's own padding, for windows that do not [`need_padded_copy`].
    pub(super) fn with_own_padding(axes: &[ResolvedWindow]) -> Self {
        Self {
            padding: axes.iter().map(|axis| axis.before as i64).collect(),
            ceil: axes.iter().any(|axis| axis.overhang > 0),
            ..Self::without_padding(axes)
        }
    }
}

/// Whether libtorch's own padding cannot express these windows, so that the input must be copied with padding around
/// it. It pads both ends alike, by at most half of the window.
pub(crate) fn need_padded_copy(axes: &[ResolvedWindow]) -> bool {
    axes.iter().any(|axis| axis.before != axis.after || axis.before > axis.size / 2)
}

/// The input with the padding of `axes` around it, filled with `value`.
pub(super) fn pad(input: &Tensor, axes: &[ResolvedWindow], value: f64) -> Result<Tensor, TchError> {
    // libtorch lists the last axis first.
    let cells: Vec<i64> = axes
        .iter()
        .rev()
        .flat_map(|axis| [axis.before as i64, (axis.after + axis.overhang) as i64])
        .collect();
    let mut padded = input.size();
    for (size, ends) in padded.iter_mut().rev().zip(cells.chunks(2)) {
        *size += ends[0] + ends[1];
    }
    check_padded(&input.size(), &padded, element_bytes(input.kind())).map_err(carried)?;
    input.f_pad(&cells, "constant", value)
}

/// `[N, C, L]` becomes `[N, C, 1, L]`; inputs of more spatial axes stay.
pub(super) fn with_two_axes(input: &Tensor) -> Result<Tensor, TchError> {
    if input.dim() == 3 { input.f_unsqueeze(-2) } else { Ok(input.shallow_clone()) }
}

/// Undoes [`with_two_axes`] on what came out for `input`.
pub(super) fn with_own_axes(output: Tensor, input: &Tensor) -> Result<Tensor, TchError> {
    if input.dim() == 3 { output.f_squeeze_dim(-2) } else { Ok(output) }
}

/// The windows that fit [`with_two_axes`].
pub(super) fn two_windows(axes: &[ResolvedWindow]) -> Vec<ResolvedWindow> {
    match axes {
        [axis] => vec![ResolvedWindow::UNIT, *axis],
        axes => axes.to_vec(),
    }
}

/// The output size that fits [`with_two_axes`].
pub(super) fn two_sizes(output: &[usize]) -> Vec<i64> {
    let unit = (output.len() == 1).then_some(1);
    unit.into_iter().chain(output.iter().map(|&size| size as i64)).collect()
}
