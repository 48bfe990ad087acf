//! A convolution and what follows it as one operator of libtorch.

#![expect(unsafe_code, reason = "tensors' memory as slices")]

use pool_kernels::{
    BatchNormForward, BatchNormGradients, ConvBlock, ConvBlockForward, ConvBlockGradients, Isa, Layout,
    PreparedConvBlock,
};
use tch::{Device, Kind, TchError, Tensor};

use super::dropout::DropoutMask;
use super::shim::{Operation, TorchThreads, attach, needs_graph};
use super::slices::{byte_slice, byte_slice_mut, empty, f32_slice, f32_slice_mut, in_layout};
use crate::ModelError;
use crate::conv_block::BlockInputs;
use crate::error::out_of_memory;

/// What a block computes with.
#[derive(Debug)]
pub(crate) struct BlockVariables<T> {
    /// `[filters, C, kernel...]`.
    pub(crate) weight: T,
    /// `[filters]`.
    pub(crate) bias: Option<T>,
    pub(crate) norm: Option<NormVariables<T>>,
}

/// Normalisation with the statistics of the batch.
#[derive(Debug)]
pub(crate) struct NormVariables<T> {
    /// What normalised values are multiplied with, `[filters]`.
    pub(crate) weight: Option<T>,
    /// What is added then, `[filters]`.
    pub(crate) bias: T,
    pub(crate) epsilon: f64,
}

impl<T> BlockVariables<T> {
    fn all(&self) -> Vec<&T> {
        let norm = self.norm.iter().flat_map(|norm| norm.weight.iter().chain([&norm.bias]));
        [&self.weight].into_iter().chain(&self.bias).chain(norm).collect()
    }

    /// The same variables, made of others in the order of [`BlockVariables::all`].
    fn replaced<U>(&self, mut others: impl Iterator<Item = U>) -> BlockVariables<U> {
        let mut next = || others.next().expect("as many variables");
        BlockVariables {
            weight: next(),
            bias: self.bias.as_ref().map(|_| next()),
            norm: self.norm.as_ref().map(|norm| NormVariables {
                weight: norm.weight.as_ref().map(|_| next()),
                bias: next(),
                epsilon: norm.epsilon,
            }),
        }
    }
}

/// The mean and the variance of each channel of a batch.
#[derive(Debug)]
pub(crate) struct BatchStatistics {
    pub(crate) mean: Tensor,
    /// The mean squared distance from the mean.
    pub(crate) variance: Tensor,
}

/// What is kept of a normalised convolution.
struct Normalized {
    convolved: Tensor,
    statistics: BatchStatistics,
}

