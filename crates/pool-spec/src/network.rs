//! A network as a list of layers, and the shapes that follow from it.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::layers::LayerShape;
use crate::pool::split_channels;
use crate::sizes::{count, elements};
use crate::steps::{self, Step};
use crate::{Layer, LayerCost, Pool, SettingError, summary};

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

/// What is wrong with a network, found by inferring its shapes.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum NetworkError {
    /// A setting of a layer.
    #[error("layer {layer}: {cause}")]
    Layer {
        /// The layer's name.
        layer: String,
        /// Its place in the network's list of layers, from 0.
        index: usize,
        /// What is wrong.
        cause: SettingError,
    },
    /// A setting outside any layer.
    #[error(transparent)]
    Setting(#[from] SettingError),
}

/// A network whose settings all fit, with every shape that follows from them.
#[derive(Debug, Clone, PartialEq)]
pub struct Inferred {
    /// Shape of one sample, `[channels, spatial...]`.
    pub input: Vec<usize>,
    /// One entry per layer that exists; [`Pool::None`] leaves none.
    pub layers: Vec<InferredLayer>,
    /// Seed of the initial weights.
    pub seed: u64,
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
    /// Multiply-adds of one sample, forward. A power or exponential of pooling counts as one; its comparisons and plain
    /// sums as none.
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
    pub fn infer(&self) -> Result<Inferred, NetworkError> {
        count("input elements", &self.input)?;
        split_channels(&self.input).map_err(|_| SettingError::ModelInput { shape: self.input.clone() })?;
        let mut shape = self.input.clone();
        let mut names = LayerNames::default();
        let mut layers = Vec::new();
        let exists = |(_, layer): &(usize, &Layer)| !matches!(layer, Layer::Pool(Pool::None));
        for (index, layer) in self.layers.iter().enumerate().filter(exists) {
            let description = layer.describe();
            let name = names.next(description.base_name(shape.len().saturating_sub(1)));
            let inferred = LayerShape::infer(description, &shape).map_err(|cause| NetworkError::Layer {
                layer: name.clone(),
                index,
                cause,
            })?;
            let input = std::mem::replace(&mut shape, inferred.output);
            layers.push(InferredLayer {
                name,
                layer: layer.clone(),
                input,
                output: shape.clone(),
                parameters: inferred.parameters,
                fixed_parameters: inferred.fixed_parameters,
                multiply_adds: inferred.multiply_adds,
            });
        }
        Ok(Inferred { input: self.input.clone(), layers, seed: self.seed })
    }

    /// The table that Keras prints: layer, output shape, parameters.
    ///
    /// # Errors
    /// As [`Sequential::infer`].
    pub fn summary(&self) -> Result<String, NetworkError> {
        Ok(summary::render(&self.infer()?))
    }
}

/// Gives layers Keras's names: the second dense layer is `dense_1`.
#[derive(Default)]
struct LayerNames {
    used: HashMap<String, usize>,
}

impl LayerNames {
    fn next(&mut self, base: String) -> String {
        let count = self.used.entry(base.clone()).or_insert(0);
        let name = if *count == 0 { base } else { format!("{base}_{count}") };
        *count += 1;
        name
    }
}

impl Inferred {
    /// Elements of one input sample.
    pub fn input_elements(&self) -> u64 {
        elements(&self.input)
    }

    /// Trainable parameters of the whole network.
    pub fn parameters(&self) -> u64 {
        self.layers.iter().map(|layer| layer.parameters).sum()
    }

    /// Parameters that no gradient changes.
    pub fn fixed_parameters(&self) -> u64 {
        self.layers.iter().map(|layer| layer.fixed_parameters).sum()
    }

    /// Shape of one output sample; `None` for a network without layers.
    pub fn output(&self) -> Option<&[usize]> {
        self.layers.last().map(|layer| layer.output.as_slice())
    }

    /// Shape of one sample on the way in and after every layer.
    pub fn shapes(&self) -> Vec<Vec<usize>> {
        std::iter::once(self.input.clone())
            .chain(self.layers.iter().map(|layer| layer.output.clone()))
            .collect()
    }

    /// How the network is computed with [`Kernels::Fast`](crate::Kernels::Fast): which layers become one step.
    pub fn steps(&self) -> Vec<Step> {
        steps::fuse(&self.layers)
    }

    /// What each layer costs, as [`Inferred::steps`] compute them: the rows of the memory model.
    pub fn costs(&self) -> Vec<LayerCost> {
        steps::costs(&self.layers, &self.steps())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference_network::reference;
    use crate::{
        Activation, BatchNorm, Conv1d, Conv2d, Conv3d, Dense, Dropout, Flatten, Reducer, SpaceToDepth,
    };

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
    fn groups_and_missing_biases_make_fewer_parameters() {
        let parameters = |model: Sequential| model.infer().unwrap().parameters();
        let conv = || Sequential::new([64, 7, 7]);
        assert_eq!(parameters(conv().add(Conv2d::new(64, 3).groups(64))), 64 * 9 + 64);
        assert_eq!(parameters(conv().add(Conv2d::new(32, 3).groups(2).without_bias())), 32 * 32 * 9);
        assert_eq!(parameters(conv().add(Flatten).add(Dense::new(2).without_bias())), 64 * 49 * 2);
        assert_eq!(parameters(conv().add(BatchNorm { scale: false, ..BatchNorm::default() })), 64);
    }

    #[test]
    fn space_to_depth_loses_nothing() {
        let deeper = Sequential::new([3, 6, 4]).add(SpaceToDepth::new(2));
        assert_eq!(deeper.infer().unwrap().output(), Some(&[12, 3, 2][..]));
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
                Sequential::new([6, 4, 4]).add(Conv2d::new(8, 1).groups(4)),
                "layer conv2d: groups = 4: must divide the 6 input channels and the 8 filters; choose another number",
            ),
            (
                Sequential::new([6, 4, 5]).add(SpaceToDepth::new(2)),
                "layer space_to_depth: space_to_depth = 2: must divide every spatial size, but 5 along spatial axis 1 \
                 is no multiple; choose another block or another input size",
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
                Sequential::new([1, 4, 4]).add(Flatten).add(Dense::new(usize::MAX)),
                "layer dense: weights come to 295147905179352825840, and at most 2^32 are supported; choose smaller \
                 sizes",
            ),
            (
                Sequential::new([1, 1 << 20, 1 << 20]),
                "input elements come to 1099511627776, and at most 2^32 are supported; choose smaller sizes",
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
