//! Average pooling by libtorch's own functions.

use pool_spec::windows::{Cells, ResolvedWindow};
use tch::{TchError, Tensor};

use super::long_sums::{self, as_given, with_digits};
use super::torch_args::{
    TorchWindow, need_padded_copy, pad, two_sizes, two_windows, with_own_axes, with_two_axes,
};
use crate::constant::constant;

/// The mean of each window, if libtorch has a function for these windows. Padded cells count as zeros, or not at all.
pub(super) fn fast(input: &Tensor, cells: &Cells, count_padding: bool) -> Result<Option<Tensor>, TchError> {
    let digits = with_digits(input, long_sums::of_cells(cells, input))?;
    let wide = with_two_axes(&digits)?;
    let mean = match cells {
        Cells::Windows(axes) if axes.iter().all(|axis| axis.dilation == 1) => {
            window(&wide, &two_windows(axes), count_padding)?
        }
        Cells::Adaptive { output, .. } => adaptive(&wide, &two_sizes(output))?,
        Cells::Windows(_) | Cells::Regions(_) => return Ok(None),
    };
    as_given(with_own_axes(mean, input)?, input).map(Some)
}

fn window(input: &Tensor, axes: &[ResolvedWindow], count_padding: bool) -> Result<Tensor, TchError> {
    if needs_padded_copy(axes) {
        let padded = pad(input, axes, 0.0)?;
        let mean = avg_pool(&padded, &TorchWindow::without_padding(axes), count_padding)?;
        let counted = |axis: &ResolvedWindow, window| {
            if count_padding { axis.padded(window) } else { axis.visible(window) }
        };
        rescale(mean, axes, counted)
    } else {
        avg_pool(input, &TorchWindow::with_own_padding(axes), count_padding)
    }
}

/// `avg_pool3d` also refuses a window that is larger than the input before padding.
fn needs_padded_copy(axes: &[ResolvedWindow]) -> bool {
    need_padded_copy(axes) || (axes.len() == 3 && axes.iter().any(|axis| axis.size > axis.input))
}

/// tch's short form `avg_pool2d_default` divides by 1 instead of the window: the divisor must be given as `None`.
fn avg_pool(input: &Tensor, args: &TorchWindow, count_padding: bool) -> Result<Tensor, TchError> {
    let TorchWindow { size, stride, padding, ceil, dilation: _ } = args;
    match size.len() {
        2 => input.f_avg_pool2d(size, stride, padding, *ceil, count_padding, None::<i64>),
        _ => input.f_avg_pool3d(size, stride, padding, *ceil, count_padding, None::<i64>),
    }
}

/// Along each axis, `size / counted` turns a mean over the whole window into one over the cells that count.
fn rescale(
    mut mean: Tensor,
    axes: &[ResolvedWindow],
    counted: impl Fn(&ResolvedWindow, usize) -> usize,
) -> Result<Tensor, TchError> {
    for (index, axis) in axes.iter().enumerate() {
        let factors: Vec<f64> =
            (0..axis.output).map(|window| axis.size as f64 / counted(axis, window) as f64).collect();
        let mut shape = vec![1i64; axes.len()];
        shape[index] = axis.output as i64;
        let factors = constant(&factors, &shape, (mean.kind(), mean.device()))?;
        mean = mean.f_mul(&factors)?;
    }
    Ok(mean)
}

fn adaptive(input: &Tensor, output: &[i64]) -> Result<Tensor, TchError> {
    match output.len() {
        2 => input.f_adaptive_avg_pool2d(output),
        _ => input.f_adaptive_avg_pool3d(output),
    }
}
