//! Time of each kernel on one thread, with every instruction set that the processor has, on what the study's network
//! needs in a step: `cargo bench -p pool-kernels`.

use std::hint::black_box;
use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use pool_kernels::{
    AdamSlices, AdamStep, Batch, BatchNormForward, BatchNormGradients, BlockReduce, ConvAxis, ConvBlock,
    ConvBlockForward, ConvBlockGradients, Decay, DenseGradients, DenseKernel, DropRate, Isa, KeepMask,
    KernelWindow, Layout, MomentumSlices, MomentumStep, Pooling, ProductPrecision, Reduce, SgdSlices,
    SgdStep, Stream, ThisThread, WindowTable,
};

/// The study's batch: images, channels after the convolution, and the sides of its output and of the images.
const IMAGES: usize = 200;
const CHANNELS: usize = 32;
const SIDE: usize = 24;
const IMAGE_SIDE: usize = 28;

fn isas() -> impl Iterator<Item = Isa> {
    Isa::ALL.into_iter().filter(|isa| isa.is_available())
}

/// Numbers around zero in no order.
fn values(count: usize) -> Vec<f32> {
    (0..count).map(|place| ((place * 7_919 + 13) % 9_973) as f32 / 2_500.0 - 2.0).collect()
}

fn group<'c>(criterion: &'c mut Criterion, name: &str, numbers: usize) -> BenchmarkGroup<'c, WallTime> {
    let mut group = criterion.benchmark_group(name);
    group.sample_size(20).warm_up_time(Duration::from_millis(200)).measurement_time(Duration::from_secs(1));
    group.throughput(Throughput::Elements(numbers as u64));
    group
}

/// Windows of 2 by 2 without overlap over the convolution's output.
fn windows() -> WindowTable {
    let axis: Vec<KernelWindow> = (0..SIDE as u32)
        .step_by(2)
        .map(|first| KernelWindow { entries: vec![first, first + 1].into(), counted: 2 })
        .collect();
    WindowTable::new(&[SIDE, SIDE], &[axis.clone(), axis]).expect("memory for a table")
}

fn pooling(criterion: &mut Criterion) {
    let windows = windows();
    let (numbers, outputs) = (IMAGES * CHANNELS * SIDE * SIDE, IMAGES * CHANNELS * windows.len());
    let (input, gradient) = (values(numbers), values(outputs));
    let (mut output, mut input_gradient) = (vec![0.0; outputs], vec![0.0; numbers]);
    let mut draws = vec![0.0; outputs];
    Stream { key: [1, 2], pass: 0 }.fill_uniform(Isa::best(), &ThisThread, &mut draws);
    for (reducer, reduce) in [
        ("max", Reduce::Max),
        ("mean", Reduce::Mean),
        ("lp2", Reduce::Lp { p: 2.0 }),
        ("soft", Reduce::Soft { beta: 1.0 }),
        ("sampled", Reduce::Sampled),
    ] {
        for (lies, layout) in [("first", Layout::ChannelsFirst), ("last", Layout::ChannelsLast)] {
            let batch = Batch { samples: IMAGES, channels: CHANNELS, layout };
            let draws = if reduce == Reduce::Sampled { &draws[..] } else { &[] };
            let pooling = Pooling { windows: &windows, reduce, batch, draws };
            let mut group = group(criterion, &format!("pooling/{reducer}/channels_{lies}"), numbers);
            for isa in isas() {
                group.bench_function(BenchmarkId::new("forward", isa), |bencher| {
                    bencher.iter(|| {
                        let pooled = pooling.forward(isa, &ThisThread, black_box(&input), &mut output);
                        pooled.expect("memory for a panel");
                    });
                });
                group.bench_function(BenchmarkId::new("backward", isa), |bencher| {
                    bencher.iter(|| {
                        let (input, to) = (black_box(&input), &mut input_gradient);
                        let done = pooling.backward(isa, &ThisThread, input, &gradient, to);
                        done.expect("memory for a panel");
                    });
                });
            }
            group.finish();
        }
    }
}

/// A convolution block, and whether it normalises and computes the gradient of its input.
struct Block {
    kernel: ConvBlock,
    is_inner: bool,
}

