//! Every kernel refuses slices whose lengths are not those of its sizes, before it reads or writes any of them.

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};

use common::{isas, values};
use pool_kernels::{
    AdamSlices, AdamStep, Batch, BatchNormForward, BatchNormGradients, BlockReduce, ConvAxis, ConvBlock,
    ConvBlockForward, ConvBlockGradients, Decay, DenseGradients, DenseKernel, DropRate, KeepMask,
    KernelWindow, Layout, MomentumSlices, MomentumStep, Pooling, ProductPrecision, Reduce, SgdSlices,
    SgdStep, Stream, ThisThread, WindowTable,
};

const STREAM: Stream = Stream { key: [1, 2], pass: 0 };

/// Runs a kernel with slices of the right lengths, and then with each of them one number short.
fn refuses_each_short_slice<const SLICES: usize>(
    what: &str,
    lengths: [usize; SLICES],
    kernel: impl Fn([usize; SLICES]),
) {
    kernel(lengths);
    for slice in 0..SLICES {
        let mut short = lengths;
        short[slice] -= 1;
        let outcome = catch_unwind(AssertUnwindSafe(|| kernel(short)));
        assert!(outcome.is_err(), "{what}: slice {slice} is one number short");
    }
}

/// Two windows of two entries along one axis.
fn windows() -> WindowTable {
    let axis = [0, 2].map(|first| KernelWindow { entries: vec![first, first + 1].into(), counted: 2 });
    WindowTable::new(&[4], &[axis.to_vec()]).unwrap()
}

#[test]
fn pooling() {
    for isa in isas() {
        let windows = windows();
        let batch = Batch { samples: 2, channels: 3, layout: Layout::ChannelsFirst };
        refuses_each_short_slice(&format!("forward, {isa}"), [24, 12, 12], |[input, output, draws]| {
            let draws = vec![0.5; draws];
            let pooling = Pooling { windows: &windows, reduce: Reduce::Sampled, batch, draws: &draws };
            pooling.forward(isa, &ThisThread, &values(input, 1), &mut vec![0.0; output]).unwrap();
        });
        refuses_each_short_slice(&format!("backward, {isa}"), [24, 12, 24], |[input, gradient, to]| {
            let pooling = Pooling { windows: &windows, reduce: Reduce::Max, batch, draws: &[] };
            let (input, gradient) = (values(input, 1), values(gradient, 2));
            pooling.backward(isa, &ThisThread, &input, &gradient, &mut vec![0.0; to]).unwrap();
        });
    }
}

/// The product of these sizes is 0 after wrapping around, which is the length of an empty slice.
#[test]
fn pooling_of_a_batch_whose_size_wraps_around() {
    for isa in isas() {
        let windows = windows();
        let half = 1 << (usize::BITS / 2);
        for layout in [Layout::ChannelsFirst, Layout::ChannelsLast] {
            for (samples, channels) in [(half, half), (half, half / 2), (1 << (usize::BITS - 1), 3)] {
                let batch = Batch { samples, channels, layout };
                let pooling = Pooling { windows: &windows, reduce: Reduce::Max, batch, draws: &[] };
                let forward = || pooling.forward(isa, &ThisThread, &[], &mut []);
                assert!(catch_unwind(forward).is_err(), "{batch:?}, {isa}");
                let backward = || pooling.backward(isa, &ThisThread, &[], &[], &mut []);
                assert!(catch_unwind(backward).is_err(), "{batch:?}, {isa}");
            }
        }
    }
}

const BLOCK: ConvBlock = ConvBlock {
    channels: 1,
    filters: 3,
    depthwise: false,
    axes: [ConvAxis::plain(5, 2); 2],
    relu: true,
    reduce: BlockReduce::Max,
    window: [2, 2],
    precision: ProductPrecision::F32,
};

