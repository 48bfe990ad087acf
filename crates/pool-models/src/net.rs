//! A network with its variables, ready to run.

use tch::{TchError, Tensor, nn};

use crate::constant::frozen;
use crate::convolution::{activate, convolve};
use crate::first_block::FirstBlock;
use crate::init::{glorot_uniform, running_key};
use crate::layer::Conv;
use crate::layer_facts::conv_axes;
use crate::native::{dense, dropout};
use crate::pool::{AxisWindow, Random};
use crate::sequential::{Inferred, InferredLayer};
use crate::{Activation, Kernels, Layer, ModelError, PoolLayer, Precision};

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
    layers: Vec<BuiltLayer>,
    how: How,
    /// The first layers as one, where a kernel computes them together.
    first_block: Option<FirstBlock>,
}

/// How layers are computed.
#[derive(Debug, Clone, Copy, Default)]
struct How {
    kernels: Kernels,
    precision: Precision,
}

#[derive(Debug)]
pub(crate) enum BuiltLayer {
    Conv { weight: Tensor, bias: Tensor, axes: Vec<AxisWindow>, activation: Option<Activation> },
    Dense { weight: Tensor, bias: Tensor, activation: Option<Activation> },
    BatchNorm { weight: Tensor, bias: Tensor, mean: Tensor, variance: Tensor, momentum: f64, epsilon: f64 },
    Pool(Box<PoolLayer>),
    Activation(Activation),
    Dropout { rate: f64, random: Random },
    Flatten,
}

impl Net {
    /// Runs a batch `[N, C, spatial...]` and returns what the last layer gives, `[N, classes]` logits for a
    /// classifier. Differentiable.
    ///
    /// # Errors
    /// An input that is not the shape the network was made for, or libtorch's refusal (out of memory, say).
    pub fn forward(&self, input: &Tensor, mode: Mode) -> Result<Tensor, ModelError> {
        let size = input.size();
        if size.len() != self.input.len() + 1
            || size[1..].iter().zip(&self.input).any(|(&found, &expected)| found != expected as i64)
        {
            let sizes: Vec<String> = self.input.iter().map(ToString::to_string).collect();
            return Err(ModelError::TensorShape {
                expected: format!("[N, {}]", sizes.join(", ")),
                found: size,
            });
        }
        let (mut value, rest) = match &self.first_block {
            Some(block) if self.how.kernels == Kernels::Fast && block.takes(&self.layers, input) => {
                (block.forward(&self.layers, input, mode)?, &self.layers[block.layers()..])
            }
            _ => (input.shallow_clone(), &self.layers[..]),
        };
        // Each intermediate result is dropped as soon as the next one exists.
        for layer in rest {
            value = layer.forward(&value, mode, self.how)?;
        }
        Ok(value)
    }

    /// Chooses the implementation of its layers; a network is built with [`Kernels::Fast`].
    #[must_use]
    pub fn with_kernels(self, kernels: Kernels) -> Self {
        let layers = self.layers.into_iter().map(|layer| match layer {
            BuiltLayer::Pool(pool) => BuiltLayer::Pool(Box::new(pool.with_kernels(kernels))),
            other => other,
        });
        Self { layers: layers.collect(), how: How { kernels, ..self.how }, ..self }
    }

    /// Chooses the precision of its products; a network is built with [`Precision::F32`].
    #[must_use]
    pub fn with_precision(self, precision: Precision) -> Self {
        Self { how: How { precision, ..self.how }, ..self }
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
        self.layers.iter().filter_map(|layer| match layer {
            BuiltLayer::Dropout { random, .. } => Some(random),
            BuiltLayer::Pool(pool) => Some(pool.random()),
            BuiltLayer::Conv { .. }
            | BuiltLayer::Dense { .. }
            | BuiltLayer::BatchNorm { .. }
            | BuiltLayer::Activation(_)
            | BuiltLayer::Flatten => None,
        })
    }

    /// Shape of one sample that the network was made for, `[channels, spatial...]`.
    pub fn input(&self) -> &[usize] {
        &self.input
    }

    /// The same network for prediction on the CPU, in `f32`, with what its variables hold at present, no gradients, and
    /// nothing but libtorch's functions.
    pub(crate) fn frozen(&self) -> Result<Self, TchError> {
        let layers = self.layers.iter().map(BuiltLayer::frozen).collect::<Result<_, _>>()?;
        let how = How { kernels: Kernels::Reference, precision: Precision::F32 };
        Ok(Self { input: self.input.clone(), layers, how, first_block: None })
    }
}

/// For use within tch's own combinators. Panics where [`Net::forward`] returns an error.
impl nn::ModuleT for Net {
    fn forward_t(&self, input: &Tensor, train: bool) -> Tensor {
        let mode = if train { Mode::Training } else { Mode::Inference };
        self.forward(input, mode).unwrap_or_else(|error| panic!("{error}"))
    }
}

