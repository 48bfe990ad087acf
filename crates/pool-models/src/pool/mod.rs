//! Pooling layers as data: a geometry (which windows exist) and a reducer (how a window becomes one value).

mod avg;
mod geometry;
mod max;
mod reducer;
mod spelling;
mod torch_args;

pub(crate) use geometry::AxisWindow;
pub use geometry::{Geometry, Padding, Window};
pub use reducer::Reducer;

use tch::{TchError, Tensor};

use crate::{Extent, ModelError, SettingError};
pub(crate) use torch_args::need_padded_copy;
use torch_args::{UNIT_AXIS, with_two_axes};

/// A pooling layer: what a sweep compares. The same value describes 1D, 2D and 3D pooling.
///
/// ```
/// use pool_models::{Padding, Pool};
///
/// let pool = Pool::max(3).stride(2).padding(Padding::Same);
/// assert_eq!(pool.output_shape(&[32, 24, 24])?, [32, 12, 12]);
/// assert_eq!(pool.output_shape(&[32, 24])?, [32, 12]);
/// # Ok::<(), pool_models::SettingError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
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
}

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
    pub fn adaptive(reducer: Reducer, output: impl Into<Extent>) -> Self {
        Self::Reduce { reducer, geometry: Geometry::Adaptive(output.into()) }
    }

    /// `reducer` over all spatial axes, which are dropped: `[N, C, ...]` becomes `[N, C]`. Keras:
    /// `GlobalMaxPooling2D()`.
    pub fn global(reducer: Reducer) -> Self {
        Self::Reduce { reducer, geometry: Geometry::Global { keep_dims: false } }
    }

    /// Moves the window by `stride`. Adaptive and global pooling have no stride and stay as they are.
    #[must_use]
    pub fn stride(self, stride: impl Into<Extent>) -> Self {
        self.with_window(|window| window.stride = stride.into())
    }

    /// Pads the edges. Adaptive and global pooling have no padding and stay as they are.
    #[must_use]
    pub fn padding(self, padding: Padding) -> Self {
        self.with_window(|window| window.padding = padding)
    }

    fn with_window(mut self, change: impl FnOnce(&mut Window)) -> Self {
        if let Self::Reduce { geometry: Geometry::Window(window), .. } = &mut self {
            change(window);
        }
        self
    }

    /// Shape of one output sample for one input sample `[C, spatial...]`. Pure: makes no tensor.
    ///
    /// # Errors
    /// The setting that does not fit the input.
    pub fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, SettingError> {
        let Self::Reduce { geometry, .. } = self else { return Ok(input.to_vec()) };
        let (channels, spatial) = split_channels(input)?;
        let mut shape = vec![channels];
        match geometry {
            Geometry::Window(window) => {
                shape.extend(pool_axes(window, spatial)?.iter().map(|axis| axis.output));
            }
            Geometry::Adaptive(output) => shape.extend(output.resolve_positive("adaptive", spatial.len())?),
            Geometry::Global { keep_dims: true } => shape.extend(spatial.iter().map(|_| 1)),
            Geometry::Global { keep_dims: false } => {}
        }
        Ok(shape)
    }

    /// Pools a batch `[N, C, spatial...]` of one to three spatial axes. Differentiable. `f32` and `f64` work everywhere;
    /// half precision where libtorch has the kernel.
    ///
    /// # Errors
    /// A wrong number of axes, a tensor of integers, or a setting that does not fit the input.
    pub fn forward(&self, input: &Tensor) -> Result<Tensor, ModelError> {
        let Self::Reduce { reducer, geometry } = self else { return Ok(input.shallow_clone()) };
        if !input.is_floating_point() {
            return Err(ModelError::TensorKind { found: input.kind() });
        }
        let size = input.size();
        let sample: Vec<usize> = size.iter().skip(1).map(|&n| n as usize).collect();
        let output = self.output_shape(&sample).map_err(|error| match error {
            SettingError::InputShape { .. } => ModelError::TensorShape {
                expected: "[N, C, spatial...] with 1 to 3 spatial axes".to_owned(),
                found: size.clone(),
            },
            error => error.into(),
        })?;
        let spatial = &sample[1..];
        let pooled = match geometry {
            Geometry::Window(window) => reduce_windows(*reducer, input, &pool_axes(window, spatial)?)?,
            Geometry::Adaptive(_) => reduce_adaptive(*reducer, input, &output[1..])?,
            Geometry::Global { .. } => {
                let kept = reduce_adaptive(*reducer, input, &vec![1; spatial.len()])?;
                let shape: Vec<i64> =
                    size[..1].iter().copied().chain(output.iter().map(|&n| n as i64)).collect();
                kept.f_reshape(&shape)?
            }
        };
        Ok(pooled)
    }
}

/// Splits one sample's shape into channels and spatial sizes.
pub(crate) fn split_channels(sample: &[usize]) -> Result<(usize, &[usize]), SettingError> {
    match sample {
        [channels, spatial @ ..] if (1..=3).contains(&spatial.len()) && !sample.contains(&0) => {
            Ok((*channels, spatial))
        }
        _ => Err(SettingError::InputShape {
            expected: "[channels, spatial...] with 1 to 3 spatial axes, none of them empty",
            found: sample.to_vec(),
            cure: "; put it before flatten",
        }),
    }
}

pub(crate) fn pool_axes(window: &Window, spatial: &[usize]) -> Result<Vec<AxisWindow>, SettingError> {
    let axes = window.resolve("size", spatial)?;
    geometry::check_pool_padding(&axes, &window.padding)?;
    Ok(axes)
}

fn reduce_windows(reducer: Reducer, input: &Tensor, axes: &[AxisWindow]) -> Result<Tensor, TchError> {
    let mut axes = axes.to_vec();
    let spatial_rank = axes.len();
    if spatial_rank == 1 {
        axes.insert(0, UNIT_AXIS);
    }
    with_two_axes(input, spatial_rank, |input| match reducer {
        Reducer::Max => max::window(input, &axes),
        Reducer::Avg => avg::window(input, &axes),
    })
}

fn reduce_adaptive(reducer: Reducer, input: &Tensor, output: &[usize]) -> Result<Tensor, TchError> {
    let spatial_rank = output.len();
    let mut output: Vec<i64> = output.iter().map(|&n| n as i64).collect();
    if spatial_rank == 1 {
        output.insert(0, 1);
    }
    with_two_axes(input, spatial_rank, |input| match reducer {
        Reducer::Max => max::adaptive(input, &output),
        Reducer::Avg => avg::adaptive(input, &output),
    })
}
