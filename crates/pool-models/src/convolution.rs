//! Convolution and activations in libtorch's terms.

use tch::{TchError, Tensor};

use crate::Activation;
use crate::pool::AxisWindow;

/// Convolution of `[N, C, spatial...]` with one window per kernel position.
pub(crate) fn convolve(
    input: &Tensor,
    weight: &Tensor,
    bias: &Tensor,
    axes: &[AxisWindow],
) -> Result<Tensor, TchError> {
    let stride: Vec<i64> = axes.iter().map(|axis| axis.stride as i64).collect();
    let dilation = vec![1i64; axes.len()];
    let before: Vec<i64> = axes.iter().map(|axis| axis.before as i64).collect();
    let odd: Vec<i64> =
        axes.iter().rev().flat_map(|axis| [0, axis.after as i64 - axis.before as i64]).collect();
    // libtorch pads both ends alike; what "same" adds at the end is padded by hand.
    let padded;
    let input = if odd.iter().all(|&cells| cells == 0) {
        input
    } else {
        padded = input.f_pad(&odd, "constant", 0.0)?;
        &padded
    };
    match axes.len() {
        1 => input.f_conv1d(weight, Some(bias), &stride, &before, &dilation, 1),
        2 => input.f_conv2d(weight, Some(bias), &stride, &before, &dilation, 1),
        _ => input.f_conv3d(weight, Some(bias), &stride, &before, &dilation, 1),
    }
}

/// Applies the activation, if there is one.
pub(crate) fn activate(input: Tensor, activation: Option<Activation>) -> Result<Tensor, TchError> {
    match activation {
        None => Ok(input),
        Some(Activation::Relu) => input.f_relu(),
        Some(Activation::Tanh) => input.f_tanh(),
        Some(Activation::Elu) => input.f_elu(),
        Some(Activation::Sigmoid) => input.f_sigmoid(),
        Some(Activation::Softplus) => input.f_softplus(),
    }
}
