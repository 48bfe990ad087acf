//! From layers to steps: which layers of a network are computed as one.
//!
//! An inferred network is a list of layers; a built network is a list of steps. The fusion pass, [`fuse`], turns one into the other:
//! a convolution over two axes and what follows it become one. Forward, the memory model and the costs read the
//! steps, so that a block that is fused in one of them is fused in all.
//!
//! # Which tensors the backward pass keeps
//!
//! An operator may keep its input, its output, or extras of its own (indices, masks). A tensor that two operators keep is
//! one tensor, so it is counted where it is made, and flatten is a view that makes none. The input batch is no layer's
//! output; the memory model counts it by itself.

use crate::layers::{BackwardReads, kept_mask, kept_tensor};
use crate::sizes::{F32_BYTES, elements};
use crate::{
    Activation, Geometry, InferredLayer, Join, KeptTensor, LastReader, Layer, LayerCost, LayerInput,
    Parallel, Pool, Reducer, ResolvedWindow,
};

/// One step of a network's computation.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// The layer at this index of [`Inferred::layers`](crate::Inferred::layers).
    Layer(usize),
    /// The next layers at once.
    ConvBlock(Box<ConvBlock>),
}

impl Step {
    /// How many layers it computes.
    pub fn layers(&self) -> usize {
        match self {
            Self::Layer(_) => 1,
            Self::ConvBlock(block) => block.layers(),
        }
    }
}

/// A convolution and what follows it, computed as one: batch normalisation, the sum with a shortcut, activation, pooling and
/// dropout.
///
/// Without batch normalisation the convolution's output, often the largest tensor of a network, is never written to memory.
/// With it, that output is all that is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct ConvBlock {
    /// Channels, height and width of an image.
    pub input: [usize; 3],
    /// Output channels of the convolution.
    pub filters: usize,
    /// Whether each filter sees the channel of its own number alone.
    pub depthwise: bool,
    /// What its outputs see of the rows and of the columns.
    pub axes: [ResolvedWindow; 2],
    /// Whether its output is normalised.
    pub normalizes: bool,
    /// Whether the output of another layer is added then: the shortcut, or what the shortcut goes around.
    pub adds: bool,
    /// Whether negative values become zero before they are pooled.
    pub relu: bool,
    /// The pooling layer, if there is one.
    pub pool: Option<Pool>,
    /// How windows of the convolution's output become values.
    pub reduce: BlockReduce,
    /// Height and width of the windows, and of the steps between them; `[1, 1]` without pooling.
    pub window: [usize; 2],
    /// Whether dropout follows.
    pub drops: bool,
    /// Whether its input is the network's, which needs no gradient.
    pub is_first: bool,
    layers: usize,
}

/// The reducers of a [`ConvBlock`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockReduce {
    /// The greatest value.
    Max,
    /// The mean.
    Mean,
}

/// With more weights than these, libtorch's convolution is faster: by 15 to 30 % with 2^19, about as fast with 2^18 (`pool-cli
/// doctor --kernels` on two cores of an AMD EPYC with AVX-512, November 2026). So many do not stay in the cache.
const MOST_WEIGHTS: usize = 1 << 18;
/// Cells of a window: where each maximum lay is kept as bits of a byte.
const MOST_CELLS: usize = 8;
/// Bytes of a route, per output of a block.
const ROUTE_BYTES: u64 = 1;

impl ConvBlock {
    /// How many layers it computes.
    pub fn layers(&self) -> usize {
        self.layers
    }

    /// Which of its layers is the sum with the output of another one.
    pub fn sum(&self) -> Option<usize> {
        self.adds.then_some(1 + usize::from(self.normalizes))
    }

    /// Whether the kernel is faster than libtorch's functions, or about as fast.
    pub fn is_fastest_by_kernel(&self) -> bool {
        let taps = self.axes[0].size.saturating_mul(self.axes[1].size);
        let channels = if self.depthwise { 1 } else { self.input[0] };
        channels.saturating_mul(taps).saturating_mul(self.filters) <= MOST_WEIGHTS
    }

