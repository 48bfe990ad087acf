//! Operators meet where their formulas say they do.

use crate::common::{Built, distance, distinct, sample, shape, values};
use pool_models::{Blur, Fractional, FractionalSize, Geometry, Learned, Mode, Pool, Reducer, Window};
use tch::{Kind, Tensor};

/// Positive values, for reducers that clip at zero.
fn positive(rank: usize) -> Tensor {
    distinct(&shape(rank, 2, 6), 0) + 1.5
}

fn any(rank: usize) -> Tensor {
    distinct(&shape(rank, 2, 6), 0)
}

fn forward(reducer: Reducer, input: &Tensor) -> Tensor {
    Pool::window(reducer, 2).forward(input).unwrap()
}

/// How far `left` is from `right`.
fn apart(left: &Tensor, right: &Tensor) -> f64 {
    distance(left, right)
}

#[test]
fn reducers_become_the_average_or_the_maximum_at_the_ends_of_their_settings() {
    use Learned::No;
    for rank in 1..=3 {
        let cells = 2f64.powi(rank as i32);
        let (x, a) = (any(rank), positive(rank));
        let (avg, max, min) = (
            |input| forward(Reducer::Avg, input),
            |input| forward(Reducer::Max, input),
            |input| forward(Reducer::Min, input),
        );
        for (found, expected, tolerance, why) in [
            (
                forward(Reducer::Lp { p: 1.0 }, &a),
                avg(&a) * cells,
                1e-14,
                "lp with p = 1 is the sum of magnitudes",
            ),
            (forward(Reducer::Lp { p: 200.0 }, &a), max(&a), 0.02, "lp with a large p is nearly the maximum"),
            (
                forward(Reducer::Gem { p: 1.0, learned: No }, &a),
                avg(&a),
                1e-14,
                "gem with p = 1 is the average",
            ),
            (forward(Reducer::Gem { p: 500.0, learned: No }, &a), max(&a), 0.01, "gem with a large p"),
            (forward(Reducer::Lse { r: 1e-6, learned: No }, &x), avg(&x), 1e-6, "lse with r near 0"),
            (
                forward(Reducer::Lse { r: -1e-6, learned: No }, &x),
                avg(&x),
                1e-6,
                "lse with r near 0, from below",
            ),
            (forward(Reducer::Lse { r: 1e5, learned: No }, &x), max(&x), 1e-4, "lse with a large r"),
            (
                forward(Reducer::Lse { r: -1e5, learned: No }, &x),
                min(&x),
                1e-4,
                "lse with a large negative r",
            ),
            (forward(Reducer::Soft { beta: 0.0 }, &x), avg(&x), 1e-14, "soft with beta = 0"),
            (forward(Reducer::Soft { beta: 1e6 }, &x), max(&x), 1e-14, "soft with a large beta"),
            (forward(Reducer::Soft { beta: -1e6 }, &x), min(&x), 1e-14, "soft with a large negative beta"),
            (forward(Reducer::Mixed { alpha: 0.0, learned: No }, &x), avg(&x), 1e-14, "mixed with alpha = 0"),
            (forward(Reducer::Mixed { alpha: 1.0, learned: No }, &x), max(&x), 1e-14, "mixed with alpha = 1"),
            (forward(Reducer::Min, &x.neg()), max(&x).neg(), 0.0, "the minimum of -x"),
            (
                Pool::Haar.forward(&x).unwrap(),
                avg(&x) * cells.sqrt(),
                1e-14,
                "haar is 2^(rank/2) times the average",
            ),
        ] {
            assert!(
                apart(&found, &expected) <= tolerance,
                "{why}, {rank} axes: {}",
                apart(&found, &expected)
            );
        }
    }
}

