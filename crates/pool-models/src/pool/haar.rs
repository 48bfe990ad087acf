//! The low band of the Haar wavelet (Williams & Li, "Wavelet Pooling for Convolutional Neural Networks", 2018).

use tch::{TchError, Tensor};

use super::Window;
use super::geometry::Cells;
use super::windows::Windows;
use crate::ModelError;

/// The windows of the Haar wavelet.
pub(super) fn window() -> Window {
    Window::new(2)
}

/// `(x0 + x1) / sqrt(2)` along every spatial axis: over `d` axes, `2^(d/2)` times the average of windows of 2.
pub(super) fn forward(input: &Tensor) -> Result<Tensor, ModelError> {
    let spatial: Vec<usize> = input.size()[2..].iter().map(|&n| n as usize).collect();
    let cells = Cells::Windows(window().resolve_pooling(&spatial)?);
    let gain = 2f64.powf(spatial.len() as f64 / 2.0);
    let scaled = |mean: Tensor| -> Result<Tensor, TchError> { mean.f_mul_scalar(gain) };
    Ok(scaled(Windows::new(input, &cells).mean()?)?)
}
