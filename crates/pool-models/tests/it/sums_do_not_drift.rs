//! Sums over large windows, and over many windows that share an entry, keep their digits in `f32`: what equal values give is
//! right to 1e-6 at any size, forward and backward, by kernels, by libtorch's functions and from gathered windows.

use std::collections::BTreeMap;

use crate::common::sample;
use pool_models::{
    Blur, BlurReduce, Fractional, FractionalRegions, FractionalSize, Geometry, Kernels, Learned, Mode,
    Padding, Pool, PoolLayer, Reducer, Window,
};
use tch::nn::VarStore;
use tch::{Device, Kind, Tensor};

/// What stands in every entry of a constant input: a tenth is no number of `f32`, so that every sum of it is rounded.
const EQUAL: f32 = 0.1;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Input {
    Equal,
    /// From 0 to 1, in no order.
    Mixed,
}

impl Input {
    /// Powers and exponentials of different values have errors of their own, which no size of a window makes larger.
    fn tolerance(self) -> f64 {
        match self {
            Self::Equal => 1e-6,
            Self::Mixed => 4e-6,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Layout {
    ChannelsFirst,
    ChannelsLast,
}

fn input(shape: &[i64], values: Input, layout: Layout) -> Tensor {
    let count = shape.iter().product::<i64>();
    let batch = match values {
        Input::Equal => Tensor::full(shape, f64::from(EQUAL), (Kind::Float, Device::Cpu)),
        Input::Mixed => {
            let numbers: Vec<f32> =
                (0..count).map(|place| (place * 7_919 % 9_973) as f32 / 9_973.0).collect();
            Tensor::from_slice(&numbers).reshape(shape)
        }
    };
    match layout {
        Layout::ChannelsFirst => batch,
        Layout::ChannelsLast => {
            let last = shape.len() as i64 - 1;
            let order: Vec<i64> = [0].into_iter().chain(2..=last).chain([1]).collect();
            let back: Vec<i64> = [0, last].into_iter().chain(1..last).collect();
            batch.permute(&order).contiguous().permute(&back)
        }
    }
}

/// The values, and the gradients of a tenth of their sum by the input and the variables, as `f64`.
fn run(layer: &PoolLayer, variables: &VarStore, input: &Tensor) -> Vec<Tensor> {
    let leaf = input.detach().set_requires_grad(true);
    let output =
        layer.forward(&leaf, Mode::Inference).unwrap_or_else(|error| panic!("{}: {error}", layer.pool()));
    let sum = (&output * f64::from(EQUAL)).sum(Kind::Double);
    let named: BTreeMap<String, Tensor> = variables.variables().into_iter().collect();
    let leaves: Vec<Tensor> = std::iter::once(leaf).chain(named.into_values()).collect();
    let gradients = Tensor::run_backward(&[sum], &leaves, false, false);
    std::iter::once(output.detach()).chain(gradients).map(|tensor| tensor.to_kind(Kind::Double)).collect()
}

/// How far numbers are from the same computed in `f64`, as a share of each, or of `scale` where that is more.
fn apart(found: &Tensor, exact: &Tensor, scale: f64) -> f64 {
    assert_eq!(found.size(), exact.size());
    ((found - exact).abs() / exact.abs().clamp_min(scale.max(1e-30))).max().double_value(&[])
}

fn hold(pools: &[Pool], shapes: &[&[i64]]) {
    tch::set_num_threads(1);
    let mut wrong = Vec::new();
    for (pool, shape) in pools.iter().flat_map(|pool| shapes.iter().map(move |shape| (pool, shape))) {
        if pool.output_shape(&sample(shape)).is_err() {
            continue;
        }
        let layouts = [Layout::ChannelsFirst, Layout::ChannelsLast];
        for layout in layouts.into_iter().take(if shape[1] == 1 { 1 } else { 2 }) {
            for values in [Input::Equal, Input::Mixed] {
                let input = input(shape, values, layout);
                let results = |input: &Tensor, kernels| {
                    let mut variables = VarStore::new(Device::Cpu);
                    let layer = pool.build(&sample(shape), 5, &variables.root()).unwrap();
                    variables.set_kind(input.kind());
                    run(&layer.with_kernels(kernels), &variables, input)
                };
                let exact = results(&input.to_kind(Kind::Double), Kernels::Reference);
                for kernels in [Kernels::Fast, Kernels::Reference] {
                    let found = results(&input, kernels);
                    let greatest = |tensor: &Tensor| tensor.abs().max().double_value(&[]);
                    let of_variables = exact.iter().skip(2).map(greatest).fold(0.0, f64::max);
                    for (index, (found, exact)) in found.iter().zip(&exact).enumerate() {
                        // Of different values, and of filters, numbers of both signs are added. Some gradients of variables
                        // are zero by their formula.
                        let scale = match index {
                            0 | 1 if values == Input::Equal && !learns_filters(pool) => 0.0,
                            0 | 1 => greatest(exact),
                            _ if values == Input::Equal => continue,
                            _ => of_variables,
                        };
                        let apart = apart(found, exact, scale);
                        // Normalisation subtracts sums that are nearly equal, whatever their size.
                        let tolerance = if index > 1 && is_lip(pool) { 1e-4 } else { values.tolerance() };
                        if apart.is_nan() || apart > tolerance {
                            let what = ["values", "gradients by the input"].get(index).copied();
                            wrong.push(format!(
                                "{pool}, {shape:?}, {kernels}, {layout:?}, {values:?}: {} {apart:.1e} apart",
                                what.unwrap_or("gradients by a variable"),
                            ));
                        }
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Filters have weights of both signs.
fn learns_filters(pool: &Pool) -> bool {
    matches!(pool, Pool::Reduce { reducer: Reducer::Gated | Reducer::Tree, .. })
}

fn is_lip(pool: &Pool) -> bool {
    matches!(pool, Pool::Reduce { reducer: Reducer::Lip, .. })
}

fn reducers() -> Vec<Reducer> {
    let others = [1.0, 1.5, 3.0, 8.0].map(|p| Reducer::Lp { p });
    let of_powers = [Reducer::Gem { p: 0.5, learned: Learned::No }, Reducer::Soft { beta: -3.0 }];
    Reducer::ALL.into_iter().chain(others).chain(of_powers).collect()
}

/// The sizes at which single precision gave 0.0961, 201.1 and more.
#[test]
fn over_two_thousand_by_two_thousand() {
    let input = input(&[1, 1, 2_000, 2_000], Input::Equal, Layout::ChannelsFirst);
    let x = f64::from(EQUAL);
    for (pool, expected) in [
        (Pool::global(Reducer::Soft { beta: 1.0 }), x),
        (Pool::global(Reducer::Stochastic), x),
        (Pool::global(Reducer::Lp { p: 2.0 }), 2_000.0 * x),
        (Pool::global(Reducer::Avg), x),
        (Pool::adaptive(Reducer::Avg, 2), x),
        (Pool::window(Reducer::Avg, 2_000), x),
    ] {
        for value in crate::common::values(&pool.forward(&input).unwrap()) {
            assert!((value / expected - 1.0).abs() <= 1e-6, "{pool}: {value}, not {expected}");
        }
    }
}

#[test]
fn over_whole_planes() {
    let pools: Vec<Pool> = reducers().into_iter().map(Pool::global).collect();
    hold(&pools, &[&[1, 2, 224, 224], &[2, 9, 31, 37], &[1, 1, 23, 29, 31], &[1, 1, 100_003]]);
}

#[test]
fn over_what_a_mask_leaves() {
    let input = input(&[1, 2, 300, 300], Input::Equal, Layout::ChannelsFirst);
    // Every third entry is hidden: 60,000 are seen.
    let mask =
        Tensor::arange(90_000, (Kind::Int64, Device::Cpu)).remainder(3).not_equal(0).reshape([1, 300, 300]);
    let x = f64::from(EQUAL);
    for (reducer, expected, slope) in [
        (Reducer::Avg, x, 1.0 / 6e4),
        (Reducer::Soft { beta: 1.0 }, x, 1.0 / 6e4),
        (Reducer::Stochastic, x, 1.0 / 6e4),
        (Reducer::Lse { r: 2.0, learned: Learned::No }, x, 1.0 / 6e4),
        (Reducer::Gem { p: 3.0, learned: Learned::No }, x, 1.0 / 6e4),
        (Reducer::Lp { p: 2.0 }, x * 6e4f64.sqrt(), 6e4f64.powf(-0.5)),
    ] {
        let leaf = input.detach().set_requires_grad(true);
        let output = Pool::global(reducer).forward_masked(&leaf, &mask).unwrap();
        output.sum(Kind::Float).backward();
        let seen = leaf.grad().masked_select(&mask.unsqueeze(1));
        for (what, found, expected) in [("value", output, expected), ("gradient", seen, slope)] {
            for found in crate::common::values(&found) {
                assert!(
                    (found / expected - 1.0).abs() <= 1e-6,
                    "{reducer:?}: {what} {found}, not {expected}"
                );
            }
        }
    }
}

#[test]
fn over_large_windows_side_by_side() {
    let of = |reducer| {
        [
            Pool::adaptive(reducer, 2),
            Pool::window(reducer, Window::new(61).padding(Padding::Same)),
            Pool::pyramid(reducer, [1, 3]),
            Pool::Reduce {
                reducer,
                geometry: Geometry::Fractional(Fractional {
                    regions: FractionalRegions::Overlapping,
                    ..Fractional::new(FractionalSize::Output(3.into()))
                }),
            },
        ]
    };
    let pools: Vec<Pool> = reducers().into_iter().flat_map(of).collect();
    hold(&pools, &[&[1, 1, 150, 151], &[1, 9, 71, 70], &[1, 1, 10_001]]);
}

#[test]
fn over_windows_that_share_their_entries() {
    let of = |reducer| {
        [
            Pool::window(reducer, Window::new(7).stride(1)),
            Pool::window(reducer, Window::new(10).stride(1).padding(Padding::Same)),
        ]
    };
    let pools: Vec<Pool> = reducers().into_iter().flat_map(of).collect();
    hold(&pools, &[&[1, 9, 21, 20], &[1, 1, 300], &[1, 1, 11, 12, 10]]);
    let long = |reducer| Pool::window(reducer, Window::new(301).stride(1));
    let pools: Vec<Pool> = reducers().into_iter().map(long).collect();
    hold(&pools, &[&[1, 1, 900]]);
}

/// Upsampled, an entry is a window of its own many times over.
#[test]
fn of_entries_that_many_outputs_repeat() {
    let pools: Vec<Pool> = reducers().into_iter().map(|reducer| Pool::adaptive(reducer, 500)).collect();
    hold(&pools, &[&[1, 2, 3]]);
}

#[test]
fn of_filters_and_bands() {
    let pools = [
        Pool::blur(Blur::new(41).reduce(BlurReduce::Avg).taps(7).stride(1)),
        Pool::blur(Blur::new(21).taps(4)),
        Pool::Haar,
        Pool::spectral(7),
        Pool::spectral(60),
    ];
    hold(&pools, &[&[1, 1, 150, 149], &[1, 9, 64, 61], &[1, 1, 100_003]]);
    hold(&pools[3..], &[&[1, 1, 1_000_003]]);
}
