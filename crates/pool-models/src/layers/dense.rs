//! A fully connected layer over tensors.

use pool_spec::{Activation, Dense, InferredLayer};
use tch::{TchError, Tensor, nn};

use super::activation::activate;
use super::{Execution, product};
use crate::ModelError;
use crate::constant::frozen;
use crate::init::glorot_uniform;
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
        let sums = product(execution.precision, factors, |input, weight, bias| {
            dense(input, weight, bias, execution.kernels)
        })?;
        Ok(activate(sums, self.activation)?)
    }

    pub(super) fn frozen(&self) -> Result<Self, TchError> {
        let weight = frozen(&self.weight)?;
        let bias = self.bias.as_ref().map(frozen).transpose()?;
        Ok(Self { weight, bias, activation: self.activation })
    }
}