    /// The block that begins with the layer at `first`, if one does. Each of its layers but the last is read by the next one
    /// alone.
    fn at(layers: &[InferredLayer], first: usize) -> Option<Self> {
        let conv_layer = &layers[first];
        let Layer::Conv2d(conv) = &conv_layer.layer else { return None };
        let &[rows, columns] = &conv.windows(&conv_layer.input).ok()?[..] else { return None };
        let channels = conv_layer.input[0];
        let depthwise = conv.groups == channels && conv.filters == channels;
        if conv.groups != 1 && !depthwise {
            return None;
        }
        let mut chain = Chain { layers, last: first };
        let normalizes =
            conv.activation.is_none() && chain.follows(|layer| matches!(layer, Layer::BatchNorm(_)));
        let adds = conv.activation.is_none() && chain.adds();
        let relu = match conv.activation {
            None => chain.follows(|layer| matches!(layer, Layer::Activation(Activation::Relu))),
            Some(Activation::Relu) => true,
            Some(_) => return None,
        };
        let (pool, reduce, window) = match chain.follow(pooling_of) {
            Some((pool, reduce, window)) => (Some(pool.clone()), reduce, window),
            None => (None, BlockReduce::Mean, [1, 1]),
        };
        let drops = chain.follows(|layer| matches!(layer, Layer::Dropout(_)));
        Some(Self {
            input: [channels, rows.input, columns.input],
            filters: conv.filters,
            depthwise: depthwise && channels > 1,
            axes: [rows, columns],
            normalizes,
            adds,
            relu,
            pool,
            reduce,
            window,
            drops,
            is_first: conv_layer.inputs.iter().all(|input| input.layer.is_none()),
            layers: chain.last + 1 - first,
        })
    }

    /// What the backward pass reads besides the input: which values the gradient flows through, and what was normalised.
    fn backward_reads(&self, convolved: u64, output: u64) -> BackwardReads {
        let convolved = self.normalizes.then(|| kept_tensor("convolution", F32_BYTES, convolved));
        let chooses = self.relu || self.drops || self.window != [1, 1];
        let routes = chooses.then(|| kept_tensor("routes", ROUTE_BYTES, output));
        let mask = self.drops.then(|| kept_mask(output));
        BackwardReads {
            extras: convolved.into_iter().chain(routes).chain(mask).collect(),
            ..BackwardReads::default()
        }
    }
}

/// Layers that follow one another.
struct Chain<'a> {
    layers: &'a [InferredLayer],
    last: usize,
}

impl<'a> Chain<'a> {
    /// What `take` takes of the next layer, if it takes it, and that layer alone reads the output of the last one. Then the
    /// chain goes on to it.
    fn follow<T>(&mut self, take: impl FnOnce(&'a InferredLayer) -> Option<T>) -> Option<T> {
        let next = self.last + 1;
        let layer = self.layers.get(next).filter(|layer| layer.reads_the_one_before(next))?;
        let taken = take(layer).filter(|_| readers(self.layers, self.last).count() == 1)?;
        self.last = next;
        Some(taken)
    }

    /// Whether the output of the last layer is added to that of one other layer alone. Then the chain goes on to the sum.
    fn adds(&mut self) -> bool {
        let next = self.last + 1;
        let Some(layer) = self.layers.get(next) else { return false };
        let is_sum = matches!(&layer.layer, Layer::Parallel(Parallel { join: Join::Add, .. }));
        let of_last = |input: &LayerInput| input.layer == Some(self.last);
        let is_with_one_other =
            layer.inputs.len() == 2 && layer.inputs.iter().filter(|input| of_last(input)).count() == 1;
        let is_whole = layer.inputs.iter().all(|input| input.channels.is_none());
        let is_fused =
            is_sum && is_with_one_other && is_whole && readers(self.layers, self.last).count() == 1;
        self.last += usize::from(is_fused);
        is_fused
    }

    fn follows(&mut self, is_such: impl FnOnce(&Layer) -> bool) -> bool {
        self.follow(|next| is_such(&next.layer).then_some(())).is_some()
    }
}

/// The reducer and the window of a pooling layer that a block can compute.
fn pooling_of(layer: &InferredLayer) -> Option<(&Pool, BlockReduce, [usize; 2])> {
    let Layer::Pool(pool) = &layer.layer else { return None };
    let (reduce, window) = plain_pooling(pool, &layer.input[1..])?;
    (window[0].saturating_mul(window[1]) <= MOST_CELLS).then_some((pool, reduce, window))
}

/// The reducer and the window of pooling without overlap, padding and holes.
fn plain_pooling(pool: &Pool, spatial: &[usize]) -> Option<(BlockReduce, [usize; 2])> {
    let Pool::Reduce { reducer, geometry: Geometry::Window(window) } = pool else { return None };
    let reduce = match reducer {
        Reducer::Max => BlockReduce::Max,
        Reducer::Avg => BlockReduce::Mean,
        _ => return None,
    };
    let axes = window.resolve_pooling(spatial).ok()?;
    let plain = |axis: &ResolvedWindow| {
        axis.stride == axis.size && axis.dilation == 1 && [axis.before, axis.after, axis.overhang] == [0; 3]
    };
    let [rows, columns] = axes[..] else { return None };
    axes.iter().all(plain).then_some((reduce, [rows.size, columns.size]))
}

/// The steps of these layers, each of which is in one step.
pub(crate) fn fuse(layers: &[InferredLayer], takes: impl Fn(&ConvBlock) -> bool) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut next = 0;
    while next < layers.len() {
        let block = ConvBlock::at(layers, next).filter(&takes);
        let step = block.map_or(Step::Layer(next), |block| Step::ConvBlock(Box::new(block)));
        next += step.layers();
        steps.push(step);
    }
    steps
}

