//! Sums over large windows, over many windows that share a pixel, and over many images keep their digits: equal numbers give
//! their multiple to 1e-6, with every instruction set and both layouts.

mod common;
#[path = "common/plain.rs"]
mod plain;

use common::{isas, values};
use plain::Plain;
use pool_kernels::{
    Batch, BlockReduce, ConvAxis, ConvBlock, ConvBlockForward, ConvBlockGradients, DenseGradients,
    DenseKernel, Entries, Isa, KernelWindow, Layout, Pooling, ProductPrecision, Reduce, ThisThread,
    WindowTable,
};

/// A tenth is no number of `f32`, so that every sum of it is rounded.
const EQUAL: f32 = 0.1;
const TOLERANCE: f64 = 1e-6;

fn windows(size: usize, stride: usize, input: usize) -> Vec<KernelWindow> {
    (0..=input - size)
        .step_by(stride)
        .map(|first| KernelWindow {
            entries: Entries::Run { first: first as u32, count: size as u32, step: 1 },
            counted: size as u32,
        })
        .collect()
}

fn apart(found: f32, expected: f64) -> f64 {
    (f64::from(found) / expected - 1.0).abs()
}

const LAYOUTS: [Layout; 2] = [Layout::ChannelsFirst, Layout::ChannelsLast];

#[test]
#[cfg_attr(miri, ignore = "too large for Miri")]
fn one_window_of_equal_values_is_that_value_at_any_size() {
    let (every, best) = (isas(), [Isa::best()]);
    // The largest with the processor's own instructions alone: plain ones take seconds for it.
    for (spatial, isas, layouts) in [
        (&[17][..], &every[..], &LAYOUTS[..]),
        (&[224, 224], &every, &LAYOUTS[..1]),
        (&[13, 21, 17], &every, &LAYOUTS),
        (&[40_009], &every, &LAYOUTS[1..]),
        (&[2_000, 500], &best, &LAYOUTS[..1]),
    ] {
        let axes: Vec<Vec<KernelWindow>> = spatial.iter().map(|&size| windows(size, 1, size)).collect();
        let table = WindowTable::new(spatial, &axes).unwrap();
        let count = table.pixels() as f64;
        let x = f64::from(EQUAL);
        let input = vec![EQUAL; 2 * table.pixels()];
        // The value, and the slope in every cell, as the formulas in `Reduce` have them.
        for (reduce, value, slope) in [
            (Reduce::Mean, x, 1.0 / count),
            (Reduce::Soft { beta: 1.0 }, x, 1.0 / count),
            (Reduce::Soft { beta: -20.0 }, x, 1.0 / count),
            (Reduce::StochasticMean, x, 1.0 / count),
            (Reduce::Lp { p: 1.0 }, x * count, 1.0),
            (Reduce::Lp { p: 2.0 }, x * count.sqrt(), count.powf(-0.5)),
            (Reduce::Lp { p: 3.0 }, x * count.cbrt(), count.powf(-2.0 / 3.0)),
            (Reduce::Lp { p: 0.5 }, x * count.powi(2), count),
            (Reduce::Lp { p: 1.5 }, x * count.powf(1.0 / 1.5), count.powf(-0.5 / 1.5)),
            (Reduce::Lp { p: 12.25 }, x * count.powf(1.0 / 12.25), count.powf(-11.25 / 12.25)),
        ] {
            for (&layout, &isa) in layouts.iter().flat_map(|layout| isas.iter().map(move |isa| (layout, isa)))
            {
                let batch = Batch { samples: 1, channels: 2, layout };
                let pooling = Pooling { windows: &table, reduce, batch, draws: &[] };
                let mut output = vec![f32::NAN; 2];
                pooling.forward(isa, &ThisThread, &input, &mut output).unwrap();
                let mut gradient = vec![f32::NAN; input.len()];
                pooling.backward(isa, &ThisThread, &input, &[EQUAL; 2], &mut gradient).unwrap();
                for (what, found, expected) in [("value", &output, value), ("gradient", &gradient, slope * x)]
                {
                    let worst = found.iter().map(|&found| apart(found, expected)).fold(0.0, f64::max);
                    assert!(
                        worst <= TOLERANCE,
                        "{spatial:?} {reduce:?} {isa} {layout:?}: {what} {worst:e} apart, {}, not {expected}",
                        found[0]
                    );
                }
            }
        }
    }
}

#[test]
#[cfg_attr(miri, ignore = "too large for Miri")]
fn infinities_and_sums_beyond_all_numbers_stay_what_they_are() {
    let table = WindowTable::new(&[200], &[windows(200, 1, 200)]).unwrap();
    let batch = Batch { samples: 1, channels: 1, layout: Layout::ChannelsFirst };
    let pooling = Pooling { windows: &table, reduce: Reduce::Mean, batch, draws: &[] };
    for isa in isas() {
        for (special, others, expected) in [
            (f32::INFINITY, 1.0, f32::INFINITY),
            (f32::NEG_INFINITY, 1.0, f32::NEG_INFINITY),
            (f32::MAX, f32::MAX, f32::INFINITY),
            (f32::NAN, 1.0, f32::NAN),
        ] {
            for place in [0, 40, 199] {
                let mut input = vec![others; 200];
                input[place] = special;
                let mut output = [0.0];
                pooling.forward(isa, &ThisThread, &input, &mut output).unwrap();
                let same = output[0] == expected || (output[0].is_nan() && expected.is_nan());
                assert!(same, "{isa}: {special} at {place} among {others} gives {}", output[0]);
            }
        }
    }
}

