//! A fully connected layer by kernels, as an operator of libtorch.

#![expect(unsafe_code, reason = "tensors' memory as slices")]

use pool_kernels::{DenseGradients, DenseKernel, Isa, Layout, ProductPrecision};
use tch::{Kind, TchError, Tensor};

use super::kernels_support;
use super::shim::{Operation, TorchThreads, attach};
use super::slices::{empty, f32_slice, f32_slice_mut};
use crate::ModelError;
use crate::error::out_of_memory;
use crate::layers::rounded_to_bf16;

/// `input weight^T + bias`, of `[N, inputs]`, `[units, inputs]` and `[units]`; `None` where no kernel can take them.
pub(crate) fn dense(
    (input, weight, bias): (&Tensor, &Tensor, Option<&Tensor>),
    precision: ProductPrecision,
) -> Result<Option<Tensor>, TchError> {
    let (input_size, weight_size) = (input.size(), weight.size());
    let (Some(bias), [samples, inputs], [units, _]) = (bias, &input_size[..], &weight_size[..]) else {
        return Ok(None);
    };
    if [*samples, *inputs, *units].contains(&0) || !kernels_support(&[input, weight, bias]) {
        return Ok(None);
    }
    let layer = DenseKernel { inputs: *inputs as usize, units: *units as usize, precision };
    let (input, weight, bias) = (input.f_contiguous()?, weight.f_contiguous()?, bias.f_contiguous()?);
    let mut output = empty(&[*samples, *units], Layout::ChannelsFirst)?;
    // SAFETY: nobody writes to a graph's tensors while they are read; the output was just made here.
    let (read, written) =
        unsafe { ([f32_slice(&input), f32_slice(&weight), f32_slice(&bias)], f32_slice_mut(&mut output)) };
    layer.forward(Isa::best(), &TorchThreads, read, written).map_err(out_of_memory)?;
    attach(output, &[&input, &weight, &bias], layer).map(Some)
}

impl Operation for DenseKernel {
    fn gradients(
        &self,
        output_gradient: &Tensor,
        inputs: &[Tensor],
        needed: &[bool],
    ) -> Result<Vec<Option<Tensor>>, TchError> {
        let output_gradient = output_gradient.f_contiguous()?;
        let room = |index: usize| {
            let size = if needed[index] { inputs[index].size() } else { vec![0] };
            empty(&size, Layout::ChannelsFirst)
        };
        let (mut input, mut weight) = (room(0)?, room(1)?);
        let mut bias = empty(&inputs[2].size(), Layout::ChannelsFirst)?;
        // SAFETY: nobody writes to a graph's tensors while they are read; what is written was just made here.
        let data = unsafe {
            DenseGradients {
                input: f32_slice(&inputs[0]),
                weight: f32_slice(&inputs[1]),
                output_gradient: f32_slice(&output_gradient),
                input_gradient: f32_slice_mut(&mut input),
                weight_gradient: f32_slice_mut(&mut weight),
                bias_gradient: f32_slice_mut(&mut bias),
            }
        };
        self.backward(Isa::best(), &TorchThreads, data).map_err(out_of_memory)?;
        let gradients = [input, weight, bias].into_iter().zip(needed);
        Ok(gradients.map(|(gradient, needed)| needed.then_some(gradient)).collect())
    }

    fn reference(&self, inputs: &[Tensor]) -> Result<Tensor, ModelError> {
        let factor = |tensor: &Tensor| match self.precision {
            ProductPrecision::F32 => Ok(tensor.shallow_clone()),
            ProductPrecision::Bf16 => rounded_to_bf16(tensor, Kind::Float),
        };
        Ok(factor(&inputs[0])?.f_linear(&factor(&inputs[1])?, Some(&inputs[2]))?)
    }
}
