//! A fully connected layer by kernels, as an operator of libtorch.

use pool_kernels::{Dense, DenseGradients, Isa, Layout};
use tch::{TchError, Tensor};

use super::kernels_take;
use super::numbers::{empty, numbers, numbers_mut};
use super::shim::{Operation, TorchThreads, attach};
use crate::{Kernels, ModelError};

/// Multiply-adds below which libtorch's function, which prepares less, is as fast.
const FEWEST_MULTIPLY_ADDS: i64 = 1 << 21;

/// `input weight^T + bias`, of `[N, inputs]`, `[units, inputs]` and `[units]`.
pub(crate) fn dense(
    input: &Tensor,
    weight: &Tensor,
    bias: &Tensor,
    kernels: Kernels,
) -> Result<Tensor, TchError> {
    let (input_size, weight_size) = (input.size(), weight.size());
    let ([samples, inputs], [units, _]) = (&input_size[..], &weight_size[..]) else {
        return input.f_linear(weight, Some(bias));
    };
    let large = samples * inputs * units >= FEWEST_MULTIPLY_ADDS;
    if kernels == Kernels::Reference || !large || !kernels_take(&[input, weight, bias]) {
        return input.f_linear(weight, Some(bias));
    }
    let layer = Dense { inputs: *inputs as usize, units: *units as usize };
    let (input, weight, bias) = (input.f_contiguous()?, weight.f_contiguous()?, bias.f_contiguous()?);
    let mut output = empty(&[*samples, *units], Layout::ChannelsFirst)?;
    layer.forward(
        Isa::best(),
        &TorchThreads,
        [numbers(&input), numbers(&weight), numbers(&bias)],
        numbers_mut(&mut output),
    );
    attach(output, &[&input, &weight, &bias], layer)
}

impl Operation for Dense {
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
        self.backward(
            &TorchThreads,
            DenseGradients {
                input: numbers(&inputs[0]),
                weight: numbers(&inputs[1]),
                output_gradient: numbers(&output_gradient),
                input_gradient: numbers_mut(&mut input),
                weight_gradient: numbers_mut(&mut weight),
                bias_gradient: numbers_mut(&mut bias),
            },
        );
        let gradients = [input, weight, bias].into_iter().zip(needed);
        Ok(gradients.map(|(gradient, needed)| needed.then_some(gradient)).collect())
    }

    fn reference(&self, inputs: &[Tensor]) -> Result<Tensor, ModelError> {
        Ok(inputs[0].f_linear(&inputs[1], Some(&inputs[2]))?)
    }
}
