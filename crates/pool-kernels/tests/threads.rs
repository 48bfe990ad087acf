//! However tasks are divided among threads, every kernel gives the same bits.
//!
//! `scripts/check-sanitizers` also looks here for two threads that touch the same number.

#![expect(unsafe_code, reason = "threads of our own")]

mod common;

use std::ops::Range;

use common::{isas, values};
use pool_kernels::{
    AdamSlices, AdamStep, Batch, BatchNormForward, BatchNormGradients, BlockReduce, ConvAxis, ConvBlock,
    ConvBlockForward, ConvBlockGradients, Decay, DenseGradients, DenseKernel, DropRate, Entries, Isa,
    KeepMask, KernelWindow, Layout, MomentumSlices, MomentumStep, Pooling, ProductPrecision, Reduce,
    SgdSlices, SgdStep, Stream, ThisThread, Threads, WindowTable,
};

/// Three threads at once, of which the first has a sixth of the tasks and the last a half. Does not ask whether that
/// many are worth a thread: the smaller the work, the more often threads meet.
struct ThreeThreads;

// SAFETY: ranges that share no task, and threads that are waited for.

unsafe impl Threads for ThreeThreads {
    fn parallel_for(&self, tasks: usize, _grain: usize, work: &(dyn Fn(Range<usize>) + Sync)) {
        let (first, second) = (tasks / 6, tasks / 2);
        std::thread::scope(|scope| {
            let ranges = [0..first, first..second, second..tasks];
            let threads: Vec<_> = ranges
                .into_iter()
                .filter(|range| !range.is_empty())
                .map(|range| scope.spawn(move || work(range)))
                .collect();
            for thread in threads {
                thread.join().expect("a kernel does not panic");
            }
        });
    }
}

/// Runs a kernel on one thread and on three, with every instruction set, and compares all that it wrote.
fn same_bits<T: PartialEq>(kernel: impl Fn(Isa, &dyn Threads) -> T) {
    for isa in isas() {
        let alone = kernel(isa, &ThisThread);
        // Miri needs no luck to see a race.
        for _ in 0..if cfg!(miri) { 1 } else { 3 } {
            assert!(kernel(isa, &ThreeThreads) == alone, "{isa}");
        }
    }
}

fn bits(numbers: &[f32]) -> Vec<u32> {
    numbers.iter().map(|number| number.to_bits()).collect()
}

/// Windows of 3 with stride 2, which overlap.
fn windows(side: u32) -> WindowTable {
    let axis: Vec<KernelWindow> = (0..side - 2)
        .step_by(2)
        .map(|first| KernelWindow { entries: Entries::Run { first, count: 3, step: 1 }, counted: 3 })
        .collect();
    WindowTable::new(&[side as usize; 2], &[axis.clone(), axis]).unwrap()
}

#[test]
fn pooling() {
    let windows = windows(if cfg!(miri) { 5 } else { 9 });
    for layout in [Layout::ChannelsFirst, Layout::ChannelsLast] {
        // The last panel of a sample is not full, and panels of channels that come first cross samples.
        let (samples, channels) = if cfg!(miri) { (2, 10) } else { (5, 19) };
        let batch = Batch { samples, channels, layout };
        let planes = batch.samples * batch.channels;
        let (input, gradient) = (values(planes * windows.pixels(), 1), values(planes * windows.len(), 2));
        let drawn: Vec<f32> = values(gradient.len(), 3).iter().map(|value| value.abs() / 6.0).collect();
        let reducers =
            [Reduce::Max, Reduce::Sampled, Reduce::Mean, Reduce::Soft { beta: 1.0 }, Reduce::Median];
        for &reduce in &reducers[..if cfg!(miri) { 2 } else { reducers.len() }] {
            let draws = if reduce == Reduce::Sampled { &drawn[..] } else { &[] };
            let pooling = Pooling { windows: &windows, reduce, batch, draws };
            same_bits(|isa, threads| {
                let mut output = vec![f32::NAN; gradient.len()];
                let mut input_gradient = vec![f32::NAN; input.len()];
                pooling.forward(isa, threads, &input, &mut output).unwrap();
                pooling.backward(isa, threads, &input, &gradient, &mut input_gradient).unwrap();
                [bits(&output), bits(&input_gradient)]
            });
        }
    }
}

