//! Equal values, zeros, single entries, huge values, infinities and NaN.

use crate::common::loops::expected;
use crate::common::{Built, every_layer, sample, shape, values};
use pool_models::{Geometry, Mode, Pool, Reducer};
use tch::{Device, Kind, Tensor};

const HUGE: f64 = 1e30;

fn full(shape: &[i64], value: f64, kind: Kind) -> Tensor {
    Tensor::full(shape, value, (kind, Device::Cpu))
}

#[test]
fn windows_of_equal_values_give_that_value_whatever_its_size() {
    for pool in every_layer() {
        let Pool::Reduce { reducer, geometry } = &pool else { continue };
        let cells = match geometry {
            // Padding counts, or a filter weighs the cells.
            Geometry::Window(window) if window.count_padding || *reducer == Reducer::Tree => continue,
            Geometry::Window(_) if pool == Pool::window(*reducer, 2) => 4,
            // The number of values matters to norms alone, and these windows are not all alike.
            _ if matches!(reducer, Reducer::Lp { .. }) => continue,
            _ => 1,
        };
        for (kind, tolerance) in [(Kind::Float, 1e-6), (Kind::Double, 1e-12)] {
            for value in [0.0, 1e-3, 2.5, -2.5, HUGE, -HUGE] {
                let shape = shape(2, 2, 8);
                let output = Built::new(&pool, &sample(&shape), 3)
                    .forward(&full(&shape, value, kind), Mode::Inference);
                // Reducers that look at more than the values still find nothing but this one. The loop's own
                // exponentials overflow at the huge ones.
                let pooled = |value: f64| expected(reducer, &vec![value; cells]).unwrap_or(value);
                let direct = pooled(value);
                let expected = if direct.is_finite() { direct } else { pooled(value / HUGE) * HUGE };
                for found in values(&output) {
                    let apart = (found - expected).abs() / expected.abs().max(1e-6);
                    assert!(
                        apart <= tolerance,
                        "{pool} of {value} in {kind:?}: {found}, expected {expected}"
                    );
                }
            }
        }
    }
}

/// `f32` holds 3.4e38 at most: a third power of 1e30, or an exponential of 100, is infinite.
#[test]
fn powers_and_exponentials_of_large_values_do_not_overflow() {
    let input = Tensor::from_slice(&[1e30f32, -2e30, 3e30, 5e29]).reshape([1, 1, 4]);
    for (spelling, expected) in [
        ("{ reduce = { lp = { p = 3.0 } }, size = 4 }", (1.0f64 + 8.0 + 27.0 + 0.125).cbrt() * 1e30),
        ("{ reduce = 'gem', size = 4 }", ((1.0f64 + 27.0 + 0.125) / 4.0).cbrt() * 1e30),
        ("{ reduce = 'lse', size = 4 }", 3e30),
        ("{ reduce = 'soft', size = 4 }", 3e30),
        ("{ reduce = 'stochastic', size = 4 }", (1.0 + 9.0 + 0.25) / 4.5 * 1e30),
    ] {
        let pool: Pool = spelling.parse().unwrap();
        let input = input.copy().set_requires_grad(true);
        let output = pool.forward(&input).unwrap();
        let found = output.double_value(&[0, 0, 0]);
        assert!((found / expected - 1.0).abs() < 1e-6, "{pool}: {found}, expected {expected}");
        output.sum(Kind::Float).backward();
        assert!(
            values(&input.grad()).iter().all(|gradient| gradient.is_finite()),
            "{pool}: {:?}",
            input.grad()
        );
    }
}

/// The gradient where formulas divide by zero or take a root of it.
#[test]
fn windows_of_zeros_have_finite_gradients() {
    for pool in every_layer() {
        let shape = shape(2, 2, 8);
        let input = full(&shape, 0.0, Kind::Double).set_requires_grad(true);
        let built = Built::new(&pool, &sample(&shape), 3);
        for mode in [Mode::Inference, Mode::Training] {
            built.forward(&input, mode).sum(Kind::Double).backward();
            let variables = built.named().into_values().map(|variable| variable.grad());
            for gradient in std::iter::once(input.grad()).chain(variables) {
                assert!(values(&gradient).iter().all(|entry| entry.is_finite()), "{pool}: {gradient:?}");
            }
        }
    }
}

