//! What each layer costs, for the memory model.
//!
//! The part worth explaining is which tensors backward keeps. An operator may keep its input, its output, or extras
//! of its own (indices, masks). A tensor that two operators keep is one tensor, so it is counted where it is made, and
//! flatten is a view that makes none. The input batch is no layer's output; the memory model counts it by itself.

use pool_metrics::{KeptTensor, LastReader, LayerCost};

use crate::first_block::FirstBlock;
use crate::pool::{F32_BYTES, PoolCost, kept_tensor};
use crate::sequential::InferredLayer;
use crate::sizes::elements;
use crate::{Activation, Layer};

/// Bytes of a route, per output of a first block.
const ROUTE_BYTES: u64 = 1;

/// One row per layer, in order, as [`Kernels::Fast`](crate::Kernels::Fast) computes them.
pub(crate) fn rows(layers: &[InferredLayer]) -> Vec<LayerCost> {
    let needs: Vec<Needs> = layers.iter().map(Needs::of).collect();
    let block = FirstBlock::of(layers);
    layers
        .iter()
        .enumerate()
        .map(|(index, layer)| {
            let output = elements(&layer.output);
            let (own, output_tensors) = match &block {
                // Layers that are computed together make the last one's output, and nothing between.
                Some(block) if index + 1 < block.layers() => (Needs::default(), 0),
                Some(block) if index + 1 == block.layers() => (Needs::of_block(block, output), 1),
                _ => (needs[index].clone(), output_tensors(&layer.layer)),
            };
            let mut kept = own.extras;
            let stays = own.output || reader_keeps_input(layers, &needs, index);
            if output_tensors > 0 && stays {
                let last_reader = if own.output { LastReader::Maker } else { LastReader::NextLayer };
                kept.push(KeptTensor { last_reader, ..kept_tensor("output", F32_BYTES, output) });
            }
            LayerCost {
                name: layer.name.clone(),
                input_elements: elements(&layer.input),
                output_elements: output,
                output_tensors,
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

/// What an operator's backward pass reads.
#[derive(Clone, Default)]
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
            Layer::Dropout(_) => Self { extras: vec![mask(output)], ..Self::default() },
            Layer::Flatten => Self::default(),
            Layer::BatchNorm(_) => Self { input: true, output: false, extras: Vec::new() },
        }
    }

    /// Of the layers before pooling nothing is kept but which of their values the gradient flows through.
    fn of_block(block: &FirstBlock, output: u64) -> Self {
        let routes = kept_tensor("routes", ROUTE_BYTES, output);
        let mask = block.keeps_mask().then(|| mask(output));
        Self { extras: std::iter::once(routes).chain(mask).collect(), ..Self::default() }
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

/// One bit per entry.
fn mask(entries: u64) -> KeptTensor {
    kept_tensor("mask", 1, entries.div_ceil(8))
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
    use crate::{Conv2d, Dense, Dropout, Flatten, Learned, Pool, Reducer, Sequential};
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
    fn a_first_block_keeps_routes_and_a_mask_and_no_feature_map() {
        assert_eq!(
            kept(&reference(Pool::max(2))),
            [
                row("dropout", "routes", 4_608),
                row("dropout", "mask", 4_608 / 8),
                row("dropout", "output", 4 * 4_608),
                row("dense", "output", 4 * 128),
                row("dense_1", "output", 4 * 10),
            ]
        );
    }

    #[test]
    fn later_blocks_keep_what_their_layers_read_and_nothing_is_counted_twice() {
        let model = Sequential::new([2, 9, 9])
            .add(Activation::Tanh)
            .add(Conv2d::new(4, 2).relu())
            .add(Pool::max(2))
            .add(Dropout::new(0.5))
            .add(Flatten)
            .add(Dense::new(3));
        assert_eq!(
            kept(&model),
            [
                row("activation", "output", 4 * 2 * 81),
                row("conv2d", "output", 4 * 4 * 64),
                row("dropout", "mask", 4 * 16 / 8),
                row("dropout", "output", 4 * 4 * 16),
                row("dense", "output", 4 * 3),
            ]
        );
    }

    #[test]
    fn what_a_reducer_computes_before_its_kernel_is_kept() {
        let pool = Pool::window(Reducer::Lse { r: 1.0, learned: Learned::No }, 2);
        let model =
            Sequential::new([3, 4, 4]).add(Activation::Softplus).add(pool).add(Flatten).add(Dense::new(1));
        assert_eq!(
            kept(&model),
            [
                row("lse_pooling2d", "scaled input", 4 * 3 * 16),
                row("lse_pooling2d", "output", 4 * 3 * 4),
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