#[test]
fn random_numbers_and_dropout() {
    // Several tasks of random numbers, and of masks.
    const NUMBERS: usize = if cfg!(miri) { 603 } else { 100_003 };
    let from = values(NUMBERS, 4);
    let rate = DropRate::nearest(0.3);
    let stream = Stream { key: [7, 8], pass: 3 };
    same_bits(|isa, threads| {
        let mut mask = KeepMask::default();
        mask.draw(isa, threads, stream, rate, NUMBERS).unwrap();
        let mut to = vec![f32::NAN; NUMBERS];
        mask.apply(isa, threads, rate.scale(), &from, &mut to);
        let mut uniform = vec![f32::NAN; NUMBERS];
        stream.fill_uniform(isa, threads, &mut uniform);
        let kept: Vec<bool> = (0..NUMBERS).map(|number| mask.keeps(number)).collect();
        (kept, bits(&to), bits(&uniform))
    });
}

#[test]
fn adam() {
    const PARAMETERS: usize = if cfg!(miri) { 203 } else { 50_001 };
    same_bits(|isa, threads| {
        let mut parameters = values(PARAMETERS, 5);
        let (mut first, mut second) = (vec![0.0; PARAMETERS], vec![0.0; PARAMETERS]);
        for step in 1..=if cfg!(miri) { 1 } else { 3 } {
            let gradients = values(PARAMETERS, 10 + step);
            let (parameters, first, second) = (&mut parameters[..], &mut first[..], &mut second[..]);
            let (learning_rate, decay) = (1e-2, Decay::Decoupled(0.1));
            let step = AdamStep { learning_rate, beta1: 0.9, beta2: 0.999, epsilon: 1e-7, decay, step };
            step.apply(isa, threads, AdamSlices { parameters, gradients: &gradients, first, second });
        }
        [bits(&parameters), bits(&first), bits(&second)]
    });
}

#[test]
fn descent_with_and_without_momentum() {
    const PARAMETERS: usize = if cfg!(miri) { 203 } else { 50_001 };
    same_bits(|isa, threads| {
        let (mut parameters, mut velocity) = (values(PARAMETERS, 5), vec![0.0; PARAMETERS]);
        for step in 1..=if cfg!(miri) { 1 } else { 3 } {
            let gradients = &values(PARAMETERS, 10 + step);
            let (learning_rate, decay) = (1e-2, Decay::InGradient(0.1));
            let step = MomentumStep { learning_rate, momentum: 0.9, nesterov: true, decay };
            let slices = MomentumSlices { parameters: &mut parameters, gradients, velocity: &mut velocity };
            step.apply(isa, threads, slices);
            let step = SgdStep { learning_rate, decay };
            step.apply(isa, threads, SgdSlices { parameters: &mut parameters, gradients });
        }
        [bits(&parameters), bits(&velocity)]
    });
}

const BLOCK: ConvBlock = ConvBlock {
    channels: 2,
    filters: 19,
    depthwise: false,
    axes: [ConvAxis::plain(9, 3); 2],
    relu: true,
    reduce: BlockReduce::Max,
    window: [2, 2],
    precision: ProductPrecision::F32,
};

#[test]
fn convolution_blocks() {
    // Several groups of images.
    const IMAGES: usize = if cfg!(miri) { 9 } else { 27 };
    let cases = [
        (BlockReduce::Max, [2, 2], true, ProductPrecision::F32, 2, 2),
        (BlockReduce::Mean, [1, 2], false, ProductPrecision::Bf16, 2, 2),
        // In tiles.
        (BlockReduce::Max, [2, 2], true, ProductPrecision::F32, 17, 3),
        (BlockReduce::Max, [2, 2], true, ProductPrecision::Bf16, 17, 3),
    ];
    let cases = &cases[..if cfg!(miri) { 1 } else { cases.len() }];
    for &(reduce, window, normalizes, precision, channels, size) in cases {
        let [channels, rows, columns] = if cfg!(miri) { [1, 5, 6] } else { [channels, 9, 11] };
        let axis = |input, size| ConvAxis { before: 1, ..ConvAxis::plain(input, size) };
        let axes = [axis(rows, 3), axis(columns, size)];
        let block = ConvBlock { channels, axes, reduce, window, precision, ..BLOCK };
        let images = values(IMAGES * channels * rows * columns, 6);
        let weight = values(block.filters * channels * 3 * size, 7);
        let [bias, factors] = [8, 5].map(|seed| values(block.filters, seed));
        let outputs = IMAGES * block.filters * block.output().iter().product::<usize>();
        let gradient = values(outputs, 9);
        let rate = DropRate::nearest(0.2);
        same_bits(|isa, threads| {
            let mut mask = KeepMask::default();
            mask.draw(isa, threads, Stream { key: [1, 2], pass: 1 }, rate, outputs).unwrap();
            let nothing = |numbers: usize| vec![f32::NAN; numbers];
            let (mut output, mut routes) = (nothing(outputs), vec![0; block.routes(isa, IMAGES)]);
            let mut convolved = nothing(block.convolved_numbers(isa, IMAGES));
            let [mut mean, mut variance, mut of_factors, mut of_summands, mut of_bias] =
                [0; 5].map(|_| nothing(block.filters));
            let (mut of_input, mut of_weight) = (nothing(images.len()), nothing(weight.len()));
            let norm = BatchNormForward {
                weight: Some(&factors),
                bias: &bias,
                epsilon: 1e-3,
                convolved: &mut convolved,
                mean: &mut mean,
                variance: &mut variance,
            };
            let data = ConvBlockForward {
                input: &images,
                weight: &weight,
                bias: Some(&bias),
                norm: normalizes.then_some(norm),
                addend: None,
                keep: Some((&mask, rate.scale())),
                output: &mut output,
                layout: Layout::ChannelsFirst,
                routes: &mut routes,
            };
            block.forward(isa, threads, data).unwrap();
            let norm = BatchNormGradients {
                weight: Some(&factors),
                epsilon: 1e-3,
                convolved: &convolved,
                mean: &mean,
                variance: &variance,
                weight_gradient: &mut of_factors,
                bias_gradient: &mut of_summands,
            };
            let data = ConvBlockGradients {
                input: &images,
                weight: &weight,
                norm: normalizes.then_some(norm),
                routes: &routes,
                scale: rate.scale(),
                output_gradient: &gradient,
                layout: Layout::ChannelsFirst,
                input_gradient: &mut of_input,
                addend_gradient: &mut [],
                weight_gradient: &mut of_weight,
                bias_gradient: Some(&mut of_bias),
            };
            block.backward(isa, threads, data).unwrap();
            let all = [output, mean, variance, of_input, of_weight, of_bias, of_factors, of_summands];
            (routes, all.map(|numbers| bits(&numbers)))
        });
    }
}

