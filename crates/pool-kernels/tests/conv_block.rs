//! A convolution block gives what its layers give one after another, in plain loops, with every instruction set.

mod common;
#[path = "common/rounding.rs"]
mod rounding;

use common::{isas, values};
use pool_kernels::{
    BatchNormForward, BatchNormGradients, BlockReduce, ConvAxis, ConvBlock, ConvBlockForward,
    ConvBlockGradients, DropRate, Isa, KeepMask, Layout, ProductPrecision, Stream, ThisThread,
};
use proptest::prelude::*;
use rounding::nearest_bf16;

/// An axis whose kernel fits.
fn axes() -> impl Strategy<Value = ConvAxis> {
    let most = if cfg!(miri) { 4 } else { 16usize };
    (1..most, 1..6usize, 1..4usize, 1..3usize, 0..4usize, 0..4usize)
        .prop_map(|(input, size, stride, dilation, before, after)| ConvAxis {
            input,
            size,
            stride,
            dilation,
            before,
            after,
        })
        .prop_filter("the kernel fits", |axis| {
            (axis.size - 1) * axis.dilation < axis.input + axis.before + axis.after
        })
}

/// Axes whose convolution is computed in tiles, if there are many channels.
fn tiled_axes() -> impl Strategy<Value = ConvAxis> {
    let most = if cfg!(miri) { 5 } else { 16usize };
    (1..most, 0..4usize, 0..4usize)
        .prop_map(|(input, before, after)| ConvAxis { before, after, ..ConvAxis::plain(input, 3) })
        .prop_filter("the kernel fits", |axis| 2 < axis.input + axis.before + axis.after)
}

/// A block, and what is done with it.
#[derive(Debug, Clone)]
struct Case {
    block: ConvBlock,
    images: usize,
    biased: bool,
    normalizes: bool,
    adds: bool,
    drops: bool,
    layout: Layout,
    seed: u64,
}

fn cases() -> impl Strategy<Value = Case> {
    let (channels, filters, images) = if cfg!(miri) { (3, 18, 2) } else { (20usize, 100usize, 11usize) };
    let of_axes = prop_oneof![
        2 => (axes(), axes(), 1..channels),
        1 => (tiled_axes(), tiled_axes(), 14..channels + 20),
    ];
    let sizes = (of_axes, 1..filters, prop_oneof![Just((1, 1)), (1..4usize, 1..4usize)]);
    let choices = (any::<[bool; 7]>(), prop::bool::weighted(0.2));
    let precisions = prop_oneof![Just(ProductPrecision::F32), Just(ProductPrecision::Bf16)];
    (sizes, choices, precisions, 1..images, any::<u64>())
        .prop_map(|(((rows, columns, channels), filters, window), choices, precision, images, seed)| {
            let ([relu, max, biased, normalizes, adds, drops, first], depthwise) = choices;
            let channels = if depthwise { filters } else { channels };
            Case {
                block: ConvBlock {
                    channels,
                    filters,
                    depthwise,
                    axes: [rows, columns],
                    relu,
                    reduce: if max { BlockReduce::Max } else { BlockReduce::Mean },
                    window: [window.0, window.1],
                    precision,
                },
                images,
                biased,
                normalizes,
                adds,
                drops,
                layout: if first { Layout::ChannelsFirst } else { Layout::ChannelsLast },
                seed,
            }
        })
        .prop_filter("a possible block", |case| case.block.is_possible())
}

/// Numbers of a block's batch.
struct Numbers {
    input: Vec<f32>,
    weight: Vec<f32>,
    bias: Vec<f32>,
    /// Factors and summands of normalisation.
    norm: [Vec<f32>; 2],
    /// What is added before the activation.
    addend: Vec<f32>,
    /// Gradient of the output, with channels last.
    gradient: Vec<f32>,
    mask: KeepMask,
}

impl Numbers {
    fn of(case: &Case) -> Self {
        let Case { block, images, seed, .. } = *case;
        // In bfloat16 every number has to be rounded, many of them halfway.
        let rounds = block.precision == ProductPrecision::Bf16 && !block.depthwise;
        let stretch = if rounds { 1.0 + 1.0 / 256.0 } else { 1.0 };
        let some = |count, stream| -> Vec<f32> {
            values(count, seed.wrapping_add(stream)).into_iter().map(|value| value * stretch).collect()
        };
        let taps: usize = block.axes.iter().map(|axis| axis.size).product();
        let pixels: usize = block.axes.iter().map(|axis| axis.input).product();
        let outputs = images * block.output().iter().product::<usize>() * block.filters;
        let cells = images * convolved(&block).iter().product::<usize>() * block.filters;
        let mut mask = KeepMask::default();
        let stream = Stream { key: [seed as u32, 7], pass: 1 };
        mask.draw(Isa::Portable, &ThisThread, stream, DropRate::nearest(0.4), outputs).unwrap();
        Self {
            input: some(images * pixels * block.channels, 0),
            weight: some(block.filters * channels_of_filter(&block) * taps, 1),
            bias: some(block.filters, 2),
            // No summand makes a value zero, at which rounding would decide.
            norm: [
                some(block.filters, 3),
                some(block.filters, 4).iter().map(|summand| summand + 0.125).collect(),
            ],
            addend: some(if case.adds { cells } else { 0 }, 6),
            gradient: some(outputs, 5),
            mask,
        }
    }
}

