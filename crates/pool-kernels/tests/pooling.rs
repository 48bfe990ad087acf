//! Every reducer, with every instruction set and both layouts, gives what plain loops give.

mod common;
#[path = "common/plain.rs"]
mod plain;

use common::{isas, values};
use plain::Plain;
use pool_kernels::{AxisWindow, Batch, Layout, Pooling, Reduce, ThisThread, Windows};
use proptest::collection::vec;
use proptest::prelude::*;

const REDUCERS: [Reduce; 12] = [
    Reduce::Max,
    Reduce::Min,
    Reduce::Mean,
    Reduce::Lp { p: 1.0 },
    Reduce::Lp { p: 2.0 },
    Reduce::Lp { p: 3.0 },
    Reduce::Lp { p: 2.5 },
    Reduce::Soft { beta: 1.0 },
    Reduce::Soft { beta: -0.5 },
    Reduce::Sampled,
    Reduce::StochasticMean,
    Reduce::Median,
];

#[derive(Debug, Clone)]
struct Case {
    spatial: Vec<usize>,
    axes: Vec<Vec<AxisWindow>>,
    samples: usize,
    channels: usize,
    seed: u64,
}

/// Windows of any place and length, with holes: whatever a geometry may make.
fn axis() -> impl Strategy<Value = (usize, Vec<AxisWindow>)> {
    (1..9usize).prop_flat_map(|size| {
        let window = (0..size, 1..4usize, 1..3usize).prop_map(move |(first, count, step)| {
            let entries: Vec<u32> = (0..count)
                .map(|cell| (first + cell * step) as u32)
                .filter(|&e| (e as usize) < size)
                .collect();
            AxisWindow { counted: entries.len() as u32, entries }
        });
        (Just(size), vec(window, 1..6))
    })
}

fn cases() -> impl Strategy<Value = Case> {
    (vec(axis(), 1..=3), 1..4usize, 1..36usize, any::<u64>()).prop_map(|(axes, samples, channels, seed)| {
        let (spatial, axes) = axes.into_iter().unzip();
        Case { spatial, axes, samples, channels, seed }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 2 } else { 60 }))]

    #[test]
    fn values_and_gradients_are_those_of_plain_loops(case in cases()) {
        let windows = Windows::new(&case.spatial, &case.axes);
        for layout in [Layout::ChannelsFirst, Layout::ChannelsLast] {
            let batch = Batch { samples: case.samples, channels: case.channels, layout };
            let planes = case.samples * case.channels;
            let input = values(planes * windows.pixels(), case.seed);
            let gradient = values(planes * windows.len(), case.seed ^ 1);
            for reduce in REDUCERS {
                let draws: Vec<f32> = match reduce {
                    Reduce::Sampled => values(gradient.len(), case.seed ^ 2).iter().map(|v| (v.abs() / 5.0).min(0.99)).collect(),
                    _ => Vec::new(),
                };
                let plain = Plain { spatial: &case.spatial, axes: &case.axes, batch, reduce, draws: &draws };
                let expected = plain.run(&input, &gradient);
                for isa in isas() {
                    let pooling = Pooling { windows: &windows, reduce, batch, draws: &draws };
                    let mut output = vec![f32::NAN; gradient.len()];
                    pooling.forward(isa, &ThisThread, &input, &mut output);
                    let mut input_gradient = vec![f32::NAN; input.len()];
                    pooling.backward(isa, &ThisThread, &input, &gradient, &mut input_gradient);
                    for (what, found, expected) in
                        [("value", &output, &expected.0), ("gradient", &input_gradient, &expected.1)]
                    {
                        for (index, (&found, &expected)) in found.iter().zip(expected).enumerate() {
                            let close = (f64::from(found) - expected).abs() <= 2e-5 * (1.0 + expected.abs());
                            prop_assert!(close, "{isa} {layout:?} {reduce:?}: {what} {index} is {found}, not {expected}");
                        }
                    }
                }
            }
        }
    }
}