#[test]
fn layers_that_start_as_the_average_do() {
    for rank in 1..=3 {
        let input = any(rank);
        let start =
            |pool: &Pool| Built::new(pool, &sample(&input.size()), 5).forward(&input, Mode::Inference);
        for (learned, plain) in [
            (Pool::window(Reducer::Lip, 2), Pool::avg(2)),
            (Pool::adaptive(Reducer::Lip, 4), Pool::adaptive(Reducer::Avg, 4)),
            (Pool::global(Reducer::Attention), Pool::global(Reducer::Avg)),
        ] {
            let apart = apart(&start(&learned), &plain.forward(&input).unwrap());
            assert!(apart <= 1e-12, "{learned}: {apart:e}");
        }
    }
}

#[test]
fn learned_numbers_start_where_they_are_given() {
    let input = any(2);
    for learned in [Learned::Layer, Learned::Channel] {
        for (built, given) in [
            (Reducer::Gem { p: 2.5, learned }, Reducer::Gem { p: 2.5, learned: Learned::No }),
            (Reducer::Lse { r: 1.5, learned }, Reducer::Lse { r: 1.5, learned: Learned::No }),
            (Reducer::Mixed { alpha: 0.25, learned }, Reducer::Mixed { alpha: 0.25, learned: Learned::No }),
        ] {
            let pool = Pool::window(built, 2);
            let found = Built::new(&pool, &sample(&input.size()), 5).forward(&input, Mode::Inference);
            // Variables are made in f32.
            assert!(apart(&found, &forward(given, &input)) <= 1e-7, "{pool}");
        }
    }
}

#[test]
fn geometries_meet_where_their_windows_are_the_same() {
    let fractional = |size| Geometry::Fractional(Fractional::new(size));
    for rank in 1..=3 {
        let input = any(rank);
        for reducer in [Reducer::Max, Reducer::Avg, Reducer::Median, Reducer::Soft { beta: 2.0 }] {
            let pooled = |geometry| Pool::Reduce { reducer, geometry }.forward(&input).unwrap();
            let halves = pooled(Geometry::Window(Window::new(2)));
            let whole = pooled(Geometry::Global { keep_dims: true });
            for (found, expected, why) in [
                (
                    pooled(Geometry::Adaptive(3.into())),
                    &halves,
                    "adaptive where the output divides the input",
                ),
                (
                    pooled(fractional(FractionalSize::Ratio(0.5))),
                    &halves,
                    "fractional with a ratio of a half",
                ),
                (pooled(Geometry::Window(Window::new(6))), &whole, "a window over everything"),
                (pooled(fractional(FractionalSize::Output(1.into()))), &whole, "one fractional window"),
                (pooled(fractional(FractionalSize::Ratio(1.0))), &input, "windows of one entry each"),
                (pooled(Geometry::Window(Window::new(1))), &input, "windows of one entry"),
            ] {
                assert!(apart(&found, expected) <= 1e-14, "{reducer}, {why}, {rank} axes");
            }
        }
    }
}

#[test]
fn filters_keep_constants_and_a_crop_to_the_full_size_keeps_everything() {
    for rank in 1..=3 {
        let constant = Tensor::full(shape(rank, 1, 8), 3.25, (Kind::Double, tch::Device::Cpu));
        for pool in [
            Pool::blur(2),
            Pool::blur(Blur::new(2).taps(7)),
            Pool::blur(Blur::new(1).taps(2)),
            Pool::spectral(5),
            Pool::spectral(4),
        ] {
            let output = pool.forward(&constant).unwrap();
            assert!(values(&output).iter().all(|value| (value - 3.25).abs() <= 1e-12), "{pool}");
        }
        let input = any(rank);
        assert_eq!(Pool::spectral(6).forward(&input).unwrap(), input);
    }
}

#[test]
fn s3_with_a_grid_of_one_stride_predicts_the_average_of_dense_maxima() {
    let input = distinct(&shape(2, 2, 9), 0);
    let dense = Pool::max(Window::new(2).stride(1)).forward(&input).unwrap();
    let expected = Pool::avg(2).forward(&dense).unwrap();
    let found = Pool::window(Reducer::S3 { grid: 2 }, 2).forward(&input).unwrap();
    assert!(apart(&found, &expected) <= 1e-14);
}