/// What a block gives: its output with channels last, and the gradients of input, weights, biases, normalisation's factors and
/// summands, and what is added.
struct Results<T> {
    output: Vec<T>,
    figures: [Vec<T>; 2],
    gradients: [Vec<T>; 6],
}

const EPSILON: f64 = 0.5;
const SCALE: f32 = 1.5;

/// Where the convolution's outputs see the input: `(output, input, weight)` numbers of every product.
fn products(block: &ConvBlock, images: usize) -> Vec<[usize; 3]> {
    let [rows, columns] = block.axes;
    let seen = |axis: &ConvAxis| -> Vec<(usize, usize, usize)> {
        let outputs =
            (axis.input + axis.before + axis.after - (axis.size - 1) * axis.dilation - 1) / axis.stride + 1;
        let all = (0..outputs).flat_map(|output| (0..axis.size).map(move |tap| (output, tap)));
        let place = |(output, tap): (usize, usize)| {
            let place = (output * axis.stride + tap * axis.dilation).checked_sub(axis.before)?;
            (place < axis.input).then_some((output, place, tap))
        };
        all.filter_map(place).collect()
    };
    let (of_rows, of_columns) = (seen(&rows), seen(&columns));
    let [output_rows, output_columns] = convolved(block);
    let mut products = Vec::new();
    for image in 0..images {
        for &(y, row, i) in &of_rows {
            for &(x, column, j) in &of_columns {
                for filter in 0..block.filters {
                    let output = ((image * output_rows + y) * output_columns + x) * block.filters + filter;
                    let seen = channels_of_filter(block);
                    for channel in 0..seen {
                        let pixel = (image * rows.input + row) * columns.input + column;
                        let weight = ((filter * seen + channel) * rows.size + i) * columns.size + j;
                        let channel = if block.depthwise { filter } else { channel };
                        products.push([output, pixel * block.channels + channel, weight]);
                    }
                }
            }
        }
    }
    products
}

fn channels_of_filter(block: &ConvBlock) -> usize {
    if block.depthwise { 1 } else { block.channels }
}

fn convolved(block: &ConvBlock) -> [usize; 2] {
    ConvBlock { window: [1, 1], ..*block }.output()
}

/// The mean and variance of each channel of a batch with channels last.
fn statistics(numbers: &[f64], channels: usize) -> (Vec<f64>, Vec<f64>) {
    let count = (numbers.len() / channels) as f64;
    let of = |channel: usize| numbers.iter().skip(channel).step_by(channels);
    let mean: Vec<f64> = (0..channels).map(|channel| of(channel).sum::<f64>() / count).collect();
    let squares = |channel: usize| of(channel).map(|number| (number - mean[channel]).powi(2)).sum::<f64>();
    let variance = (0..channels).map(|channel| squares(channel) / count).collect();
    (mean, variance)
}

/// A factor of a product.
fn factor_of(block: &ConvBlock, number: f64) -> f64 {
    match block.precision {
        ProductPrecision::Bf16 if !block.depthwise => nearest_bf16(number),
        ProductPrecision::F32 | ProductPrecision::Bf16 => number,
    }
}