#[test]
fn dense() {
    // Several tasks, of which the last is short, whether they are parts of the inputs or of the units.
    let [inputs, units] = if cfg!(miri) { [53, 11] } else { [7_001, 21] };
    let few_and_many = if cfg!(miri) { [1, 2] } else { [6, 20] };
    let precisions = [ProductPrecision::F32, ProductPrecision::Bf16];
    for (samples, precision) in
        few_and_many.into_iter().flat_map(|samples| precisions.map(|of| (samples, of)))
    {
        let layer = DenseKernel { inputs, units, precision };
        let (input, weight) = (values(samples * layer.inputs, 10), values(layer.units * layer.inputs, 11));
        let (bias, output_gradient) = (values(layer.units, 12), values(samples * layer.units, 13));
        same_bits(|isa, threads| {
            let mut output = vec![f32::NAN; samples * layer.units];
            layer.forward(isa, threads, [&input, &weight, &bias], &mut output).unwrap();
            let (mut input_gradient, mut weight_gradient) =
                (vec![f32::NAN; input.len()], vec![f32::NAN; weight.len()]);
            let mut bias_gradient = vec![f32::NAN; layer.units];
            let data = DenseGradients {
                input: &input,
                weight: &weight,
                output_gradient: &output_gradient,
                input_gradient: &mut input_gradient,
                weight_gradient: &mut weight_gradient,
                bias_gradient: &mut bias_gradient,
            };
            layer.backward(isa, threads, data).unwrap();
            [bits(&output), bits(&input_gradient), bits(&weight_gradient), bits(&bias_gradient)]
        });
    }
}

/// Rows of a single image are divided among threads, if there are enough products.
#[test]
fn a_prepared_block_of_one_image() {
    let few = if cfg!(miri) { 19 } else { 130 };
    let cases = [
        (ProductPrecision::F32, 2, few),
        (ProductPrecision::Bf16, 2, few),
        (ProductPrecision::F32, 16, 19),
        (ProductPrecision::Bf16, 16, 19),
    ];
    for &(precision, channels, filters) in &cases[..if cfg!(miri) { 2 } else { cases.len() }] {
        for layout in [Layout::ChannelsLast, Layout::ChannelsFirst] {
            let axes = [ConvAxis { before: 1, ..ConvAxis::plain(if cfg!(miri) { 8 } else { 45 }, 3) }; 2];
            let block = ConvBlock { channels, filters, axes, precision, ..BLOCK };
            let image = values(channels * axes[0].input * axes[1].input, 6);
            let weight = values(filters * channels * 9, 7);
            same_bits(|isa, threads| {
                let mut output = vec![f32::NAN; filters * block.output().iter().product::<usize>()];
                let prepared = block.prepare(isa, &weight, None).unwrap();
                prepared.forward(threads, (&image, None), &mut output, layout).unwrap();
                bits(&output)
            });
        }
    }
}
