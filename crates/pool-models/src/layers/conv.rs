//! Convolution over tensors.

use pool_spec::{Activation, Conv, InferredLayer, ResolvedWindow};
use tch::{TchError, Tensor, nn};

use super::activation::activate;
use super::{Execution, product};
use crate::ModelError;
use crate::constant::frozen;
use crate::init::glorot_uniform;

/// A convolution with its variables.
#[derive(Debug)]
pub(crate) struct BuiltConv {
    pub(crate) weight: Tensor,
    pub(crate) bias: Option<Tensor>,
    pub(crate) axes: Vec<ResolvedWindow>,
    groups: usize,
    pub(crate) activation: Option<Activation>,
}

impl BuiltConv {
    pub(super) fn build<const RANK: usize>(
        conv: &Conv<RANK>,
        layer: &InferredLayer,
        seed: u64,
        path: &nn::Path<'_>,
    ) -> Result<Self, ModelError> {
        let axes = conv.windows(&layer.input)?;
        let volume: usize = axes.iter().map(|axis| axis.size).product();
        let channels = layer.input[0] / conv.groups;
        let shape: Vec<i64> = [conv.filters, channels]
            .into_iter()
            .chain(axes.iter().map(|axis| axis.size))
            .map(|n| n as i64)
            .collect();
        let weight = glorot_uniform(&shape, channels * volume, conv.filters * volume, seed, &layer.name)?;
        Ok(Self {
            weight: path.f_var_copy("weight", &weight)?,
            bias: conv.bias.then(|| path.f_zeros("bias", &[conv.filters as i64])).transpose()?,
            axes,
            groups: conv.groups,
            activation: conv.activation,
        })
    }

    pub(super) fn forward(&self, input: &Tensor, execution: Execution) -> Result<Tensor, ModelError> {
        let factors = (input, &self.weight, self.bias.as_ref());
        let convolved = product(execution.precision, factors, |input, weight, bias| {
            convolve(input, weight, bias, &self.axes, self.groups)
        })?;
        Ok(activate(convolved, self.activation)?)
    }

    pub(super) fn frozen(&self) -> Result<Self, TchError> {
        let weight = frozen(&self.weight)?;
        let bias = self.bias.as_ref().map(frozen).transpose()?;
        Ok(Self { weight, bias, axes: self.axes.clone(), ..*self })
    }
}

/// Convolution of `[N, C, spatial...]` with one window per kernel position, each group of channels by itself.
pub(crate) fn convolve(
    input: &Tensor,
    weight: &Tensor,
    bias: Option<&Tensor>,
    axes: &[ResolvedWindow],
    groups: usize,
) -> Result<Tensor, TchError> {
    let stride: Vec<i64> = axes.iter().map(|axis| axis.stride as i64).collect();
    let dilation: Vec<i64> = axes.iter().map(|axis| axis.dilation as i64).collect();
    let groups = groups as i64;
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
        1 => input.f_conv1d(weight, bias, &stride, &before, &dilation, groups),
        2 => input.f_conv2d(weight, bias, &stride, &before, &dilation, groups),
        _ => input.f_conv3d(weight, bias, &stride, &before, &dilation, groups),
    }
}
