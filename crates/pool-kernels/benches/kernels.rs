//! Time of each kernel on one thread, with every instruction set that the processor has, on what the study's network
//! needs in a step: `cargo bench -p pool-kernels`.

use std::hint::black_box;
use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use pool_kernels::{
    AdamSlices, AdamStep, Batch, BlockReduce, ConvAxis, ConvBlock, ConvBlockForward, ConvBlockGradients,
    Decay, DenseGradients, DenseKernel, DropRate, Isa, KeepMask, KernelWindow, Layout, MomentumSlices,
    MomentumStep, Pooling, Reduce, SgdSlices, SgdStep, Stream, ThisThread, WindowTable,
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

/// The first blocks of the study's three arms.
fn first_block(criterion: &mut Criterion) {
    for (arm, reduce, window) in [
        ("average", BlockReduce::Mean, [2, 2]),
        ("maximum", BlockReduce::Max, [2, 2]),
        ("none", BlockReduce::Max, [1, 1]),
    ] {
        let axes = [ConvAxis::plain(IMAGE_SIDE, 5); 2];
        let block = ConvBlock { channels: 1, filters: CHANNELS, axes, relu: true, reduce, window };
        let mut group = group(criterion, &format!("first_block/{arm}"), IMAGES * IMAGE_SIDE * IMAGE_SIDE);
        for isa in isas() {
            bench_block(&mut group, &block, isa);
        }
        group.finish();
    }
}

fn bench_block(group: &mut BenchmarkGroup<'_, WallTime>, block: &ConvBlock, isa: Isa) {
    let images = values(IMAGES * IMAGE_SIDE * IMAGE_SIDE);
    let (weight, bias) = (values(block.filters * 25), values(block.filters));
    let outputs = IMAGES * block.filters * block.output().iter().product::<usize>();
    let (mut output, mut routes) = (vec![0.0; outputs], vec![0; block.routes(isa, IMAGES)]);
    let (mut weight_gradient, mut bias_gradient) = (vec![0.0; weight.len()], vec![0.0; bias.len()]);
    let rate = DropRate::nearest(0.2);
    let mut mask = KeepMask::default();
    mask.draw(isa, &ThisThread, Stream { key: [1, 2], pass: 0 }, rate, outputs).expect("memory for a kernel");
    group.bench_function(BenchmarkId::new("forward", isa), |bencher| {
        bencher.iter(|| {
            let (output, routes) = (&mut output[..], &mut routes[..]);
            let (images, keep) = (black_box(&images[..]), Some((&mask, rate.scale())));
            let data = ConvBlockForward {
                input: images,
                weight: &weight,
                bias: Some(&bias),
                norm: None,
                keep,
                output,
                layout: Layout::ChannelsFirst,
                routes,
            };
            block.forward(isa, &ThisThread, data).expect("memory for a kernel");
        });
    });
    let gradient = values(outputs);
    group.bench_function(BenchmarkId::new("backward", isa), |bencher| {
        bencher.iter(|| {
            let (weight_gradient, bias_gradient) = (&mut weight_gradient[..], &mut bias_gradient[..]);
            let (images, scale) = (black_box(&images[..]), rate.scale());
            let data = ConvBlockGradients {
                input: images,
                weight: &weight,
                norm: None,
                routes: &routes,
                scale,
                output_gradient: &gradient,
                layout: Layout::ChannelsFirst,
                input_gradient: &mut [],
                weight_gradient,
                bias_gradient: Some(bias_gradient),
            };
            block.backward(isa, &ThisThread, data).expect("memory for a kernel");
        });
    });
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
    let layer = DenseKernel { inputs: CHANNELS * SIDE * SIDE / 4, units: 128 };
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
            layer.backward(&ThisThread, data);
        });
    });
    group.finish();
}

criterion_group!(benches, pooling, first_block, dropout, adam, sgd, dense);
criterion_main!(benches);
