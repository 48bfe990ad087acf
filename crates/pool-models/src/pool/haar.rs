//! The low band of the Haar wavelet (Williams & Li, "Wavelet Pooling for Convolutional Neural Networks", 2018).

use tch::Tensor;

use super::context::Context;
use crate::ModelError;

/// `(x0 + x1) / sqrt(2)` along every spatial axis: over `d` axes, `2^(d/2)` times the average of windows of 2.
pub(super) fn forward(input: &Tensor, context: &Context<'_>) -> Result<Tensor, ModelError> {
    let windows = context.planned(input, 0);
    let gain = 2f64.powf(windows.spatial_rank() as f64 / 2.0);
    Ok(windows.mean()?.f_mul_scalar(gain)?)
}