/// The first blocks of the study's three arms, and those of a small network in VGG's manner.
fn conv_blocks(criterion: &mut Criterion) {
    for (arm, reduce, window) in [
        ("average", BlockReduce::Mean, [2, 2]),
        ("maximum", BlockReduce::Max, [2, 2]),
        ("none", BlockReduce::Max, [1, 1]),
    ] {
        let axes = [ConvAxis::plain(IMAGE_SIDE, 5); 2];
        let precision = ProductPrecision::F32;
        let kernel = ConvBlock {
            channels: 1,
            filters: CHANNELS,
            depthwise: false,
            axes,
            relu: true,
            reduce,
            window,
            precision,
        };
        bench_block(criterion, &format!("first_block/{arm}"), IMAGES, &Block { kernel, is_inner: false });
    }
    for (channels, filters, side, pool) in [(32, 32, 28, 2), (32, 64, 14, 1), (64, 64, 14, 2)] {
        let axes = [ConvAxis { before: 1, after: 1, ..ConvAxis::plain(side, 3) }; 2];
        let window = [pool; 2];
        for precision in [ProductPrecision::F32, ProductPrecision::Bf16] {
            let reduce = BlockReduce::Max;
            let depthwise = false;
            let kernel =
                ConvBlock { channels, filters, depthwise, axes, relu: true, reduce, window, precision };
            let name = format!("inner_block/{channels}x{side}x{side}_to_{filters}/{precision:?}");
            bench_block(criterion, &name, 16, &Block { kernel, is_inner: true });
        }
    }
}

/// Time per multiply-add of the forward pass.
fn bench_block(criterion: &mut Criterion, name: &str, images: usize, block: &Block) {
    let Block { kernel, is_inner } = block;
    let [rows, columns] = &kernel.axes;
    let (channels, filters, taps) = (kernel.channels, kernel.filters, rows.size * columns.size);
    let [convolved_rows, convolved_columns] = ConvBlock { window: [1, 1], ..*kernel }.output();
    let multiply_adds = images * convolved_rows * convolved_columns * filters * channels * taps;
    let mut group = group(criterion, name, multiply_adds);
    let outputs = images * filters * kernel.output().iter().product::<usize>();
    let input = values(images * rows.input * columns.input * channels);
    let (weight, bias, gradient) = (values(filters * channels * taps), values(filters), values(outputs));
    let zeros = |count: usize| vec![0.0f32; count];
    let (mut output, mut mean, mut variance) = (zeros(outputs), zeros(filters), zeros(filters));
    let mut of_input = zeros(if *is_inner { input.len() } else { 0 });
    let (mut of_weight, mut of_bias) = (zeros(weight.len()), zeros(filters));
    let (mut of_factors, mut of_summands) = (zeros(filters), zeros(filters));
    let layout = if *is_inner { Layout::ChannelsLast } else { Layout::ChannelsFirst };
    let rate = DropRate::nearest(0.2);
    for isa in isas() {
        let mut mask = KeepMask::default();
        let stream = Stream { key: [1, 2], pass: 0 };
        mask.draw(isa, &ThisThread, stream, rate, outputs).expect("memory for a kernel");
        let mut routes = vec![0; kernel.routes(isa, images)];
        let mut convolved = zeros(kernel.convolved_numbers(isa, images));
        group.bench_function(BenchmarkId::new("forward", isa), |bencher| {
            bencher.iter(|| {
                let norm = BatchNormForward {
                    weight: None,
                    bias: &bias,
                    epsilon: 1e-3,
                    convolved: &mut convolved,
                    mean: &mut mean,
                    variance: &mut variance,
                };
                let data = ConvBlockForward {
                    input: black_box(&input[..]),
                    weight: &weight,
                    bias: Some(&bias),
                    norm: is_inner.then_some(norm),
                    addend: None,
                    keep: (!is_inner).then_some((&mask, rate.scale())),
                    output: &mut output,
                    layout,
                    routes: &mut routes,
                };
                kernel.forward(isa, &ThisThread, data).expect("memory for a kernel");
            });
        });
        group.bench_function(BenchmarkId::new("backward", isa), |bencher| {
            bencher.iter(|| {
                let norm = BatchNormGradients {
                    weight: None,
                    epsilon: 1e-3,
                    convolved: &convolved,
                    mean: &mean,
                    variance: &variance,
                    weight_gradient: &mut of_factors,
                    bias_gradient: &mut of_summands,
                };
                let data = ConvBlockGradients {
                    input: black_box(&input[..]),
                    weight: &weight,
                    norm: is_inner.then_some(norm),
                    routes: &routes,
                    scale: if *is_inner { 1.0 } else { rate.scale() },
                    output_gradient: &gradient,
                    layout,
                    input_gradient: &mut of_input,
                    addend_gradient: &mut [],
                    weight_gradient: &mut of_weight,
                    bias_gradient: Some(&mut of_bias),
                };
                kernel.backward(isa, &ThisThread, data).expect("memory for a kernel");
            });
        });
    }
    group.finish();
}

