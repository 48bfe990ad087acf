//! A network as a list of layers, and the shapes that follow from it.

use std::collections::HashMap;

use pool_metrics::LayerCost;
use serde::{Deserialize, Serialize};
use tch::nn;

use crate::layer::Conv;
use crate::pool::{AxisWindow, pool_axes, split_channels};
use crate::{Geometry, Layer, ModelError, Net, Pool, SettingError, Window, cost, net, summary};

/// A network whose layers follow one another, as data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sequential {
    /// Shape of one sample, `[channels, spatial...]`.
    pub input: Vec<usize>,
    /// The layers, in order.
    pub layers: Vec<Layer>,
    /// Seed of the initial weights. Each layer draws from its own generator, seeded by this and the layer's name, so
    /// that one layer's parameters never shift another's.
    pub seed: u64,
}

/// The shapes and costs of a network whose settings all fit.
#[derive(Debug, Clone, PartialEq)]
pub struct Inferred {
    /// One entry per layer that exists; [`Pool::None`] leaves none.
    pub layers: Vec<InferredLayer>,
    /// Elements of one input sample.
    pub input_elements: u64,
}

/// A layer within its network.
#[derive(Debug, Clone, PartialEq)]
pub struct InferredLayer {
    /// Keras's name for it, such as `max_pooling2d` or `dense_1`.
    pub name: String,
    /// The layer itself.
    pub layer: Layer,
    /// Shape of one sample on the way in.
    pub input: Vec<usize>,
    /// Shape of one sample on the way out.
    pub output: Vec<usize>,
    /// Trainable parameters.
    pub parameters: u64,
    /// Parameters that no gradient changes.
    pub fixed_parameters: u64,
    /// Multiply-adds of one sample, forward. The comparisons and additions of pooling are none.
    pub multiply_adds: u64,
}

impl Sequential {
    /// An empty network for samples of shape `[channels, spatial...]`.
    pub fn new(input: impl Into<Vec<usize>>) -> Self {
        Self { input: input.into(), layers: Vec::new(), seed: 0 }
    }

    /// Appends a layer.
    #[must_use]
    #[expect(clippy::should_implement_trait, reason = "`add` is Keras's word, and a network is no number")]
    pub fn add(mut self, layer: impl Into<Layer>) -> Self {
        self.layers.push(layer.into());
        self
    }

    /// Seeds the initial weights.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Shapes, names, parameters and costs of every layer. Pure: makes no tensor.
    ///
    /// # Errors
    /// The first layer whose settings do not fit, with the setting, its value and the rule.
    pub fn infer(&self) -> Result<Inferred, ModelError> {
        split_channels(&self.input).map_err(|_| SettingError::ModelInput { shape: self.input.clone() })?;
        let mut shape = self.input.clone();
        let mut names = LayerNames::default();
        let mut layers = Vec::new();
        for layer in self.layers.iter().filter(|layer| !matches!(layer, Layer::Pool(Pool::None))) {
            let name = names.next(layer, shape.len().saturating_sub(1));
            let facts = LayerFacts::of(layer, &shape)
                .map_err(|source| ModelError::Layer { layer: name.clone(), source })?;
            let input = std::mem::replace(&mut shape, facts.output);
            layers.push(InferredLayer {
                name,
                layer: layer.clone(),
                input,
                output: shape.clone(),
                parameters: facts.parameters,
                fixed_parameters: facts.fixed_parameters,
                multiply_adds: facts.multiply_adds,
            });
        }
        Ok(Inferred { layers, input_elements: elements(&self.input) })
    }

    /// The table that Keras prints: layer, output shape, parameters.
    ///
    /// # Errors
    /// As [`Sequential::infer`].
    pub fn summary(&self) -> Result<String, ModelError> {
        Ok(summary::render(&self.infer()?))
    }

    /// Makes the variables under `path` and the network that uses them.
    ///
    /// # Errors
    /// As [`Sequential::infer`], or when libtorch cannot make a variable (out of memory, say).
    pub fn build(&self, path: &nn::Path<'_>) -> Result<Net, ModelError> {
        net::build(&self.infer()?, &self.input, self.seed, path)
    }
}

impl Inferred {
    /// Trainable parameters of the whole network.
    pub fn parameters(&self) -> u64 {
        self.layers.iter().map(|layer| layer.parameters).sum()
    }

    /// Parameters that no gradient changes.
    pub fn fixed_parameters(&self) -> u64 {
        self.layers.iter().map(|layer| layer.fixed_parameters).sum()
    }

    /// Shape of one output sample; none for a network without layers.
    pub fn output(&self) -> Option<&[usize]> {
        self.layers.last().map(|layer| layer.output.as_slice())
    }

    /// Shape of one sample on the way in and after every layer, for a network with this `input`.
    pub fn shapes(&self, input: &[usize]) -> Vec<Vec<usize>> {
        std::iter::once(input.to_vec()).chain(self.layers.iter().map(|layer| layer.output.clone())).collect()
    }

