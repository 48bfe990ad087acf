//! A network as a tree of layers, and the shapes that follow from it.

use std::collections::HashMap;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::layers::LayerShape;
use crate::pool::split_channels;
use crate::sizes::{count, elements};
use crate::steps::{self, Step};
use crate::{BranchInput, ConvBlock, Layer, LayerCost, Parallel, Pool, SettingError, summary};

/// A network whose layers follow one another, as data. A layer may be [`Parallel`], with lists of layers in it.
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
        /// Its number in the order in which they compute, from 0: branch after branch, and after them what joins them.
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
    /// One entry per layer that exists, in the order in which they compute; [`Pool::None`] leaves none, and
    /// [`Parallel`] those of its branches, one after another, and then itself, as what joins them.
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
    /// What it reads: one entry, or one per branch that it joins.
    pub inputs: Vec<LayerInput>,
    /// Shape of one sample on the way in; joined, where there are several.
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

/// What a layer reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerInput {
    /// Index of the layer whose output it is; `None` for the network's input.
    pub layer: Option<usize>,
    /// Which of its channels; `None` for all.
    pub channels: Option<Range<usize>>,
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
        let mut inference = Inference::default();
        let input = Value { from: LayerInput { layer: None, channels: None }, shape: self.input.clone() };
        inference.sequence(&self.layers, input)?;
        Ok(Inferred { input: self.input.clone(), layers: inference.layers, seed: self.seed })
    }

    /// The table that Keras prints: layer, output shape, parameters.
    ///
    /// # Errors
    /// As [`Sequential::infer`].
    pub fn summary(&self) -> Result<String, NetworkError> {
        Ok(summary::render(&self.infer()?))
    }
}

/// The layers inferred so far.
#[derive(Default)]
struct Inference {
    names: LayerNames,
    layers: Vec<InferredLayer>,
    /// How many layers came before, those that leave no entry included.
    passed: usize,
}

/// What a layer gives to the next.
#[derive(Clone)]
struct Value {
    from: LayerInput,
    shape: Vec<usize>,
}

impl Inference {
    fn sequence(&mut self, layers: &[Layer], input: Value) -> Result<Value, NetworkError> {
        layers.iter().try_fold(input, |value, layer| self.layer(layer, value))
    }

    fn layer(&mut self, layer: &Layer, value: Value) -> Result<Value, NetworkError> {
        let value = match layer {
            Layer::Pool(Pool::None) => value,
            Layer::Parallel(parallel) => self.parallel(parallel, layer, &value)?,
            layer => self.push(layer, vec![value.from], value.shape)?,
        };
        self.passed += 1;
        Ok(value)
    }

    fn parallel(&mut self, parallel: &Parallel, layer: &Layer, value: &Value) -> Result<Value, NetworkError> {
        let refuse = |cause, index| NetworkError::Layer { layer: "parallel".to_owned(), index, cause };
        let shape = parallel.shape_for_branches(&value.shape).map_err(|cause| refuse(cause, self.passed))?;
        let (mut inputs, mut outputs) = (Vec::new(), Vec::new());
        for (index, branch) in parallel.branches.iter().enumerate() {
            let from = match parallel.input {
                BranchInput::Whole => value.from.clone(),
                BranchInput::Shares => value.from.share(index, shape[0]),
            };
            let output = self.sequence(branch, Value { from, shape: shape.clone() })?;
            inputs.push(output.from);
            outputs.push(output.shape);
        }
        let joined = parallel.joined(&outputs).map_err(|cause| refuse(cause, self.passed))?;
        self.push(layer, inputs, joined)
    }

    /// Adds the entry of a layer that reads these.
    fn push(
        &mut self,
        layer: &Layer,
        inputs: Vec<LayerInput>,
        input: Vec<usize>,
    ) -> Result<Value, NetworkError> {
        let description = layer.describe();
        let name = self.names.next(description.base_name(input.len().saturating_sub(1)));
        let LayerShape { output, parameters, fixed_parameters, multiply_adds } =
            LayerShape::infer(description, &input).map_err(|cause| NetworkError::Layer {
                layer: name.clone(),
                index: self.passed,
                cause,
            })?;
        let from = LayerInput { layer: Some(self.layers.len()), channels: None };
        let value = Value { from, shape: output.clone() };
        self.layers.push(InferredLayer {
            name,
            layer: layer.clone(),
            inputs,
            input,
            output,
            parameters,
            fixed_parameters,
            multiply_adds,
        });
        Ok(value)
    }
}

