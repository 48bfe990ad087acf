//! Pooling layers in Rust's words.

use super::{
    Blur, Fractional, FractionalSize, Geometry, OpenExtent, Padding, Pool, Reducer, StridedConv, Window,
};
use crate::Extent;

impl Pool {
    /// Maximum over windows of `size` that move by their own size. Keras: `MaxPooling2D(pool_size)`; PyTorch:
    /// `MaxPool2d(kernel_size)`.
    pub fn max(size: impl Into<Extent>) -> Self {
        Self::window(Reducer::Max, size)
    }

    /// Mean over windows of `size` that move by their own size. Keras: `AveragePooling2D(pool_size)`; PyTorch:
    /// `AvgPool2d(kernel_size)`.
    pub fn avg(size: impl Into<Extent>) -> Self {
        Self::window(Reducer::Avg, size)
    }

    /// `reducer` over windows of `size` that move by their own size.
    pub fn window(reducer: Reducer, size: impl Into<Extent>) -> Self {
        Self::Reduce { reducer, geometry: Geometry::Window(Window::new(size)) }
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

    /// A learned convolution with a kernel of `size` that moves by its own size.
    pub fn strided_conv(size: impl Into<Extent>) -> Self {
        Self::StridedConv(StridedConv::new(size))
    }

    /// Dense maximum over windows of `size`, then a binomial filter of 3 taps that moves by 2.
    pub fn blur(size: impl Into<Extent>) -> Self {
        Self::Blur(Blur { size: size.into(), ..Blur::default() })
    }

    /// The lowest frequencies, `output` of them along each axis.
    pub fn spectral(output: impl Into<Extent>) -> Self {
        Self::Spectral { output: output.into() }
    }

    /// Moves the window, or the strided convolution or blur filter, by `stride`. Layers without a stride stay as they
    /// are.
    #[must_use]
    pub fn stride(mut self, stride: impl Into<Extent>) -> Self {
        match &mut self {
            Self::Reduce { geometry: Geometry::Window(window), .. } => window.stride = stride.into(),
            Self::StridedConv(conv) => conv.stride = Some(stride.into()),
            Self::Blur(blur) => blur.stride = stride.into(),
            Self::Reduce { .. } | Self::None | Self::Haar | Self::Spectral { .. } => {}
        }
        self
    }

    /// Pads the edges of windows or of a strided convolution. Layers without padding stay as they are.
    #[must_use]
    pub fn padding(mut self, padding: Padding) -> Self {
        match &mut self {
            Self::Reduce { geometry: Geometry::Window(window), .. } => window.padding = padding,
            Self::StridedConv(conv) => conv.padding = padding,
            Self::Reduce { .. } | Self::None | Self::Blur(_) | Self::Haar | Self::Spectral { .. } => {}
        }
        self
    }

    /// Spreads the entries of windows of a fixed size. PyTorch: `dilation`. Other layers stay as they are.
    #[must_use]
    pub fn dilation(self, dilation: impl Into<Extent>) -> Self {
        self.with_window(|window| window.dilation = dilation.into())
    }

    /// Counts a last window that ends beyond the input. PyTorch: `ceil_mode=True`. Only windows of a fixed size have
    /// this setting; other layers stay as they are.
    #[must_use]
    pub fn ceil(self) -> Self {
        self.with_window(|window| window.ceil = true)
    }

    /// Counts padded cells as zeros in an average. PyTorch: `count_include_pad=True`. Only windows of a fixed size have
    /// this setting; other layers stay as they are.
    #[must_use]
    pub fn count_padding(self) -> Self {
        self.with_window(|window| window.count_padding = true)
    }

    fn with_window(mut self, change: impl FnOnce(&mut Window)) -> Self {
        if let Self::Reduce { geometry: Geometry::Window(window), .. } = &mut self {
            change(window);
        }
        self
    }
}