    /// The rows of the memory model.
    pub fn costs(&self) -> Vec<LayerCost> {
        cost::rows(&self.layers)
    }
}

pub(crate) fn elements(shape: &[usize]) -> u64 {
    shape.iter().map(|&n| n as u64).product()
}

/// What follows from one layer and its input shape.
struct LayerFacts {
    output: Vec<usize>,
    parameters: u64,
    fixed_parameters: u64,
    multiply_adds: u64,
}

impl LayerFacts {
    fn of(layer: &Layer, input: &[usize]) -> Result<Self, SettingError> {
        let unchanged = Self { output: input.to_vec(), parameters: 0, fixed_parameters: 0, multiply_adds: 0 };
        Ok(match layer {
            Layer::Conv1d(conv) => Self::of_conv(conv, input)?,
            Layer::Conv2d(conv) => Self::of_conv(conv, input)?,
            Layer::Conv3d(conv) => Self::of_conv(conv, input)?,
            Layer::Pool(pool) => Self { output: pool.output_shape(input)?, ..unchanged },
            Layer::Activation(_) => unchanged,
            Layer::Dropout(dropout) => {
                check_fraction("dropout", dropout.rate)?;
                unchanged
            }
            Layer::BatchNorm(norm) => {
                check_fraction("momentum", norm.momentum)?;
                if !(norm.epsilon > 0.0 && norm.epsilon.is_finite()) {
                    return Err(SettingError::Range {
                        field: "epsilon",
                        value: norm.epsilon,
                        interval: "(0, inf)",
                    });
                }
                let channels = input[0] as u64;
                Self { parameters: 2 * channels, fixed_parameters: 2 * channels, ..unchanged }
            }
            Layer::Flatten => Self { output: vec![input.iter().product()], ..unchanged },
            Layer::Dense(dense) => {
                let &[features] = input else {
                    return Err(SettingError::InputShape {
                        expected: "[features]",
                        found: input.to_vec(),
                        cure: "; put flatten (or global pooling) before it",
                    });
                };
                check_positive("units", dense.units)?;
                let weights = (features * dense.units) as u64;
                Self {
                    output: vec![dense.units],
                    parameters: weights + dense.units as u64,
                    fixed_parameters: 0,
                    multiply_adds: weights,
                }
            }
        })
    }

    fn of_conv<const RANK: usize>(conv: &Conv<RANK>, input: &[usize]) -> Result<Self, SettingError> {
        let (channels, _) = split_channels(input)?;
        check_positive("filters", conv.filters)?;
        let axes = conv_axes(conv, input)?;
        let volume: usize = axes.iter().map(|axis| axis.size).product();
        let positions: usize = axes.iter().map(|axis| axis.output).product();
        let weights = (channels * volume * conv.filters) as u64;
        Ok(Self {
            output: std::iter::once(conv.filters).chain(axes.iter().map(|axis| axis.output)).collect(),
            parameters: weights + conv.filters as u64,
            fixed_parameters: 0,
            multiply_adds: weights * positions as u64,
        })
    }
}

/// The kernel's windows over one input sample.
pub(crate) fn conv_axes<const RANK: usize>(
    conv: &Conv<RANK>,
    input: &[usize],
) -> Result<Vec<AxisWindow>, SettingError> {
    match split_channels(input) {
        Ok((_, spatial)) if spatial.len() == RANK => {
            Window { size: conv.kernel.clone(), stride: conv.stride.clone(), padding: conv.padding.clone() }
                .resolve("kernel", spatial)
        }
        _ => Err(SettingError::InputShape {
            expected: ["[channels, length]", "[channels, height, width]", "[channels, depth, height, width]"]
                [RANK - 1],
            found: input.to_vec(),
            cure: "",
        }),
    }
}

/// The windows of a pooling layer that has a fixed size.
pub(crate) fn pooling_axes(pool: &Pool, input: &[usize]) -> Option<Vec<AxisWindow>> {
    match pool {
        Pool::Reduce { geometry: Geometry::Window(window), .. } => pool_axes(window, &input[1..]).ok(),
        Pool::Reduce { .. } | Pool::None => None,
    }
}

fn check_positive(field: &'static str, value: usize) -> Result<(), SettingError> {
    if value == 0 { Err(SettingError::Zero { field, value: value.to_string() }) } else { Ok(()) }
}

fn check_fraction(field: &'static str, value: f64) -> Result<(), SettingError> {
    if (0.0..1.0).contains(&value) {
        Ok(())
    } else {
        Err(SettingError::Range { field, value, interval: "[0, 1)" })
    }
}

/// Gives layers Keras's names: the second dense layer is `dense_1`.
#[derive(Default)]
struct LayerNames {
    used: HashMap<String, usize>,
}

