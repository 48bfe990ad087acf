//! A network with its variables, ready to run.

use pool_kernels::Layout;
use pool_spec::{Inferred, Layer, Step};
use tch::{TchError, Tensor, nn};

use crate::conv_block::{BlockInputs, BuiltConvBlock};
use crate::layers::{BuiltLayer, Execution};
use crate::normalization::Normalization;
use crate::pool::Random;
use crate::wiring::{Values, Wiring};
use crate::{Kernels, ModelError, Precision};

/// Whether a network learns or predicts; dropout, batch normalisation and pooling that draws random numbers differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Dropout drops, batch normalisation uses and updates the batch's statistics, random pooling draws.
    Training,
    /// Dropout passes everything, batch normalisation uses its running statistics, random pooling gives what it would
    /// give on average.
    Inference,
}

/// A built network. Its variables live in the `VarStore` whose path it was built under.
#[derive(Debug)]
pub struct Net {
    input: Vec<usize>,
    /// What is done to the input before the first layer.
    normalization: Option<Normalization>,
    layers: Vec<BuiltLayer>,
    wiring: Wiring,
    steps: Vec<BuiltStep>,
    execution: Execution,
}

/// One step of a forward pass.
#[derive(Debug)]
enum BuiltStep {
    /// The next layer.
    Layer,
    /// The next layers at once, where a kernel can; one after the other where not.
    ConvBlock(Box<BuiltConvBlock>),
}

impl BuiltStep {
    fn layers(&self) -> usize {
        match self {
            Self::Layer => 1,
            Self::ConvBlock(block) => block.layers(),
        }
    }
}

impl Net {
    /// Makes the variables and the network; the shapes have been inferred, so only libtorch can refuse.
    pub(crate) fn build(model: &Inferred, path: &nn::Path<'_>) -> Result<Self, ModelError> {
        Self::build_in_steps(model, &model.steps(), path)
    }

    pub(crate) fn build_in_steps(
        model: &Inferred,
        in_steps: &[Step],
        path: &nn::Path<'_>,
    ) -> Result<Self, ModelError> {
        let build = |layer| BuiltLayer::build(layer, model.seed, &path.sub(&layer.name));
        let layers = model.layers.iter().map(build).collect::<Result<_, _>>()?;
        let mut steps = Vec::new();
        let mut next = 0;
        for step in in_steps {
            next += step.layers();
            match step {
                Step::Layer(_) => steps.push(BuiltStep::Layer),
                Step::ConvBlock(block) => {
                    // Flattened, channels come first.
                    let is_flattened =
                        matches!(model.layers.get(next).map(|of| &of.layer), Some(Layer::Flatten));
                    let layout = if is_flattened { Layout::ChannelsFirst } else { Layout::ChannelsLast };
                    match BuiltConvBlock::new(block, layout) {
                        Some(block) => steps.push(BuiltStep::ConvBlock(Box::new(block))),
                        None => steps.extend((0..block.layers()).map(|_| BuiltStep::Layer)),
                    }
                }
            }
        }
        let wiring = Wiring::of(&model.layers);
        Ok(Self {
            input: model.input.clone(),
            normalization: None,
            layers,
            wiring,
            steps,
            execution: Execution::default(),
        })
    }

    /// Runs a batch `[N, C, spatial...]` and returns what the last layer gives, `[N, classes]` logits for a
    /// classifier. Differentiable.
    ///
    /// # Errors
    /// An input that is not the shape the network was made for, or libtorch's refusal (out of memory, say).
    pub fn forward(&self, input: &Tensor, mode: Mode) -> Result<Tensor, ModelError> {
        self.forward_with(input, mode, |_, block, layers, inputs| {
            block.forward(layers, inputs, mode, self.execution)
        })
    }

    /// The forward pass, with convolution blocks as `block_forward` computes them, from the number of the step.
    pub(crate) fn forward_with(
        &self,
        input: &Tensor,
        mode: Mode,
        block_forward: impl Fn(
            usize,
            &BuiltConvBlock,
            &[BuiltLayer],
            BlockInputs<'_>,
        ) -> Result<Option<Tensor>, ModelError>,
    ) -> Result<Tensor, ModelError> {
        self.check_input(input)?;
        let normalized = self.normalization.as_ref().map(|of| of.apply(input)).transpose()?;
        let input = normalized.as_ref().unwrap_or(input);
        let mut values = Values::new(&self.wiring, input);
        let mut next = 0;
        for (number, step) in self.steps.iter().enumerate() {
            let layers = &self.layers[next..next + step.layers()];
            // What nothing else reads is dropped as soon as the step's output exists.
            let mut inputs = values.read(next)?;
            if let BuiltStep::ConvBlock(block) = step {
                let sum = block.sum().map(|layer| next + layer);
                let addend = sum.map(|sum| values.other(sum));
                let of_block = BlockInputs { input: &inputs[0], addend: addend.as_ref() };
                if let Some(output) = block_forward(number, block, layers, of_block)? {
                    if let Some(sum) = sum {
                        values.release(sum);
                    }
                    next += layers.len();
                    values.write(next - 1, output);
                    continue;
                }
            }
            for (index, layer) in layers.iter().enumerate() {
                if index > 0 {
                    inputs = values.read(next)?;
                }
                values.write(next, layer.forward(&inputs, mode, self.execution)?);
                next += 1;
            }
        }
        Ok(values.last())
    }

