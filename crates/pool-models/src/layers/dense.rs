//! A fully connected layer over tensors.

use pool_kernels::ProductPrecision;
use pool_spec::{Activation, Dense, InferredLayer, Kernels, Precision};
use tch::{TchError, Tensor, nn};

use super::activation::activate;
use super::{Execution, product};
use crate::ModelError;
use crate::constant::frozen;
use crate::init::glorot_uniform;
use crate::libtorch::libtorch_has_fast_bf16;
use crate::native::dense;

/// A fully connected layer with its variables.
#[derive(Debug)]
pub(crate) struct BuiltDense {
    weight: Tensor,
    bias: Option<Tensor>,
    activation: Option<Activation>,
}

impl BuiltDense {
    pub(super) fn build(
        layer: &Dense,
        inferred: &InferredLayer,
        seed: u64,
        path: &nn::Path<'_>,
    ) -> Result<Self, ModelError> {
        let (features, units) = (inferred.input[0], layer.units);
        let shape = [units as i64, features as i64];
        let weight = glorot_uniform(&shape, features, units, seed, &inferred.name)?;
        Ok(Self {
            weight: path.f_var_copy("weight", &weight)?,
            bias: layer.bias.then(|| path.f_zeros("bias", &[units as i64])).transpose()?,
            activation: layer.activation,
        })
    }

    pub(super) fn forward(&self, input: &Tensor, execution: Execution) -> Result<Tensor, ModelError> {
        let factors = (input, &self.weight, self.bias.as_ref());
        let by_kernel = match (execution.kernels, execution.precision) {
            (Kernels::Reference, _) => None,
            (Kernels::Fast, Precision::F32) => dense(factors, ProductPrecision::F32)?,
            (Kernels::Fast, Precision::Bf16) if libtorch_has_fast_bf16() => None,
            (Kernels::Fast, Precision::Bf16) => dense(factors, ProductPrecision::Bf16)?,
        };
        let sums = match by_kernel {
            Some(sums) => sums,
            None => product(execution.precision, factors, linear)?,
        };
        Ok(activate(sums, self.activation)?)
    }

    pub(super) fn frozen(&self) -> Result<Self, TchError> {
        let weight = frozen(&self.weight)?;
        let bias = self.bias.as_ref().map(frozen).transpose()?;
        Ok(Self { weight, bias, activation: self.activation })
    }
}

fn linear(input: &Tensor, weight: &Tensor, bias: Option<&Tensor>) -> Result<Tensor, TchError> {
    input.f_linear(weight, bias)
}