#[test]
fn of_equal_values_the_first_in_row_major_order_takes_the_gradient() {
    for (spelling, expected) in [
        ("'max'", [1.0, 0.0, 0.0, 0.0]),
        ("'min'", [1.0, 0.0, 0.0, 0.0]),
        // The lower of the two in the middle is the second of four.
        ("'median'", [0.0, 1.0, 0.0, 0.0]),
        ("{ reduce = 'max', adaptive = 1 }", [1.0, 0.0, 0.0, 0.0]),
        ("{ reduce = 'max', global = true }", [1.0, 0.0, 0.0, 0.0]),
        ("{ reduce = 'max', fractional = { ratio = 0.5 } }", [1.0, 0.0, 0.0, 0.0]),
        ("{ reduce = 'avg', size = 2 }", [0.25; 4]),
    ] {
        let pool: Pool = spelling.parse().unwrap();
        let input = full(&[1, 1, 2, 2], 7.0, Kind::Double).set_requires_grad(true);
        pool.forward(&input).unwrap().sum(Kind::Double).backward();
        assert_eq!(values(&input.grad()), expected, "{pool}");
    }
}

/// In the first window stands a special value between 1, 2 and 3; the second holds ordinary ones.
fn beside(special: f64) -> Tensor {
    Tensor::from_slice(&[1.0, special, 2.0, 3.0, 1.0, 4.0, 2.0, 3.0]).reshape([1, 1, 8])
}

#[test]
fn a_nan_makes_its_own_window_nan_and_no_other() {
    for reducer in Reducer::ALL {
        let reducer = if matches!(reducer, Reducer::S3 { .. }) { Reducer::S3 { grid: 4 } } else { reducer };
        // Layers that look beyond a window, by design: at one over everything, or at the whole plane.
        if matches!(reducer, Reducer::Attention | Reducer::Lip) {
            continue;
        }
        let pool = Pool::window(reducer, 4);
        for mode in [Mode::Inference, Mode::Training] {
            let output = values(&Built::new(&pool, &[1, 8], 3).forward(&beside(f64::NAN), mode));
            // Averages and maxima stand side by side: every other value is of the first window.
            let (first, second): (Vec<_>, Vec<_>) = output.chunks(2).map(|pair| (pair[0], pair[1])).unzip();
            // S3 may have kept a place that does not see the NaN.
            let may_miss = mode == Mode::Training && matches!(reducer, Reducer::S3 { .. });
            assert!(may_miss || first.iter().all(|value| value.is_nan()), "{pool}: {output:?}");
            assert!(second.iter().all(|value| value.is_finite()), "{pool}: {output:?}");
        }
    }
}

#[test]
fn infinities_give_what_the_formula_says() {
    let (plus, minus) = (f64::INFINITY, f64::NEG_INFINITY);
    let finite = |value: f64| value.is_finite();
    let soft_of_123 = {
        let weights = [1f64, 2.0, 3.0].map(f64::exp);
        (weights[0] + 2.0 * weights[1] + 3.0 * weights[2]) / weights.iter().sum::<f64>()
    };
    for (reducer, special, expected) in [
        ("max", plus, plus),
        ("max", minus, 3.0),
        ("min", plus, 1.0),
        ("min", minus, minus),
        ("avg", plus, plus),
        ("avg", minus, minus),
        ("median", plus, 2.0),
        ("median", minus, 1.0),
        ("lp", plus, plus),
        ("lp", minus, plus),
        ("gem", plus, plus),
        ("lse", plus, plus),
        ("soft", minus, soft_of_123),
        ("stochastic", minus, 14.0 / 6.0),
    ] {
        let pool: Pool = format!("{{ reduce = '{reducer}', size = 4 }}").parse().unwrap();
        let output = values(&pool.forward(&beside(special)).unwrap());
        let right =
            if finite(expected) { (output[0] - expected).abs() < 1e-12 } else { output[0] == expected };
        assert!(right, "{pool} with {special}: {}, expected {expected}", output[0]);
        assert!(output[1].is_finite(), "{pool}: the other window");
    }
    for reducer in ["soft", "stochastic"] {
        let pool: Pool = format!("{{ reduce = '{reducer}', size = 4 }}").parse().unwrap();
        let output = values(&pool.forward(&beside(plus)).unwrap());
        assert!(output[0].is_nan() && output[1].is_finite(), "{pool}: {output:?}");
    }
}
