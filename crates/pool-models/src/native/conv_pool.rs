//! A network's first block as one operator of libtorch.

#![expect(unsafe_code, reason = "tensors' memory as slices")]

use pool_kernels::{ConvPool, ConvPoolForward, ConvPoolGradients, Isa, Layout};
use tch::{Device, Kind, TchError, Tensor};

use super::dropout::DropoutMask;
use super::shim::{Operation, TorchThreads, attach, needs_graph};
use super::slices::{byte_slice, byte_slice_mut, empty, f32_slice, f32_slice_mut};
use crate::ModelError;
use crate::error::out_of_memory;

/// The variables of a convolution.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ConvVariables<'a> {
    /// `[filters, C, kernel...]`.
    pub(crate) weight: &'a Tensor,
    /// `[filters]`.
    pub(crate) bias: &'a Tensor,
}

/// Convolution, activation, pooling and dropout of images `[N, C, H, W]`, which have no gradient; `plain` does the same
/// with libtorch's functions, from images, weight and bias.
pub(crate) fn conv_pool(
    block: ConvPool,
    images: &Tensor,
    variables: ConvVariables<'_>,
    mask: Option<DropoutMask>,
    plain: impl Fn(&[Tensor]) -> Result<Tensor, ModelError> + Send + 'static,
) -> Result<Tensor, ModelError> {
    let ConvVariables { weight, bias } = variables;
    let images = images.f_contiguous()?;
    let (weight, bias) = (&weight.f_contiguous()?, &bias.f_contiguous()?);
    let [rows, columns] = block.output().map(|size| size as i64);
    let count = images.size()[0];
    let mut output = empty(&[count, block.filters as i64, rows, columns], Layout::ChannelsFirst)?;
    let routes = if needs_graph(&[weight, bias]) { block.routes(Isa::best(), count as usize) } else { 0 };
    let mut routes = Tensor::f_empty([routes as i64], (Kind::Uint8, Device::Cpu))?;
    // SAFETY: nobody writes to a graph's tensors while they are read; what is written was just made here.
    let data = unsafe {
        ConvPoolForward {
            images: f32_slice(&images),
            weight: f32_slice(weight),
            bias: f32_slice(bias),
            keep: mask.as_ref().map(|mask| (&mask.mask, mask.scale)),
            output: f32_slice_mut(&mut output),
            routes: byte_slice_mut(&mut routes),
        }
    };
    block.forward(Isa::best(), &TorchThreads, data).map_err(out_of_memory)?;
    Ok(attach(output, &[&images, weight, bias], ConvPoolOperation { block, routes, mask, plain })?)
}

struct ConvPoolOperation<P> {
    block: ConvPool,
    routes: Tensor,
    mask: Option<DropoutMask>,
    plain: P,
}

impl<P: Fn(&[Tensor]) -> Result<Tensor, ModelError> + Send + 'static> Operation for ConvPoolOperation<P> {
    fn gradients(
        &self,
        output_gradient: &Tensor,
        inputs: &[Tensor],
        needed: &[bool],
    ) -> Result<Vec<Option<Tensor>>, TchError> {
        let output_gradient = output_gradient.f_contiguous()?;
        let mut weight = empty(&inputs[1].size(), Layout::ChannelsFirst)?;
        let mut bias = empty(&inputs[2].size(), Layout::ChannelsFirst)?;
        // SAFETY: nobody writes to a graph's tensors while they are read; what is written was just made here.
        let data = unsafe {
            ConvPoolGradients {
                images: f32_slice(&inputs[0]),
                routes: byte_slice(&self.routes),
                scale: self.mask.as_ref().map_or(1.0, |mask| mask.scale),
                output: f32_slice(&output_gradient),
                weight: f32_slice_mut(&mut weight),
                bias: f32_slice_mut(&mut bias),
            }
        };
        self.block.backward(Isa::best(), &TorchThreads, data).map_err(out_of_memory)?;
        Ok(vec![None, needed[1].then_some(weight), needed[2].then_some(bias)])
    }

    fn reference(&self, inputs: &[Tensor]) -> Result<Tensor, ModelError> {
        let output = (self.plain)(inputs)?;
        match &self.mask {
            Some(mask) => Ok(mask.plain(&output)?),
            None => Ok(output),
        }
    }
}
