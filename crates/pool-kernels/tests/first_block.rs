//! The fused first block gives what its layers give one after another, in plain loops.

mod common;

use common::{isas, values};
use pool_kernels::{
    ConvPool, ConvPoolForward, ConvPoolGradients, ConvPoolReduce, DropRate, KeepMask, Stream, ThisThread,
};
use proptest::prelude::*;

fn blocks() -> impl Strategy<Value = (ConvPool, usize, bool, u64)> {
    let (rows, columns) = if cfg!(miri) { (2, 4) } else { (6usize, 20usize) };
    let sizes = ((1..3usize, 1..4usize, 1..4usize), (1..4usize, 1..4usize), (0..rows, 0..columns));
    let (filters, images) = if cfg!(miri) { (20, 3) } else { (40usize, 11usize) };
    (sizes, 1..filters, any::<bool>(), any::<bool>(), 1..images, any::<bool>(), any::<u64>())
        .prop_map(
            |(
                ((channels, kernel_rows, kernel_columns), (rows, columns), more),
                filters,
                relu,
                max,
                images,
                drop,
                seed,
            )| {
                let block = ConvPool {
                    input: [channels, kernel_rows + rows - 1 + more.0, kernel_columns + columns - 1 + more.1],
                    filters,
                    kernel: [kernel_rows, kernel_columns],
                    relu,
                    reduce: if max { ConvPoolReduce::Max } else { ConvPoolReduce::Mean },
                    window: [rows, columns],
                };
                (block, images, drop, seed)
            },
        )
        .prop_filter("routes fit into a byte", |(block, ..)| block.is_possible())
}

