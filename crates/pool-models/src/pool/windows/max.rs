//! Maximum pooling by libtorch's own functions.

use pool_spec::windows::Cells;
use tch::{TchError, Tensor};

use super::long_sums::{self, as_given, with_digits};
use super::torch_args::{
    TorchWindow, need_padded_copy, pad, two_sizes, two_windows, with_own_axes, with_two_axes,
};

/// The maximum of each window, if libtorch has a function for these windows.
pub(super) fn fast(input: &Tensor, cells: &Cells) -> Result<Option<Tensor>, TchError> {
    let Cells::Windows(axes) = cells else {
        return Ok(fast_with_indices(input, cells)?.map(|(values, _)| values));
    };
    let digits = with_digits(input, long_sums::of_gradients(cells, input))?;
    let wide = with_two_axes(&digits)?;
    let axes = two_windows(axes);
    let values = if need_padded_copy(&axes) {
        max_pool(&pad(&wide, &axes, f64::NEG_INFINITY)?, &TorchWindow::without_padding(&axes))?
    } else {
        max_pool(&wide, &TorchWindow::with_own_padding(&axes))?
    };
    as_given(with_own_axes(values, input)?, input).map(Some)
}

/// The maximum of each window and its flat index, if libtorch has a function for these windows.
pub(super) fn fast_with_indices(input: &Tensor, cells: &Cells) -> Result<Option<(Tensor, Tensor)>, TchError> {
    let digits = with_digits(input, long_sums::of_gradients(cells, input))?;
    let wide = with_two_axes(&digits)?;
    let (values, indices) = match cells {
        // Indices into a padded copy would be those of another plane.
        Cells::Windows(axes) if need_padded_copy(axes) => return Ok(None),
        Cells::Windows(axes) => {
            max_pool_with_indices(&wide, &TorchWindow::with_own_padding(&two_windows(axes)))?
        }
        Cells::Adaptive { output, .. } => adaptive_max_pool(&wide, &two_sizes(output))?,
        Cells::Regions(_) => return Ok(None),
    };
    Ok(Some((as_given(with_own_axes(values, input)?, input)?, with_own_axes(indices, input)?)))
}

fn max_pool(input: &Tensor, args: &TorchWindow) -> Result<Tensor, TchError> {
    let TorchWindow { size, stride, padding, dilation, ceil } = args;
    match size.len() {
        2 => input.f_max_pool2d(size, stride, padding, dilation, *ceil),
        _ => input.f_max_pool3d(size, stride, padding, dilation, *ceil),
    }
}

fn max_pool_with_indices(input: &Tensor, args: &TorchWindow) -> Result<(Tensor, Tensor), TchError> {
    let TorchWindow { size, stride, padding, dilation, ceil } = args;
    match size.len() {
        2 => input.f_max_pool2d_with_indices(size, stride, padding, dilation, *ceil),
        _ => input.f_max_pool3d_with_indices(size, stride, padding, dilation, *ceil),
    }
}

fn adaptive_max_pool(input: &Tensor, output: &[i64]) -> Result<(Tensor, Tensor), TchError> {
    match output.len() {
        2 => input.f_adaptive_max_pool2d(output),
        _ => input.f_adaptive_max_pool3d(output),
    }
}
