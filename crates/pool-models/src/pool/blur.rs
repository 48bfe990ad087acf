//! Blur pooling: pool densely, then low-pass and stride (Zhang, "Making Convolutional Networks Shift-Invariant Again",
//! 2019).

use pool_kernels::{Entries, KernelWindow, OutOfMemory, Reduce, WindowTable};
use pool_spec::sizes::elements;
use pool_spec::{Blur, BlurReduce};
use tch::{TchError, Tensor};

use super::context::Context;
use super::sample_of;
use crate::error::out_of_memory;
use crate::native::{KernelPooling, kernels_support};
use crate::{Kernels, ModelError};

/// `[N, C, spatial...]` to `[N, C, output...]`.
pub(super) fn forward(blur: &Blur, input: &Tensor, context: &Context<'_>) -> Result<Tensor, ModelError> {
    let (windows, strides) = (context.planned(input, 0), context.plan.strides.clone());
    let pooled = match blur.reduce {
        BlurReduce::Max => windows.max()?,
        BlurReduce::Avg => windows.mean()?,
    };
    let taps = blur.taps;
    if context.kernels == Kernels::Fast && kernels_support(&[&pooled]) {
        let sizes = pooled.size().into_iter().skip(2).zip(&strides);
        let output: Vec<i64> = sizes.map(|(size, &stride)| (size as usize).div_ceil(stride) as i64).collect();
        let outputs = elements(output.iter().map(|&size| size as usize));
        let make = |spatial: &[usize]| low_pass(spatial, &strides, taps);
        let table = context.plan.low_pass.get(&sample_of(&pooled)[1..], outputs, make);
        if let Some(windows) = table.map_err(out_of_memory)? {
            let filter = KernelPooling { windows, reduce: Reduce::Weighted, draws: None, output };
            return Ok(filter.forward(&pooled, move |pooled| blurred(pooled, &strides, taps))?);
        }
    }
    Ok(blurred(&pooled, &strides, taps)?)
}

/// The filter as windows with weights, which see what reflection brings into them.
fn low_pass(spatial: &[usize], strides: &[usize], taps: usize) -> Result<WindowTable, OutOfMemory> {
    let lead = (taps as i64 - 1) / 2;
    let reflected =
        |place: i64, size: i64| if place < 0 { -place } else { place.min(2 * (size - 1) - place) };
    let along = |(&size, &stride): (&usize, &usize)| -> Vec<KernelWindow> {
        let of_window = |first: usize| {
            let (before, count) = (first as i64 - lead, taps as i64);
            let entries = if before >= 0 && before + count <= size as i64 {
                Entries::Run { first: before as u32, count: taps as u32, step: 1 }
            } else {
                Entries::List(
                    (before..before + count).map(|place| reflected(place, size as i64) as u32).collect(),
                )
            };
            KernelWindow { entries, counted: taps as u32 }
        };
        (0..size).step_by(stride).map(of_window).collect()
    };
    let axes: Vec<Vec<KernelWindow>> = spatial.iter().zip(strides).map(along).collect();
    let weights: Vec<f32> = binomial(taps).iter().map(|&weight| weight as f32).collect();
    WindowTable::weighted(spatial, &axes, &vec![weights; spatial.len()])
}

/// The filter along one axis after the other.
fn blurred(pooled: &Tensor, strides: &[usize], taps: usize) -> Result<Tensor, TchError> {
    let mut blurred = reflect(pooled, taps)?;
    for (axis, &stride) in strides.iter().enumerate() {
        blurred = weighted_slices(&blurred, axis as i64 + 2, taps, stride as i64)?;
    }
    Ok(blurred)
}

/// Reflects at both ends of every spatial axis so that the filter gives one value per entry; of an even filter the odd
/// entry is added at the end.
fn reflect(input: &Tensor, taps: usize) -> Result<Tensor, TchError> {
    let ends = [(taps as i64 - 1) / 2, taps as i64 / 2];
    let cells: Vec<i64> = std::iter::repeat_n(ends, input.dim() - 2).flatten().collect();
    input.f_pad(&cells, "reflect", None)
}

/// The binomial filter along one axis that [`reflect`] has made longer: shifted and strided views, weighted and summed.
fn weighted_slices(input: &Tensor, dimension: i64, taps: usize, stride: i64) -> Result<Tensor, TchError> {
    let places = input.size()[dimension as usize] - (taps as i64 - 1);
    let view = |tap: usize| {
        let first = tap as i64;
        input.f_slice(dimension, first, first + places, stride)
    };
    let weights = binomial(taps);
    let mut sum = view(0)?.f_mul_scalar(weights[0])?;
    for (tap, &weight) in weights.iter().enumerate().skip(1) {
        sum = sum.f_add(&view(tap)?.f_mul_scalar(weight)?)?;
    }
    Ok(sum)
}

/// A row of Pascal's triangle that sums to 1.
fn binomial(taps: usize) -> Vec<f64> {
    let mut row = vec![1.0];
    for _ in 1..taps {
        let padded = |index: usize| row.get(index).copied().unwrap_or(0.0);
        row = (0..=row.len())
            .map(|index| (padded(index) + index.checked_sub(1).map_or(0.0, padded)) / 2.0)
            .collect();
    }
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_rows_of_pascals_triangle() {
        assert_eq!(binomial(2), [0.5, 0.5]);
        assert_eq!(binomial(3), [0.25, 0.5, 0.25]);
        assert_eq!(binomial(5), [1.0, 4.0, 6.0, 4.0, 1.0].map(|entry| entry / 16.0));
        assert_eq!(binomial(7).iter().sum::<f64>(), 1.0);
    }
}
