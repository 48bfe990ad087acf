//! Windows laid out side by side: the plain way to compute any reducer.

use pool_kernels::with_room;
use pool_spec::windows::{AxisCells, Cells, ResolvedWindow};
use tch::kind::Element;
use tch::{Device, Kind, TchError, Tensor};

use super::long_sums::{self, as_given, with_digits};
use crate::constant::constant;
use crate::error::out_of_memory;

/// The values of each window, `[N, C, output..., K]` where `K` is the size of the largest window.
pub(crate) struct Gathered {
    /// In the cells that a window does not see stands another value that it does see, or a masked one.
    pub(crate) values: Tensor,
    /// True where a cell is not seen: padding, beyond the end of a shorter window, or masked. Broadcasts to `values`.
    hidden: Option<Tensor>,
    /// How many cells a mean counts, broadcastable to `[N, C, output...]`; `K` where there is none.
    count: Option<Tensor>,
    /// Whether some cells are hidden by a mask.
    masked: bool,
    axes: Vec<AxisCells>,
    /// The input's spatial sizes.
    spatial: Vec<i64>,
}

impl Gathered {
    pub(super) fn new(
        input: &Tensor,
        cells: &Cells,
        count_padding: bool,
        mask: Option<&Tensor>,
    ) -> Result<Self, TchError> {
        let axes = cells.axes();
        let device = input.device();
        let gaps = axes.iter().any(AxisCells::has_gaps);
        let mut hidden = if gaps { Some(hidden_cells(&axes, device)?) } else { None };
        let mut count = match (&hidden, cells) {
            (Some(_), Cells::Windows(windows)) if count_padding => {
                Some(counted_cells(windows, (input.kind(), device))?)
            }
            _ => None,
        };
        if let Some(mask) = mask {
            let masked = lay_out(&mask.f_unsqueeze(1)?.f_logical_not()?, cells, &axes)?;
            hidden = Some(match hidden {
                Some(hidden) => masked.f_logical_or(&hidden)?,
                None => masked,
            });
        }
        if let (Some(hidden), None) = (&hidden, &count) {
            count =
                Some(hidden.f_logical_not()?.f_sum_dim_intlist([-1i64].as_slice(), false, input.kind())?);
        }
        let spatial = input.size().split_off(2);
        let masked = mask.is_some();
        let digits = with_digits(input, long_sums::of_views(&axes, input))?;
        let values = as_given(lay_out(&digits, cells, &axes)?, input)?;
        Ok(Self { values, hidden, count, masked, axes, spatial })
    }

    /// A copy of `cells`, which has the shape of `values`, with `value` where nothing is seen.
    pub(crate) fn fill(&self, cells: &Tensor, value: f64) -> Result<Tensor, TchError> {
        match &self.hidden {
            Some(hidden) => cells.f_masked_fill(hidden, value),
            None => Ok(cells.shallow_clone()),
        }
    }

    /// The sum of `cells` over each window, `[N, C, output...]`.
    pub(crate) fn sum(&self, cells: &Tensor) -> Result<Tensor, TchError> {
        self.fill(cells, 0.0)?.f_sum_dim_intlist([-1i64].as_slice(), false, None)
    }

    /// The mean of `cells` over what each window sees, `[N, C, output...]`.
    pub(crate) fn mean(&self, cells: &Tensor) -> Result<Tensor, TchError> {
        match &self.count {
            Some(count) => self.sum(cells)?.f_div(count),
            None => cells.f_mean_dim([-1i64].as_slice(), false, None),
        }
    }

    /// How many cells each window sees, broadcastable to `[N, C, output...]`; `K` where all see as many.
    pub(crate) fn seen(&self) -> Result<Option<Tensor>, TchError> {
        let Some(hidden) = &self.hidden else { return Ok(None) };
        hidden.f_logical_not()?.f_sum_dim_intlist([-1i64].as_slice(), false, Kind::Int64).map(Some)
    }

    /// The greatest value of each window and its cell; of equal ones the first. A cell beyond the window holds one of
    /// the window's values, so that only masked cells must be kept from winning.
    pub(crate) fn max(&self) -> Result<(Tensor, Tensor), TchError> {
        if self.masked {
            return self.fill(&self.values, f64::NEG_INFINITY)?.f_max_dim(-1, false);
        }
        self.values.f_max_dim(-1, false)
    }

    /// Cells of the largest window.
    pub(crate) fn width(&self) -> i64 {
        self.values.size().last().copied().unwrap_or(1)
    }

    /// Flat indices into one plane of the chosen cells, `[N, C, output...]`.
    pub(super) fn places(&self, chosen: &Tensor) -> Result<Tensor, TchError> {
        let places = places(&self.axes, &self.spatial, chosen.device())?;
        let places = places.f_expand(self.values.size(), false)?;
        places.f_gather(-1, &chosen.f_unsqueeze(-1)?, false)?.f_squeeze_dim(-1)
    }
}

