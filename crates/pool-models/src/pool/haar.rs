//! The low band of the Haar wavelet (Williams & Li, "Wavelet Pooling for Convolutional Neural Networks", 2018).

use tch::Tensor;

use super::built::Context;
use super::geometry::{AxisWindow, Cells};
use super::{Window, sample_of};
use crate::{ModelError, SettingError};

/// The windows of the Haar wavelet.
///
/// # Errors
/// An axis of one entry.
pub(super) fn resolve(spatial: &[usize]) -> Result<Vec<AxisWindow>, SettingError> {
    Window::new(2).resolve_pooling(spatial).map_err(SettingError::without_padding)
}

/// `(x0 + x1) / sqrt(2)` along every spatial axis: over `d` axes, `2^(d/2)` times the average of windows of 2.
pub(super) fn forward(input: &Tensor, context: &Context<'_>) -> Result<Tensor, ModelError> {
    let axes = resolve(&sample_of(input)[1..])?;
    let gain = 2f64.powf(axes.len() as f64 / 2.0);
    Ok(context.windows(input, &Cells::Windows(axes)).mean()?.f_mul_scalar(gain)?)
}
