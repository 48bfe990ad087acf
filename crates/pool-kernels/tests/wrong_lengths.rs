//! Every kernel refuses slices whose lengths are not those of its sizes, before it reads or writes any of them.

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};

use common::{isas, values};
use pool_kernels::{
    AdamSlices, AdamStep, Batch, ConvPool, ConvPoolForward, ConvPoolGradients, ConvPoolReduce, Decay,
    DenseGradients, DenseKernel, DropRate, KeepMask, KernelWindow, Layout, MomentumSlices, MomentumStep,
    Pooling, Reduce, SgdSlices, SgdStep, Stream, ThisThread, WindowTable,
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

#[test]
fn the_first_block() {
    for isa in isas() {
        let block = ConvPool {
            input: [1, 5, 5],
            filters: 3,
            kernel: [2, 2],
            relu: true,
            reduce: ConvPoolReduce::Max,
            window: [2, 2],
        };
        let routes = block.routes(isa, 2);
        refuses_each_short_slice(
            &format!("forward, {isa}"),
            [50, 12, 3, 24, routes],
            |[images, weight, bias, output, routes]| {
                let data = ConvPoolForward {
                    images: &values(images, 1),
                    weight: &values(weight, 2),
                    bias: &values(bias, 3),
                    keep: None,
                    output: &mut vec![0.0; output],
                    routes: &mut vec![0; routes],
                };
                block.forward(isa, &ThisThread, data).unwrap();
            },
        );
        refuses_each_short_slice(&format!("mask, {isa}"), [24], |[numbers]| {
            let mut mask = KeepMask::default();
            mask.draw(isa, &ThisThread, STREAM, DropRate::nearest(0.5), numbers).unwrap();
            let data = ConvPoolForward {
                images: &values(50, 1),
                weight: &values(12, 2),
                bias: &values(3, 3),
                keep: Some((&mask, 2.0)),
                output: &mut [0.0; 24],
                routes: &mut [],
            };
            block.forward(isa, &ThisThread, data).unwrap();
        });
        let backward = |[images, routes, output, weight, bias]: [usize; 5]| {
            let data = ConvPoolGradients {
                images: &values(images, 1),
                routes: &vec![1; routes],
                scale: 1.0,
                output: &values(output, 2),
                weight: &mut vec![0.0; weight],
                bias: &mut vec![0.0; bias],
            };
            block.backward(isa, &ThisThread, data).unwrap();
        };
        refuses_each_short_slice(&format!("backward, {isa}"), [50, routes, 24, 12, 3], backward);
        assert!(catch_unwind(|| backward([50, 0, 24, 12, 3])).is_err(), "backward without routes, {isa}");
    }
}

#[test]
fn a_dense_layer() {
    for isa in isas() {
        let layer = DenseKernel { inputs: 4, units: 3 };
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
                layer.backward(&ThisThread, data);
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
