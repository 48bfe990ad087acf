//! Operators that look at more than the values of a window (cells, channels, other windows) give what plain loops give.

use crate::common::loops::{expected, seen};
use crate::common::{Built, distinct, sample, shape, values};
use pool_models::{Geometry, Mode, Pool, Reducer, Window};
use tch::{Tensor, no_grad};

/// Sets the variables of a layer to values that a plain loop can use as well.
fn with_variables(pool: &Pool, shape: &[i64]) -> (Built, impl Fn(&str) -> Vec<f64> + use<>) {
    let built = Built::new(pool, &sample(shape), 1);
    for (index, (_, mut variable)) in built.named().into_iter().enumerate() {
        no_grad(|| variable.copy_(&distinct(&variable.size(), index as i64)));
    }
    let named = built.named();
    (built, move |name: &str| values(&named[name]))
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

fn dot(left: &[f64], right: &[f64]) -> f64 {
    assert_eq!(left.len(), right.len());
    left.iter().zip(right).map(|(left, right)| left * right).sum()
}

fn assert_close(found: &Tensor, expected: &[f64]) {
    let found = values(found);
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() <= 1e-12, "{found}, expected {expected}");
    }
}

#[test]
fn gated_and_tree_pooling_weigh_the_cells_of_a_window() {
    for rank in 1..=3 {
        let shape = shape(rank, 2, 5);
        let input = distinct(&shape, 0);
        let geometry = Geometry::Window(Window::new(2).stride(1));
        let windows = seen(&geometry, &sample(&shape)[1..], &values(&input));

        let pool = Pool::window(Reducer::Gated, Window::new(2).stride(1));
        let (built, variable) = with_variables(&pool, &shape);
        let gated = windows.iter().map(|x| {
            let share = sigmoid(dot(&variable("gate"), x));
            share * expected(&Reducer::Max, x).unwrap() + (1.0 - share) * expected(&Reducer::Avg, x).unwrap()
        });
        assert_close(&built.forward(&input, Mode::Inference), &gated.collect::<Vec<_>>());

        let pool = Pool::window(Reducer::Tree, Window::new(2).stride(1));
        let (built, variable) = with_variables(&pool, &shape);
        let tree = windows.iter().map(|x| {
            let share = sigmoid(dot(&variable("gate"), x));
            share * dot(&variable("left"), x) + (1.0 - share) * dot(&variable("right"), x)
        });
        assert_close(&built.forward(&input, Mode::Inference), &tree.collect::<Vec<_>>());
    }
}

#[test]
fn attention_weighs_places_by_their_agreement_with_the_query() {
    for rank in 1..=3 {
        let shape = shape(rank, 3, 4);
        let input = distinct(&shape, 0);
        let (built, variable) = with_variables(&Pool::global(Reducer::Attention), &shape);
        let query = variable("query");
        let places = shape[2..].iter().product::<i64>() as usize;
        let pooled = values(&input)
            .chunks(3 * places)
            .flat_map(|sample| {
                let score = |place| {
                    let agreement: f64 =
                        (0..3).map(|channel| query[channel] * sample[channel * places + place]).sum();
                    (agreement / 3f64.sqrt()).exp()
                };
                let weights: Vec<f64> = (0..places).map(score).collect();
                let total: f64 = weights.iter().sum();
                (0..3)
                    .map(|channel| dot(&weights, &sample[channel * places..][..places]) / total)
                    .collect::<Vec<_>>()
            })
            .collect::<Vec<_>>();
        assert_close(&built.forward(&input, Mode::Inference), &pooled);
    }
}

