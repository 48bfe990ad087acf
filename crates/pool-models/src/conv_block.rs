//! A convolution and what follows it as one step: batch normalisation, the sum with a shortcut, activation, pooling and
//! dropout.

use pool_kernels::{ConvAxis, Layout, PreparedConvBlock, ProductPrecision};
use pool_spec::{BlockReduce, ConvBlock, Pool, Precision, ResolvedWindow};
use tch::Tensor;

use crate::layers::activation::activate;
use crate::layers::conv::convolve;
use crate::layers::{BuiltBatchNorm, BuiltConv, BuiltDropout, BuiltLayer, Execution};
use crate::native::{
    BlockVariables, DropoutMask, NormVariables, conv_block, kernels_support, needs_graph, predict, prepare,
};
use crate::{Kernels, Mode, ModelError, PoolLayer};

/// What a block reads.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BlockInputs<'a> {
    /// What is convolved.
    pub(crate) input: &'a Tensor,
    /// What is added, where the block adds.
    pub(crate) addend: Option<&'a Tensor>,
}

impl<'a> BlockInputs<'a> {
    fn all(self) -> impl Iterator<Item = &'a Tensor> {
        [self.input].into_iter().chain(self.addend)
    }
}

/// A [`ConvBlock`] as the kernels know it.
#[derive(Debug)]
pub(crate) struct BuiltConvBlock {
    kernel: pool_kernels::ConvBlock,
    layout: Layout,
    spec: ConvBlock,
}

impl BuiltConvBlock {
    /// A block whose output lies in `layout`; `None` where sizes are beyond the kernels'.
    pub(crate) fn new(spec: &ConvBlock, layout: Layout) -> Option<Self> {
        let reduce = match spec.reduce {
            BlockReduce::Max => pool_kernels::BlockReduce::Max,
            BlockReduce::Mean => pool_kernels::BlockReduce::Mean,
        };
        let axis = |axis: ResolvedWindow| ConvAxis {
            input: axis.input,
            size: axis.size,
            stride: axis.stride,
            dilation: axis.dilation,
            before: axis.before,
            after: axis.after,
        };
        let kernel = pool_kernels::ConvBlock {
            channels: spec.input[0],
            filters: spec.filters,
            depthwise: spec.depthwise,
            axes: spec.axes.map(axis),
            relu: spec.relu,
            reduce,
            window: spec.window,
            // That of a network is chosen when it is computed.
            precision: ProductPrecision::F32,
        };
        kernel.is_possible().then(|| Self { kernel, layout, spec: spec.clone() })
    }

    /// How many layers of the network it stands for.
    pub(crate) fn layers(&self) -> usize {
        self.spec.layers()
    }

    /// Which of its layers is the sum with the output of another one.
    pub(crate) fn sum(&self) -> Option<usize> {
        self.spec.sum()
    }

    /// What `layers`, those that it stands for, give for these inputs; `None` where the kernels cannot take them.
    pub(crate) fn forward(
        &self,
        layers: &[BuiltLayer],
        inputs: BlockInputs<'_>,
        mode: Mode,
        execution: Execution,
    ) -> Result<Option<Tensor>, ModelError> {
        let Some((BuiltConv { weight, bias, .. }, norm)) = self.with_weights(layers) else { return Ok(None) };
        let tensors: Vec<&Tensor> = inputs.all().chain([weight]).chain(bias).collect();
        let images = inputs.input.size()[0];
        if execution.kernels == Kernels::Reference || images == 0 || !kernels_support(&tensors) {
            return Ok(None);
        }
        let values = images as usize * self.cells();
        let folded;
        let variables = match (norm, mode) {
            (None, _) => BlockVariables { weight, bias: bias.as_ref(), norm: None },
            // libtorch refuses to normalise a single value.
            (Some(_), Mode::Training) if values == 1 => return Ok(None),
            (Some(norm), Mode::Training) => {
                BlockVariables { weight, bias: bias.as_ref(), norm: Some(norm.variables()) }
            }
            (Some(norm), Mode::Inference) if needs_graph(&tensors) || norm.needs_graph() => return Ok(None),
            (Some(norm), Mode::Inference) => {
                folded = norm.folded(weight, bias.as_ref())?;
                BlockVariables { weight: &folded.0, bias: Some(&folded.1), norm: None }
            }
        };
        let mask = self.mask(layers, images, mode)?;
        let block = (self.kernel(execution), self.layout);
        let (output, statistics) = conv_block(block, inputs, &variables, mask, self.plain(mode))?;
        if let Some((norm, statistics)) = norm.zip(statistics) {
            norm.update(&statistics, values)?;
        }
        Ok(Some(output))
    }

