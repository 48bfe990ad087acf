//! The same regions give what PyTorch and TensorFlow give; `scripts/golden/fractional.py` made the cases.

use std::sync::Arc;

use pool_spec::windows::Cells;
use pool_spec::{Extent, Fractional, FractionalRegions, FractionalSize};
use serde::Deserialize;
use tch::{Kind, TchError, Tensor};

use crate::pool::windows::{WindowSet, Windows};

#[derive(Deserialize)]
struct Golden {
    pytorch: Vec<PyTorch>,
    tensorflow: Vec<TensorFlow>,
}

/// `fractional_max_pool` with the random numbers given.
#[derive(Deserialize)]
struct PyTorch {
    why: String,
    size: Vec<usize>,
    output: Vec<usize>,
    /// One number in `[0, 1)` per spatial axis.
    samples: Vec<f64>,
    shape: Vec<i64>,
    input: Vec<f64>,
    output_values: Vec<f64>,
    weights: Vec<f64>,
    gradient: Vec<f64>,
}

/// `fractional_max_pool` and `fractional_avg_pool` with the regions that they report.
#[derive(Deserialize)]
struct TensorFlow {
    why: String,
    reduce: String,
    overlapping: bool,
    row_boundaries: Vec<usize>,
    col_boundaries: Vec<usize>,
    shape: Vec<i64>,
    input: Vec<f64>,
    output_values: Vec<f64>,
    weights: Vec<f64>,
    gradient: Vec<f64>,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("../../../tests/golden/fractional.json")).unwrap()
}

fn max(windows: &Windows<'_>) -> Result<Tensor, TchError> {
    windows.max()
}

fn mean(windows: &Windows<'_>) -> Result<Tensor, TchError> {
    windows.mean()
}

/// The greatest difference of values and gradient.
fn distance(
    cells: &Cells,
    (shape, input): (&[i64], &[f64]),
    (output_values, weights, gradient): (&[f64], &[f64], &[f64]),
    reduce: fn(&Windows<'_>) -> Result<Tensor, TchError>,
) -> f64 {
    let input = Tensor::from_slice(input).reshape(shape).set_requires_grad(true);
    let spatial: Vec<usize> = shape[2..].iter().map(|&size| size as usize).collect();
    let set = Arc::new(WindowSet::new(cells.clone(), &spatial, false));
    let output = reduce(&Windows::new(&input, &set, crate::Kernels::Fast)).unwrap();
    let values = output.flatten(0, -1);
    assert_eq!(values.numel(), output_values.len());
    (&values * Tensor::from_slice(weights)).sum(Kind::Double).backward();
    let apart = |found: &Tensor, expected: &[f64]| {
        (found.detach().flatten(0, -1) - Tensor::from_slice(expected)).abs().max().double_value(&[])
    };
    apart(&values, output_values).max(apart(&input.grad(), gradient))
}

#[test]
fn regions_of_one_size_are_pytorchs() {
    let cases = golden().pytorch;
    assert!(cases.len() >= 10);
    for case in cases {
        let fractional = Fractional {
            regions: FractionalRegions::Sized(Extent::Each(case.size.clone())),
            ..Fractional::new(FractionalSize::Output(Extent::Each(case.output.clone())))
        };
        let spatial: Vec<usize> = case.shape[2..].iter().map(|&size| size as usize).collect();
        let cells = Cells::Regions(fractional.regions_of_samples(&spatial, &case.samples).unwrap());
        let expected = (&case.output_values[..], &case.weights[..], &case.gradient[..]);
        let distance = distance(&cells, (&case.shape, &case.input), expected, max);
        assert!(distance <= 1e-12, "{}: off by {distance:e}", case.why);
    }
}

#[test]
fn disjoint_and_overlapping_regions_are_tensorflows() {
    let cases = golden().tensorflow;
    assert!(cases.len() >= 10);
    for case in cases {
        let reach = usize::from(case.overlapping);
        let axes = [&case.row_boundaries, &case.col_boundaries].into_iter().zip(&case.shape[2..]);
        let regions = axes.map(|(bounds, &input)| {
            let region = |pair: &[usize]| pair[0]..(pair[1] + reach).min(input as usize);
            bounds.windows(2).map(region).collect()
        });
        let cells = Cells::Regions(regions.collect());
        let expected = (&case.output_values[..], &case.weights[..], &case.gradient[..]);
        let reduce = if case.reduce == "max" { max } else { mean };
        let distance = distance(&cells, (&case.shape, &case.input), expected, reduce);
        assert!(distance <= 1e-12, "{}, {}: off by {distance:e}", case.reduce, case.why);
    }
}
