//! Windows of many cells: the same values as plain ones, no more memory than the input takes, and a refusal with its figure
//! where there would be more than a layer may take.

mod common;

use common::{Built, distinct, sample};
use pool_models::{Learned, Mode, ModelError, Padding, Pool, Reducer, SettingError, Window, max_unpool};
use tch::nn::VarStore;
use tch::{Device, Kind, Tensor};

/// Numbers in no order, of which no two of a window of 4,801 are the same.
fn signal(length: usize) -> Vec<f64> {
    (0..length).map(|place| ((place * 7_919 + 13) % 104_729) as f64 / 1_024.0 - 51.0).collect()
}

/// 4,801 cells in each of 480,000 windows, written down one by one, were 36 GB.
#[test]
fn a_long_signal_is_pooled_by_long_windows() {
    let (length, size, stride) = (480_000, 4_801, 40);
    let values = signal(length);
    let input = Tensor::from_slice(&values).to_kind(Kind::Float).reshape([1, 1, length as i64]);
    let starts = (0..=length - size).step_by(stride);
    let window = |start: usize| &values[start..start + size];
    let extreme = |best: fn(f64, f64) -> f64| -> Vec<f64> {
        starts.clone().map(|start| window(start).iter().copied().reduce(best).unwrap()).collect()
    };
    let means: Vec<f64> =
        starts.clone().map(|start| window(start).iter().sum::<f64>() / size as f64).collect();
    for (reducer, expected, tolerance) in [
        (Reducer::Max, extreme(f64::max), 0.0),
        (Reducer::Min, extreme(f64::min), 0.0),
        (Reducer::Avg, means, 1e-3),
    ] {
        let output = Pool::window(reducer, Window::new(size).stride(stride)).forward(&input).unwrap();
        let found = common::values(&output);
        assert_eq!(found.len(), expected.len());
        for (place, (found, expected)) in found.iter().zip(&expected).enumerate() {
            assert!((found - expected).abs() <= tolerance, "{reducer} {place}: {found}, not {expected}");
        }
    }
}

struct Run {
    output: Tensor,
    gradients: Vec<Tensor>,
}

/// The value of a layer, and the gradients of a weighted sum by the input and the variables.
fn run(pool: &Pool, input: &Tensor) -> Run {
    let sample = sample(&input.size());
    let leaf = input.detach().set_requires_grad(true);
    let (output, mut named) = if input.kind() == Kind::Double {
        let built = Built::new(pool, &sample, 5);
        (built.forward(&leaf, Mode::Inference), built.named().into_iter().collect::<Vec<_>>())
    } else {
        let variables = VarStore::new(Device::Cpu);
        let layer = pool.build(&sample, 5, &variables.root()).unwrap();
        (layer.forward(&leaf, Mode::Inference).unwrap(), variables.variables().into_iter().collect())
    };
    named.sort_by(|left, right| left.0.cmp(&right.0));
    let leaves: Vec<Tensor> =
        std::iter::once(leaf).chain(named.into_iter().map(|(_, variable)| variable)).collect();
    let weights = Tensor::arange(output.numel() as i64, (Kind::Double, Device::Cpu)).sin();
    let sum = (&output * weights.reshape(output.size()).to_kind(output.kind())).sum(output.kind());
    let gradients = Tensor::run_backward(&[sum], &leaves, false, false);
    Run { output: output.detach(), gradients: gradients.iter().map(Tensor::detach).collect() }
}

fn channels_last(input: &Tensor) -> Tensor {
    let rank = input.dim() as i64;
    let order: Vec<i64> = [0].into_iter().chain(2..rank).chain([1]).collect();
    let back: Vec<i64> = [0, rank - 1].into_iter().chain(1..rank - 1).collect();
    input.permute(&order).contiguous().permute(&back)
}

/// In f64 windows are laid out side by side; in f32 kernels walk through them, in whatever way is left for windows as
/// wide as these, of which those at the edges are all cut in another way.
#[test]
fn wide_windows_give_in_f32_what_laid_out_ones_give_in_f64() {
    tch::set_num_threads(1);
    let learned = [Learned::Layer, Learned::Channel].into_iter().flat_map(|learned| {
        [
            Reducer::Gem { p: 2.5, learned },
            Reducer::Lse { r: 2.0, learned },
            Reducer::Lse { r: -3.0, learned },
        ]
    });
    let no = Learned::No;
    let others = [
        Reducer::Gem { p: 1.0, learned: no },
        Reducer::Gem { p: 0.3, learned: no },
        Reducer::Gem { p: 100.0, learned: no },
        Reducer::Lse { r: 1e-6, learned: no },
        Reducer::Lse { r: -30.0, learned: no },
        Reducer::Lp { p: 80.0 },
    ];
    for reducer in Reducer::ALL.into_iter().chain(learned).chain(others) {
        for (pool, shape) in [
            (Pool::window(reducer, Window::new(150).stride(1).padding(Padding::Same)), vec![1i64, 9, 200]),
            (Pool::window(reducer, Window::new(31).stride(1).padding(Padding::Same)), vec![1, 2, 33, 35]),
            (Pool::window(reducer, Window::new([45, 17]).stride(4).dilation([1, 2])), vec![1, 3, 60, 40]),
            (
                Pool::window(reducer, Window::new(5).stride(3).padding(Padding::Symmetric(2.into()))),
                vec![1, 2, 9, 10, 11],
            ),
            (Pool::adaptive(reducer, 2), vec![2, 9, 25, 26]),
        ] {
            if pool.output_shape(&sample(&shape)).is_err() {
                continue;
            }
            let input = distinct(&shape, 3) + 0.4;
            let expected = run(&pool, &input);
            for input in [input.to_kind(Kind::Float), channels_last(&input.to_kind(Kind::Float))] {
                let found = run(&pool, &input);
                let close = |found: &Tensor, expected: &Tensor, what: &str, tolerance: f64| {
                    let scale = expected.abs().max().double_value(&[]).max(1e-3);
                    let apart =
                        (found.to_kind(Kind::Double) - expected).abs().max().double_value(&[]) / scale;
                    assert!(apart <= tolerance, "{pool}, {:?}: {what} {apart:e} apart", input.size());
                };
                close(&found.output, &expected.output, "values", 3e-5);
                assert_eq!(found.gradients.len(), expected.gradients.len());
                // Its projection starts at zero, and so the norm divides by next to nothing what f32 rounds.
                if reducer == Reducer::Lip {
                    continue;
                }
                for (found, expected) in found.gradients.iter().zip(&expected.gradients) {
                    close(found, expected, "gradients", 2e-4);
                }
            }
        }
    }
}