/// Every cell but the first and the last is zero, so that a draw decides between these two; and with a window of equal values a
/// draw of `u` is cell `u` times the number of cells.
#[test]
#[cfg_attr(miri, ignore = "too large for Miri")]
fn a_draw_is_the_cell_that_it_stands_for() {
    let count = 100_000;
    let table = WindowTable::new(&[count], &[windows(count, 1, count)]).unwrap();
    let mut ends = vec![0.0; count];
    (ends[0], ends[count - 1]) = (EQUAL, 3.0 * EQUAL);
    let equal = vec![EQUAL; count];
    for isa in isas() {
        for (input, draw, expected) in [
            (&ends, 0.0, 0),
            (&ends, 0.249, 0),
            (&ends, 0.251, count - 1),
            (&ends, 1.0 - f32::EPSILON / 2.0, count - 1),
            (&equal, 0.0, 0),
            (&equal, 0.25, count / 4),
            (&equal, 0.75, count / 4 * 3),
            (&equal, 1.0 - f32::EPSILON / 2.0, count - 1),
        ] {
            let batch = Batch { samples: 1, channels: 1, layout: Layout::ChannelsFirst };
            let pooling = Pooling { windows: &table, reduce: Reduce::Sampled, batch, draws: &[draw] };
            let mut output = [f32::NAN];
            pooling.forward(isa, &ThisThread, input, &mut output).unwrap();
            let mut gradient = vec![f32::NAN; count];
            pooling.backward(isa, &ThisThread, input, &[1.0], &mut gradient).unwrap();
            let place = gradient.iter().position(|&gradient| gradient == 1.0).unwrap();
            assert_eq!(gradient.iter().sum::<f32>(), 1.0, "{isa}, {draw}");
            assert_eq!(output[0], input[place], "{isa}, {draw}");
            // A draw has 24 binary digits.
            assert!(place.abs_diff(expected) <= 1, "{isa}, {draw}: cell {place}, not {expected}");
        }
    }
}

/// Windows that overlap: each pixel's gradient is a sum over all windows that see it.
#[test]
fn windows_that_share_their_pixels_have_the_gradients_of_plain_loops() {
    let large = [(&[40, 43][..], 12, 1), (&[31, 90], 31, 2), (&[900], 301, 1), (&[12, 11, 13], 6, 1)];
    let small = [(&[12, 11][..], 6, 1)];
    for &(spatial, size, stride) in if cfg!(miri) { &small[..] } else { &large } {
        let axes: Vec<Vec<KernelWindow>> =
            spatial.iter().map(|&input| windows(size.min(input), stride, input)).collect();
        let table = WindowTable::new(spatial, &axes).unwrap();
        let channels = 2;
        for layout in LAYOUTS {
            let batch = Batch { samples: 2, channels, layout };
            let planes = batch.samples * channels;
            for (inputs, input, gradient) in [
                ("equal", vec![EQUAL; planes * table.pixels()], vec![EQUAL; planes * table.len()]),
                ("different", values(planes * table.pixels(), 1), values(planes * table.len(), 2)),
            ] {
                let reducers = [
                    Reduce::Max,
                    Reduce::Min,
                    Reduce::Mean,
                    Reduce::Lp { p: 2.0 },
                    Reduce::Soft { beta: 1.0 },
                    Reduce::StochasticMean,
                ];
                for &reduce in &reducers[..if cfg!(miri) { 1 } else { reducers.len() }] {
                    let plain = Plain { spatial, axes: &axes, batch, reduce, draws: &[] };
                    let (_, expected) = plain.run(&input, &gradient);
                    let greatest = expected.iter().fold(0.0f64, |greatest, slope| greatest.max(slope.abs()));
                    for isa in isas() {
                        let pooling = Pooling { windows: &table, reduce, batch, draws: &[] };
                        let mut found = vec![f32::NAN; input.len()];
                        pooling.backward(isa, &ThisThread, &input, &gradient, &mut found).unwrap();
                        for (index, (&found, &expected)) in found.iter().zip(&expected).enumerate() {
                            let scale = if inputs == "equal" { expected.abs() } else { greatest };
                            assert!(
                                (f64::from(found) - expected).abs() <= TOLERANCE * scale,
                                "{spatial:?} {layout:?} {isa} {reduce:?} of {inputs} values: {index} is {found}, not {expected}"
                            );
                        }
                    }
                }
            }
        }
    }
}