impl BuiltLayer {
    fn forward(&self, input: &Tensor, mode: Mode, how: How) -> Result<Tensor, ModelError> {
        Ok(match self {
            Self::Conv { weight, bias, axes, activation } => {
                let convolved = how.precision.product([input, weight, bias], |[input, weight, bias]| {
                    convolve(input, weight, bias, axes)
                })?;
                activate(convolved, *activation)?
            }
            Self::Dense { weight, bias, activation } => {
                let product = how.precision.product([input, weight, bias], |[input, weight, bias]| {
                    dense(input, weight, bias, how.kernels)
                })?;
                activate(product, *activation)?
            }
            Self::BatchNorm { weight, bias, mean, variance, momentum, epsilon } => input.f_batch_norm(
                Some(weight),
                Some(bias),
                Some(mean),
                Some(variance),
                mode == Mode::Training,
                1.0 - momentum,
                *epsilon,
                false,
            )?,
            Self::Pool(pool) => pool.forward(input, mode)?,
            Self::Activation(activation) => activate(input.shallow_clone(), Some(*activation))?,
            Self::Dropout { rate, random } => match mode {
                Mode::Training => dropout(input, *rate, random.next_stream(), how.kernels)?,
                Mode::Inference => input.shallow_clone(),
            },
            Self::Flatten => input.f_flatten(1, -1)?,
        })
    }

    fn frozen(&self) -> Result<Self, TchError> {
        Ok(match self {
            Self::Conv { weight, bias, axes, activation } => Self::Conv {
                weight: frozen(weight)?,
                bias: frozen(bias)?,
                axes: axes.clone(),
                activation: *activation,
            },
            Self::Dense { weight, bias, activation } => {
                Self::Dense { weight: frozen(weight)?, bias: frozen(bias)?, activation: *activation }
            }
            Self::BatchNorm { weight, bias, mean, variance, momentum, epsilon } => Self::BatchNorm {
                weight: frozen(weight)?,
                bias: frozen(bias)?,
                mean: frozen(mean)?,
                variance: frozen(variance)?,
                momentum: *momentum,
                epsilon: *epsilon,
            },
            Self::Pool(pool) => Self::Pool(Box::new(pool.frozen()?)),
            Self::Activation(activation) => Self::Activation(*activation),
            Self::Dropout { rate, random } => Self::Dropout { rate: *rate, random: random.clone() },
            Self::Flatten => Self::Flatten,
        })
    }
}

/// Makes the variables and the network; the shapes have been inferred, so only libtorch can refuse.
pub(crate) fn build(
    model: &Inferred,
    input: &[usize],
    seed: u64,
    path: &nn::Path<'_>,
) -> Result<Net, ModelError> {
    let layers = model
        .layers
        .iter()
        .map(|layer| {
            let path = path.sub(&layer.name);
            build_layer(layer, seed, &path)
        })
        .collect::<Result<_, _>>()?;
    let first_block = FirstBlock::of(&model.layers);
    Ok(Net { input: input.to_vec(), layers, how: How::default(), first_block })
}

fn build_layer(layer: &InferredLayer, seed: u64, path: &nn::Path<'_>) -> Result<BuiltLayer, ModelError> {
    Ok(match &layer.layer {
        Layer::Conv1d(conv) => build_conv(conv, layer, seed, path)?,
        Layer::Conv2d(conv) => build_conv(conv, layer, seed, path)?,
        Layer::Conv3d(conv) => build_conv(conv, layer, seed, path)?,
        Layer::Dense(dense) => {
            let (features, units) = (layer.input[0], dense.units);
            let shape = [units as i64, features as i64];
            let weight = glorot_uniform(&shape, features, units, seed, &layer.name)?;
            BuiltLayer::Dense {
                weight: path.f_var_copy("weight", &weight)?,
                bias: path.f_zeros("bias", &[units as i64])?,
                activation: dense.activation,
            }
        }
        Layer::BatchNorm(norm) => {
            let channels = [layer.input[0] as i64];
            BuiltLayer::BatchNorm {
                weight: path.f_ones("weight", &channels)?,
                bias: path.f_zeros("bias", &channels)?,
                mean: path.f_zeros_no_train("running_mean", &channels)?,
                variance: path.f_ones_no_train("running_var", &channels)?,
                momentum: norm.momentum,
                epsilon: norm.epsilon,
            }
        }
        Layer::Pool(pool) => {
            BuiltLayer::Pool(Box::new(pool.build_named(&layer.input, seed, &layer.name, path)?))
        }
        Layer::Activation(activation) => BuiltLayer::Activation(*activation),
        Layer::Dropout(dropout) => {
            BuiltLayer::Dropout { rate: dropout.rate, random: Random::new(running_key(seed, &layer.name)) }
        }
        Layer::Flatten => BuiltLayer::Flatten,
    })
}

fn build_conv<const RANK: usize>(
    conv: &Conv<RANK>,
    layer: &InferredLayer,
    seed: u64,
    path: &nn::Path<'_>,
) -> Result<BuiltLayer, ModelError> {
    let axes = conv_axes(conv, &layer.input)?;
    let volume: usize = axes.iter().map(|axis| axis.size).product();
    let channels = layer.input[0];
    let shape: Vec<i64> = [conv.filters, channels]
        .into_iter()
        .chain(axes.iter().map(|axis| axis.size))
        .map(|n| n as i64)
        .collect();
    let weight = glorot_uniform(&shape, channels * volume, conv.filters * volume, seed, &layer.name)?;
    Ok(BuiltLayer::Conv {
        weight: path.f_var_copy("weight", &weight)?,
        bias: path.f_zeros("bias", &[conv.filters as i64])?,
        axes,
        activation: conv.activation,
    })
}