/// `[N, C, spatial...]` to `[N, C, output..., K]`.
fn lay_out(input: &Tensor, cells: &Cells, axes: &[AxisCells]) -> Result<Tensor, TchError> {
    let mut laid_out = input.shallow_clone();
    for (index, axis) in axes.iter().enumerate() {
        let dimension = index as i64 + 2;
        laid_out = match cells {
            Cells::Windows(windows) if !axis.has_gaps() => slide(&laid_out, dimension, &windows[index])?,
            Cells::Windows(_) | Cells::Adaptive { .. } | Cells::Regions(_) => {
                pick(&laid_out, dimension, axis)?
            }
        };
    }
    // Each axis has put its cells last, in order: they become one axis.
    laid_out.f_flatten(-(axes.len() as i64), -1)
}

/// Windows of one size without gaps are a view.
fn slide(input: &Tensor, dimension: i64, window: &ResolvedWindow) -> Result<Tensor, TchError> {
    let views = input.f_unfold(dimension, window.reach() as i64, window.stride as i64)?;
    if window.dilation == 1 { Ok(views) } else { views.f_slice(-1, None, None, window.dilation as i64) }
}

/// Any windows, entry by entry.
fn pick(input: &Tensor, dimension: i64, axis: &AxisCells) -> Result<Tensor, TchError> {
    let entries = collected(axis, axis.nearest_entries().map(|entry| entry as i64))?;
    let entries = constant(&entries, &[-1], (Kind::Int64, input.device()))?;
    input
        .f_index_select(dimension, &entries)?
        .f_unflatten(dimension, [axis.output() as i64, axis.width() as i64])?
        .f_movedim([dimension + 1].as_slice(), [-1i64].as_slice())
}

/// One row of numbers per axis and window, multiplied or added into one array over all axes.
fn combine<T: Copy>(axes: &[Vec<T>], first: T, join: impl Fn(usize, T, T) -> T) -> Result<Vec<T>, TchError> {
    let mut all = vec![first];
    for (index, axis) in axes.iter().enumerate() {
        let mut joined = with_room(all.len() * axis.len()).map_err(out_of_memory)?;
        for &left in &all {
            joined.extend(axis.iter().map(|&right| join(index, left, right)));
        }
        all = joined;
    }
    Ok(all)
}

/// Something of each cell along one axis.
fn collected<T>(axis: &AxisCells, cells: impl Iterator<Item = T>) -> Result<Vec<T>, TchError> {
    let mut all = with_room(axis.output() * axis.width()).map_err(out_of_memory)?;
    all.extend(cells);
    Ok(all)
}

/// `combine` over cells gives `[output1, cells1, output2, cells2, ...]`; this moves all cells behind all outputs.
fn cells_last<T: Element>(
    flat: &[T],
    axes: &[AxisCells],
    (kind, device): (Kind, Device),
) -> Result<Tensor, TchError> {
    let shape: Vec<i64> = axes.iter().flat_map(|axis| [axis.output() as i64, axis.width() as i64]).collect();
    let order: Vec<i64> = (0..axes.len() as i64)
        .map(|axis| 2 * axis)
        .chain((0..axes.len() as i64).map(|axis| 2 * axis + 1))
        .collect();
    constant(flat, &shape, (kind, device))?.f_permute(&order)?.f_flatten(axes.len() as i64, -1)
}

/// `[output..., K]`, true where a cell is not seen.
fn hidden_cells(axes: &[AxisCells], device: Device) -> Result<Tensor, TchError> {
    let hidden = axes.iter().map(|axis| collected(axis, axis.seen().map(|seen| !seen)));
    let hidden: Vec<Vec<bool>> = hidden.collect::<Result<_, TchError>>()?;
    cells_last(&combine(&hidden, false, |_, left, right| left || right)?, axes, (Kind::Bool, device))
}

/// Cells that lie in the input or its padding, `[output...]`: what a mean divides by when it counts padding.
fn counted_cells(windows: &[ResolvedWindow], options: (Kind, Device)) -> Result<Tensor, TchError> {
    let counts: Vec<Vec<i64>> = windows
        .iter()
        .map(|axis| (0..axis.output).map(|window| axis.padded(window) as i64).collect())
        .collect();
    let shape: Vec<i64> = windows.iter().map(|axis| axis.output as i64).collect();
    constant(&combine(&counts, 1, |_, left, right| left * right)?, &shape, options)
}

/// Flat index within one plane of every cell, `[output..., K]`.
fn places(axes: &[AxisCells], spatial: &[i64], device: Device) -> Result<Tensor, TchError> {
    let entries = axes.iter().map(|axis| collected(axis, axis.nearest_entries().map(|entry| entry as i64)));
    let entries: Vec<Vec<i64>> = entries.collect::<Result<_, TchError>>()?;
    let flat = combine(&entries, 0, |axis, left, right| left * spatial[axis] + right)?;
    cells_last(&flat, axes, (Kind::Int64, device))
}