/// A block of a batch `[N, C, H, W]`, whose output lies in `layout`, and the statistics of its batch if it normalises.
/// `plain` does the same with libtorch's functions, dropout excepted, from the inputs and the variables.
pub(crate) fn conv_block(
    (block, layout): (ConvBlock, Layout),
    inputs: BlockInputs<'_>,
    variables: &BlockVariables<&Tensor>,
    mask: Option<DropoutMask>,
    plain: impl Fn(BlockInputs<'_>, BlockVariables<&Tensor>) -> Result<Tensor, ModelError> + Send + 'static,
) -> Result<(Tensor, Option<BatchStatistics>), ModelError> {
    let isa = Isa::best();
    let batch = in_layout(inputs.input, Layout::ChannelsLast)?;
    let addend = inputs.addend.map(|addend| in_layout(addend, Layout::ChannelsLast)).transpose()?;
    let dense: Vec<Tensor> =
        variables.all().into_iter().map(|variable| variable.f_contiguous()).collect::<Result<_, _>>()?;
    let variables = variables.replaced(dense.into_iter());
    let graph_inputs: Vec<&Tensor> =
        [inputs.input].into_iter().chain(variables.all()).chain(inputs.addend).collect();
    let [rows, columns] = block.output().map(|size| size as i64);
    let count = batch.size()[0];
    let mut output = empty(&[count, block.filters as i64, rows, columns], layout)?;
    let keeps_routes = needs_graph(&graph_inputs) && block.needs_routes(mask.is_some());
    let routes = if keeps_routes { block.routes(isa, count as usize) } else { 0 };
    let mut routes = Tensor::f_empty([routes as i64], (Kind::Uint8, Device::Cpu))?;
    let flat = |numbers: usize| empty(&[numbers as i64], Layout::ChannelsFirst);
    let mut normalized = match &variables.norm {
        None => None,
        Some(_) => Some(Normalized {
            convolved: flat(block.convolved_numbers(isa, count as usize))?,
            statistics: BatchStatistics { mean: flat(block.filters)?, variance: flat(block.filters)? },
        }),
    };
    // SAFETY: nobody writes to a graph's tensors while they are read; what is written was just made here.
    let data = unsafe {
        let norm = variables.norm.as_ref().zip(normalized.as_mut()).map(|(norm, kept)| BatchNormForward {
            weight: norm.weight.as_ref().map(|weight| f32_slice(weight)),
            bias: f32_slice(&norm.bias),
            epsilon: norm.epsilon,
            convolved: f32_slice_mut(&mut kept.convolved),
            mean: f32_slice_mut(&mut kept.statistics.mean),
            variance: f32_slice_mut(&mut kept.statistics.variance),
        });
        ConvBlockForward {
            input: f32_slice(&batch),
            weight: f32_slice(&variables.weight),
            bias: variables.bias.as_ref().map(|bias| f32_slice(bias)),
            norm,
            addend: addend.as_ref().map(|addend| f32_slice(addend)),
            keep: mask.as_ref().map(|mask| (&mask.mask, mask.scale)),
            output: f32_slice_mut(&mut output),
            layout,
            routes: byte_slice_mut(&mut routes),
        }
    };
    block.forward(isa, &TorchThreads, data).map_err(out_of_memory)?;
    let statistics = normalized.as_ref().map(|kept| BatchStatistics {
        mean: kept.statistics.mean.shallow_clone(),
        variance: kept.statistics.variance.shallow_clone(),
    });
    let form = variables.replaced(std::iter::repeat(()));
    let adds = addend.is_some();
    let operation = ConvBlockOperation { block, layout, form, adds, normalized, routes, mask, plain };
    Ok((attach(output, &graph_inputs, operation)?, statistics))
}

/// A block for prediction, without a graph, with these weights and biases.
pub(crate) fn prepare(
    block: ConvBlock,
    weight: &Tensor,
    bias: Option<&Tensor>,
) -> Result<PreparedConvBlock, ModelError> {
    let (weight, bias) = (weight.f_contiguous()?, bias.map(Tensor::f_contiguous).transpose()?);
    // SAFETY: nobody writes to variables while they are read.
    let (weight, bias) = unsafe { (f32_slice(&weight), bias.as_ref().map(|bias| f32_slice(bias))) };
    Ok(block.prepare(Isa::best(), weight, bias).map_err(out_of_memory)?)
}

/// What it gives for a batch `[N, C, H, W]`, in `layout`.
pub(crate) fn predict(
    (block, layout): (ConvBlock, Layout),
    prepared: &PreparedConvBlock,
    inputs: BlockInputs<'_>,
) -> Result<Tensor, ModelError> {
    let batch = in_layout(inputs.input, Layout::ChannelsLast)?;
    let addend = inputs.addend.map(|addend| in_layout(addend, Layout::ChannelsLast)).transpose()?;
    let [rows, columns] = block.output().map(|size| size as i64);
    let mut output = empty(&[batch.size()[0], block.filters as i64, rows, columns], layout)?;
    // SAFETY: nobody writes to the inputs while they are read; the output was just made here.
    let (read, written) = unsafe {
        let addend = addend.as_ref().map(|addend| f32_slice(addend));
        ((f32_slice(&batch), addend), f32_slice_mut(&mut output))
    };
    prepared.forward(&TorchThreads, read, written, layout).map_err(out_of_memory)?;
    Ok(output)
}

struct ConvBlockOperation<P> {
    block: ConvBlock,
    layout: Layout,
    /// Which variables there are.
    form: BlockVariables<()>,
    /// Whether something is added: the last of the graph's inputs.
    adds: bool,
    normalized: Option<Normalized>,
    routes: Tensor,
    mask: Option<DropoutMask>,
    plain: P,
}

impl<P> ConvBlockOperation<P> {
    /// Which of the graph's inputs is the addend.
    fn addend(&self) -> Option<usize> {
        self.adds.then(|| 1 + self.form.all().len())
    }
}

impl<P> Operation for ConvBlockOperation<P>
where
    P: Fn(BlockInputs<'_>, BlockVariables<&Tensor>) -> Result<Tensor, ModelError> + Send + 'static,
{
    fn gradients(
        &self,
        output_gradient: &Tensor,
        inputs: &[Tensor],
        needed: &[bool],
    ) -> Result<Vec<Option<Tensor>>, TchError> {
        let batch = in_layout(&inputs[0], Layout::ChannelsLast)?;
        let output_gradient = in_layout(output_gradient, self.layout)?;
        let variables = self.form.replaced(inputs[1..].iter());
        let if_needed = |index: usize| {
            let size = if needed[index] { inputs[index].size() } else { vec![0] };
            empty(&size, Layout::ChannelsLast)
        };
        let addend = self.addend();
        let mut gradients = vec![if_needed(0)?];
        for input in &inputs[1..addend.unwrap_or(inputs.len())] {
            gradients.push(empty(&input.size(), Layout::ChannelsFirst)?);
        }
        let mut of_addend = addend.map(if_needed).transpose()?;
        let (of_input, of_variables) = gradients.split_at_mut(1);
        let written = self.form.replaced(of_variables.iter_mut());
        // The kernel computes them in any case.
        let mut unused = empty(&[self.block.filters as i64], Layout::ChannelsFirst)?;
        // SAFETY: nobody writes to a graph's tensors while they are read; what is written was just made here.
        let data = unsafe {
            let norm = variables.norm.zip(written.norm).zip(self.normalized.as_ref());
            let norm = norm.map(|((read, written), kept)| BatchNormGradients {
                weight: read.weight.map(|weight| f32_slice(weight)),
                epsilon: read.epsilon,
                convolved: f32_slice(&kept.convolved),
                mean: f32_slice(&kept.statistics.mean),
                variance: f32_slice(&kept.statistics.variance),
                weight_gradient: f32_slice_mut(written.weight.unwrap_or(&mut unused)),
                bias_gradient: f32_slice_mut(written.bias),
            });
            ConvBlockGradients {
                input: f32_slice(&batch),
                weight: f32_slice(variables.weight),
                norm,
                routes: byte_slice(&self.routes),
                scale: self.mask.as_ref().map_or(1.0, |mask| mask.scale),
                output_gradient: f32_slice(&output_gradient),
                layout: self.layout,
                input_gradient: f32_slice_mut(&mut of_input[0]),
                addend_gradient: of_addend.as_mut().map_or(&mut [], |of_addend| f32_slice_mut(of_addend)),
                weight_gradient: f32_slice_mut(written.weight),
                bias_gradient: written.bias.map(|bias| f32_slice_mut(bias)),
            }
        };
        self.block.backward(Isa::best(), &TorchThreads, data).map_err(out_of_memory)?;
        let gradients = gradients.into_iter().chain(of_addend).zip(needed);
        Ok(gradients.map(|(gradient, needed)| needed.then_some(gradient)).collect())
    }

    fn reference(&self, inputs: &[Tensor]) -> Result<Tensor, ModelError> {
        let of_block = BlockInputs { input: &inputs[0], addend: self.addend().map(|index| &inputs[index]) };
        let output = (self.plain)(of_block, self.form.replaced(inputs[1..].iter()))?;
        match &self.mask {
            Some(mask) => Ok(mask.plain(&output)?),
            None => Ok(output),
        }
    }
}
