//! Time of each pooling operator, forward alone and forward with backward: every operator of the catalogue on the study's
//! feature maps, and the usual ones, also by libtorch's functions alone, on a deeper network's: `cargo bench -p
//! pool-models`. (`scripts/bench-operators` measures both by turns, over a grid of shapes.)

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, SamplingMode, Throughput};
use pool_models::{Kernels, Mode, Padding, Pool, PoolLayer, Reducer, Window, catalogue};
use tch::nn::VarStore;
use tch::{Device, Kind, Tensor, no_grad};

/// `[N, C, H, W]`: what the study's convolution gives at its batch size.
const STUDY: [i64; 4] = [200, 32, 24, 24];
/// An input of a deeper network.
const DEEPER: [i64; 4] = [32, 64, 28, 28];

fn usual() -> Vec<(String, Pool)> {
    let pools = [
        Pool::max(2),
        Pool::avg(2),
        Pool::max(Window::new(3).stride(2).padding(Padding::Same)),
        Pool::global(Reducer::Max),
        Pool::global(Reducer::Avg),
        Pool::adaptive(Reducer::Avg, 7),
    ];
    pools.into_iter().map(|pool| (pool.to_string(), pool)).collect()
}

/// The layer that stands for each operator; what does nothing is not timed.
fn every_operator() -> Vec<(String, Pool)> {
    let operators = catalogue().into_iter().filter(|operator| operator.pool != Pool::None);
    operators.map(|operator| (operator.name.to_owned(), operator.pool)).collect()
}

/// As in training, where operators that draw random numbers draw.
fn forward(layer: &PoolLayer, input: &Tensor) -> Tensor {
    layer.forward(black_box(input), Mode::Training).expect("the operator fits the input")
}

/// From a gradient of ones. The input's comes back as a value: nothing accumulates on it, and the graph is freed with the
/// output.
fn forward_backward(layer: &PoolLayer, input: &Tensor) -> Vec<Tensor> {
    let output = forward(layer, input);
    let (keep_graph, create_graph) = (false, false);
    Tensor::run_backward(&[output], &[input], keep_graph, create_graph)
}

fn bench(criterion: &mut Criterion, shape: [i64; 4], pools: &[(String, Pool)], kernels: &[Kernels]) {
    let [n, c, h, w] = shape;
    let input = Tensor::randn(shape, (Kind::Float, Device::Cpu));
    let leaf = input.copy().set_requires_grad(true);
    let mut group = criterion.benchmark_group(format!("{n}x{c}x{h}x{w}"));
    // The slowest operators take tens of milliseconds: the same number of runs in every sample.
    group.sampling_mode(SamplingMode::Flat);
    group.throughput(Throughput::Elements(input.numel() as u64));
    for (name, pool, kernels) in
        pools.iter().flat_map(|(name, pool)| kernels.iter().map(move |&kernels| (name, pool, kernels)))
    {
        let variables = VarStore::new(Device::Cpu);
        let sample = [c as usize, h as usize, w as usize];
        let layer = pool.build(&sample, 0, &variables.root()).expect("the operator fits the input");
        let layer = layer.with_kernels(kernels);
        let id = |pass: &str| BenchmarkId::new(format!("{pass}/{kernels}"), name);
        group.bench_function(id("forward"), |bencher| {
            bencher.iter(|| no_grad(|| forward(&layer, &input)));
        });
        group.bench_function(id("forward_backward"), |bencher| {
            bencher.iter(|| forward_backward(&layer, &leaf));
        });
    }
    group.finish();
}

fn main() {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    tch::set_num_threads(i32::try_from(threads).unwrap_or(i32::MAX));
    tch::manual_seed(0);
    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .configure_from_args();
    bench(&mut criterion, STUDY, &every_operator(), &[Kernels::Fast]);
    bench(&mut criterion, DEEPER, &usual(), &[Kernels::Fast, Kernels::Reference]);
    criterion.final_summary();
}
