//! Which windows exist. Shapes follow from the geometry and from nothing else.

mod cells;
mod fractional;
mod open_extent;
mod padding;
mod window;

pub use cells::{AxisCells, Cells, EvenRun};
pub use fractional::{
    Fractional, FractionalEvaluation, FractionalRegions, FractionalSequence, FractionalSize,
};
pub use open_extent::OpenExtent;
pub use padding::Padding;
pub use window::ResolvedWindow;
pub use window::Window;

use rand_chacha::ChaCha8Rng;

use crate::{Extent, SettingError};

/// Which windows of the input become one value each.
#[derive(Debug, Clone, PartialEq)]
pub enum Geometry {
    /// A window of fixed size that moves by a stride.
    Window(Window),
    /// As many windows as the output has entries: along each axis, of `n` inputs and `o` outputs, window `i` is
    /// `[floor(i n / o), ceil((i + 1) n / o))`. PyTorch: `AdaptiveMaxPool2d(output_size)`.
    Adaptive(OpenExtent),
    /// One window over all spatial axes.
    Global {
        /// Keep the spatial axes with size 1 (`[N, C, 1, 1]`) instead of dropping them (`[N, C]`).
        keep_dims: bool,
    },
    /// Windows of varying size, so that any ratio of output to input is possible (Graham 2014).
    Fractional(Fractional),
    /// Spatial pyramid pooling (He et al. 2014): adaptive pooling with each of these output sizes along every axis,
    /// each result flattened, all of them joined: `[N, C, spatial...]` becomes `[N, C * sum of level^rank]`.
    Pyramid(Vec<usize>),
}

impl Geometry {
    /// The spatial sizes of the output; none where the spatial axes are dropped. A pyramid has one "axis" of all its
    /// windows.
    ///
    /// # Errors
    /// The setting that does not fit.
    pub fn output(&self, spatial: &[usize]) -> Result<Vec<usize>, SettingError> {
        match self {
            Self::Window(window) => {
                Ok(window.resolve_pooling(spatial)?.iter().map(|axis| axis.output).collect())
            }
            Self::Adaptive(output) => output.resolve("adaptive", spatial),
            Self::Global { keep_dims: true } => Ok(vec![1; spatial.len()]),
            Self::Global { keep_dims: false } => Ok(Vec::new()),
            Self::Fractional(fractional) => fractional.output(spatial),
            Self::Pyramid(levels) => pyramid_windows(levels, spatial.len()).map(|windows| vec![windows]),
        }
    }

    /// The windows over an input with these `spatial` sizes; a pyramid has one set of them per level. Fractional windows
    /// are drawn from the generator, or the fixed ones without it.
    ///
    /// # Errors
    /// The setting that does not fit.
    pub fn cells(
        &self,
        spatial: &[usize],
        generator: Option<&mut ChaCha8Rng>,
    ) -> Result<Vec<Cells>, SettingError> {
        let adaptive = |output| Cells::Adaptive { input: spatial.to_vec(), output };
        Ok(match self {
            Self::Window(window) => vec![Cells::Windows(window.resolve_pooling(spatial)?)],
            Self::Adaptive(output) => vec![adaptive(output.resolve("adaptive", spatial)?)],
            Self::Global { .. } => vec![adaptive(vec![1; spatial.len()])],
            Self::Fractional(fractional) => vec![Cells::Regions(fractional.regions(spatial, generator)?)],
            Self::Pyramid(levels) => {
                levels.iter().map(|&level| adaptive(vec![level; spatial.len()])).collect()
            }
        })
    }
}

/// Windows of all levels together.
fn pyramid_windows(levels: &[usize], rank: usize) -> Result<usize, SettingError> {
    if levels.is_empty() {
        return Err(SettingError::NoLevels { field: "pyramid" });
    }
    if levels.contains(&0) {
        return Err(SettingError::Zero { field: "pyramid", value: format!("{levels:?}") });
    }
    for &level in levels {
        Extent::All(level).resolve_positive("pyramid", rank)?;
    }
    let windows = levels.iter().map(|level| level.saturating_pow(rank as u32));
    Ok(windows.fold(0, usize::saturating_add))
}