fn plain(case: &Case, numbers: &Numbers) -> Results<f64> {
    let Case { block, images, .. } = *case;
    let factors = |numbers: &[f32]| -> Vec<f64> {
        numbers.iter().map(|&number| factor_of(&block, f64::from(number))).collect()
    };
    let (of_inputs, of_weights) = (factors(&numbers.input), factors(&numbers.weight));
    let filters = block.filters;
    let [rows, columns] = convolved(&block);
    let cells = images * rows * columns;
    let products = products(&block, images);
    let mut convolution = vec![0.0; cells * filters];
    for &[output, input, weight] in &products {
        convolution[output] += of_inputs[input] * of_weights[weight];
    }
    if case.biased {
        for (index, value) in convolution.iter_mut().enumerate() {
            *value += f64::from(numbers.bias[index % filters]);
        }
    }
    let (mean, variance) = statistics(&convolution, filters);
    let factor = |channel: usize| f64::from(numbers.norm[0][channel]) / (variance[channel] + EPSILON).sqrt();
    let normalized: Vec<f64> = convolution
        .iter()
        .enumerate()
        .map(|(index, &value)| {
            let channel = index % filters;
            let shifted = || (value - mean[channel]) * factor(channel) + f64::from(numbers.norm[1][channel]);
            let added = numbers.addend.get(index).map_or(0.0, |&added| f64::from(added));
            added + if case.normalizes { shifted() } else { value }
        })
        .collect();

    let [output_rows, output_columns] = block.output();
    let mut output = vec![0.0; images * output_rows * output_columns * filters];
    let mut of_normalized = vec![0.0; normalized.len()];
    let window: Vec<(usize, usize)> =
        (0..block.window[0]).flat_map(|i| (0..block.window[1]).map(move |j| (i, j))).collect();
    for (index, value) in output.iter_mut().enumerate() {
        let (filter, pixel) = (index % filters, index / filters);
        let (image, row) = (pixel / output_columns / output_rows, pixel / output_columns % output_rows);
        let column = pixel % output_columns;
        let cell = |&(i, j): &(usize, usize)| {
            let (y, x) = (row * block.window[0] + i, column * block.window[1] + j);
            ((image * rows + y) * columns + x) * filters + filter
        };
        let seen: Vec<usize> = window.iter().map(cell).collect();
        let alive = |cell: usize| !block.relu || normalized[cell] > 0.0;
        let active = |cell: usize| if alive(cell) { normalized[cell] } else { 0.0 };
        let keep = match case.drops {
            true if numbers.mask.keeps(index) => f64::from(SCALE),
            true => 0.0,
            false => 1.0,
        };
        let gradient = f64::from(numbers.gradient[index]) * keep;
        match block.reduce {
            BlockReduce::Max => {
                let best = seen
                    .iter()
                    .copied()
                    .reduce(|best, cell| if normalized[cell] > normalized[best] { cell } else { best });
                let best = best.unwrap();
                *value = active(best) * keep;
                of_normalized[best] += if alive(best) { gradient } else { 0.0 };
            }
            BlockReduce::Mean => {
                let share = 1.0 / seen.len() as f64;
                *value = seen.iter().map(|&cell| active(cell)).sum::<f64>() * share * keep;
                for cell in seen {
                    of_normalized[cell] += if alive(cell) { gradient * share } else { 0.0 };
                }
            }
        }
    }

    let [mut of_factor, mut of_summand] = [vec![0.0; filters], vec![0.0; filters]];
    for (index, gradient) in of_normalized.iter().enumerate() {
        let channel = index % filters;
        of_factor[channel] +=
            gradient * (convolution[index] - mean[channel]) / (variance[channel] + EPSILON).sqrt();
        of_summand[channel] += gradient;
    }
    let of_convolution: Vec<f64> = of_normalized
        .iter()
        .enumerate()
        .map(|(index, &gradient)| {
            let channel = index % filters;
            let distance = (convolution[index] - mean[channel]) / (variance[channel] + EPSILON).sqrt();
            let shared = (of_summand[channel] + distance * of_factor[channel]) / cells as f64;
            factor_of(&block, if case.normalizes { factor(channel) * (gradient - shared) } else { gradient })
        })
        .collect();
    let (mut of_input, mut of_weight) = (vec![0.0; numbers.input.len()], vec![0.0; numbers.weight.len()]);
    for &[output, input, weight] in &products {
        of_input[input] += of_convolution[output] * of_weights[weight];
        of_weight[weight] += of_convolution[output] * of_inputs[input];
    }
    let mut of_bias = vec![0.0; filters];
    of_convolution.iter().enumerate().for_each(|(index, of)| of_bias[index % filters] += of);
    Results {
        output,
        figures: [mean, variance],
        gradients: [of_input, of_weight, of_bias, of_factor, of_summand, of_normalized],
    }
}

/// From channels last to `layout`, or back.
fn relaid(case: &Case, numbers: &[f32], back: bool) -> Vec<f32> {
    let pixels: usize = case.block.output().iter().product();
    let channels = case.block.filters;
    let mut to = numbers.to_vec();
    if case.layout == Layout::ChannelsFirst {
        for index in 0..numbers.len() {
            let (image, pixel, channel) =
                (index / channels / pixels, index / channels % pixels, index % channels);
            let first = (image * channels + channel) * pixels + pixel;
            if back {
                to[index] = numbers[first];
            } else {
                to[first] = numbers[index];
            }
        }
    }
    to
}

