//! What each layer costs, for the memory model.
//!
//! The part worth explaining is which tensors backward keeps. An operator may keep its input, its output, or extras
//! of its own (indices, masks). A tensor that two operators keep is one tensor, so it is counted where it is made, and
//! flatten is a view that makes none. The input batch is no layer's output; the memory model counts it by itself.

use pool_metrics::{KeptTensor, LastReader, LayerCost};

use crate::pool::{F32_BYTES, PoolCost, kept_tensor};
use crate::sequential::InferredLayer;
use crate::sizes::elements;
use crate::{Activation, Layer};

/// One row per layer, in order.
pub(crate) fn rows(layers: &[InferredLayer]) -> Vec<LayerCost> {
    let needs: Vec<Needs> = layers.iter().map(Needs::of).collect();
    layers
        .iter()
        .enumerate()
        .map(|(index, layer)| {
            let mut kept = needs[index].extras.clone();
            let output = elements(&layer.output);
            let makes_output = !matches!(layer.layer, Layer::Flatten);
            if makes_output && (needs[index].output || reader_keeps_input(layers, &needs, index)) {
                let last_reader = if needs[index].output { LastReader::Maker } else { LastReader::NextLayer };
                kept.push(KeptTensor { last_reader, ..kept_tensor("output", F32_BYTES, output) });
            }
            LayerCost {
                name: layer.name.clone(),
                input_elements: elements(&layer.input),
                output_elements: output,
                output_tensors: output_tensors(&layer.layer),
                parameters: layer.parameters,
                fixed_parameters: layer.fixed_parameters,
                multiply_adds: layer.multiply_adds,
                kept,
            }
        })
        .collect()
}

/// Tensors of the output's size that the forward pass makes: an activation makes another one.
fn output_tensors(layer: &Layer) -> u64 {
    let activation = match layer {
        Layer::Flatten => return 0,
        Layer::Pool(pool) => return pool.output_tensors(),
        Layer::Conv1d(conv) => conv.activation,
        Layer::Conv2d(conv) => conv.activation,
        Layer::Conv3d(conv) => conv.activation,
        Layer::Dense(dense) => dense.activation,
        Layer::Activation(_) | Layer::Dropout(_) | Layer::BatchNorm(_) => None,
    };
    1 + u64::from(activation.is_some())
}

/// Whether the operator that reads the output of layer `index` keeps it. The loss reads the last one, and keeps
/// log-probabilities of the same size.
fn reader_keeps_input(layers: &[InferredLayer], needs: &[Needs], index: usize) -> bool {
    let reader = (index + 1..layers.len()).find(|&next| !matches!(layers[next].layer, Layer::Flatten));
    reader.is_none_or(|next| needs[next].input)
}

/// What an operator's backward pass reads, as libtorch implements it.
struct Needs {
    input: bool,
    output: bool,
    extras: Vec<KeptTensor>,
}

impl Needs {
    fn of(layer: &InferredLayer) -> Self {
        let output = elements(&layer.output);
        match &layer.layer {
            Layer::Conv1d(conv) => Self::of_linear(conv.activation, output),
            Layer::Conv2d(conv) => Self::of_linear(conv.activation, output),
            Layer::Conv3d(conv) => Self::of_linear(conv.activation, output),
            Layer::Dense(dense) => Self::of_linear(dense.activation, output),
            Layer::Pool(pool) => {
                let cost = PoolCost::of(pool, &layer.input, &layer.output);
                Self { input: cost.keeps_input, output: cost.keeps_output, extras: cost.kept }
            }
            Layer::Activation(activation) => {
                let from_output = derivative_from_output(*activation);
                Self { input: !from_output, output: from_output, extras: Vec::new() }
            }
            // The mask is stored as numbers of the input's type, scaled already.
            Layer::Dropout(dropout) if dropout.rate > 0.0 => {
                Self { input: false, output: false, extras: vec![kept_tensor("mask", F32_BYTES, output)] }
            }
            Layer::Dropout(_) | Layer::Flatten => Self { input: false, output: false, extras: Vec::new() },
            Layer::BatchNorm(_) => Self { input: true, output: false, extras: Vec::new() },
        }
    }

    /// Convolution and dense layers read their input; a fused activation reads its result or what it was applied to.
    fn of_linear(activation: Option<Activation>, output: u64) -> Self {
        match activation {
            None => Self { input: true, output: false, extras: Vec::new() },
            Some(activation) if derivative_from_output(activation) => {
                Self { input: true, output: true, extras: Vec::new() }
            }
            Some(_) => Self {
                input: true,
                output: false,
                extras: vec![kept_tensor("before activation", F32_BYTES, output)],
            },
        }
    }
}

/// Whether libtorch computes the derivative from the activation's result instead of its argument.
fn derivative_from_output(activation: Activation) -> bool {
    match activation {
        Activation::Relu | Activation::Tanh | Activation::Sigmoid => true,
        Activation::Elu | Activation::Softplus => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference_network::reference;
    use crate::{Dense, Flatten, Padding, Pool, Sequential};
    use pool_metrics::MemoryModel;

    fn kept(model: &Sequential) -> Vec<(String, String, u64)> {
        let rows = model.infer().unwrap().costs();
        rows.into_iter()
            .flat_map(|row| row.kept.into_iter().map(move |t| (row.name.clone(), t.what, t.bytes)))
            .collect()
    }

    fn row(layer: &str, what: &str, bytes: u64) -> (String, String, u64) {
        (layer.to_owned(), what.to_owned(), bytes)
    }

    #[test]
    fn maximum_keeps_indices_and_nothing_is_counted_twice() {
        assert_eq!(
            kept(&reference(Pool::max(2))),
            [
                row("conv2d", "output", 4 * 18_432),
                row("max_pooling2d", "indices", 8 * 4_608),
                row("dropout", "mask", 4 * 4_608),
                row("dropout", "output", 4 * 4_608),
                row("dense", "output", 4 * 128),
                row("dense_1", "output", 4 * 10),
            ]
        );
    }

    #[test]
    fn average_keeps_no_indices() {
        assert!(kept(&reference(Pool::avg(2))).iter().all(|(_, what, _)| what != "indices"));
    }

    #[test]
    fn odd_padding_keeps_a_padded_copy_instead_of_the_input() {
        let pool = Pool::avg(2).stride(1).padding(Padding::Same);
        let model =
            Sequential::new([3, 4, 4]).add(Activation::Softplus).add(pool).add(Flatten).add(Dense::new(1));
        assert_eq!(
            kept(&model),
            [
                row("average_pooling2d", "padded input", 4 * 3 * 25),
                row("average_pooling2d", "output", 4 * 3 * 16),
                row("dense", "output", 4),
            ]
        );
    }

    #[test]
    fn the_memory_models_reproduce_the_published_estimates() {
        for (pool, gib) in [(Pool::max(2), 0.4653), (Pool::avg(2), 0.4653), (Pool::None, 1.8008)] {
            let inferred = reference(pool).infer().unwrap();
            let estimate = MemoryModel::KerasLegacy.estimate(&inferred.costs(), inferred.input_elements, 200);
            assert!((estimate.total_gib() - gib).abs() < 5e-5);
        }
    }
}