/// Of these, nothing is laid out in f32, so that their cells need not be counted: 961 in each of a million windows.
#[test]
fn reducers_with_kernels_take_wide_windows_over_large_planes() {
    for reducer in Reducer::ALL {
        let pool = Pool::window(reducer, Window::new(31).stride(1).padding(Padding::Same));
        match (reducer, pool.output_shape(&[3, 1024, 1024])) {
            (Reducer::Attention, _) => {}
            (Reducer::Gated | Reducer::Tree, refused) => {
                let Err(SettingError::TooMuchMemory { bytes, .. }) = refused else {
                    panic!("{reducer}: {refused:?}")
                };
                // Four tensors of 961 cells in 2^20 windows of three channels, and 32 bytes for each cell of a plane.
                assert_eq!(bytes, 961 * (1 << 20) * (3 * 4 * 4 + 32), "{reducer}");
            }
            (Reducer::CatAvgMax, shape) => assert_eq!(shape, Ok(vec![6, 1024, 1024])),
            (_, shape) => assert_eq!(shape, Ok(vec![3, 1024, 1024]), "{reducer}"),
        }
    }
}

fn refused_bytes(error: ModelError) -> u128 {
    match error {
        ModelError::Setting(SettingError::TooMuchMemory { bytes, .. }) => bytes,
        other => panic!("{other}"),
    }
}

/// 64 channels of 2^28 values each; nothing is allocated before the rule is held, or this test would need 64 GiB.
#[test]
fn an_output_beyond_what_a_layer_may_take_is_refused_with_its_bytes() {
    for (shape, channels_of_output) in [([1i64, 64, 2, 2], 64u128), ([64, 1, 2, 2], 64), ([3, 30, 2, 2], 90)]
    {
        for (kind, bytes) in [(Kind::Float, 4), (Kind::Double, 8), (Kind::Half, 2)] {
            let input = Tensor::ones(shape, (kind, Device::Cpu));
            for reducer in Reducer::ALL {
                let pool = Pool::adaptive(reducer, 1 << 14);
                let Err(error) = pool.forward(&input) else { panic!("{pool}") };
                match error {
                    ModelError::Setting(SettingError::Geometry { .. }) => continue,
                    // One sample alone is too large, which is found before its type is looked at.
                    error if pool.output_shape(&sample(&shape)).is_err() => {
                        let doubled = if reducer == Reducer::CatAvgMax { 2 } else { 1 };
                        let sample = shape[1] as u128 * doubled * (4 << 28);
                        assert_eq!(refused_bytes(error), sample, "{pool}");
                    }
                    error => {
                        let doubled = if reducer == Reducer::CatAvgMax { 2 } else { 1 };
                        assert_eq!(
                            refused_bytes(error),
                            (channels_of_output * doubled * bytes) << 28,
                            "{pool}"
                        );
                    }
                }
            }
        }
    }
    let pooled = Tensor::ones([1, 64, 1, 1], (Kind::Float, Device::Cpu));
    let error = max_unpool(&pooled, &pooled.to_kind(Kind::Int64), &[1 << 14, 1 << 14]).unwrap_err();
    assert_eq!(refused_bytes(error), 256 << 28);
}

/// What has no kernel is laid out: in f64, for a trace, or under a mask.
#[test]
fn windows_that_would_be_laid_out_beyond_that_are_refused_with_their_bytes() {
    let input = Tensor::zeros([1, 1, 1024, 1024], (Kind::Double, Device::Cpu));
    for (reducer, laid_out) in [
        (Reducer::Max, false),
        (Reducer::Avg, false),
        (Reducer::Median, true),
        (Reducer::Lp { p: 2.0 }, true),
        (Reducer::Soft { beta: 1.0 }, true),
        (Reducer::Stochastic, true),
        (Reducer::Gem { p: 3.0, learned: Learned::No }, true),
        (Reducer::Lse { r: 10.0, learned: Learned::No }, true),
    ] {
        // 994 windows of 31 entries along each axis.
        let pooled = Pool::window(reducer, Window::new(31).stride(1)).forward(&input);
        match pooled {
            Err(error) => {
                assert!(laid_out, "{reducer}: {error}");
                assert_eq!(refused_bytes(error), 4 * 8 * 994 * 994 * 961, "{reducer}");
            }
            Ok(_) => assert!(!laid_out, "{reducer}"),
        }
    }
    // A copy with as much padding as the largest window has entries.
    let small = Tensor::zeros([64, 1, 2, 2], (Kind::Double, Device::Cpu));
    let error = Pool::max(Window::new(1 << 13).padding(Padding::Same).stride(1)).forward(&small).unwrap_err();
    assert_eq!(refused_bytes(error), 64 * 8 * 8_193 * 8_193);
}