#[test]
fn local_importance_is_the_exponential_of_a_normalised_projection() {
    for rank in 1..=3 {
        let shape = shape(rank, 2, 4);
        let input = distinct(&shape, 0);
        let (built, variable) = with_variables(&Pool::window(Reducer::Lip, 2), &shape);
        let (projection, scale, shift) = (variable("projection"), variable("scale"), variable("shift"));
        let places = shape[2..].iter().product::<i64>() as usize;
        let mut importance = Vec::new();
        for sample in values(&input).chunks(2 * places) {
            for channel in 0..2 {
                let projected: Vec<f64> = (0..places)
                    .map(|place| {
                        (0..2)
                            .map(|from| projection[channel * 2 + from] * sample[from * places + place])
                            .sum()
                    })
                    .collect();
                let mean = projected.iter().sum::<f64>() / places as f64;
                let variance = projected.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / places as f64;
                importance.extend(projected.iter().map(|x| {
                    let normalised = (x - mean) / (variance + 1e-5).sqrt() * scale[channel] + shift[channel];
                    (12.0 * sigmoid(normalised)).exp()
                }));
            }
        }
        let geometry = Geometry::Window(Window::new(2));
        let spatial = &sample(&shape)[1..];
        let pooled: Vec<f64> = seen(&geometry, spatial, &values(&input))
            .iter()
            .zip(seen(&geometry, spatial, &importance))
            .map(|(x, weights)| dot(x, &weights) / weights.iter().sum::<f64>())
            .collect();
        assert_close(&built.forward(&input, Mode::Inference), &pooled);
    }
}

#[test]
fn s3_predicts_the_mean_over_all_ways_to_keep_rows_and_columns() {
    let shape = shape(2, 1, 7);
    let input = distinct(&shape, 0);
    let pool = Pool::window(Reducer::S3 { grid: 4 }, 2);
    // Six dense places along each axis: a grid of four that keeps two of them, and two places left that keep one.
    let dense = Geometry::Window(Window::new(2).stride(1));
    let maxima: Vec<f64> =
        seen(&dense, &[7, 7], &values(&input)).iter().map(|x| expected(&Reducer::Max, x).unwrap()).collect();
    let ways: Vec<[usize; 3]> = (0..4)
        .flat_map(|first| (first + 1..4).map(move |second| (first, second)))
        .flat_map(|(first, second)| [4, 5].map(|last| [first, second, last]))
        .collect();
    assert_eq!(ways.len(), 6 * 2);
    let mut sums = [0.0; 2 * 9];
    for rows in &ways {
        for columns in &ways {
            for plane in 0..2 {
                for (place, sum) in sums[plane * 9..][..9].iter_mut().enumerate() {
                    *sum += maxima[plane * 36 + rows[place / 3] * 6 + columns[place % 3]];
                }
            }
        }
    }
    let count = (ways.len() * ways.len()) as f64;
    let mean: Vec<f64> = sums.iter().map(|sum| sum / count).collect();
    assert_close(&pool.forward(&input).unwrap(), &mean);
}

#[test]
fn a_strided_convolution_is_a_weighted_sum_over_channels_and_cells() {
    let shape = shape(2, 2, 6);
    let input = distinct(&shape, 0);
    let (built, variable) = with_variables(&Pool::strided_conv(2), &shape);
    let (weight, bias) = (variable("weight"), variable("bias"));
    let windows = seen(&Geometry::Window(Window::new(2)), &[6, 6], &values(&input));
    let mut pooled = Vec::new();
    for sample in windows.chunks(2 * 9) {
        for to in 0..2 {
            for place in 0..9 {
                let from = |from: usize| dot(&weight[(to * 2 + from) * 4..][..4], &sample[from * 9 + place]);
                pooled.push(bias[to] + from(0) + from(1));
            }
        }
    }
    assert_close(&built.forward(&input, Mode::Inference), &pooled);
}

#[test]
fn joined_layers_are_their_parts_side_by_side() {
    let input = distinct(&shape(2, 3, 6), 0);
    let forward = |pool: Pool| pool.forward(&input).unwrap();
    let both = [forward(Pool::avg(2)), forward(Pool::max(2))];
    assert_eq!(forward(Pool::window(Reducer::CatAvgMax, 2)), Tensor::cat(&both, 1));
    let levels = [4, 1].map(|level| forward(Pool::adaptive(Reducer::Max, level)).flatten(1, -1));
    assert_eq!(forward(Pool::pyramid(Reducer::Max, [4, 1])), Tensor::cat(&levels, 1));
}