fn dropout(criterion: &mut Criterion) {
    let numbers = IMAGES * CHANNELS * SIDE * SIDE / 4;
    let rate = DropRate::nearest(0.2);
    let (from, mut to) = (values(numbers), vec![0.0; numbers]);
    let mut group = group(criterion, "dropout", numbers);
    for isa in isas() {
        let mut mask = KeepMask::default();
        let mut pass = 0;
        group.bench_function(BenchmarkId::new("draw", isa), |bencher| {
            bencher.iter(|| {
                pass += 1;
                mask.draw(isa, &ThisThread, Stream { key: [1, 2], pass }, rate, numbers)
                    .expect("memory for a kernel");
            });
        });
        mask.draw(isa, &ThisThread, Stream { key: [1, 2], pass: 0 }, rate, numbers)
            .expect("memory for a kernel");
        group.bench_function(BenchmarkId::new("apply", isa), |bencher| {
            bencher.iter(|| mask.apply(isa, &ThisThread, rate.scale(), black_box(&from), &mut to));
        });
    }
    group.finish();
}

/// As many parameters as the study's network with pooling has.
fn adam(criterion: &mut Criterion) {
    const PARAMETERS: usize = 592_074;
    let (mut parameters, gradients) = (values(PARAMETERS), values(PARAMETERS));
    let (mut first, mut second) = (vec![0.0; PARAMETERS], vec![0.0; PARAMETERS]);
    let (learning_rate, decay) = (1e-3, Decay::None);
    let mut step = AdamStep { learning_rate, beta1: 0.9, beta2: 0.999, epsilon: 1e-7, decay, step: 0 };
    let mut group = group(criterion, "adam", PARAMETERS);
    for isa in isas() {
        group.bench_function(BenchmarkId::new("step", isa), |bencher| {
            bencher.iter(|| {
                step.step += 1;
                let (parameters, first, second) = (&mut parameters[..], &mut first[..], &mut second[..]);
                let gradients = black_box(&gradients[..]);
                step.apply(isa, &ThisThread, AdamSlices { parameters, gradients, first, second });
            });
        });
    }
    group.finish();
}

/// Of the same parameters.
fn sgd(criterion: &mut Criterion) {
    const PARAMETERS: usize = 592_074;
    let (mut parameters, gradients) = (values(PARAMETERS), values(PARAMETERS));
    let mut velocity = vec![0.0; PARAMETERS];
    let (learning_rate, decay) = (1e-6, Decay::InGradient(1e-4));
    let mut group = group(criterion, "sgd", PARAMETERS);
    for isa in isas() {
        group.bench_function(BenchmarkId::new("plain", isa), |bencher| {
            bencher.iter(|| {
                let slices = SgdSlices { parameters: &mut parameters, gradients: black_box(&gradients) };
                SgdStep { learning_rate, decay }.apply(isa, &ThisThread, slices);
            });
        });
        group.bench_function(BenchmarkId::new("nesterov", isa), |bencher| {
            bencher.iter(|| {
                let (parameters, velocity) = (&mut parameters[..], &mut velocity[..]);
                let gradients = black_box(&gradients[..]);
                let step = MomentumStep { learning_rate, momentum: 0.9, nesterov: true, decay };
                step.apply(isa, &ThisThread, MomentumSlices { parameters, gradients, velocity });
            });
        });
    }
    group.finish();
}

/// The study's hidden layer.
fn dense(criterion: &mut Criterion) {
    let precision = ProductPrecision::F32;
    let layer = DenseKernel { inputs: CHANNELS * SIDE * SIDE / 4, units: 128, precision };
    let (input, weight) = (values(IMAGES * layer.inputs), values(layer.units * layer.inputs));
    let (bias, gradient) = (values(layer.units), values(IMAGES * layer.units));
    let mut output = vec![0.0; IMAGES * layer.units];
    let (mut input_gradient, mut weight_gradient) = (vec![0.0; input.len()], vec![0.0; weight.len()]);
    let mut bias_gradient = vec![0.0; layer.units];
    let mut group = group(criterion, "dense", IMAGES * layer.inputs * layer.units);
    for isa in isas() {
        group.bench_function(BenchmarkId::new("forward", isa), |bencher| {
            bencher.iter(|| {
                layer
                    .forward(isa, &ThisThread, [black_box(&input), &weight, &bias], &mut output)
                    .expect("memory for a kernel");
            });
        });
    }
    // The gemm crate finds its own instructions.
    group.bench_function("backward", |bencher| {
        bencher.iter(|| {
            let data = DenseGradients {
                input: black_box(&input),
                weight: &weight,
                output_gradient: &gradient,
                input_gradient: &mut input_gradient,
                weight_gradient: &mut weight_gradient,
                bias_gradient: &mut bias_gradient,
            };
            layer.backward(Isa::best(), &ThisThread, data).expect("memory for a kernel");
        });
    });
    group.finish();
}

criterion_group!(benches, pooling, conv_blocks, dropout, adam, sgd, dense);
criterion_main!(benches);