#[test]
fn a_convolution_block() {
    for isa in isas() {
        let (routes, convolved) = (BLOCK.routes(isa, 2), BLOCK.convolved_numbers(isa, 2));
        let forward = |[input, weight, bias, addend, output, routes]: [usize; 6],
                       norm: Option<[usize; 5]>| {
            let [factors, summands, convolved, mean, variance] = norm.unwrap_or_default();
            let data = ConvBlockForward {
                input: &values(input, 1),
                weight: &values(weight, 2),
                bias: Some(&values(bias, 3)),
                norm: norm.map(|_| BatchNormForward {
                    weight: Some(vec![1.0; factors].leak()),
                    bias: vec![0.0; summands].leak(),
                    epsilon: 1e-3,
                    convolved: vec![0.0; convolved].leak(),
                    mean: vec![0.0; mean].leak(),
                    variance: vec![0.0; variance].leak(),
                }),
                addend: Some(&values(addend, 4)),
                keep: None,
                output: &mut vec![0.0; output],
                layout: Layout::ChannelsLast,
                routes: &mut vec![0; routes],
            };
            BLOCK.forward(isa, &ThisThread, data).unwrap();
        };
        let lengths = [50, 12, 3, 96, 24, routes];
        refuses_each_short_slice(&format!("forward, {isa}"), lengths, |lengths| forward(lengths, None));
        let of_norm = [3, 3, convolved, 3, 3];
        refuses_each_short_slice(&format!("norm, {isa}"), of_norm, |norm| forward(lengths, Some(norm)));
        refuses_each_short_slice(&format!("mask, {isa}"), [24], |[numbers]| {
            let mut mask = KeepMask::default();
            mask.draw(isa, &ThisThread, STREAM, DropRate::nearest(0.5), numbers).unwrap();
            let data = ConvBlockForward {
                input: &values(50, 1),
                weight: &values(12, 2),
                bias: None,
                norm: None,
                addend: None,
                keep: Some((&mask, 2.0)),
                output: &mut [0.0; 24],
                layout: Layout::ChannelsLast,
                routes: &mut [],
            };
            BLOCK.forward(isa, &ThisThread, data).unwrap();
        });
        let backward = |lengths: [usize; 8], norm: Option<[usize; 6]>| {
            let [input, weight, routes, output, of_input, of_addend, of_weight, of_bias] = lengths;
            let [factors, convolved, mean, variance, of_factors, of_summands] = norm.unwrap_or_default();
            let data = ConvBlockGradients {
                input: &values(input, 1),
                weight: &values(weight, 2),
                norm: norm.map(|_| BatchNormGradients {
                    weight: Some(vec![1.0; factors].leak()),
                    epsilon: 1e-3,
                    convolved: vec![0.0; convolved].leak(),
                    mean: vec![0.0; mean].leak(),
                    variance: vec![0.0; variance].leak(),
                    weight_gradient: vec![0.0; of_factors].leak(),
                    bias_gradient: vec![0.0; of_summands].leak(),
                }),
                routes: &vec![1; routes],
                scale: 1.0,
                output_gradient: &values(output, 3),
                layout: Layout::ChannelsLast,
                input_gradient: &mut vec![0.0; of_input],
                addend_gradient: &mut vec![0.0; of_addend],
                weight_gradient: &mut vec![0.0; of_weight],
                bias_gradient: Some(&mut vec![0.0; of_bias]),
            };
            BLOCK.backward(isa, &ThisThread, data).unwrap();
        };
        let lengths = [50, 12, routes, 24, 50, 96, 12, 3];
        refuses_each_short_slice(&format!("backward, {isa}"), lengths, |lengths| backward(lengths, None));
        let of_norm = [3, convolved, 3, 3, 3, 3];
        let what = format!("backward through the norm, {isa}");
        refuses_each_short_slice(&what, of_norm, |norm| backward(lengths, Some(norm)));
        let without = [50, 12, 0, 24, 50, 96, 12, 3];
        assert!(catch_unwind(|| backward(without, None)).is_err(), "backward without routes, {isa}");
    }
}

