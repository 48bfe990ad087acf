//! The layers of a network with their variables: one file for each.

pub(crate) mod activation;
mod batch_norm;
pub(crate) mod conv;
mod dense;
mod dropout;
mod join;
mod space_to_depth;

use pool_spec::{Activation, InferredLayer, Join, Kernels, Layer, Precision, SpaceToDepth};
use tch::{Device, Kind, TchError, Tensor, nn};

use self::activation::activate;
pub(crate) use self::batch_norm::BuiltBatchNorm;
pub(crate) use self::conv::BuiltConv;
use self::dense::BuiltDense;
pub(crate) use self::dropout::BuiltDropout;
use crate::init::running_key;
use crate::libtorch::libtorch_has_fast_bf16;
use crate::pool::Random;
use crate::{Mode, ModelError, PoolLayer};

/// How layers are computed.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Execution {
    pub(crate) kernels: Kernels,
    pub(crate) precision: Precision,
}

/// A layer with its variables, ready to run.
#[derive(Debug)]
pub(crate) enum BuiltLayer {
    Conv(BuiltConv),
    Dense(BuiltDense),
    BatchNorm(BuiltBatchNorm),
    Pool(Box<PoolLayer>),
    Activation(Activation),
    Dropout(BuiltDropout),
    SpaceToDepth(SpaceToDepth),
    Flatten,
    Join(Join),
}

impl BuiltLayer {
    /// Makes the layer's variables under `path`, which depend on the seed and the layer's name alone.
    pub(crate) fn build(layer: &InferredLayer, seed: u64, path: &nn::Path<'_>) -> Result<Self, ModelError> {
        Ok(match &layer.layer {
            Layer::Conv1d(conv) => Self::Conv(BuiltConv::build(conv, layer, seed, path)?),
            Layer::Conv2d(conv) => Self::Conv(BuiltConv::build(conv, layer, seed, path)?),
            Layer::Conv3d(conv) => Self::Conv(BuiltConv::build(conv, layer, seed, path)?),
            Layer::Dense(dense) => Self::Dense(BuiltDense::build(dense, layer, seed, path)?),
            Layer::BatchNorm(norm) => Self::BatchNorm(BuiltBatchNorm::build(*norm, layer.input[0], path)?),
            Layer::Pool(pool) => {
                Self::Pool(Box::new(PoolLayer::build(pool, &layer.input, seed, &layer.name, path)?))
            }
            Layer::Activation(activation) => Self::Activation(*activation),
            Layer::Dropout(dropout) => Self::Dropout(BuiltDropout {
                rate: dropout.rate,
                random: Random::new(running_key(seed, &layer.name)),
            }),
            Layer::SpaceToDepth(layer) => Self::SpaceToDepth(*layer),
            Layer::Flatten => Self::Flatten,
            Layer::Parallel(parallel) => Self::Join(parallel.join),
        })
    }

    /// What it gives for what it reads: one value, or one per branch that it joins.
    pub(crate) fn forward(
        &self,
        inputs: &[Tensor],
        mode: Mode,
        execution: Execution,
    ) -> Result<Tensor, ModelError> {
        let input = &inputs[0];
        match self {
            Self::Join(join) => Ok(join::joined(*join, inputs)?),
            Self::Conv(conv) => conv.forward(input, execution),
            Self::Dense(dense) => dense.forward(input, execution),
            Self::BatchNorm(norm) => norm.forward(input, mode),
            Self::Pool(pool) => pool.forward(input, mode),
            Self::Activation(activation) => Ok(activate(input.shallow_clone(), Some(*activation))?),
            Self::Dropout(dropout) => dropout.forward(input, mode, execution),
            Self::SpaceToDepth(layer) => Ok(space_to_depth::deepened(*layer, input)?),
            Self::Flatten => Ok(input.f_flatten(1, -1)?),
        }
    }

    pub(crate) fn with_kernels(self, kernels: Kernels) -> Self {
        match self {
            Self::Pool(pool) => Self::Pool(Box::new(pool.with_kernels(kernels))),
            other => other,
        }
    }

    /// What it draws from, if it may draw.
    pub(crate) fn random(&self) -> Option<&Random> {
        match self {
            Self::Dropout(dropout) => Some(&dropout.random),
            Self::Pool(pool) => Some(pool.random()),
            Self::Conv(_)
            | Self::Dense(_)
            | Self::BatchNorm(_)
            | Self::Activation(_)
            | Self::SpaceToDepth(_)
            | Self::Flatten
            | Self::Join(_) => None,
        }
    }

    /// The same layer for prediction on the CPU, in `f32`, with what its variables hold at present and no gradients.
    pub(crate) fn frozen(&self) -> Result<Self, TchError> {
        Ok(match self {
            Self::Conv(conv) => Self::Conv(conv.frozen()?),
            Self::Dense(dense) => Self::Dense(dense.frozen()?),
            Self::BatchNorm(norm) => Self::BatchNorm(norm.frozen()?),
            Self::Pool(pool) => Self::Pool(Box::new(pool.frozen()?)),
            Self::Activation(activation) => Self::Activation(*activation),
            Self::Dropout(dropout) => Self::Dropout(dropout.clone()),
            Self::SpaceToDepth(layer) => Self::SpaceToDepth(*layer),
            Self::Flatten => Self::Flatten,
            Self::Join(join) => Self::Join(*join),
        })
    }
}

/// Computes a product of input and weight, plus biases, in this precision; the result is of the input's own type.
/// Differentiable.
fn product(
    precision: Precision,
    (input, weight, bias): (&Tensor, &Tensor, Option<&Tensor>),
    product: impl FnOnce(&Tensor, &Tensor, Option<&Tensor>) -> Result<Tensor, TchError>,
) -> Result<Tensor, TchError> {
    match precision {
        Precision::F32 => product(input, weight, bias),
        Precision::Bf16 => {
            // Where bfloat16 is slower than `f32`, the rounded factors are multiplied in `f32`.
            let is_fast = input.device() != Device::Cpu || libtorch_has_fast_bf16();
            let kind = if is_fast { Kind::BFloat16 } else { input.kind() };
            let rounded = |factor: &Tensor| rounded_to_bf16(factor, kind);
            let bias = bias.map(rounded).transpose()?;
            let output = product(&rounded(input)?, &rounded(weight)?, bias.as_ref())?;
            rounded_to_bf16(&output, input.kind())
        }
    }
}

/// The nearest numbers in bfloat16, as numbers of this kind. Differentiable.
pub(crate) fn rounded_to_bf16(tensor: &Tensor, kind: Kind) -> Result<Tensor, TchError> {
    tensor.f_to_kind(Kind::BFloat16)?.f_to_kind(kind)
}
