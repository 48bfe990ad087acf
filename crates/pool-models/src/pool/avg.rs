//! Average pooling in libtorch's terms.

use tch::{TchError, Tensor};

use super::geometry::AxisWindow;
use super::reducer::Reducer;
use super::torch_args::{TorchWindow, need_padded_copy, pad};

/// Mean of each window over the cells that are not padding.
pub(super) fn window(input: &Tensor, axes: &[AxisWindow]) -> Result<Tensor, TchError> {
    if need_padded_copy(Reducer::Avg, axes) {
        let padded = pad(input, axes, 0.0)?;
        let mean_with_padding = libtorch_mean(&padded, &TorchWindow::without_padding(axes))?;
        count_only_visible_cells(mean_with_padding, axes)
    } else {
        libtorch_mean(input, &TorchWindow::with_own_padding(axes))
    }
}

/// tch's short form `avg_pool2d_default` divides by 1 instead of the window: the divisor must be given as `None`.
fn libtorch_mean(input: &Tensor, args: &TorchWindow) -> Result<Tensor, TchError> {
    let TorchWindow { size, stride, padding } = args;
    let count_padding = false;
    match size.len() {
        2 => input.f_avg_pool2d(size, stride, padding, false, count_padding, None::<i64>),
        _ => input.f_avg_pool3d(size, stride, padding, false, count_padding, None::<i64>),
    }
}

/// Along each axis, `size / visible` turns a mean over the whole window into one over its visible cells.
fn count_only_visible_cells(mut mean: Tensor, axes: &[AxisWindow]) -> Result<Tensor, TchError> {
    for (index, axis) in axes.iter().enumerate() {
        let factors: Vec<f64> = (0..axis.output).map(|i| axis.size as f64 / axis.visible(i) as f64).collect();
        let mut shape = vec![1i64; axes.len()];
        shape[index] = axis.output as i64;
        let factors = Tensor::f_from_slice(&factors)?
            .f_to_kind(mean.kind())?
            .f_to_device(mean.device())?
            .f_reshape(&shape)?;
        mean = mean.f_mul(&factors)?;
    }
    Ok(mean)
}

/// Mean of each adaptive window.
pub(super) fn adaptive(input: &Tensor, output: &[i64]) -> Result<Tensor, TchError> {
    match output.len() {
        2 => input.f_adaptive_avg_pool2d(output),
        _ => input.f_adaptive_avg_pool3d(output),
    }
}
