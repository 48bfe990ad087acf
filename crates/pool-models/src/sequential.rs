//! A network as a list of layers, and the shapes that follow from it.

use pool_metrics::LayerCost;
use serde::{Deserialize, Serialize};
use tch::nn;

use crate::layer_facts::LayerFacts;
use crate::layer_names::LayerNames;
use crate::pool::split_channels;
use crate::sizes::count;
use crate::{Layer, ModelError, Net, Pool, SettingError, cost, net, summary};

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
    pub fn infer(&self) -> Result<Inferred, ModelError> {
        let input_elements = count("input elements", &self.input)?;
        split_channels(&self.input).map_err(|_| SettingError::ModelInput { shape: self.input.clone() })?;
        let mut shape = self.input.clone();
        let mut names = LayerNames::default();
        let mut layers = Vec::new();
        let exists = |(_, layer): &(usize, &Layer)| !matches!(layer, Layer::Pool(Pool::None));
        for (index, layer) in self.layers.iter().enumerate().filter(exists) {
            let name = names.next(layer, shape.len().saturating_sub(1));
            let facts = LayerFacts::of(layer, &shape).map_err(|cause| ModelError::Layer {
                layer: name.clone(),
                index,
                cause,
            })?;
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
        Ok(Inferred { layers, input_elements })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference_network::reference;
    use crate::{Activation, BatchNorm, Conv1d, Conv2d, Conv3d, Dense, Dropout, Flatten, Reducer};

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