#[test]
fn a_dense_layer() {
    for isa in isas() {
        let layer = DenseKernel { inputs: 4, units: 3, precision: ProductPrecision::F32 };
        refuses_each_short_slice(
            &format!("forward, {isa}"),
            [20, 12, 3, 15],
            |[input, weight, bias, output]| {
                let slices: [&[f32]; 3] = [&values(input, 1), &values(weight, 2), &values(bias, 3)];
                layer.forward(isa, &ThisThread, slices, &mut vec![0.0; output]).unwrap();
            },
        );
        refuses_each_short_slice(
            &format!("backward, {isa}"),
            [20, 12, 15, 20, 12, 3],
            |[input, weight, output, input_gradient, weight_gradient, bias]| {
                let data = DenseGradients {
                    input: &values(input, 1),
                    weight: &values(weight, 2),
                    output_gradient: &values(output, 3),
                    input_gradient: &mut vec![0.0; input_gradient],
                    weight_gradient: &mut vec![0.0; weight_gradient],
                    bias_gradient: &mut vec![0.0; bias],
                };
                layer.backward(isa, &ThisThread, data).unwrap();
            },
        );
    }
}

#[test]
fn optimizers_and_dropout() {
    for isa in isas() {
        let (learning_rate, decay) = (1e-2, Decay::None);
        refuses_each_short_slice(
            &format!("Adam, {isa}"),
            [9; 4],
            |[parameters, gradients, first, second]| {
                let step =
                    AdamStep { learning_rate, beta1: 0.9, beta2: 0.999, epsilon: 1e-7, decay, step: 1 };
                let slices = AdamSlices {
                    parameters: &mut vec![0.0; parameters],
                    gradients: &vec![0.0; gradients],
                    first: &mut vec![0.0; first],
                    second: &mut vec![0.0; second],
                };
                step.apply(isa, &ThisThread, slices);
            },
        );
        refuses_each_short_slice(&format!("momentum, {isa}"), [9; 3], |[parameters, gradients, velocity]| {
            let step = MomentumStep { learning_rate, momentum: 0.9, nesterov: false, decay };
            let slices = MomentumSlices {
                parameters: &mut vec![0.0; parameters],
                gradients: &vec![0.0; gradients],
                velocity: &mut vec![0.0; velocity],
            };
            step.apply(isa, &ThisThread, slices);
        });
        refuses_each_short_slice(&format!("SGD, {isa}"), [9; 2], |[parameters, gradients]| {
            let slices =
                SgdSlices { parameters: &mut vec![0.0; parameters], gradients: &vec![0.0; gradients] };
            SgdStep { learning_rate, decay }.apply(isa, &ThisThread, slices);
        });
        refuses_each_short_slice(&format!("dropout, {isa}"), [9; 3], |[mask_numbers, from, to]| {
            let mut mask = KeepMask::default();
            mask.draw(isa, &ThisThread, STREAM, DropRate::nearest(0.5), mask_numbers).unwrap();
            mask.apply(isa, &ThisThread, 2.0, &vec![1.0; from], &mut vec![0.0; to]);
        });
    }
}

/// A bit for each of these numbers is more than any machine has.
#[test]
#[cfg_attr(miri, ignore = "Miri ends when it cannot allocate")]
fn a_mask_that_no_memory_holds_is_an_error_and_leaves_an_empty_mask() {
    for isa in isas() {
        let mut mask = KeepMask::default();
        let rate = DropRate::nearest(0.5);
        mask.draw(isa, &ThisThread, STREAM, rate, 100).unwrap();
        mask.draw(isa, &ThisThread, STREAM, rate, usize::MAX).unwrap_err();
        assert!(mask.is_empty());
        mask.draw(isa, &ThisThread, STREAM, rate, 100).unwrap();
        assert_eq!(mask.len(), 100);
    }
}