    /// What `of_block` makes of each step that is a convolution block, with the layers that it stands for; `None` for other
    /// steps.
    pub(crate) fn for_blocks<T>(
        &self,
        of_block: impl Fn(&BuiltConvBlock, &[BuiltLayer], Execution) -> Result<Option<T>, ModelError>,
    ) -> Result<Vec<Option<T>>, ModelError> {
        let mut next = 0;
        let of_step = |step: &BuiltStep| {
            let layers = &self.layers[next..next + step.layers()];
            next += layers.len();
            match step {
                BuiltStep::Layer => Ok(None),
                BuiltStep::ConvBlock(block) => of_block(block, layers, self.execution),
            }
        };
        self.steps.iter().map(of_step).collect()
    }

    fn check_input(&self, input: &Tensor) -> Result<(), ModelError> {
        let found = input.size();
        let fits = found.len() == self.input.len() + 1
            && found[1..].iter().zip(&self.input).all(|(&found, &expected)| found == expected as i64);
        if fits {
            return Ok(());
        }
        let sizes: Vec<String> = self.input.iter().map(ToString::to_string).collect();
        Err(ModelError::TensorShape { expected: format!("[N, {}]", sizes.join(", ")), found })
    }

    /// Lets it take pictures in 0 to 1 and normalize them itself: forward passes and exports alike.
    ///
    /// # Errors
    /// Figures for another number of channels than its input has.
    pub fn with_normalization(self, normalization: Normalization) -> Result<Self, ModelError> {
        let channels = normalization.channels();
        if self.input.len() != 3 || self.input[0] != channels {
            return Err(ModelError::Channels { found: channels, input: self.input });
        }
        Ok(Self { normalization: Some(normalization), ..self })
    }

    /// Chooses the implementation of its layers; a network is built with [`Kernels::Fast`].
    #[must_use]
    pub fn with_kernels(self, kernels: Kernels) -> Self {
        let layers = self.layers.into_iter().map(|layer| layer.with_kernels(kernels)).collect();
        Self { layers, execution: Execution { kernels, ..self.execution }, ..self }
    }

    /// Chooses the precision of its products; a network is built with [`Precision::F32`].
    #[must_use]
    pub fn with_precision(self, precision: Precision) -> Self {
        Self { execution: Execution { precision, ..self.execution }, ..self }
    }

    /// How many forward passes drew random numbers so far: one number for each dropout and each pooling layer, in the
    /// order of the layers. With the variables, and an optimizer's state, it is all that later passes depend on. (Dropout
    /// on a CUDA device draws from the device's own generator, which is not among them.)
    pub fn passes(&self) -> Vec<u64> {
        self.generators().map(Random::passes).collect()
    }

    /// Goes on as a network of the same layers whose [`Net::passes`] these are.
    ///
    /// # Errors
    /// [`ModelError::Passes`] for more or fewer of them than this network has; nothing is changed then.
    pub fn set_passes(&self, passes: &[u64]) -> Result<(), ModelError> {
        let (expected, found) = (self.generators().count(), passes.len());
        if expected != found {
            return Err(ModelError::Passes { expected, found });
        }
        self.generators().zip(passes).for_each(|(random, &passes)| random.set_passes(passes));
        Ok(())
    }

    fn generators(&self) -> impl Iterator<Item = &Random> {
        self.layers.iter().filter_map(BuiltLayer::random)
    }

    /// Shape of one sample that the network was made for, `[channels, spatial...]`.
    pub fn input(&self) -> &[usize] {
        &self.input
    }

    /// The same network for prediction on the CPU, in `f32`, with what its variables hold at present, no gradients, and
    /// nothing but libtorch's functions.
    pub(crate) fn frozen(&self) -> Result<Self, TchError> {
        let layers: Vec<BuiltLayer> = self.layers.iter().map(BuiltLayer::frozen).collect::<Result<_, _>>()?;
        let steps = layers.iter().map(|_| BuiltStep::Layer).collect();
        let execution = Execution { kernels: Kernels::Reference, precision: Precision::F32 };
        let normalization = self.normalization.as_ref().map(Normalization::frozen).transpose()?;
        let (input, wiring) = (self.input.clone(), self.wiring.clone());
        Ok(Self { input, normalization, layers, wiring, steps, execution })
    }
}

/// For use within tch's own combinators. Panics where [`Net::forward`] returns an error.
impl nn::ModuleT for Net {
    fn forward_t(&self, input: &Tensor, train: bool) -> Tensor {
        let mode = if train { Mode::Training } else { Mode::Inference };
        self.forward(input, mode).unwrap_or_else(|error| panic!("{error}"))
    }
}
