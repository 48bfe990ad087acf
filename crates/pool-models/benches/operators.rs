//! Time of each pooling operator, forward alone and forward with backward, on the study's feature maps and on ones with
//! more channels: `cargo bench -p pool-models`.

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, SamplingMode, Throughput};
use pool_models::{Padding, Pool, Reducer};
use tch::{Device, Kind, Tensor, no_grad};

/// `[N, C, H, W]`: what the study's convolution gives at its batch size, and an input of a deeper network.
const SHAPES: [[i64; 4]; 2] = [[200, 32, 24, 24], [32, 64, 28, 28]];

fn operators() -> [(&'static str, Pool); 6] {
    [
        ("max 2x2", Pool::max(2)),
        ("avg 2x2", Pool::avg(2)),
        ("max 3x3 stride 2 same", Pool::max(3).stride(2).padding(Padding::Same)),
        ("global max", Pool::global(Reducer::Max)),
        ("global avg", Pool::global(Reducer::Avg)),
        ("adaptive avg 7x7", Pool::adaptive(Reducer::Avg, 7)),
    ]
}

fn forward(pool: &Pool, input: &Tensor) -> Tensor {
    no_grad(|| pool.forward(black_box(input))).expect("the operator fits the input")
}

/// The gradient comes back as a value: nothing accumulates on the input, and the graph is freed with the output.
fn forward_backward(pool: &Pool, input: &Tensor) -> Vec<Tensor> {
    let output = pool.forward(black_box(input)).expect("the operator fits the input");
    let (keep_graph, create_graph) = (false, false);
    Tensor::run_backward(&[output], &[input], keep_graph, create_graph)
}

fn bench_operators(criterion: &mut Criterion) {
    for shape in SHAPES {
        let [n, c, h, w] = shape;
        let input = Tensor::randn(shape, (Kind::Float, Device::Cpu));
        let leaf = input.copy().set_requires_grad(true);
        let mut group = criterion.benchmark_group(format!("{n}x{c}x{h}x{w}"));
        // The slowest operators take tens of milliseconds: the same number of runs in every sample.
        group.sampling_mode(SamplingMode::Flat);
        group.throughput(Throughput::Elements(input.numel() as u64));
        for (name, pool) in operators() {
            group.bench_function(BenchmarkId::new("forward", name), |bencher| {
                bencher.iter(|| forward(&pool, &input));
            });
            group.bench_function(BenchmarkId::new("forward_backward", name), |bencher| {
                bencher.iter(|| forward_backward(&pool, &leaf));
            });
        }
        group.finish();
    }
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
    bench_operators(&mut criterion);
    criterion.final_summary();
}
