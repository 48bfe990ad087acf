//! Maximum pooling in libtorch's terms.

use tch::{TchError, Tensor};

use super::geometry::AxisWindow;
use super::reducer::Reducer;
use super::torch_args::{TorchWindow, need_padded_copy, pad};

/// Maximum of each window; padded cells are minus infinity.
pub(super) fn window(input: &Tensor, axes: &[AxisWindow]) -> Result<Tensor, TchError> {
    let padded;
    let (input, args) = if need_padded_copy(Reducer::Max, axes) {
        padded = pad(input, axes, f64::NEG_INFINITY)?;
        (&padded, TorchWindow::without_padding(axes))
    } else {
        (input, TorchWindow::with_own_padding(axes))
    };
    let TorchWindow { size, stride, padding } = &args;
    let dilation = vec![1; axes.len()];
    match axes.len() {
        2 => input.f_max_pool2d(size, stride, padding, &dilation, false),
        _ => input.f_max_pool3d(size, stride, padding, &dilation, false),
    }
}

/// Maximum of each adaptive window.
pub(super) fn adaptive(input: &Tensor, output: &[i64]) -> Result<Tensor, TchError> {
    let (values, _indices) = match output.len() {
        2 => input.f_adaptive_max_pool2d(output)?,
        _ => input.f_adaptive_max_pool3d(output)?,
    };
    Ok(values)
}
