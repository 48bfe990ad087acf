//! Batch normalisation over tensors.

use pool_spec::BatchNorm;
use tch::{Device, TchError, Tensor, nn};

use crate::constant::frozen;
use crate::{Mode, ModelError};

/// Batch normalisation with its variables and running statistics.
#[derive(Debug)]
pub(crate) struct BuiltBatchNorm {
    settings: BatchNorm,
    weight: Option<Tensor>,
    bias: Tensor,
    mean: Tensor,
    variance: Tensor,
}

impl BuiltBatchNorm {
    pub(super) fn build(
        settings: BatchNorm,
        channels: usize,
        path: &nn::Path<'_>,
    ) -> Result<Self, ModelError> {
        let channels = [channels as i64];
        Ok(Self {
            settings,
            weight: settings.scale.then(|| path.f_ones("weight", &channels)).transpose()?,
            bias: path.f_zeros("bias", &channels)?,
            mean: path.f_zeros_no_train("running_mean", &channels)?,
            variance: path.f_ones_no_train("running_var", &channels)?,
        })
    }

    pub(super) fn forward(&self, input: &Tensor, mode: Mode) -> Result<Tensor, ModelError> {
        let BatchNorm { momentum, epsilon, scale: _ } = self.settings;
        // On a CUDA device, the gradient fails where there is a bias without a weight.
        let ones = match &self.weight {
            None if input.device() != Device::Cpu => Some(self.bias.detach().f_ones_like()?),
            _ => None,
        };
        Ok(input.f_batch_norm(
            self.weight.as_ref().or(ones.as_ref()),
            Some(&self.bias),
            Some(&self.mean),
            Some(&self.variance),
            mode == Mode::Training,
            1.0 - momentum,
            epsilon,
            false,
        )?)
    }

    pub(super) fn frozen(&self) -> Result<Self, TchError> {
        Ok(Self {
            settings: self.settings,
            weight: self.weight.as_ref().map(frozen).transpose()?,
            bias: frozen(&self.bias)?,
            mean: frozen(&self.mean)?,
            variance: frozen(&self.variance)?,
        })
    }
}
