//! S3Pool: the maximum with stride 1, then random rows and columns of every grid.

use pool_spec::draw::subset;
use pool_spec::windows::Cells;
use rand_chacha::ChaCha8Rng;
use tch::{Device, Kind, TchError, Tensor};

use crate::Mode;
use crate::constant::constant;
use crate::pool::context::Context;
use crate::pool::windows::{MOST_ADDED, Windows, as_given, with_digits};

/// Along each axis, the places of the maximum with stride 1 form grids of `grid`; each grid keeps one in `stride` of its
/// places, and what is left at the end keeps as many as the geometry needs. In training the kept ones are drawn, once
/// for the batch; in prediction each is the mean over all draws.
pub(super) fn s3(windows: &Windows<'_>, grid: usize, context: &Context<'_>) -> Result<Tensor, TchError> {
    let Cells::Windows(axes) = windows.cells() else { unreachable!("the settings were checked") };
    // The same windows at every place.
    let dense = context.planned(windows.input(), 1);
    let mut maxima = dense.max()?;
    let mut generator = match context.mode {
        Mode::Training => Some(context.random.generator()),
        Mode::Inference => None,
    };
    for (dimension, (axis, places)) in (2..).zip(axes.iter().zip(dense.cells().output())) {
        let grids = grids(places, grid, axis.stride);
        maxima = match &mut generator {
            Some(generator) => keep_some(&maxima, dimension, &grids, generator)?,
            None => keep_expected(&maxima, dimension, &grids)?,
        };
    }
    Ok(maxima)
}

/// Places of a grid, and how many of them are kept.
struct Grid {
    places: usize,
    kept: usize,
}

fn grids(places: usize, grid: usize, stride: usize) -> Vec<Grid> {
    let last = places % grid;
    let whole = (0..places / grid).map(|_| Grid { places: grid, kept: grid / stride });
    whole.chain((last > 0).then(|| Grid { places: last, kept: last.div_ceil(stride) })).collect()
}

fn keep_some(
    maxima: &Tensor,
    dimension: i64,
    grids: &[Grid],
    generator: &mut ChaCha8Rng,
) -> Result<Tensor, TchError> {
    let mut kept = Vec::new();
    let mut first = 0;
    for grid in grids {
        let chosen = subset(generator, grid.kept, grid.places);
        kept.extend(chosen.into_iter().map(|place| (first + place) as i64));
        first += grid.places;
    }
    maxima.f_index_select(dimension, &constant(&kept, &[-1], (Kind::Int64, maxima.device()))?)
}

/// Each kept place as a mean over all places, weighted by how often they are kept there.
fn keep_expected(maxima: &Tensor, dimension: i64, grids: &[Grid]) -> Result<Tensor, TchError> {
    let places_last = maxima.f_transpose(dimension, -1)?;
    let mut kept = Vec::new();
    let mut first = 0;
    // All grids are alike but the last, which may be shorter.
    for alike in grids.chunk_by(|left, right| left.places == right.places) {
        let [grid, ..] = alike else { continue };
        let (count, places) = (alike.len() as i64, grid.places as i64);
        let of_grids = places_last.f_narrow(-1, first, count * places)?;
        let digits = with_digits(&of_grids, grid.places as u64 > MOST_ADDED)?;
        let weights = weights(grid, (digits.kind(), digits.device()))?;
        let means = digits.f_unflatten(-1, [count, places])?.f_matmul(&weights)?.f_flatten(-2, -1)?;
        kept.push(as_given(means, maxima)?);
        first += count * places;
    }
    Tensor::f_cat(&kept, -1)?.f_transpose(dimension, -1)
}

/// `[places, kept]`: how probable it is that the kept place of a rank is this place, so that `rank` others come before
/// it and the rest behind.
fn weights(grid: &Grid, options: (Kind, Device)) -> Result<Tensor, TchError> {
    let logs = log_factorials(grid.places);
    let weights: Vec<f64> = (0..grid.places)
        .flat_map(|place| (0..grid.kept).map(move |rank| (place, rank)))
        .map(|(place, rank)| {
            let before = log_binomial(&logs, place, rank);
            let behind = log_binomial(&logs, grid.places - 1 - place, grid.kept - 1 - rank);
            (before + behind - log_binomial(&logs, grid.places, grid.kept)).exp()
        })
        .collect();
    constant(&weights, &[grid.places as i64, grid.kept as i64], options)
}

/// Logarithms, because the factorials of large grids overflow.
fn log_factorials(greatest: usize) -> Vec<f64> {
    let mut sum = 0.0;
    (0..=greatest)
        .map(|n| {
            sum += (n.max(1) as f64).ln();
            sum
        })
        .collect()
}

fn log_binomial(log_factorials: &[f64], n: usize, k: usize) -> f64 {
    if k > n {
        return f64::NEG_INFINITY;
    }
    log_factorials[n] - log_factorials[k] - log_factorials[n - k]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_places_of_each_rank_are_a_distribution() {
        let weights = weights(&Grid { places: 6, kept: 3 }, (Kind::Double, Device::Cpu)).unwrap();
        for rank in 0..3 {
            let total = weights.select(1, rank).sum(None).double_value(&[]);
            assert!((total - 1.0).abs() < 1e-12, "rank {rank}: {total}");
        }
        assert_eq!(weights.double_value(&[5, 0]), 0.0, "two more must come behind the first");
    }

    #[test]
    fn grids_keep_as_many_places_as_the_stride_leaves() {
        for (places, grid, stride) in [(24, 4, 2), (23, 4, 2), (7, 6, 3), (5, 5, 5), (1, 2, 2)] {
            let kept: usize = grids(places, grid, stride).iter().map(|grid| grid.kept).sum();
            assert_eq!(kept, places.div_ceil(stride), "{places} places");
        }
    }
}
