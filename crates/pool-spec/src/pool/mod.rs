//! Pooling layers as data: a geometry (which windows exist) and a reducer (how a window becomes one value), and the few
//! layers that are neither.

mod blur;
mod constructors;
mod cost;
mod geometry;
mod haar;
mod learned;
mod memory;
mod reducer;
mod shape;
mod spectral;
pub(crate) mod spelling;
mod strided_conv;

pub use blur::{Blur, BlurReduce};
pub(crate) use cost::PoolCost;
pub use geometry::{
    AxisCells, Cells, EvenRun, Fractional, FractionalEvaluation, FractionalRegions, FractionalSequence,
    FractionalSize, Geometry, OpenExtent, Padding, ResolvedWindow, Window,
};
pub use haar::resolve as haar_windows;
pub use learned::{Parameter, Start, parameters};
pub use memory::{MOST_BYTES, check_gathered, check_output, check_padded, gathered_bytes, product};
pub use reducer::{Learned, Reducer};
pub use shape::split_channels;
pub use spelling::SpellingError;
pub use strided_conv::StridedConv;

use crate::Extent;

/// A pooling layer: what a sweep compares. The same value describes 1D, 2D and 3D pooling.
///
/// ```
/// use pool_spec::{Padding, Pool, Window};
///
/// let pool = Pool::max(Window::new(3).stride(2).padding(Padding::Same));
/// assert_eq!(pool.output_shape(&[32, 24, 24])?, [32, 12, 12]);
/// assert_eq!(pool.output_shape(&[32, 24])?, [32, 12]);
/// # Ok::<(), pool_spec::SettingError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum Pool {
    /// No pooling: the input passes unchanged, and the layer does not appear in the network.
    None,
    /// Every window of the geometry becomes one value.
    Reduce {
        /// How a window becomes one value.
        reducer: Reducer,
        /// Which windows exist.
        geometry: Geometry,
    },
    /// A learned convolution whose stride does the pooling (Springenberg et al. 2015).
    StridedConv(StridedConv),
    /// Dense pooling, then a binomial low-pass filter with stride (Zhang 2019).
    Blur(Blur),
    /// The low band of the orthonormal Haar wavelet (Williams & Li 2018): over `d` spatial axes, `2^(d/2)` times the
    /// average of windows of 2.
    Haar,
    /// The lowest frequencies of the discrete Fourier transform (Rippel, Snoek & Adams 2015).
    Spectral {
        /// The output's size along each axis, at most the input's.
        output: Extent,
    },
}