    /// The convolution among `layers`, those that it stands for, and its batch normalisation.
    fn with_weights<'a>(
        &self,
        layers: &'a [BuiltLayer],
    ) -> Option<(&'a BuiltConv, Option<&'a BuiltBatchNorm>)> {
        let Some(BuiltLayer::Conv(conv)) = layers.first() else { return None };
        match layers.get(1) {
            Some(BuiltLayer::BatchNorm(norm)) if self.spec.normalizes => Some((conv, Some(norm))),
            _ => Some((conv, None)),
        }
    }

    /// The kernel in the precision of its products.
    fn kernel(&self, execution: Execution) -> pool_kernels::ConvBlock {
        let precision = match execution.precision {
            Precision::F32 => ProductPrecision::F32,
            // The first block has few products, which are no faster in bfloat16.
            Precision::Bf16 if self.spec.is_first => ProductPrecision::F32,
            Precision::Bf16 => ProductPrecision::Bf16,
        };
        pool_kernels::ConvBlock { precision, ..self.kernel }
    }

    /// The block with what the variables of `layers` hold at present, for prediction; `None` where the kernels cannot take
    /// them.
    pub(crate) fn prepared(
        &self,
        layers: &[BuiltLayer],
        execution: Execution,
    ) -> Result<Option<PreparedConvBlock>, ModelError> {
        let Some((BuiltConv { weight, bias, .. }, norm)) = self.with_weights(layers) else { return Ok(None) };
        let tensors: Vec<&Tensor> = [weight].into_iter().chain(bias).collect();
        if execution.kernels == Kernels::Reference || !kernels_support(&tensors) {
            return Ok(None);
        }
        let kernel = self.kernel(execution);
        Ok(Some(match norm {
            Some(norm) => {
                let (weight, bias) = norm.folded(weight, bias.as_ref())?;
                prepare(kernel, &weight, Some(&bias))?
            }
            None => prepare(kernel, weight, bias.as_ref())?,
        }))
    }

    /// What the prepared block gives; `None` where the kernels cannot take the input.
    pub(crate) fn predict(
        &self,
        prepared: &PreparedConvBlock,
        inputs: BlockInputs<'_>,
    ) -> Result<Option<Tensor>, ModelError> {
        let tensors: Vec<&Tensor> = inputs.all().collect();
        if inputs.input.size()[0] == 0 || !kernels_support(&tensors) {
            return Ok(None);
        }
        Ok(Some(predict((self.kernel, self.layout), prepared, inputs)?))
    }

    /// Cells of a channel that are normalised together, of one image.
    fn cells(&self) -> usize {
        self.spec.axes.iter().map(|axis| axis.output).product()
    }

    /// What dropout keeps, where the block ends with it and learns.
    fn mask(
        &self,
        layers: &[BuiltLayer],
        images: i64,
        mode: Mode,
    ) -> Result<Option<DropoutMask>, ModelError> {
        match layers.last() {
            Some(BuiltLayer::Dropout(BuiltDropout { rate, random })) if mode == Mode::Training => {
                let [rows, columns] = self.kernel.output();
                let entries = images as usize * self.kernel.filters * rows * columns;
                Ok(Some(DropoutMask::draw(*rate, random.next_stream(), entries)?))
            }
            _ => Ok(None),
        }
    }

    /// The same with libtorch's functions, without dropout.
    fn plain(
        &self,
        mode: Mode,
    ) -> impl Fn(BlockInputs<'_>, BlockVariables<&Tensor>) -> Result<Tensor, ModelError> + Send + 'static
    {
        let groups = if self.spec.depthwise { self.spec.filters } else { 1 };
        let (axes, relu, pool): (_, _, Option<Pool>) =
            (self.spec.axes, self.spec.relu, self.spec.pool.clone());
        move |inputs, BlockVariables { weight, bias, norm }| {
            let mut output = convolve(inputs.input, weight, bias, &axes, groups)?;
            if let Some(NormVariables { weight, bias, epsilon }) = norm {
                let none = None::<&Tensor>;
                output = output.f_batch_norm(weight, Some(bias), none, none, true, 0.0, epsilon, false)?;
            }
            if let Some(addend) = inputs.addend {
                output = output.f_add(addend)?;
            }
            let output = activate(output, relu.then_some(pool_spec::Activation::Relu))?;
            match &pool {
                Some(pool) => PoolLayer::without_variables(pool, Kernels::Reference).forward(&output, mode),
                None => Ok(output),
            }
        }
    }
}

impl BuiltBatchNorm {
    /// What a block normalises with while it learns.
    fn variables(&self) -> NormVariables<&Tensor> {
        NormVariables { weight: self.weight.as_ref(), bias: &self.bias, epsilon: self.settings.epsilon }
    }

    fn needs_graph(&self) -> bool {
        let variables: Vec<&Tensor> = self.weight.iter().chain([&self.bias]).collect();
        needs_graph(&variables)
    }
}
