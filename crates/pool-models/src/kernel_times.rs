//! How long a network's convolution blocks take by this project's kernels, and by libtorch's functions.

use std::fmt;
use std::time::{Duration, Instant};

use pool_spec::{ConvBlock, Inferred, InferredLayer, Kernels, Layer, Sequential, Step};
use serde::Serialize;
use tch::nn::VarStore;
use tch::{Device, Kind, Tensor};

use crate::{Mode, ModelError, Net};

/// A way to compute a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BlockWay {
    /// The kernel of pool-kernels.
    Kernel,
    /// libtorch's functions, with channels first in memory.
    ChannelsFirst,
    /// libtorch's functions, with channels last in memory.
    ChannelsLast,
}

impl BlockWay {
    /// All ways.
    pub const ALL: [Self; 3] = [Self::Kernel, Self::ChannelsFirst, Self::ChannelsLast];
}

impl fmt::Display for BlockWay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Kernel => "kernel",
            Self::ChannelsFirst => "libtorch, channels first",
            Self::ChannelsLast => "libtorch, channels last",
        })
    }
}

/// The times of one convolution block of a network.
#[derive(Debug, Clone, Serialize)]
pub struct BlockTimes {
    /// Its layers and the shapes of a sample: `conv2d, batch_normalization, 16x32x32 to 16x32x32`.
    pub what: String,
    /// Seconds that a step of training takes, forward and backward: the median of several, in the order of
    /// [`BlockWay::ALL`].
    pub seconds: [f64; 3],
    /// The way by which networks compute it.
    pub pick: BlockWay,
    /// Multiply-adds of such a step.
    pub multiply_adds: u64,
}

impl BlockTimes {
    /// How many times as long the pick takes as the fastest way.
    pub fn pick_to_fastest(&self) -> f64 {
        self.seconds[self.pick as usize] / self.seconds.iter().copied().fold(f64::INFINITY, f64::min)
    }
}

/// Steps that are timed after one that warms up, the ways by turns.
const STEPS: usize = 7;

/// The times of every convolution block of a network, each by itself, for batches of this many samples on libtorch's threads.
/// Blocks that equal an earlier one are left out.
///
/// # Errors
/// A block that cannot be computed: for lack of memory, say.
pub fn block_times(model: &Inferred, samples: usize) -> Result<Vec<BlockTimes>, ModelError> {
    let (mut times, mut blocks) = (Vec::new(), Vec::new());
    let mut next = 0;
    for step in model.steps_by_kernels() {
        let layers = &model.layers[next..next + step.layers()];
        next += layers.len();
        let Step::ConvBlock(block) = step else { continue };
        if !blocks.contains(&block) {
            times.push(times_of(layers, samples, &block)?);
            blocks.push(block);
        }
    }
    Ok(times)
}

fn times_of(layers: &[InferredLayer], samples: usize, block: &ConvBlock) -> Result<BlockTimes, ModelError> {
    let (first, last) = (&layers[0], &layers[layers.len() - 1]);
    // What a block adds is left out, as it would come from elsewhere: it takes little time.
    let network = layers
        .iter()
        .filter(|layer| !matches!(layer.layer, Layer::Parallel(_)))
        .fold(Sequential::new(first.input.clone()), |network, layer| network.add(layer.layer.clone()));
    let shape: Vec<i64> = [samples].iter().chain(&first.input).map(|&size| size as i64).collect();
    let batch = Tensor::f_rand(&shape, (Kind::Float, Device::Cpu))?;
    let ways = BlockWay::ALL.map(|way| Timed::new(&network.infer()?, &batch, way, !block.is_first));
    let mut ways = ways.into_iter().collect::<Result<Vec<_>, _>>()?;
    for step in 0..=STEPS {
        for way in &mut ways {
            let elapsed = way.step()?;
            if step > 0 {
                way.elapsed.push(elapsed);
            }
        }
    }
    let names: Vec<&str> = layers.iter().map(|layer| layer.name.as_str()).collect();
    let size = |shape: &[usize]| shape.iter().map(ToString::to_string).collect::<Vec<_>>().join("x");
    let passes = if block.is_first { 2 } else { 3 };
    Ok(BlockTimes {
        what: format!("{}, {} to {}", names.join(", "), size(&first.input), size(&last.output)),
        seconds: std::array::from_fn(|way| ways[way].median_s()),
        pick: if block.is_fastest_by_kernel() { BlockWay::Kernel } else { BlockWay::ChannelsLast },
        multiply_adds: first.multiply_adds * samples as u64 * passes,
    })
}

/// A block that is computed in one way.
struct Timed {
    variables: VarStore,
    net: Net,
    batch: Tensor,
    elapsed: Vec<Duration>,
}

impl Timed {
    fn new(
        model: &Inferred,
        batch: &Tensor,
        way: BlockWay,
        differentiates: bool,
    ) -> Result<Self, ModelError> {
        let variables = VarStore::new(Device::Cpu);
        let kernels = if way == BlockWay::Kernel { Kernels::Fast } else { Kernels::Reference };
        let net = Net::build_in_steps(model, &model.steps_by_kernels(), &variables.root())?;
        let net = net.with_kernels(kernels);
        let batch = match way {
            BlockWay::ChannelsFirst => batch.f_contiguous()?,
            BlockWay::Kernel | BlockWay::ChannelsLast => {
                batch.f_permute([0, 2, 3, 1])?.f_contiguous()?.f_permute([0, 3, 1, 2])?
            }
        };
        let batch = batch.detach().f_set_requires_grad(differentiates)?;
        Ok(Self { variables, net, batch, elapsed: Vec::new() })
    }

    /// Forward, and backward from a gradient of ones.
    fn step(&mut self) -> Result<Duration, ModelError> {
        let mut leaves = self.variables.trainable_variables();
        if self.batch.requires_grad() {
            leaves.push(self.batch.shallow_clone());
        }
        let start = Instant::now();
        let output = self.net.forward(&self.batch, Mode::Training)?;
        let sum = output.f_sum(Kind::Float)?;
        Tensor::f_run_backward(&[sum], &leaves, false, false)?;
        Ok(start.elapsed())
    }

    fn median_s(&self) -> f64 {
        let mut all = self.elapsed.clone();
        all.sort_unstable();
        all[all.len() / 2].as_secs_f64()
    }
}
