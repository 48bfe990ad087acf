//! Pooling layers in Rust's words.

use super::{Blur, Fractional, FractionalSize, Geometry, OpenExtent, Pool, Reducer, StridedConv, Window};
use crate::Extent;

impl Pool {
    /// Maximum over windows; a size alone is a window that moves by its own size. Keras: `MaxPooling2D(pool_size)`;
    /// PyTorch: `MaxPool2d(kernel_size)`.
    pub fn max(window: impl Into<Window>) -> Self {
        Self::window(Reducer::Max, window)
    }

    /// Mean over windows; a size alone is a window that moves by its own size. Keras: `AveragePooling2D(pool_size)`;
    /// PyTorch: `AvgPool2d(kernel_size)`.
    pub fn avg(window: impl Into<Window>) -> Self {
        Self::window(Reducer::Avg, window)
    }

    /// `reducer` over windows; a size alone is a window that moves by its own size.
    pub fn window(reducer: Reducer, window: impl Into<Window>) -> Self {
        Self::Reduce { reducer, geometry: Geometry::Window(window.into()) }
    }

    /// `reducer` over as many windows as `output` asks for. PyTorch: `AdaptiveMaxPool2d(output_size)`.
    pub fn adaptive(reducer: Reducer, output: impl Into<OpenExtent>) -> Self {
        Self::Reduce { reducer, geometry: Geometry::Adaptive(output.into()) }
    }

    /// `reducer` over all spatial axes, which are dropped: `[N, C, ...]` becomes `[N, C]`. Keras:
    /// `GlobalMaxPooling2D()`.
    pub fn global(reducer: Reducer) -> Self {
        Self::Reduce { reducer, geometry: Geometry::Global { keep_dims: false } }
    }

    /// `reducer` over all spatial axes, which are kept with size 1. Keras: `GlobalMaxPooling2D(keepdims=True)`.
    pub fn global_keep_dims(reducer: Reducer) -> Self {
        Self::Reduce { reducer, geometry: Geometry::Global { keep_dims: true } }
    }

    /// `reducer` over fractional windows that shrink every axis to `ratio` of it. PyTorch:
    /// `FractionalMaxPool2d(output_ratio)`.
    pub fn fractional(reducer: Reducer, ratio: f64) -> Self {
        let fractional = Fractional::new(FractionalSize::Ratio(ratio));
        Self::Reduce { reducer, geometry: Geometry::Fractional(fractional) }
    }

    /// `reducer` over a pyramid of adaptive windows, joined into `[N, C * sum of level^rank]` (He et al. 2014).
    pub fn pyramid(reducer: Reducer, levels: impl Into<Vec<usize>>) -> Self {
        Self::Reduce { reducer, geometry: Geometry::Pyramid(levels.into()) }
    }

    /// A learned convolution; a size alone is a kernel that moves by its own size.
    pub fn strided_conv(conv: impl Into<StridedConv>) -> Self {
        Self::StridedConv(conv.into())
    }

    /// Dense pooling, then a binomial filter; a size alone is a dense maximum over windows of this size, then 3 taps
    /// that move by 2.
    pub fn blur(blur: impl Into<Blur>) -> Self {
        Self::Blur(blur.into())
    }

    /// The lowest frequencies, `output` of them along each axis.
    pub fn spectral(output: impl Into<Extent>) -> Self {
        Self::Spectral { output: output.into() }
    }
}

impl From<StridedConv> for Pool {
    fn from(conv: StridedConv) -> Self {
        Self::StridedConv(conv)
    }
}

impl From<Blur> for Pool {
    fn from(blur: Blur) -> Self {
        Self::Blur(blur)
    }
}
