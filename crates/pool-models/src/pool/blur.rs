//! Blur pooling: pool densely, then low-pass and stride (Zhang, "Making Convolutional Networks Shift-Invariant Again",
//! 2019).

use pool_kernels::{AxisWindow, Entries, OutOfMemory, Reduce, Windows};
use serde::{Deserialize, Serialize};
use tch::{TchError, Tensor};

use super::built::Context;
use super::geometry::{AxisWindow as ResolvedWindow, Cells};
use super::windows::{Seen, Which};
use super::{Window, sample_of};
use crate::error::out_of_memory;
use crate::native::{KernelPooling, kernels_take};
use crate::reading::whole;
use crate::sizes::elements;
use crate::{Extent, Kernels, ModelError, SettingError};

/// Maximum or average with stride 1, then a binomial filter with stride; the filter reflects at the edges. timm:
/// `BlurPool2d` is `size = 1` with an odd number of taps.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Blur {
    /// What is done densely, before the filter.
    #[serde(default)]
    pub reduce: BlurReduce,
    /// The window of the dense step; 1 leaves the filter alone.
    #[serde(default = "two")]
    pub size: Extent,
    /// Steps of the filter.
    #[serde(default = "two")]
    pub stride: Extent,
    /// Entries of the binomial filter along each axis, 2 to 7.
    #[serde(default = "three", deserialize_with = "whole::<2, 7, _, _>")]
    pub taps: usize,
}

/// The dense step of [`Blur`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlurReduce {
    /// Maximum: MaxBlurPool.
    #[default]
    Max,
    /// Average.
    Avg,
}

fn two() -> Extent {
    Extent::All(2)
}

fn three() -> usize {
    3
}

impl Default for Blur {
    fn default() -> Self {
        Self { reduce: BlurReduce::default(), size: two(), stride: two(), taps: three() }
    }
}

impl Blur {
    /// The dense windows and the filter's stride along each axis.
    ///
    /// # Errors
    /// The setting that does not fit.
    pub(super) fn resolve(
        &self,
        spatial: &[usize],
    ) -> Result<(Vec<ResolvedWindow>, Vec<usize>), SettingError> {
        if !(2..=7).contains(&self.taps) {
            return Err(SettingError::WholeRange { field: "taps", value: self.taps, interval: "[2, 7]" });
        }
        let strides = self.stride.resolve_positive("stride", spatial.len())?;
        let dense = Window { stride: Extent::All(1), ..Window::new(self.size.clone()) }
            .resolve_pooling(spatial)
            .map_err(SettingError::without_padding)?;
        for (axis, window) in dense.iter().enumerate() {
            let padding = self.taps / 2;
            if padding >= window.output {
                let input = window.output;
                return Err(SettingError::ReflectionTooWide { taps: self.taps, padding, input, axis });
            }
        }
        Ok((dense, strides))
    }

    /// The output's size along each axis.
    ///
    /// # Errors
    /// The setting that does not fit.
    pub(super) fn output(&self, spatial: &[usize]) -> Result<Vec<usize>, SettingError> {
        let (dense, strides) = self.resolve(spatial)?;
        Ok(dense.iter().zip(strides).map(|(axis, stride)| axis.output.div_ceil(stride)).collect())
    }
}

/// `[N, C, spatial...]` to `[N, C, output...]`.
pub(super) fn forward(blur: &Blur, input: &Tensor, context: &Context<'_>) -> Result<Tensor, ModelError> {
    let (dense, strides) = blur.resolve(&sample_of(input)[1..])?;
    let cells = Cells::Windows(dense);
    let windows = context.windows(input, &cells);
    let pooled = match blur.reduce {
        BlurReduce::Max => windows.max()?,
        BlurReduce::Avg => windows.mean()?,
    };
    let taps = blur.taps;
    if context.kernels == Kernels::Fast && kernels_take(&[&pooled]) {
        let which = Which { spatial: sample_of(&pooled)[1..].to_vec(), seen: Seen::LowPass };
        let sizes = pooled.size().into_iter().skip(2).zip(&strides);
        let output: Vec<i64> = sizes.map(|(size, &stride)| (size as usize).div_ceil(stride) as i64).collect();
        let outputs = elements(output.iter().map(|&size| size as usize));
        let table = context.tables.get(which, outputs, |spatial| low_pass(spatial, &strides, taps));
        if let Some(windows) = table.map_err(out_of_memory)? {
            let filter = KernelPooling { windows, reduce: Reduce::Weighted, draws: None, output };
            return Ok(filter.forward(&pooled, move |pooled| blurred(pooled, &strides, taps))?);
        }
    }
    Ok(blurred(&pooled, &strides, taps)?)
}

/// The filter as windows with weights, which see what reflection brings into them.
fn low_pass(spatial: &[usize], strides: &[usize], taps: usize) -> Result<Windows, OutOfMemory> {
    let lead = (taps as i64 - 1) / 2;
    let reflected =
        |place: i64, size: i64| if place < 0 { -place } else { place.min(2 * (size - 1) - place) };
    let along = |(&size, &stride): (&usize, &usize)| -> Vec<AxisWindow> {
        let of_window = |first: usize| {
            let (before, count) = (first as i64 - lead, taps as i64);
            let entries = if before >= 0 && before + count <= size as i64 {
                Entries::Run { first: before as u32, count: taps as u32, step: 1 }
            } else {
                Entries::List(
                    (before..before + count).map(|place| reflected(place, size as i64) as u32).collect(),
                )
            };
            AxisWindow { entries, counted: taps as u32 }
        };
        (0..size).step_by(stride).map(of_window).collect()
    };
    let axes: Vec<Vec<AxisWindow>> = spatial.iter().zip(strides).map(along).collect();
    let weights: Vec<f32> = binomial(taps).iter().map(|&weight| weight as f32).collect();
    Windows::weighted(spatial, &axes, &vec![weights; spatial.len()])
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
