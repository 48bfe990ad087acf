//! Windows in the form that libtorch's pooling functions take.

use tch::{TchError, Tensor};

use super::geometry::AxisWindow;
use super::reducer::Reducer;

/// Arguments of libtorch's pooling functions, one entry per spatial axis.
pub(super) struct TorchWindow {
    pub(super) size: Vec<i64>,
    pub(super) stride: Vec<i64>,
    pub(super) padding: Vec<i64>,
}

impl TorchWindow {
    /// For an input that is padded already.
    pub(super) fn without_padding(axes: &[AxisWindow]) -> Self {
        Self {
            size: axes.iter().map(|axis| axis.size as i64).collect(),
            stride: axes.iter().map(|axis| axis.stride as i64).collect(),
            padding: vec![0; axes.len()],
        }
    }

    /// With libtorch's own padding, for windows that do not [`need_padded_copy`].
    pub(super) fn with_own_padding(axes: &[AxisWindow]) -> Self {
        Self { padding: axes.iter().map(|axis| axis.before as i64).collect(), ..Self::without_padding(axes) }
    }
}

/// Whether libtorch's own padding cannot express these windows, so that the input must be copied with padding around
/// it. It pads both ends alike, by at most half of the window; and `avg_pool3d` refuses a window that is larger than
/// the input before padding.
pub(crate) fn need_padded_copy(reducer: Reducer, axes: &[AxisWindow]) -> bool {
    let refused = match reducer {
        Reducer::Max => false,
        Reducer::Avg => axes.len() == 3 && axes.iter().any(|axis| axis.size > axis.input),
    };
    refused || axes.iter().any(|axis| axis.before != axis.after || axis.before > axis.size / 2)
}

/// The input with the padding of `axes` around it, filled with `value`.
pub(super) fn pad(input: &Tensor, axes: &[AxisWindow], value: f64) -> Result<Tensor, TchError> {
    // libtorch lists the last axis first.
    let cells: Vec<i64> =
        axes.iter().rev().flat_map(|axis| [axis.before as i64, axis.after as i64]).collect();
    input.f_pad(&cells, "constant", value)
}

/// Runs a function of two spatial axes on an input of one, by giving it a leading axis of size 1.
pub(super) fn with_two_axes(
    input: &Tensor,
    spatial_rank: usize,
    run: impl FnOnce(&Tensor) -> Result<Tensor, TchError>,
) -> Result<Tensor, TchError> {
    if spatial_rank == 1 { run(&input.f_unsqueeze(-2)?)?.f_squeeze_dim(-2) } else { run(input) }
}

/// A window along the leading axis that [`with_two_axes`] adds.
pub(super) const UNIT_AXIS: AxisWindow =
    AxisWindow { input: 1, size: 1, stride: 1, before: 0, after: 0, output: 1 };
