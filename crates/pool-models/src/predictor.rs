//! Prediction with a network as it is now.

use pool_kernels::PreparedConvBlock;
use tch::Tensor;

use crate::conv_block::BuiltConvBlock;
use crate::{Mode, ModelError, Net};

/// A network that predicts many batches with the same weights: batch normalisation is folded into the convolutions before it,
/// their weights are laid out once, and no graph is kept.
///
/// ```
/// use pool_models::{BuiltInNetwork, Mode, Sequential};
/// use tch::{Device, Kind, Tensor, nn};
///
/// let model: Sequential = BuiltInNetwork::ResNet8.example();
/// let net = model.build(&nn::VarStore::new(Device::Cpu).root())?;
/// let image = Tensor::rand([1, 3, 32, 32], (Kind::Float, Device::Cpu));
/// let logits = net.predictor()?.forward(&image)?;
/// assert!(logits.allclose(&net.forward(&image, Mode::Inference)?, 1e-4, 1e-5, false));
/// # Ok::<(), pool_models::ModelError>(())
/// ```
///
/// Do not let the network learn while a predictor lives: its convolutions would stay as they were, and what no kernel computes
/// would not. Make another one afterwards.
#[derive(Debug)]
pub struct Predictor<'a> {
    net: &'a Net,
    /// One for each step of the network; `None` where no kernel computes it.
    prepared: Vec<Option<PreparedConvBlock>>,
}

impl Net {
    /// Prepares prediction.
    ///
    /// # Errors
    /// Not enough memory for another copy of the convolutions' weights, or another refusal of libtorch.
    pub fn predictor(&self) -> Result<Predictor<'_>, ModelError> {
        let _guard = tch::no_grad_guard();
        Ok(Predictor { net: self, prepared: self.for_blocks(BuiltConvBlock::prepared)? })
    }
}

impl Predictor<'_> {
    /// What [`Net::forward`] gives in [`Mode::Inference`], but for rounding where batch normalisation is folded, and
    /// without a graph.
    ///
    /// # Errors
    /// As [`Net::forward`].
    pub fn forward(&self, input: &Tensor) -> Result<Tensor, ModelError> {
        let _guard = tch::no_grad_guard();
        self.net.forward_with(input, Mode::Inference, |step, block, _, inputs| match &self.prepared[step] {
            Some(prepared) => block.predict(prepared, inputs),
            None => Ok(None),
        })
    }
}