/// The gradient of a bias is the sum over all images and places, and that of a weight, too, where all pixels are equal.
#[test]
#[cfg_attr(miri, ignore = "too large for Miri")]
fn a_convolution_block_sums_its_gradients_over_large_images_and_batches() {
    let cases = [
        (BlockReduce::Mean, [2, 2], 2),
        (BlockReduce::Max, [1, 1], 2),
        (BlockReduce::Mean, [1, 3], 2),
        // In tiles.
        (BlockReduce::Mean, [2, 2], 16),
    ];
    for (reduce, window, channels) in cases {
        for (images, side) in [(1, 230), (200, 14), (9, 61)] {
            let axes = [ConvAxis::plain(side, 3); 2];
            let precision = ProductPrecision::F32;
            let block = ConvBlock {
                channels,
                filters: 18,
                depthwise: false,
                axes,
                relu: false,
                reduce,
                window,
                precision,
            };
            let pixels = vec![EQUAL; images * channels * side * side];
            let outputs = images * block.output().iter().product::<usize>();
            let (weight, bias) = (vec![0.5; 18 * channels * 9], vec![0.0; 18]);
            let gradient = vec![EQUAL; outputs * 18];
            for isa in isas() {
                let mut routes = vec![0; block.routes(isa, images)];
                let mut output = vec![0.0; outputs * 18];
                let data = ConvBlockForward {
                    input: &pixels,
                    weight: &weight,
                    bias: Some(&bias),
                    norm: None,
                    addend: None,
                    keep: None,
                    output: &mut output,
                    layout: Layout::ChannelsLast,
                    routes: &mut routes,
                };
                block.forward(isa, &ThisThread, data).unwrap();
                let (mut weight_gradient, mut bias_gradient) = (vec![0.0; weight.len()], vec![0.0; 18]);
                let data = ConvBlockGradients {
                    input: &pixels,
                    weight: &weight,
                    norm: None,
                    routes: &routes,
                    scale: 1.0,
                    output_gradient: &gradient,
                    layout: Layout::ChannelsLast,
                    input_gradient: &mut [],
                    addend_gradient: &mut [],
                    weight_gradient: &mut weight_gradient,
                    bias_gradient: Some(&mut bias_gradient),
                };
                block.backward(isa, &ThisThread, data).unwrap();
                let sum = f64::from(EQUAL) * outputs as f64;
                for (what, found, expected) in
                    [("bias", &bias_gradient, sum), ("weight", &weight_gradient, sum * f64::from(EQUAL))]
                {
                    let worst = found.iter().map(|&found| apart(found, expected)).fold(0.0, f64::max);
                    assert!(
                        worst <= TOLERANCE,
                        "{images} images of {side}, {reduce:?} {window:?}, {isa}: {what} {worst:e} apart"
                    );
                }
            }
        }
    }
}

#[test]
#[cfg_attr(miri, ignore = "too large for Miri")]
fn a_dense_layer_sums_the_gradients_of_biases_over_large_batches() {
    let layer = DenseKernel { inputs: 1, units: 70, precision: ProductPrecision::F32 };
    for samples in [200, 30_000] {
        let (input, weight) = (vec![0.0; samples], vec![0.0; 70]);
        let gradient = vec![EQUAL; samples * 70];
        let mut bias = vec![f32::NAN; 70];
        let data = DenseGradients {
            input: &input,
            weight: &weight,
            output_gradient: &gradient,
            input_gradient: &mut [],
            weight_gradient: &mut [],
            bias_gradient: &mut bias,
        };
        layer.backward(Isa::best(), &ThisThread, data).unwrap();
        let expected = f64::from(EQUAL) * samples as f64;
        assert!(
            bias.iter().all(|&bias| apart(bias, expected) <= 1e-7),
            "{samples}: {bias:?}, not {expected}"
        );
    }
}

/// Parts of a layer's inputs are summed apart; that of the first part outweighs thousands of others.
#[test]
#[cfg_attr(miri, ignore = "too large for Miri")]
fn a_dense_layer_of_many_inputs_adds_its_parts_without_loss() {
    let inputs = 1_152 * 1_000;
    let layer = DenseKernel { inputs, units: 1, precision: ProductPrecision::F32 };
    let mut weight = vec![0.0; inputs];
    weight[0] = 1.0;
    // A part of its own each: 1 and 999 times 2^-24, which one after another would change nothing.
    for part in 1..1_000 {
        weight[part * 1_152] = f32::EPSILON / 2.0;
    }
    // Few samples, and enough for the products of matrices.
    for samples in [1, 16] {
        let input = vec![1.0; samples * inputs];
        let mut output = vec![0.0; samples];
        for isa in isas() {
            layer.forward(isa, &ThisThread, [&input, &weight, &[0.0]], &mut output).unwrap();
            let expected = 1.0 + 999.0 * f32::EPSILON / 2.0;
            assert!(output.iter().all(|&output| output == expected), "{isa}, {samples}: {output:?}");
        }
    }
}
