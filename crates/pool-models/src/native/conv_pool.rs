//! A network's first block as one operator of libtorch.

use pool_kernels::{ConvPool, ConvPoolForward, ConvPoolGradients, Isa, Layout};
use tch::{Device, Kind, TchError, Tensor};

use super::dropout::Kept;
use super::numbers::{bytes, bytes_mut, empty, numbers, numbers_mut};
use super::shim::{Operation, TorchThreads, attach, needs_graph};
use crate::ModelError;

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
    kept: Option<Kept>,
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
    block.forward(
        Isa::best(),
        &TorchThreads,
        ConvPoolForward {
            images: numbers(&images),
            weight: numbers(weight),
            bias: numbers(bias),
            keep: kept.as_ref().map(|kept| (&kept.mask, kept.scale)),
            output: numbers_mut(&mut output),
            routes: bytes_mut(&mut routes),
        },
    );
    Ok(attach(output, &[&images, weight, bias], ConvPoolOperation { block, routes, kept, plain })?)
}

struct ConvPoolOperation<P> {
    block: ConvPool,
    routes: Tensor,
    kept: Option<Kept>,
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
        self.block.backward(
            Isa::best(),
            &TorchThreads,
            ConvPoolGradients {
                images: numbers(&inputs[0]),
                routes: bytes(&self.routes),
                scale: self.kept.as_ref().map_or(1.0, |kept| kept.scale),
                output: numbers(&output_gradient),
                weight: numbers_mut(&mut weight),
                bias: numbers_mut(&mut bias),
            },
        );
        Ok(vec![None, needed[1].then_some(weight), needed[2].then_some(bias)])
    }

    fn reference(&self, inputs: &[Tensor]) -> Result<Tensor, ModelError> {
        let output = (self.plain)(inputs)?;
        match &self.kept {
            Some(kept) => Ok(kept.plain(&output)?),
            None => Ok(output),
        }
    }
}