fn kernels(isa: Isa, case: &Case, numbers: &Numbers) -> Results<f32> {
    let Case { block, images, .. } = *case;
    let filters = block.filters;
    let nothing = |count: usize| vec![f32::NAN; count];
    let mut output = nothing(numbers.gradient.len());
    let mut convolved = nothing(if case.normalizes { block.convolved_numbers(isa, images) } else { 0 });
    let (mut mean, mut variance) = (nothing(filters), nothing(filters));
    let bytes = if block.needs_routes(case.drops) { block.routes(isa, images) } else { 0 };
    let mut routes = vec![u8::MAX; bytes];
    let [factor, summand] = &numbers.norm;
    let norm = BatchNormForward {
        weight: Some(factor),
        bias: summand,
        epsilon: EPSILON,
        convolved: &mut convolved,
        mean: &mut mean,
        variance: &mut variance,
    };
    let data = ConvBlockForward {
        input: &numbers.input,
        weight: &numbers.weight,
        bias: case.biased.then_some(&numbers.bias),
        norm: case.normalizes.then_some(norm),
        addend: case.adds.then_some(&numbers.addend),
        keep: case.drops.then_some((&numbers.mask, SCALE)),
        output: &mut output,
        layout: case.layout,
        routes: &mut routes,
    };
    block.forward(isa, &ThisThread, data).unwrap();
    if !case.normalizes && !case.drops {
        let prepared = block.prepare(isa, &numbers.weight, case.biased.then_some(&numbers.bias[..])).unwrap();
        let mut predicted = nothing(output.len());
        let seen = (&numbers.input[..], case.adds.then_some(&numbers.addend[..]));
        prepared.forward(&ThisThread, seen, &mut predicted, case.layout).unwrap();
        assert_eq!(predicted, output, "prepared for {isa}");
    }
    let lengths =
        [numbers.input.len(), numbers.weight.len(), filters, filters, filters, numbers.addend.len()];
    let mut gradients = lengths.map(nothing);
    let [input, weight, bias, of_factor, of_summand, addend] = &mut gradients;
    let norm = BatchNormGradients {
        weight: Some(factor),
        epsilon: EPSILON,
        convolved: &convolved,
        mean: &mean,
        variance: &variance,
        weight_gradient: of_factor,
        bias_gradient: of_summand,
    };
    let data = ConvBlockGradients {
        input: &numbers.input,
        weight: &numbers.weight,
        norm: case.normalizes.then_some(norm),
        routes: &routes,
        scale: if case.drops { SCALE } else { 1.0 },
        output_gradient: &relaid(case, &numbers.gradient, false),
        layout: case.layout,
        input_gradient: input,
        addend_gradient: addend,
        weight_gradient: weight,
        bias_gradient: case.biased.then_some(bias),
    };
    block.backward(isa, &ThisThread, data).unwrap();
    Results { output: relaid(case, &output, true), figures: [mean, variance], gradients }
}

/// Without normalisation all numbers are quarters and small, so that nearly every sum of their products is exact, whatever its
/// order. Normalisation rounds, and its gradient is a difference of larger numbers.
fn assert_close(found: &[f32], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let most = expected.iter().fold(1.0f64, |most, value| most.max(value.abs()));
    for (index, (&found, &expected)) in found.iter().zip(expected).enumerate() {
        let apart = (f64::from(found) - expected).abs();
        assert!(apart <= tolerance * most, "{what} {index}: {found}, not {expected} (of {most})");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 2 } else { 120 }))]

    #[test]
    fn kernels_equal_plain_loops(case in cases()) {
        let numbers = Numbers::of(&case);
        let expected = plain(&case, &numbers);
        let tolerance = if case.normalizes { 1e-4 } else { 2e-6 };
        // What is rounded another way because it was halfway but for an error of `f32`.
        let shares = case.block.window.iter().any(|&size| !size.is_power_of_two());
        let halfway = (case.normalizes || shares) && case.block.precision == ProductPrecision::Bf16;
        for isa in isas() {
            let found = kernels(isa, &case, &numbers);
            assert_close(&found.output, &expected.output, tolerance, &format!("{isa}: output"));
            let wanted = [true, true, case.biased, case.normalizes, case.normalizes, case.adds];
            let names = ["input", "weights", "biases", "factors", "summands", "addend"];
            for (index, name) in names.into_iter().enumerate().filter(|&(index, _)| wanted[index]) {
                let what = format!("{isa}: gradient of the {name}");
                // Before normalisation a bias has no gradient, but for the rounding of the plain loops.
                if name == "biases" && case.normalizes {
                    assert!(found.gradients[index].iter().all(|&gradient| gradient == 0.0));
                } else {
                    let tolerance = if halfway && index < 3 { 4e-3 } else { tolerance };
                    assert_close(&found.gradients[index], &expected.gradients[index], tolerance, &what);
                }
            }
            if case.normalizes {
                for (name, (found, expected)) in ["mean", "variance"].iter().zip(found.figures.iter().zip(&expected.figures)) {
                    assert_close(found, expected, tolerance, &format!("{isa}: {name}"));
                }
            }
        }
    }
}
