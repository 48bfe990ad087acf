//! Layers, inputs and small helpers that several tests need.
#![allow(dead_code, reason = "each test file uses some of these")]

pub(crate) mod loops;

use std::collections::BTreeMap;

use pool_models::{
    Blur, BlurReduce, Fractional, FractionalEvaluation, FractionalRegions, FractionalSequence,
    FractionalSize, Geometry, Learned, Mode, Padding, Pool, PoolLayer, Reducer, StridedConv, Window,
    catalogue,
};
use tch::nn::VarStore;
use tch::{Device, Kind, Tensor};

/// Where the comparisons with other frameworks compute: the processor, or the CUDA device that POOL_TEST_DEVICE names,
/// such as `cuda:0`.
pub(crate) fn device() -> Device {
    match std::env::var("POOL_TEST_DEVICE") {
        Err(_) => Device::Cpu,
        Ok(name) => {
            let index = name.strip_prefix("cuda:").and_then(|index| index.parse().ok());
            Device::Cuda(index.unwrap_or_else(|| panic!("POOL_TEST_DEVICE is {name}, not cuda:N")))
        }
    }
}

/// A layer with its variables, in `f64`.
pub(crate) struct Built {
    pub(crate) layer: PoolLayer,
    pub(crate) variables: VarStore,
}

impl Built {
    pub(crate) fn new(pool: &Pool, sample: &[usize], seed: u64) -> Self {
        let mut variables = VarStore::new(Device::Cpu);
        let layer =
            pool.build(sample, seed, &variables.root()).unwrap_or_else(|error| panic!("{pool}: {error}"));
        variables.double();
        Self { layer, variables }
    }

    pub(crate) fn forward(&self, input: &Tensor, mode: Mode) -> Tensor {
        self.layer.forward(input, mode).unwrap_or_else(|error| panic!("{}: {error}", self.layer.pool()))
    }

    /// The variables by name, in a fixed order.
    pub(crate) fn named(&self) -> BTreeMap<String, Tensor> {
        self.variables.variables().into_iter().collect()
    }
}

/// A layer of every operator in the catalogue, and of every setting that runs other code.
pub(crate) fn every_layer() -> Vec<Pool> {
    let of_catalogue = catalogue().into_iter().map(|operator| operator.pool);
    let learned = [Learned::Layer, Learned::Channel].into_iter().flat_map(|learned| {
        [
            Pool::window(Reducer::Gem { p: 3.0, learned }, 2),
            Pool::window(Reducer::Lse { r: 2.0, learned }, 2),
            Pool::window(Reducer::Mixed { alpha: 0.3, learned }, 2),
        ]
    });
    let fractional = |size, regions, sequence, evaluation| Pool::Reduce {
        reducer: Reducer::Max,
        geometry: Geometry::Fractional(Fractional { size, sequence, regions, evaluation }),
    };
    let others = [
        Pool::max(Window::new(3).stride(2).padding(Padding::Symmetric(1.into())).dilation(2).ceil()),
        Pool::max(Window::new(2).dilation(2).padding(Padding::Same)),
        Pool::avg(Window::new(2).stride(1).dilation(2)),
        Pool::avg(Window::new(3).stride(2).padding(Padding::Symmetric(1.into())).count_padding().ceil()),
        Pool::avg(Window::new(3).stride(2).padding(Padding::Same)),
        Pool::adaptive(Reducer::Avg, 3),
        Pool::global(Reducer::Max),
        Pool::global_keep_dims(Reducer::Avg),
        Pool::global_keep_dims(Reducer::Attention),
        Pool::pyramid(Reducer::Avg, [3, 1]),
        Pool::pyramid(Reducer::CatAvgMax, [2]),
        Pool::pyramid(Reducer::Gem { p: 3.0, learned: Learned::Layer }, [2, 1]),
        fractional(
            FractionalSize::Ratio(0.6),
            FractionalRegions::Overlapping,
            FractionalSequence::Random,
            FractionalEvaluation::Expectation,
        ),
        fractional(
            FractionalSize::Output(4.into()),
            FractionalRegions::Sized(2.into()),
            FractionalSequence::PseudoRandom,
            FractionalEvaluation::Fixed,
        ),
        Pool::window(Reducer::S3 { grid: 4 }, Window::new(3).stride(2).padding(Padding::Same)),
        Pool::window(Reducer::S3 { grid: 3 }, Window::new(2).stride(3).ceil()),
        Pool::window(Reducer::Gated, Window::new(3).stride(2).padding(Padding::Same)),
        Pool::window(Reducer::Lp { p: 1.0 }, 2),
        Pool::window(Reducer::Soft { beta: -2.0 }, Window::new(3).stride(1)),
        Pool::strided_conv(StridedConv::new(3).stride(2).padding(Padding::Same)),
        Pool::blur(Blur::new(2).reduce(BlurReduce::Avg).taps(4)),
        Pool::blur(Blur::new(1).taps(5).stride(1)),
        Pool::spectral(6),
    ];
    // Every reducer over windows of varying size and over padded ones as well, where it can be.
    let elsewhere = Reducer::ALL.into_iter().flat_map(|reducer| {
        [Pool::adaptive(reducer, 4), Pool::window(reducer, Window::new(3).stride(2).padding(Padding::Same))]
    });
    let fits = |pool: &Pool| pool.output_shape(&[2, 7, 7]).is_ok();
    of_catalogue.chain(learned).chain(others).chain(elsewhere.filter(fits)).collect()
}

/// Inputs `[2, C, n, ...]` with `rank` spatial axes.
pub(crate) fn shape(rank: usize, channels: i64, size: i64) -> Vec<i64> {
    [2, channels].into_iter().chain(std::iter::repeat_n(size, rank)).collect()
}

/// The shape without the batch.
pub(crate) fn sample(shape: &[i64]) -> Vec<usize> {
    shape[1..].iter().map(|&n| n as usize).collect()
}

/// Values in random order, evenly spaced between -1 and 1: no two are closer than a finite difference reaches.
pub(crate) fn distinct(shape: &[i64], seed: i64) -> Tensor {
    let count: i64 = shape.iter().product();
    // A fixed permutation: multiplying by a number that shares no factor with a prime modulus.
    let prime = [1_009i64, 2_003, 4_001, 8_009, 16_001].into_iter().find(|&prime| prime > count).unwrap();
    let order: Vec<i64> =
        (1..prime).map(|i| i * (37 + seed) % prime - 1).filter(|&place| place < count).collect();
    let values: Vec<f64> = order.iter().map(|&place| (2 * place + 1 - count) as f64 / count as f64).collect();
    Tensor::from_slice(&values).reshape(shape)
}

pub(crate) fn values(tensor: &Tensor) -> Vec<f64> {
    Vec::try_from(tensor.detach().to_kind(Kind::Double).flatten(0, -1)).unwrap()
}

/// The greatest difference, relative where values are large.
pub(crate) fn distance(left: &Tensor, right: &Tensor) -> f64 {
    assert_eq!(left.size(), right.size());
    ((left - right).abs() / (right.abs() + 1.0)).max().double_value(&[])
}
