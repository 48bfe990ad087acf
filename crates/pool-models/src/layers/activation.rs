//! Activation functions over tensors.

use pool_spec::Activation;
use tch::{TchError, Tensor};

/// Applies the activation, if there is one.
pub(crate) fn activate(input: Tensor, activation: Option<Activation>) -> Result<Tensor, TchError> {
    match activation {
        None => Ok(input),
        Some(Activation::Relu) => input.f_relu(),
        Some(Activation::Tanh) => input.f_tanh(),
        Some(Activation::Elu) => input.f_elu(),
        Some(Activation::Sigmoid) => input.f_sigmoid(),
        Some(Activation::Softplus) => input.f_softplus(),
        Some(Activation::LeakyRelu) => input.f_leaky_relu(),
        Some(Activation::Gelu) => input.f_gelu("none"),
        Some(Activation::Silu) => input.f_silu(),
        Some(Activation::HardSwish) => input.f_hardswish(),
    }
}
