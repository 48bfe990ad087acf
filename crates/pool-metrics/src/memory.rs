//! The memory model: how many bytes a network needs, from the costs of its layers.

mod liveness;

use pool_spec::{LastReader, LayerCost, OptimizerSpec};
use serde::{Deserialize, Serialize};

use self::liveness::Readings;

/// Bytes of one `f32`, the only element type that the networks here compute in.
const F32_BYTES: u64 = 4;
const GIB: f64 = (1u64 << 30) as f64;

/// The ways to count a network's memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MemoryModel {
    /// The formula that the published study cites:
    /// `4 * batch * (sum of every layer's output elements + parameters)` bytes.
    ///
    /// It multiplies the parameters by the batch size although they exist once, and so overstates the study's
    /// network 17.7 times. Kept under its own name to reproduce the published figures.
    KerasLegacy,
    /// One training step, at the moment of the backward pass when most is alive: parameters, gradients, what the optimizer
    /// keeps of every parameter (Adam two moments), what backward still has to read, the gradients of activations that exist
    /// at once, and the input batch.
    Training,
    /// One forward pass without gradients, at the layer where most is alive: parameters, its input with all that it
    /// makes, and the input batch.
    Inference,
}

impl MemoryModel {
    /// Every model, in the order of the tables.
    pub const ALL: [Self; 3] = [Self::KerasLegacy, Self::Training, Self::Inference];

    /// Itemised bytes of a network with these `layers`, `input_elements` per sample, at this `batch_size`. The `optimizer`
    /// counts in training alone.
    pub fn estimate(
        self,
        layers: &[LayerCost],
        input_elements: u64,
        batch_size: u64,
        optimizer: OptimizerSpec,
    ) -> MemoryEstimate {
        let items = match self {
            Self::KerasLegacy => keras_legacy(layers, batch_size),
            Self::Training => training(layers, input_elements, batch_size, optimizer),
            Self::Inference => inference(layers, input_elements, batch_size),
        };
        let items =
            items.into_iter().map(|(what, bytes)| MemoryItem { what: what.to_owned(), bytes }).collect();
        MemoryEstimate { model: self, batch_size, items }
    }
}

impl std::fmt::Display for MemoryModel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::KerasLegacy => "keras_legacy",
            Self::Training => "training",
            Self::Inference => "inference",
        })
    }
}

/// An estimate, item by item.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemoryEstimate {
    /// How it was counted.
    pub model: MemoryModel,
    /// Samples in the batch.
    pub batch_size: u64,
    /// The parts; their sum is the estimate.
    pub items: Vec<MemoryItem>,
}

/// One part of a [`MemoryEstimate`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemoryItem {
    /// What occupies the memory.
    pub what: String,
    /// Bytes for the whole batch.
    pub bytes: u64,
}

impl MemoryEstimate {
    /// The sum of all items, in bytes.
    pub fn total_bytes(&self) -> u64 {
        saturating_sum(self.items.iter().map(|item| item.bytes))
    }

    /// The sum of all items, in GiB (2^30 bytes), the unit that the study calls GB.
    pub fn total_gib(&self) -> f64 {
        self.total_bytes() as f64 / GIB
    }
}

