//! Blur pooling: pool densely, then low-pass and stride (Zhang, "Making Convolutional Networks Shift-Invariant Again",
//! 2019).

use serde::{Deserialize, Serialize};

use super::{ResolvedWindow, Window};
use crate::reading::whole;
use crate::{Extent, SettingError};

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

impl<S: Into<Extent>> From<S> for Blur {
    fn from(size: S) -> Self {
        Self::new(size)
    }
}

impl Blur {
    /// A dense maximum over windows of `size`, then 3 taps that move by 2.
    pub fn new(size: impl Into<Extent>) -> Self {
        Self { size: size.into(), ..Self::default() }
    }

    /// Pools densely by `reduce` instead of the maximum.
    #[must_use]
    pub fn reduce(self, reduce: BlurReduce) -> Self {
        Self { reduce, ..self }
    }

    /// Moves the filter by `stride` instead of by 2.
    #[must_use]
    pub fn stride(self, stride: impl Into<Extent>) -> Self {
        Self { stride: stride.into(), ..self }
    }

    /// Filters with `taps` entries along each axis, 2 to 7, instead of 3.
    #[must_use]
    pub fn taps(self, taps: usize) -> Self {
        Self { taps, ..self }
    }

    /// The dense windows and the filter's stride along each axis.
    ///
    /// # Errors
    /// The setting that does not fit.
    pub fn resolve(&self, spatial: &[usize]) -> Result<(Vec<ResolvedWindow>, Vec<usize>), SettingError> {
        let broken =
            |rule: String| Err(SettingError::Rule { field: "taps", value: self.taps.to_string(), rule });
        if !(2..=7).contains(&self.taps) {
            return broken("must lie in [2, 7]".to_owned());
        }
        let strides = self.stride.resolve_positive("stride", spatial.len())?;
        let dense = Window::new(self.size.clone())
            .stride(1)
            .resolve_pooling(spatial)
            .map_err(SettingError::without_padding)?;
        for (axis, window) in dense.iter().enumerate() {
            let padding = self.taps / 2;
            if padding >= window.output {
                return broken(format!(
                    "reflecting {padding} entries needs more than the {} that are left along spatial axis {axis} by \
                     size; use fewer taps",
                    window.output
                ));
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
