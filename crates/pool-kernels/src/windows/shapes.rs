//! The cells of windows, stored once for all windows of the same shape.

use std::collections::HashMap;
use std::ops::Range;

use super::{Entries, KernelWindow};
use crate::memory::{OutOfMemory, with_room};

/// The place of a window along one axis, or along several.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    /// The pixel that the window's cells are counted from.
    pub(super) origin: u32,
    /// The number of its shape: the places of its cells, counted from the origin.
    pub(super) shape: u32,
    pub(super) counted: f32,
}

/// The shapes of the windows along one axis.
#[derive(Debug, Clone)]
pub(super) struct AxisShapes {
    pub(super) size: usize,
    /// Steps from a window's origin, one list after another.
    steps: Vec<u32>,
    /// The part of `steps` that belongs to each shape.
    shapes: Vec<Range<usize>>,
    /// One weight per step of every list; empty if there are no weights.
    weights: Vec<f32>,
}

impl AxisShapes {
    /// The shapes of an axis's windows, and the place of each window.
    pub(super) fn from_windows(
        size: usize,
        windows: &[KernelWindow],
        weights: &[f32],
    ) -> Result<(Self, Vec<Place>), OutOfMemory> {
        let mut axis = Self { size, steps: Vec::new(), shapes: Vec::new(), weights: Vec::new() };
        let runs_at = axis.append_longest_runs(windows, weights)?;
        let mut known: HashMap<Entries, u32> = HashMap::new();
        let mut places = with_room(windows.len())?;
        for KernelWindow { entries, counted } in windows {
            let shape = entries.shape();
            let shape = match known.get(&shape) {
                Some(&known) => known,
                None => {
                    let start = match shape {
                        Entries::Run { step, .. } => runs_at[&step],
                        Entries::List(_) => axis.steps.len(),
                    };
                    if matches!(shape, Entries::List(_)) {
                        axis.append(&shape, weights)?;
                    }
                    let number = axis.shapes.len() as u32;
                    axis.shapes.push(start..start + shape.len());
                    known.insert(shape, number);
                    number
                }
            };
            places.push(Place { origin: entries.least(), shape, counted: *counted as f32 });
        }
        Ok((axis, places))
    }

    /// Lists the longest run of each step, and returns where it begins. Every shorter run with that step is the beginning
    /// of it.
    fn append_longest_runs(
        &mut self,
        windows: &[KernelWindow],
        weights: &[f32],
    ) -> Result<HashMap<u32, usize>, OutOfMemory> {
        let mut longest: HashMap<u32, u32> = HashMap::new();
        for window in windows {
            if let Entries::Run { count, step, .. } = window.entries.shape() {
                let most = longest.entry(step).or_insert(0);
                *most = count.max(*most);
            }
        }
        let mut runs: Vec<(u32, u32)> = longest.into_iter().collect();
        runs.sort_unstable();
        let mut runs_at = HashMap::new();
        for (step, count) in runs {
            runs_at.insert(step, self.steps.len());
            self.append(&Entries::Run { first: 0, count, step }, weights)?;
        }
        Ok(runs_at)
    }

    fn append(&mut self, entries: &Entries, weights: &[f32]) -> Result<(), OutOfMemory> {
        let bytes = 4 * entries.len() as u64;
        self.steps.try_reserve(entries.len()).map_err(|_| OutOfMemory { bytes })?;
        self.steps.extend(entries.iter());
        self.weights.extend(weights.iter().take(entries.len()));
        Ok(())
    }

    /// The number of shapes.
    pub(super) fn len(&self) -> usize {
        self.shapes.len()
    }

    /// The number of entries of all shapes.
    pub(super) fn cells(&self) -> u64 {
        self.shapes.iter().map(|shape| shape.len() as u64).sum()
    }

    /// The greatest step of any shape.
    pub(super) fn reach(&self) -> usize {
        self.steps.iter().copied().max().unwrap_or(0) as usize
    }

    pub(super) fn has_weights(&self) -> bool {
        !self.weights.is_empty()
    }

    /// The size of its tables in memory.
    pub(super) fn bytes(&self) -> usize {
        size_of_val(&self.steps[..]) + size_of_val(&self.shapes[..]) + size_of_val(&self.weights[..])
    }
}

/// The cells of every combination of the axes' shapes, one list after another.
#[derive(Debug, Clone, Default)]
pub(super) struct ListedCells {
    pub(super) ranges: Vec<Range<usize>>,
    pub(super) cells: Vec<u32>,
    /// One weight per cell; empty if no axis has weights.
    pub(super) weights: Vec<f32>,
}

impl ListedCells {
    pub(super) fn from_axes(axes: &[AxisShapes]) -> Self {
        let mut listed = Self::default();
        for shape in 0..axes.iter().map(AxisShapes::len).product() {
            let start = listed.cells.len();
            append_cells(axes, shape, &mut listed.cells, &mut listed.weights);
            listed.ranges.push(start..listed.cells.len());
        }
        listed
    }

    /// The size of the lists in memory.
    pub(super) fn bytes(&self) -> usize {
        size_of_val(&self.ranges[..]) + size_of_val(&self.cells[..]) + size_of_val(&self.weights[..])
    }
}

/// Appends the cells of one combination of the axes' shapes, counted from the window's origin, row-major, and their weights.
pub(super) fn append_cells(axes: &[AxisShapes], shape: usize, cells: &mut Vec<u32>, weights: &mut Vec<f32>) {
    let [outer @ .., last] = axes else {
        cells.push(0);
        return;
    };
    let (rest, shape) = (shape / last.shapes.len(), last.shapes[shape % last.shapes.len()].clone());
    let mut rows = Vec::new();
    let mut row_weights = Vec::new();
    append_cells(outer, rest, &mut rows, &mut row_weights);
    let steps = &last.steps[shape.clone()];
    for &row in &rows {
        cells.extend(steps.iter().map(|step| row * last.size as u32 + step));
    }
    if let Some(along) = last.weights.get(shape) {
        row_weights.resize(rows.len(), 1.0);
        for row in row_weights {
            weights.extend(along.iter().map(|weight| row * weight));
        }
    }
}

/// Combines the windows of the axes so far with those of the next one, whose shapes are `axis`. Before the first axis
/// there is nothing to combine, and `axis` is `None`.
pub(super) fn combine(
    outer: &[Place],
    inner: &[Place],
    axis: Option<&AxisShapes>,
) -> Result<Vec<Place>, OutOfMemory> {
    let mut all = with_room(outer.len() * inner.len())?;
    let (size, shapes) = axis.map_or((1, 1), |axis| (axis.size as u32, axis.len() as u32));
    for first in outer {
        all.extend(inner.iter().map(|second| Place {
            origin: first.origin * size + second.origin,
            shape: first.shape * shapes + second.shape,
            counted: first.counted * second.counted,
        }));
    }
    Ok(all)
}