impl LayerNames {
    fn next(&mut self, layer: &Layer, spatial_rank: usize) -> String {
        let base = match layer {
            Layer::Conv1d(_) => "conv1d".to_owned(),
            Layer::Conv2d(_) => "conv2d".to_owned(),
            Layer::Conv3d(_) => "conv3d".to_owned(),
            Layer::Pool(pool) => pool_name(pool, spatial_rank),
            Layer::Activation(_) => "activation".to_owned(),
            Layer::Dropout(_) => "dropout".to_owned(),
            Layer::BatchNorm(_) => "batch_normalization".to_owned(),
            Layer::Flatten => "flatten".to_owned(),
            Layer::Dense(_) => "dense".to_owned(),
        };
        let count = self.used.entry(base.clone()).or_insert(0);
        let name = if *count == 0 { base.clone() } else { format!("{base}_{count}") };
        *count += 1;
        name
    }
}

fn pool_name(pool: &Pool, spatial_rank: usize) -> String {
    let Pool::Reduce { reducer, geometry } = pool else { return "none".to_owned() };
    let prefix = match geometry {
        Geometry::Window(_) => "",
        Geometry::Adaptive(_) => "adaptive_",
        Geometry::Global { .. } => "global_",
    };
    format!("{prefix}{}_pooling{spatial_rank}d", reducer.keras_word())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Activation, BatchNorm, Conv1d, Conv2d, Conv3d, Dense, Dropout, Flatten, Reducer};

    fn reference(pool: Pool) -> Sequential {
        Sequential::new([1, 28, 28])
            .add(Conv2d::new(32, 5).relu())
            .add(pool)
            .add(Dropout::new(0.2))
            .add(Flatten)
            .add(Dense::new(128).relu())
            .add(Dense::new(10))
    }

    #[test]
    fn the_reference_network_has_the_studys_parameters() {
        for (pool, parameters) in [(Pool::max(2), 592_074), (Pool::avg(2), 592_074), (Pool::None, 2_361_546)]
        {
            assert_eq!(reference(pool.clone()).infer().unwrap().parameters(), parameters, "{pool}");
        }
    }

    #[test]
    fn layers_carry_keras_names_and_no_pooling_leaves_no_layer() {
        let names = |pool| -> Vec<String> {
            reference(pool).infer().unwrap().layers.into_iter().map(|layer| layer.name).collect()
        };
        assert_eq!(
            names(Pool::max(2)),
            ["conv2d", "max_pooling2d", "dropout", "flatten", "dense", "dense_1"]
        );
        assert_eq!(names(Pool::None), ["conv2d", "dropout", "flatten", "dense", "dense_1"]);
    }

    #[test]
    fn one_and_three_spatial_axes_work_alike() {
        let sound = Sequential::new([2, 100]).add(Conv1d::new(4, 3).stride(2)).add(Pool::avg(7));
        assert_eq!(sound.infer().unwrap().output(), Some(&[4, 7][..]));
        let scan = Sequential::new([1, 8, 9, 10])
            .add(Conv3d::new(2, [1, 2, 3]).activation(Activation::Elu))
            .add(BatchNorm::default())
            .add(Pool::global(Reducer::Max))
            .add(Dense::new(3));
        let inferred = scan.infer().unwrap();
        assert_eq!(inferred.output(), Some(&[3][..]));
        assert_eq!((inferred.parameters(), inferred.fixed_parameters()), (14 + 4 + 9, 4));
    }

    #[test]
    fn the_first_layer_that_cannot_work_is_named() {
        for (model, expected) in [
            (
                reference(Pool::max(25)),
                "layer max_pooling2d: size = 25: the window is larger than its input (24 along spatial axis 0, \
                 padding included); make it smaller or use padding = \"same\"",
            ),
            (
                Sequential::new([1, 4, 4]).add(Dense::new(10)),
                "layer dense: needs an input of shape [features], found [1, 4, 4]; put flatten (or global \
                 pooling) before it",
            ),
            (
                Sequential::new([1, 4, 4]).add(Flatten).add(Pool::max(2)),
                "layer max_pooling0d: needs an input of shape [channels, spatial...] with 1 to 3 spatial axes, \
                 none of them empty, found [16]; put it before flatten",
            ),
            (
                Sequential::new([1, 4]).add(Conv2d::new(1, 1)),
                "layer conv2d: needs an input of shape [channels, height, width], found [1, 4]",
            ),
            (
                Sequential::new([1, 4, 4]).add(Dropout::new(1.0)),
                "layer dropout: dropout = 1: must lie in [0, 1)",
            ),
            (
                Sequential::new([1, 4, 4]).add(Conv2d::new(0, 1)),
                "layer conv2d: filters = 0: every entry must be at least 1",
            ),
            (
                Sequential::new([0, 4, 4]),
                "input shape [0, 4, 4]: give channels and 1 to 3 spatial sizes, all at least 1",
            ),
        ] {
            assert_eq!(model.infer().unwrap_err().to_string(), expected);
        }
    }
}
