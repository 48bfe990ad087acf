//! The shape rule: what comes out of a pooling layer, and which settings cannot be, without making a tensor.

use super::geometry::Geometry;
use super::memory::{check_gathered, check_output};
use super::{Pool, Reducer, Window, haar, spectral};
use crate::SettingError;
use crate::sizes::{F32_BYTES, count, count_of_channel, elements};

impl Pool {
    /// Shape of one output sample for one input sample `[C, spatial...]`. Pure: makes no tensor.
    ///
    /// # Errors
    /// The setting that cannot be, or does not fit the input.
    pub fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, SettingError> {
        if *self == Self::None {
            return Ok(input.to_vec());
        }
        let (channels, spatial) = split_channels(input)?;
        let (channels, output) = match self {
            Self::None => (channels, spatial.to_vec()),
            Self::Reduce { reducer, geometry } => {
                reducer.check()?;
                check_pair(reducer, geometry, spatial)?;
                let output = geometry.output(spatial)?;
                if reducer.lays_windows_out() {
                    for cells in geometry.cells(spatial, None)? {
                        check_gathered(&signed(input), &cells, F32_BYTES)?;
                    }
                }
                let channels = reducer.channels(channels);
                match geometry {
                    // All windows of all channels in one axis.
                    Geometry::Pyramid(_) => (channels.saturating_mul(output[0]), Vec::new()),
                    Geometry::Window(_)
                    | Geometry::Adaptive(_)
                    | Geometry::Global { .. }
                    | Geometry::Fractional(_) => (channels, output),
                }
            }
            Self::StridedConv(conv) => {
                let axes = conv.window().resolve("size", spatial)?;
                let kernel = axes.iter().map(|axis| axis.size);
                count_of_channel("weights of one filter", std::iter::once(channels).chain(kernel))?;
                (channels, axes.iter().map(|axis| axis.output).collect())
            }
            Self::Blur(blur) => (channels, blur.output(spatial)?),
            Self::Haar => (channels, haar::resolve(spatial)?.iter().map(|axis| axis.output).collect()),
            Self::Spectral { output } => (channels, spectral::resolve(output, spatial)?),
        };
        count_of_channel("outputs of one channel", &output)?;
        if output.is_empty() {
            count_of_channel("outputs", [channels])?;
        }
        let output: Vec<usize> = std::iter::once(channels).chain(output).collect();
        check_output(elements(&output).into(), F32_BYTES, || signed(input))?;
        Ok(output)
    }
}

/// Sizes as libtorch has them.
fn signed(sizes: &[usize]) -> Vec<i64> {
    sizes.iter().map(|&size| i64::try_from(size).unwrap_or(i64::MAX)).collect()
}

/// Refuses reducers over windows that cannot feed them, and settings of windows that a reducer cannot use.
fn check_pair(reducer: &Reducer, geometry: &Geometry, spatial: &[usize]) -> Result<(), SettingError> {
    match (reducer, geometry) {
        (Reducer::Gated | Reducer::Tree, Geometry::Window(_))
        | (Reducer::Attention, Geometry::Global { .. }) => {}
        (Reducer::S3 { grid }, Geometry::Window(window)) => check_grid(*grid, window, spatial)?,
        (Reducer::Gated | Reducer::Tree | Reducer::S3 { .. }, _) => {
            return Err(SettingError::Geometry {
                reducer: reducer.name(),
                needed: "windows of a fixed size",
                cure: "add size = 2",
            });
        }
        (Reducer::Attention, _) => {
            return Err(SettingError::Geometry {
                reducer: reducer.name(),
                needed: "one window over everything",
                cure: "use global = true",
            });
        }
        _ => {}
    }
    match geometry {
        Geometry::Window(Window { count_padding: true, .. }) if *reducer != Reducer::Avg => {
            Err(SettingError::Misplaced { field: "count_padding", owner: "reduce = \"avg\"" })
        }
        _ => Ok(()),
    }
}

fn check_grid(grid: usize, window: &Window, spatial: &[usize]) -> Result<(), SettingError> {
    let strides = window.stride.resolve_positive("stride", spatial.len())?;
    if let Some(axis) = strides.iter().position(|stride| !grid.is_multiple_of(*stride)) {
        let rule = format!("must be a multiple of the stride, {} along spatial axis {axis}", strides[axis]);
        return Err(SettingError::Rule { field: "grid", value: grid.to_string(), rule });
    }
    // Every place may be kept, not only those of the stride.
    for (axis, window) in window.resolve_pooling(spatial)?.iter().enumerate() {
        window.dense().check_sight(axis)?;
    }
    Ok(())
}

/// Splits one sample's shape into channels and spatial sizes.
///
/// # Errors
/// A shape that is not `[channels, spatial...]` with one to three spatial axes.
pub fn split_channels(sample: &[usize]) -> Result<(usize, &[usize]), SettingError> {
    match sample {
        [channels, spatial @ ..] if (1..=3).contains(&spatial.len()) && !sample.contains(&0) => {
            count("input elements", sample)?;
            Ok((*channels, spatial))
        }
        _ => Err(SettingError::InputShape {
            expected: "[channels, spatial...] with 1 to 3 spatial axes, none of them empty",
            found: sample.to_vec(),
            cure: "; put it before flatten",
        }),
    }
}