/// The layers that read the output of layer `index`, in order.
fn readers(layers: &[InferredLayer], index: usize) -> impl Iterator<Item = usize> {
    let reads = move |layer: &InferredLayer| layer.inputs.iter().any(|input| input.layer == Some(index));
    (index + 1..layers.len()).filter(move |&reader| reads(&layers[reader]))
}

/// One row per layer, in order.
pub(crate) fn costs(layers: &[InferredLayer], steps: &[Step]) -> Vec<LayerCost> {
    let alone = |layer: &InferredLayer| layer.layer.describe().backward_reads(&layer.input, &layer.output);
    let reads: Vec<BackwardReads> = layers.iter().map(alone).collect();
    let mut rows = Vec::with_capacity(layers.len());
    let row = |index: usize, own: &BackwardReads, output_tensors: u64| {
        let layer = &layers[index];
        LayerCost {
            name: layer.name.clone(),
            reads: reads_of(layer, index),
            input_elements: elements(&layer.input),
            output_elements: elements(&layer.output),
            output_tensors,
            parameters: layer.parameters,
            fixed_parameters: layer.fixed_parameters,
            multiply_adds: layer.multiply_adds,
            kept: kept(layers, &reads, index, own, output_tensors),
        }
    };
    for step in steps {
        match step {
            &Step::Layer(index) => {
                rows.push(row(index, &reads[index], layers[index].layer.describe().output_tensors()));
            }
            Step::ConvBlock(block) => {
                // It makes the last layer's output, and nothing before that.
                let last = rows.len() + block.layers() - 1;
                let convolved = elements(&layers[rows.len()].output);
                rows.extend((rows.len()..last).map(|index| row(index, &BackwardReads::default(), 0)));
                let own = block.backward_reads(convolved, elements(&layers[last].output));
                rows.push(row(last, &own, 1));
            }
        }
    }
    rows
}

/// The numbers from 1 of the layers that this one reads; none where it is the one before.
fn reads_of(layer: &InferredLayer, index: usize) -> Vec<usize> {
    if layer.reads_the_one_before(index) {
        return Vec::new();
    }
    layer.inputs.iter().map(|input| input.layer.map_or(0, |index| index + 1)).collect()
}

/// What stays of layer `index`, whose backward pass reads `own`: its extras, and its output if that or a later layer's
/// reads it.
fn kept(
    layers: &[InferredLayer],
    reads: &[BackwardReads],
    index: usize,
    own: &BackwardReads,
    output_tensors: u64,
) -> Vec<KeptTensor> {
    let mut kept = own.extras.clone();
    let last_reader = if own.output { Some(LastReader::Maker) } else { last_reader(layers, reads, index) };
    if let Some(last_reader) = last_reader.filter(|_| output_tensors > 0) {
        let output = elements(&layers[index].output);
        kept.push(KeptTensor { last_reader, ..kept_tensor("output", F32_BYTES, output) });
    }
    kept
}

/// Which layer's backward pass reads the output of layer `index` last, if any does: the first of those that keep it, as
/// the backward pass goes from the last layer to the first.
fn last_reader(layers: &[InferredLayer], reads: &[BackwardReads], index: usize) -> Option<LastReader> {
    // The loss reads the last one, and keeps log-probabilities of the same size.
    let of_loss = (index + 1 == layers.len()).then_some(layers.len());
    let first = readers(layers, index).find(|&reader| keeps_input(layers, reads, reader)).or(of_loss)?;
    Some(if first == index + 1 { LastReader::NextLayer } else { LastReader::Layer(first + 1) })
}