/// The output `[N, filters, output...]`, and the gradients of weights and biases from that of the output.
fn plain(
    block: &ConvPool,
    [images, weight, bias, gradient]: [&[f32]; 4],
    keep: Option<(&KeepMask, f32)>,
) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
    let ConvPool {
        input: [channels, height, width],
        filters,
        kernel: [kernel_rows, kernel_columns],
        window,
        ..
    } = *block;
    let [rows, columns] = block.output();
    let count = images.len() / (channels * height * width);
    let mut output = vec![0.0; count * filters * rows * columns];
    let (mut weight_gradient, mut bias_gradient) = (vec![0.0; weight.len()], vec![0.0; bias.len()]);
    let taps: Vec<(usize, usize, usize)> = (0..channels)
        .flat_map(|c| (0..kernel_rows).flat_map(move |i| (0..kernel_columns).map(move |j| (c, i, j))))
        .collect();
    for image in 0..count {
        let pixel = |c: usize, y: usize, x: usize| {
            f64::from(images[((image * channels + c) * height + y) * width + x])
        };
        for filter in 0..filters {
            let convolved = |y: usize, x: usize| {
                let products = taps.iter().enumerate().map(|(tap, &(c, i, j))| {
                    f64::from(weight[filter * taps.len() + tap]) * pixel(c, y + i, x + j)
                });
                f64::from(bias[filter]) + products.sum::<f64>()
            };
            for row in 0..rows {
                for column in 0..columns {
                    let cells: Vec<(usize, usize)> = (0..window[0])
                        .flat_map(|i| {
                            (0..window[1]).map(move |j| (row * window[0] + i, column * window[1] + j))
                        })
                        .collect();
                    let seen: Vec<f64> = cells.iter().map(|&(y, x)| convolved(y, x)).collect();
                    let alive = |value: f64| !block.relu || value > 0.0;
                    let active = |value: f64| if alive(value) { value } else { 0.0 };
                    let (mut value, slopes): (f64, Vec<f64>) = match block.reduce {
                        ConvPoolReduce::Max => {
                            let best = (0..seen.len())
                                .fold(0, |best, cell| if seen[cell] > seen[best] { cell } else { best });
                            let slope = |cell: usize| f64::from(cell == best && alive(seen[cell]));
                            (active(seen[best]), (0..seen.len()).map(slope).collect())
                        }
                        ConvPoolReduce::Mean => {
                            let share = 1.0 / seen.len() as f64;
                            let slope = |&value: &f64| if alive(value) { share } else { 0.0 };
                            (
                                seen.iter().map(|&v| active(v)).sum::<f64>() * share,
                                seen.iter().map(slope).collect(),
                            )
                        }
                    };
                    let index = ((image * filters + filter) * rows + row) * columns + column;
                    let number = ((image * rows + row) * columns + column) * filters + filter;
                    let factor = keep
                        .map_or(1.0, |(mask, scale)| if mask.keeps(number) { f64::from(scale) } else { 0.0 });
                    value *= factor;
                    output[index] = value;
                    for (&(y, x), slope) in cells.iter().zip(slopes) {
                        let gradient = f64::from(gradient[index]) * factor * slope;
                        bias_gradient[filter] += gradient;
                        for (tap, &(c, i, j)) in taps.iter().enumerate() {
                            weight_gradient[filter * taps.len() + tap] += gradient * pixel(c, y + i, x + j);
                        }
                    }
                }
            }
        }
    }
    (output, weight_gradient, bias_gradient)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 2 } else { 80 }))]

    #[test]
    fn the_fused_block_is_its_layers_one_after_another((block, count, drop, seed) in blocks()) {
        let [channels, height, width] = block.input;
        let taps = channels * block.kernel[0] * block.kernel[1];
        let outputs = block.filters * block.output()[0] * block.output()[1];
        let images = values(count * channels * height * width, seed);
        // Distinct enough that no two cells of a window are equal but for rounding.
        let weight: Vec<f32> = values(block.filters * taps, seed ^ 1).iter().map(|value| value / 4.0).collect();
        let bias = values(block.filters, seed ^ 2);
        let gradient: Vec<f32> = values(count * outputs, seed ^ 3).iter().map(|value| value / 8.0).collect();
        let rate = DropRate::nearest(0.3);
        let mut mask = KeepMask::default();
        for isa in isas() {
            mask.draw(isa, &ThisThread, Stream { key: [seed as u32, 1], pass: 7 }, rate, count * outputs).unwrap();
            let keep = drop.then_some((&mask, rate.scale()));
            let expected = plain(&block, [&images, &weight, &bias, &gradient], keep);
            let mut output = vec![f32::NAN; count * outputs];
            let mut routes = vec![0xff; block.routes(isa, count)];
            block.forward(isa, &ThisThread, ConvPoolForward {
                images: &images, weight: &weight, bias: &bias, keep, output: &mut output, routes: &mut routes,
            }).unwrap();
            let (mut weight_gradient, mut bias_gradient) = (vec![f32::NAN; weight.len()], vec![f32::NAN; bias.len()]);
            block.backward(isa, &ThisThread, ConvPoolGradients {
                images: &images, routes: &routes, scale: keep.map_or(1.0, |(_, scale)| scale), output: &gradient,
                weight: &mut weight_gradient, bias: &mut bias_gradient,
            }).unwrap();
            for (what, found, expected) in [
                ("value", &output, &expected.0),
                ("gradient of weight", &weight_gradient, &expected.1),
                ("gradient of bias", &bias_gradient, &expected.2),
            ] {
                for (index, (&found, &expected)) in found.iter().zip(expected).enumerate() {
                    let close = (f64::from(found) - expected).abs() <= 1e-4 * (1.0 + expected.abs());
                    prop_assert!(close, "{isa}: {what} {index} is {found}, not {expected}");
                }
            }
        }
    }

    /// The bits are the same for all, and as many are dropped as should be.
    #[test]
    fn masks_do_not_depend_on_instructions(numbers in 1..(if cfg!(miri) { 500 } else { 20_000usize }), seed in any::<u32>(), rate in 0.0..0.9f64) {
        let draw = |isa| {
            let mut mask = KeepMask::default();
            mask.draw(isa, &ThisThread, Stream { key: [seed, 5], pass: 1 << 40 }, DropRate::nearest(rate), numbers).unwrap();
            (0..numbers).map(|number| mask.keeps(number)).collect::<Vec<bool>>()
        };
        let all: Vec<Vec<bool>> = isas().into_iter().map(draw).collect();
        prop_assert!(all.windows(2).all(|pair| pair[0] == pair[1]));
        let dropped = all[0].iter().filter(|kept| !**kept).count() as f64;
        let deviation = (numbers as f64 * rate * (1.0 - rate)).sqrt();
        prop_assert!((dropped - numbers as f64 * rate).abs() <= 6.0 * deviation + 1.0, "{dropped} of {numbers}");
    }

    #[test]
    fn dropping_keeps_the_expectation(numbers in 1..(if cfg!(miri) { 500 } else { 5_000usize }), seed in any::<u32>()) {
        let rate = DropRate::nearest(0.25);
        let from = values(numbers, seed.into());
        for isa in isas() {
            let mut mask = KeepMask::default();
            mask.draw(isa, &ThisThread, Stream { key: [seed, 5], pass: 2 }, rate, numbers).unwrap();
            let mut to = vec![f32::NAN; numbers];
            mask.apply(isa, &ThisThread, rate.scale(), &from, &mut to);
            for (index, (from, to)) in from.iter().zip(to).enumerate() {
                let expected = if mask.keeps(index) { from * 4.0 / 3.0 } else { 0.0 };
                prop_assert!((to - expected).abs() < 1e-5, "{isa}: number {index}");
            }
        }
    }
}
