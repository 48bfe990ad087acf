//! Batch normalisation over tensors.

use pool_spec::BatchNorm;
use tch::{Device, TchError, Tensor, nn};

use crate::constant::frozen;
use crate::native::BatchStatistics;
use crate::{Mode, ModelError};

/// Batch normalisation with its variables and running statistics.
#[derive(Debug)]
pub(crate) struct BuiltBatchNorm {
    pub(crate) settings: BatchNorm,
    pub(crate) weight: Option<Tensor>,
    pub(crate) bias: Tensor,
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

    /// The weights and biases of a convolution that gives what this layer would make of its output in prediction.
    pub(crate) fn folded(
        &self,
        weight: &Tensor,
        bias: Option<&Tensor>,
    ) -> Result<(Tensor, Tensor), TchError> {
        let deviation = self.variance.f_add_scalar(self.settings.epsilon)?.f_sqrt()?;
        let scale = match &self.weight {
            Some(of_layer) => of_layer.f_div(&deviation)?,
            None => deviation.f_reciprocal()?,
        };
        let centred = match bias {
            Some(bias) => bias.f_sub(&self.mean)?,
            None => self.mean.f_neg()?,
        };
        let mut broadcast = vec![1; weight.dim()];
        broadcast[0] = -1;
        Ok((weight.f_mul(&scale.f_reshape(&broadcast)?)?, self.bias.f_addcmul(&centred, &scale)?))
    }

    /// Adds the statistics of a batch of so many values per channel to the running ones.
    pub(crate) fn update(&self, batch: &BatchStatistics, values: usize) -> Result<(), TchError> {
        // As libtorch does: what is learned of the variance is that of all pictures, of which these are a sample.
        let unbiased = batch.variance.f_mul_scalar(values as f64 / (values as f64 - 1.0))?;
        for (running, new) in [(&self.mean, &batch.mean), (&self.variance, &unbiased)] {
            let _ = running.shallow_clone().f_lerp_(new, 1.0 - self.settings.momentum)?;
        }
        Ok(())
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
