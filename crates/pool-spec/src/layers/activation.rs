//! Element-wise activation functions, alone or fused to a convolution or a dense layer.

use serde::{Deserialize, Serialize};

use super::describe::{BackwardReads, Describe, LayerShape, kept_f32s};
use crate::SettingError;
use crate::sizes::elements;

/// An element-wise activation function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// `max(x, 0)`
    Relu,
    /// Hyperbolic tangent.
    Tanh,
    /// `x` where positive, `exp(x) - 1` elsewhere.
    Elu,
    /// `1 / (1 + exp(-x))`
    Sigmoid,
    /// `ln(1 + exp(x))`
    Softplus,
    /// `x` where positive, `0.01 x` elsewhere; PyTorch's slope.
    LeakyRelu,
    /// `x Φ(x)`, with the normal distribution's Φ itself (Hendrycks & Gimpel 2016); Keras's and PyTorch's default.
    Gelu,
    /// `x / (1 + exp(-x))`, which Keras also calls swish.
    Silu,
    /// `x min(max(x + 3, 0), 6) / 6` (Howard et al. 2019).
    HardSwish,
}

impl Activation {
    /// Whether libtorch computes the derivative from the activation's result instead of its argument.
    fn derivative_reads_output(self) -> bool {
        match self {
            Self::Relu | Self::Tanh | Self::Sigmoid => true,
            Self::Elu | Self::Softplus | Self::LeakyRelu | Self::Gelu | Self::Silu | Self::HardSwish => false,
        }
    }
}

impl Describe for Activation {
    fn base_name(&self, _: usize) -> String {
        "activation".to_owned()
    }

    fn shape(&self, input: &[usize]) -> Result<LayerShape, SettingError> {
        Ok(LayerShape::unchanged(input))
    }

    fn backward_reads(&self, _: &[usize], _: &[usize]) -> BackwardReads {
        let output = self.derivative_reads_output();
        BackwardReads { input: !output, output, extras: Vec::new() }
    }

    fn output_tensors(&self) -> u64 {
        1
    }
}

/// What convolution and dense layers read: their input, and what a fused activation's derivative is computed from.
pub(super) fn linear_reads(activation: Option<Activation>, output: &[usize]) -> BackwardReads {
    let output_read = activation.is_some_and(Activation::derivative_reads_output);
    let argument = activation.filter(|activation| !activation.derivative_reads_output());
    let extras = argument.map(|_| kept_f32s("before activation", elements(output))).into_iter().collect();
    BackwardReads { input: true, output: output_read, extras }
}

/// The product, and the activation's result where there is one.
pub(super) fn linear_outputs(activation: Option<Activation>) -> u64 {
    1 + u64::from(activation.is_some())
}
