//! Every reducer, with every instruction set and both layouts, gives what plain loops give.

mod common;
#[path = "common/plain.rs"]
mod plain;

use common::{isas, values};
use plain::Plain;
use pool_kernels::{Batch, Entries, KernelWindow, Layout, Pooling, Reduce, ThisThread, WindowTable};
use proptest::collection::vec;
use proptest::prelude::*;

const REDUCERS: [Reduce; 16] = [
    Reduce::Max,
    Reduce::Min,
    Reduce::Mean,
    Reduce::Lp { p: 1.0 },
    Reduce::Lp { p: 2.0 },
    Reduce::Lp { p: 3.0 },
    Reduce::Lp { p: 2.5 },
    Reduce::PowerMean { p: 1.0 },
    Reduce::PowerMean { p: 3.0 },
    Reduce::PowerMean { p: 2.5 },
    Reduce::LogMeanExp,
    Reduce::Soft { beta: 1.0 },
    Reduce::Soft { beta: -0.5 },
    Reduce::Sampled,
    Reduce::StochasticMean,
    Reduce::Median,
];

#[derive(Debug, Clone)]
struct Case {
    spatial: Vec<usize>,
    axes: Vec<Vec<KernelWindow>>,
    samples: usize,
    channels: usize,
    seed: u64,
}

/// Windows of any place and length, with holes: whatever a geometry may make.
fn axis() -> impl Strategy<Value = (usize, Vec<KernelWindow>)> {
    (1..9usize).prop_flat_map(|size| {
        let window =
            (0..size, 1..4usize, 1..3usize, any::<bool>()).prop_map(move |(first, count, step, listed)| {
                let count = (0..count).filter(|cell| first + cell * step < size).count() as u32;
                let run = Entries::Run { first: first as u32, count, step: step as u32 };
                let entries = if listed { Entries::List(run.iter().collect()) } else { run };
                KernelWindow { counted: count, entries }
            });
        (Just(size), vec(window, 1..6))
    })
}

fn cases() -> impl Strategy<Value = Case> {
    // Channels of two vectors and a rest; under Miri of one.
    let (axes, samples, channels): (_, usize, usize) = if cfg!(miri) { (2, 1, 18) } else { (3, 3, 35) };
    (vec(axis(), 1..=axes), 1..=samples, 1..=channels, any::<u64>()).prop_map(
        |(axes, samples, channels, seed)| {
            let (spatial, axes) = axes.into_iter().unzip();
            Case { spatial, axes, samples, channels, seed }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 2 } else { 60 }))]

    #[test]
    fn values_and_gradients_are_those_of_plain_loops(case in cases()) {
        let windows = WindowTable::new(&case.spatial, &case.axes).unwrap();
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
                    pooling.forward(isa, &ThisThread, &input, &mut output).unwrap();
                    let mut input_gradient = vec![f32::NAN; input.len()];
                    pooling.backward(isa, &ThisThread, &input, &gradient, &mut input_gradient).unwrap();
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

/// Windows too wide to be listed one by one, which no two neighbours have alike, and too wide to be sorted.
#[test]
#[cfg_attr(miri, ignore = "too large for Miri")]
fn wide_windows_that_differ_from_place_to_place_are_those_of_plain_loops() {
    // Clipped at both ends of both axes: 30 shapes of up to 60 entries along each, so 1.9 million cells.
    let axis: Vec<KernelWindow> = (0..30u32)
        .map(|place| {
            let (first, count) = (place.saturating_sub(30), (place + 31).min(60) - place.saturating_sub(30));
            KernelWindow { entries: Entries::Run { first, count, step: 1 }, counted: count }
        })
        .collect();
    let (spatial, axes) = (vec![60, 60], vec![axis.clone(), axis]);
    let windows = WindowTable::new(&spatial, &axes).unwrap();
    assert!(windows.bytes() < 1 << 16, "not one by one: {} bytes", windows.bytes());
    let batch = Batch { samples: 1, channels: 2, layout: Layout::ChannelsFirst };
    let (input, gradient) = (values(2 * windows.pixels(), 3), values(2 * windows.len(), 4));
    for reduce in
        [Reduce::Max, Reduce::Mean, Reduce::Median, Reduce::LogMeanExp, Reduce::PowerMean { p: 3.0 }]
    {
        let plain = Plain { spatial: &spatial, axes: &axes, batch, reduce, draws: &[] };
        let expected = plain.run(&input, &gradient);
        for isa in isas() {
            let pooling = Pooling { windows: &windows, reduce, batch, draws: &[] };
            let (mut output, mut to) = (vec![f32::NAN; gradient.len()], vec![f32::NAN; input.len()]);
            pooling.forward(isa, &ThisThread, &input, &mut output).unwrap();
            pooling.backward(isa, &ThisThread, &input, &gradient, &mut to).unwrap();
            for (found, expected) in output.iter().zip(&expected.0).chain(to.iter().zip(&expected.1)) {
                let apart = (f64::from(*found) - expected).abs();
                assert!(apart <= 2e-5 * (1.0 + expected.abs()), "{isa} {reduce:?}: {found}, not {expected}");
            }
        }
    }
}

/// 65 cells are searched, and not sorted: the search must end whatever they hold.
#[test]
#[cfg_attr(miri, ignore = "too large for Miri")]
fn the_median_of_wide_windows_is_found_among_any_values() {
    let of = |values: &[f32]| {
        let entries = Entries::Run { first: 0, count: values.len() as u32, step: 1 };
        let axis = vec![KernelWindow { entries, counted: values.len() as u32 }];
        let windows = WindowTable::new(&[values.len()], &[axis]).unwrap();
        let batch = Batch { samples: 1, channels: 1, layout: Layout::ChannelsFirst };
        let pooling = Pooling { windows: &windows, reduce: Reduce::Median, batch, draws: &[] };
        let medians = isas().into_iter().map(|isa| {
            let mut output = [0.0];
            pooling.forward(isa, &ThisThread, values, &mut output).unwrap();
            output[0].to_bits()
        });
        let medians: Vec<u32> = medians.collect();
        assert!(medians.windows(2).all(|pair| pair[0] == pair[1]));
        f32::from_bits(medians[0])
    };
    let sorted = |values: &[f32]| {
        let mut sorted = values.to_vec();
        sorted.sort_by(f32::total_cmp);
        sorted[(sorted.len() - 1) / 2]
    };
    let (infinity, tiny) = (f32::INFINITY, f32::from_bits(1));
    let repeat =
        |pattern: &[f32], count: usize| pattern.iter().copied().cycle().take(count).collect::<Vec<f32>>();
    for count in [65, 66, 101] {
        for pattern in [
            &[0.0][..],
            &[1.0, 2.0],
            &[f32::MAX, f32::MIN],
            &[infinity, -infinity],
            &[infinity, f32::MAX],
            &[-infinity, f32::MIN, 3.0],
            &[tiny, -tiny, 0.0],
            &[1.0, 1.000_000_1],
            &[1e30, 1e-30, -1e-30, 5.0, tiny],
            &[0.1, 0.7, -0.4, 3.3, 2.2, -9.0, 0.3],
        ] {
            let values = repeat(pattern, count);
            assert_eq!(of(&values), sorted(&values), "{count} of {pattern:?}");
        }
        let mut with_nan = repeat(&[1.0, 2.0, 3.0], count);
        with_nan[count / 2] = f32::NAN;
        assert!(of(&with_nan).is_nan());
    }
}