impl LayerInput {
    /// One of its shares of so many channels.
    fn share(&self, index: usize, channels: usize) -> Self {
        let first = self.channels.as_ref().map_or(0, |own| own.start) + index * channels;
        Self { channels: Some(first..first + channels), ..self.clone() }
    }
}

impl InferredLayer {
    /// Whether it reads the output of the layer before it, at this index, and nothing else; the first layer, the
    /// network's input.
    pub(crate) fn reads_the_one_before(&self, index: usize) -> bool {
        self.inputs == [LayerInput { layer: index.checked_sub(1), channels: None }]
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
        steps::fuse(&self.layers, ConvBlock::is_fastest_by_kernel)
    }

    /// The steps if every block that a kernel can compute were computed by it, even if libtorch is faster.
    pub fn steps_by_kernels(&self) -> Vec<Step> {
        steps::fuse(&self.layers, |_| true)
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
        Activation, BatchNorm, Conv1d, Conv2d, Conv3d, Dense, Dropout, Flatten, Join, Reducer, SpaceToDepth,
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
    fn branches_are_named_in_the_order_in_which_they_compute() {
        let conv = |filters| Layer::from(Conv2d::new(filters, 1));
        let inner = Parallel {
            input: BranchInput::Shares,
            ..Parallel::new([vec![conv(3)], Vec::new()], Join::Concat)
        };
        let model = Sequential::new([4, 5, 5])
            .add(Parallel::residual([conv(2), inner.into()], [conv(4), conv(4)]))
            .add(Pool::global(Reducer::Avg));
        let inferred = model.infer().unwrap();
        let rows: Vec<(&str, Vec<Option<usize>>)> = inferred
            .layers
            .iter()
            .map(|layer| (&*layer.name, layer.inputs.iter().map(|input| input.layer).collect()))
            .collect();
        assert_eq!(
            rows,
            [
                ("conv2d", vec![None]),
                ("conv2d_1", vec![Some(0)]),
                ("concatenate", vec![Some(1), Some(0)]),
                ("conv2d_2", vec![None]),
                ("conv2d_3", vec![Some(3)]),
                ("add", vec![Some(2), Some(4)]),
                ("global_average_pooling2d", vec![Some(5)]),
            ]
        );
        assert_eq!(inferred.layers[1].inputs[0].channels, Some(0..1), "the first share");
        assert_eq!(inferred.layers[2].inputs[1].channels, Some(1..2), "a branch without layers");
        assert_eq!(inferred.layers[2].output, [4, 5, 5]);
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
                Sequential::new([4, 4, 4]).add(Parallel::residual([Conv2d::new(8, 1).into()], [])),
                "layer parallel: join = \"add\": the branches give different shapes, [8, 4, 4] and [4, 4, 4]; \
                 change strides or filters",
            ),
            (
                Sequential::new([4, 4, 4])
                    .add(Parallel::new([vec![Pool::max(2).into()], Vec::new()], Join::Concat)),
                "layer parallel: join = \"concat\": the branches give shapes that differ in more than their \
                 channels, [4, 2, 2] and [4, 4, 4]; change strides or filters",
            ),
            (
                Sequential::new([4, 4, 4]).add(Parallel::new([Vec::new()], Join::Add)),
                "layer parallel: branches = 1 of them: give two branches or more, such as \
                 [[{ conv2d = { filters = 8, kernel = 1 } }], []]",
            ),
            (
                Sequential::new([3, 4, 4]).add(Parallel {
                    input: BranchInput::Shares,
                    ..Parallel::new([Vec::new(), Vec::new()], Join::Concat)
                }),
                "layer parallel: input = \"shares\": 3 channels are no multiple of the 2 branches",
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