/// Whether layer `reader` keeps what it reads, or hands it on, as flatten does, to one that keeps it.
fn keeps_input(layers: &[InferredLayer], reads: &[BackwardReads], reader: usize) -> bool {
    if !matches!(layers[reader].layer, Layer::Flatten) {
        return reads[reader].input;
    }
    reader + 1 == layers.len() || readers(layers, reader).any(|next| keeps_input(layers, reads, next))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference_network::reference;
    use crate::{BatchNorm, Conv2d, Dense, Dropout, Flatten, Learned, Pool, Sequential};

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
                row("dropout", "routes", 4 * 16),
                row("dropout", "mask", 4 * 16 / 8),
                row("dropout", "output", 4 * 4 * 16),
                row("dense", "output", 4 * 3),
            ]
        );
    }

    #[test]
    fn a_normalised_block_keeps_its_convolution_and_one_that_chooses_nothing_no_routes() {
        let conv = || Conv2d::new(4, 3).without_bias();
        let model = Sequential::new([2, 9, 9])
            .add(conv())
            .add(BatchNorm::default())
            .add(Activation::Relu)
            .add(Pool::max(2))
            .add(conv())
            .add(BatchNorm::default())
            .add(Flatten)
            .add(Dense::new(3));
        assert_eq!(
            kept(&model),
            [
                row("max_pooling2d", "convolution", 4 * 4 * 49),
                row("max_pooling2d", "routes", 4 * 9),
                row("max_pooling2d", "output", 4 * 4 * 9),
                row("batch_normalization_1", "convolution", 4 * 4),
                row("batch_normalization_1", "output", 4 * 4),
                row("dense", "output", 4 * 3),
            ]
        );
    }

    #[test]
    fn a_tensor_that_several_layers_read_is_kept_once_and_until_the_first_of_them_is_done() {
        let conv = |filters| Layer::from(Conv2d::new(filters, 1));
        let model = Sequential::new([1, 4, 4])
            .add(Activation::Tanh)
            .add(Pool::avg(2))
            .add(Parallel::residual([Activation::Tanh.into(), conv(2)], [conv(2)]))
            .add(Flatten)
            .add(Dense::new(1));
        let rows = model.infer().unwrap().costs();
        let pooled = &rows[1].kept;
        assert_eq!(pooled.len(), 1);
        assert_eq!((pooled[0].bytes, pooled[0].last_reader), (16, LastReader::Layer(5)), "the shortcut");
        let (joined, conv) = (&rows[5], &rows[3]);
        assert_eq!((joined.name.as_str(), &joined.reads[..]), ("add", &[4, 5][..]));
        assert_eq!(joined.kept.len(), 1, "the dense layer reads it");
        assert!(conv.kept.is_empty(), "a sum's gradient needs none of its terms");
        assert_eq!((rows[4].reads.as_slice(), rows[2].reads.len()), (&[2][..], 0));
    }

    #[test]
    fn only_what_follows_one_another_is_fused() {
        let block = |model: Sequential| match &model.infer().unwrap().steps()[0] {
            Step::ConvBlock(block) => block.layers(),
            Step::Layer(_) => 0,
        };
        let start = || Sequential::new([1, 9, 9]).add(Conv2d::new(4, 2).relu()).add(Pool::max(2));
        assert_eq!(block(start().add(Dropout::new(0.5))), 3);
        assert_eq!(block(start().add(Parallel::residual([Dropout::new(0.5).into()], []))), 2);
        let branched = Parallel::residual([Pool::max(1).into()], []);
        assert_eq!(block(Sequential::new([1, 9, 9]).add(Conv2d::new(4, 2)).add(branched)), 1);
        let twice = Parallel::residual([Conv2d::new(1, 1).into()], [Conv2d::new(1, 1).into()]);
        assert_eq!(block(Sequential::new([1, 9, 9]).add(twice)), 1, "the first branch");
        let residual = |layers: [Layer; 2]| {
            Sequential::new([4, 8, 8])
                .add(Parallel::residual(layers, []))
                .add(Activation::Relu)
                .add(Pool::max(2))
        };
        let conv = || Conv2d::new(4, 1);
        assert_eq!(block(residual([conv().into(), BatchNorm::default().into()])), 5);
        assert_eq!(
            block(residual([conv().into(), Activation::Relu.into()])),
            2,
            "the activation comes first"
        );
        assert_eq!(block(residual([conv().into(), Pool::max(1).into()])), 2, "pooling comes first");
    }

    #[test]
    fn a_sum_belongs_to_the_block_before_it_and_keeps_nothing_of_its_terms() {
        let conv = || Layer::from(Conv2d::new(4, 1).without_bias());
        let norm = || Layer::from(BatchNorm::default());
        let model = Sequential::new([4, 3, 3])
            .add(Parallel::residual([conv(), norm()], [conv(), norm()]))
            .add(Activation::Relu)
            .add(Flatten)
            .add(Dense::new(1));
        let steps = model.infer().unwrap().steps();
        assert_eq!(steps.iter().map(Step::layers).collect::<Vec<_>>(), [2, 4, 1, 1]);
        assert_eq!(
            kept(&model),
            [
                row("batch_normalization", "convolution", 4 * 36),
                row("activation", "convolution", 4 * 36),
                row("activation", "routes", 36),
                row("activation", "output", 4 * 36),
                row("dense", "output", 4),
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
}