type Items = Vec<(&'static str, u64)>;

/// Bytes of this many `f32`. Sizes may come from a file that nobody checked, so nothing here overflows.
fn f32_bytes(batch_size: u64, elements: u64) -> u64 {
    F32_BYTES.saturating_mul(batch_size).saturating_mul(elements)
}

fn saturating_sum(values: impl Iterator<Item = u64>) -> u64 {
    values.fold(0, u64::saturating_add)
}

fn all_parameters(layers: &[LayerCost]) -> u64 {
    saturating_sum(layers.iter().flat_map(|layer| [layer.parameters, layer.fixed_parameters]))
}

fn trainable_parameters(layers: &[LayerCost]) -> u64 {
    saturating_sum(layers.iter().map(|layer| layer.parameters))
}

fn keras_legacy(layers: &[LayerCost], batch_size: u64) -> Items {
    let outputs = saturating_sum(layers.iter().map(|layer| layer.output_elements));
    vec![
        ("layer outputs", f32_bytes(batch_size, outputs)),
        ("parameters times batch size", f32_bytes(batch_size, all_parameters(layers))),
    ]
}

fn training(layers: &[LayerCost], input_elements: u64, batch_size: u64, optimizer: OptimizerSpec) -> Items {
    let trainable = trainable_parameters(layers);
    let state_tensors = optimizer.state_tensors().len() as u64;
    let gradients = Readings::of(layers).gradients_in_backward().into_iter().enumerate();
    let phases =
        gradients.map(|(index, elements)| MemoryPhase::of_backward(layers, index, elements, batch_size));
    let peak = phases.max_by_key(MemoryPhase::bytes).unwrap_or_default();
    vec![
        ("parameters", f32_bytes(1, all_parameters(layers))),
        ("gradients", peak.parameter_gradients),
        ("optimizer state", f32_bytes(state_tensors, trainable)),
        ("kept for backward", peak.kept),
        ("activation gradients", peak.activation_gradients),
        ("input batch", f32_bytes(batch_size, input_elements)),
    ]
}

fn inference(layers: &[LayerCost], input_elements: u64, batch_size: u64) -> Items {
    let earlier = Readings::of(layers).alive_in_forward();
    let alive = layers.iter().zip(earlier).map(|(layer, earlier)| {
        earlier.saturating_add(layer.output_elements.saturating_mul(layer.output_tensors))
    });
    vec![
        ("parameters", f32_bytes(1, all_parameters(layers))),
        ("activations", f32_bytes(batch_size, alive.max().unwrap_or(0))),
        ("input batch", f32_bytes(batch_size, input_elements)),
    ]
}

/// What is alive while one layer's backward pass runs, in bytes, besides what is always there.
#[derive(Default)]
struct MemoryPhase {
    kept: u64,
    activation_gradients: u64,
    parameter_gradients: u64,
}

impl MemoryPhase {
    /// While the backward pass of the layer at this index runs, with this many elements of activations' gradients.
    fn of_backward(layers: &[LayerCost], index: usize, gradients: u64, batch_size: u64) -> Self {
        // The backward pass goes from the last layer to the first, and frees what it has read on the way.
        let is_alive = |maker: usize, last_reader: LastReader| match last_reader {
            LastReader::Maker => maker <= index,
            LastReader::NextLayer => maker < index,
            LastReader::Layer(number) => number <= index + 1,
        };
        let kept = layers.iter().enumerate().flat_map(|(maker, layer)| {
            layer.kept.iter().filter(move |kept| is_alive(maker, kept.last_reader))
        });
        let kept = saturating_sum(kept.map(|kept| kept.bytes));
        Self {
            kept: batch_size.saturating_mul(kept),
            activation_gradients: f32_bytes(batch_size, gradients),
            // Of this layer and those after it: they are kept until all are there.
            parameter_gradients: f32_bytes(1, trainable_parameters(&layers[index..])),
        }
    }

    fn bytes(&self) -> u64 {
        saturating_sum([self.kept, self.activation_gradients, self.parameter_gradients].into_iter())
    }
}

#[cfg(test)]
mod tests {
    use pool_spec::{KeptTensor, SgdSettings};

    use super::*;

    /// The study's network, layer by layer: (name, input, output, tensors of its size, parameters).
    fn reference(pooled: bool) -> Vec<LayerCost> {
        let features = if pooled { 4_608 } else { 18_432 };
        let mut rows = vec![("conv2d", 784, 18_432, 2, 832)];
        if pooled {
            rows.push(("pool", 18_432, features, 1, 0));
        }
        rows.extend([
            ("dropout", features, features, 1, 0),
            ("flatten", features, features, 0, 0),
            ("dense", features, 128, 2, features * 128 + 128),
            ("dense_1", 128, 10, 1, 1_290),
        ]);
        rows.into_iter()
            .map(|(name, input_elements, output_elements, output_tensors, parameters)| LayerCost {
                name: name.into(),
                input_elements,
                output_elements,
                output_tensors,
                parameters,
                ..LayerCost::default()
            })
            .collect()
    }

    fn keeping(layers: &mut [LayerCost], index: usize, elements: u64, last_reader: LastReader) {
        layers[index].kept.push(KeptTensor { what: "kept".into(), bytes: 4 * elements, last_reader });
    }

    #[test]
    fn keras_legacy_reproduces_the_published_gigabytes() {
        for (pooled, gib, published) in [(true, 0.4653, "0.46"), (false, 1.8008, "1.80")] {
            let estimate =
                MemoryModel::KerasLegacy.estimate(&reference(pooled), 784, 200, OptimizerSpec::default());
            assert!((estimate.total_gib() - gib).abs() < 5e-5, "{}", estimate.total_gib());
            let cut = (estimate.total_gib() * 100.0).floor() / 100.0;
            assert_eq!(format!("{cut:.2}"), published, "the study cuts to two decimals");
        }
    }

    #[test]
    fn keras_legacy_overstates_the_pooled_network_by_the_batch_size_times_the_parameters() {
        let layers = reference(true);
        let legacy = MemoryModel::KerasLegacy.estimate(&layers, 784, 200, OptimizerSpec::default());
        let parameters_once = 4 * 592_074;
        let counted_once = legacy.items[0].bytes + parameters_once;
        assert!((legacy.total_bytes() as f64 / counted_once as f64 - 17.7).abs() < 0.1);
    }

    fn bytes(model: MemoryModel, layers: &[LayerCost], batch_size: u64) -> Vec<u64> {
        model
            .estimate(layers, 784, batch_size, OptimizerSpec::default())
            .items
            .iter()
            .map(|item| item.bytes)
            .collect()
    }

    #[test]
    fn training_with_pooling_peaks_at_the_activation_after_the_convolution() {
        let mut layers = reference(true);
        keeping(&mut layers, 0, 18_432, LastReader::Maker);
        keeping(&mut layers, 2, 4_608, LastReader::Maker);
        let parameters = 4 * 592_074;
        // Of what is kept, only the convolution's output is still there; its gradient exists on both sides of the
        // activation.
        let whatever_the_batch = [parameters, parameters, 2 * parameters];
        let per_image = [4 * 18_432, 8 * 18_432, 4 * 784];
        for batch_size in [100, 200, 1_000] {
            let expected = [whatever_the_batch, per_image.map(|bytes| batch_size * bytes)].concat();
            assert_eq!(bytes(MemoryModel::Training, &layers, batch_size), expected, "{batch_size}");
        }
        let of_one = bytes(MemoryModel::Training, &layers, 1);
        assert_eq!(of_one[1], parameters, "one image's peak is where all gradients are there, too");
    }

    #[test]
    fn an_optimizer_takes_as_much_as_it_keeps_of_every_parameter() {
        let momentum = SgdSettings { momentum: 0.9, nesterov: true };
        for (optimizer, tensors) in [
            (OptimizerSpec::default(), 2),
            (OptimizerSpec::Sgd(momentum), 1),
            (OptimizerSpec::SgdW(SgdSettings::default()), 0),
        ] {
            for model in MemoryModel::ALL {
                let of = |optimizer| model.estimate(&reference(true), 784, 200, optimizer).total_bytes();
                let plain = of(OptimizerSpec::Sgd(SgdSettings::default()));
                let expected = if model == MemoryModel::Training { tensors * 4 * 592_074 } else { 0 };
                assert_eq!(of(optimizer) - plain, expected, "{optimizer}, {model}");
            }
        }
    }

    #[test]
    fn training_without_pooling_peaks_at_the_large_dense_layer() {
        let mut layers = reference(false);
        keeping(&mut layers, 0, 18_432, LastReader::Maker);
        keeping(&mut layers, 1, 18_432, LastReader::Maker);
        keeping(&mut layers, 1, 18_432, LastReader::NextLayer);
        let (parameters, dense) = (4 * 2_361_546, 4 * (18_432 * 128 + 128));
        assert_eq!(
            bytes(MemoryModel::Training, &layers, 1),
            [parameters, dense + 4 * 1_290, 2 * parameters, 3 * 4 * 18_432, 4 * (18_432 + 128), 4 * 784]
        );
    }

    #[test]
    fn inference_needs_no_gradients_and_no_optimizer_but_both_sides_of_an_activation() {
        let estimate = MemoryModel::Inference.estimate(&reference(false), 784, 200, OptimizerSpec::default());
        assert_eq!(estimate.total_bytes(), 4 * 2_361_546 + 4 * 200 * 2 * 18_432 + 4 * 200 * 784);
        assert_eq!(
            bytes(MemoryModel::Inference, &reference(true), 1),
            [4 * 592_074, 4 * 2 * 18_432, 4 * 784],
            "more than the pooling's input and output"
        );
    }

    #[test]
    fn a_network_without_layers_needs_its_input_only() {
        let estimate = MemoryModel::Training.estimate(&[], 784, 2, OptimizerSpec::default());
        assert_eq!(estimate.total_bytes(), 4 * 2 * 784);
    }
}
