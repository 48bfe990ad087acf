//! One window after another, as kernels see them.

use std::ops::Range;

use super::shapes::{AxisShapes, ListedCells, Place, append_cells};
use crate::memory::{OutOfMemory, with_room};

/// One window, as kernels see it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WindowCells<'a> {
    /// The pixel that the cells are counted from.
    pub(crate) origin: usize,
    pub(crate) cells: &'a [u32],
    /// One weight per cell; empty if the windows have no weights.
    pub(crate) weights: &'a [f32],
    /// The number of cells that a mean divides by.
    pub(crate) counted: f32,
}

/// A kernel's way through all windows. It holds slices, which stay in registers; what is written on the way lies behind a
/// pointer.
pub(crate) struct Walk<'a> {
    ranges: &'a [Range<usize>],
    cells: &'a [u32],
    weights: &'a [f32],
    /// Lists the cells on the way if the table does not list all of them.
    lister: Option<Box<Lister<'a>>>,
}

impl<'a> Walk<'a> {
    /// A walk over windows whose cells are listed.
    pub(super) fn over(ListedCells { ranges, cells, weights }: &'a ListedCells) -> Self {
        Self { ranges, cells, weights, lister: None }
    }

    /// A walk that lists the cells of one shape at a time, `widest` of them at most.
    pub(super) fn listing(axes: &'a [AxisShapes], widest: usize) -> Result<Self, OutOfMemory> {
        let has_weights = axes.iter().any(AxisShapes::has_weights);
        let cells = with_room(widest)?;
        let weights = with_room(if has_weights { widest } else { 0 })?;
        let lister = Some(Box::new(Lister { axes, cells, weights, shape: None }));
        Ok(Self { ranges: &[], cells: &[], weights: &[], lister })
    }

    /// The window at these two places.
    #[inline(always)]
    pub(crate) fn window(&mut self, outer: &Place, inner: &Place) -> WindowCells<'_> {
        let shape = outer.shape + inner.shape;
        let origin = (outer.origin + inner.origin) as usize;
        let counted = outer.counted * inner.counted;
        let (cells, weights) = match &mut self.lister {
            None => {
                let range = self.ranges[shape as usize].clone();
                let weights = if self.weights.is_empty() { &[][..] } else { &self.weights[range.clone()] };
                (&self.cells[range], weights)
            }
            Some(lister) => lister.list(shape),
        };
        WindowCells { origin, cells, weights, counted }
    }
}

/// The cells of the shape that was seen last.
struct Lister<'a> {
    axes: &'a [AxisShapes],
    cells: Vec<u32>,
    weights: Vec<f32>,
    shape: Option<u32>,
}

impl Lister<'_> {
    /// The cells of a shape and their weights. They are listed anew unless the window before had the same shape. That is as
    /// much work as a kernel has with one window, and most neighbours share their shape.
    #[cold]
    #[inline(never)]
    fn list(&mut self, shape: u32) -> (&[u32], &[f32]) {
        if self.shape != Some(shape) {
            self.cells.clear();
            self.weights.clear();
            append_cells(self.axes, shape as usize, &mut self.cells, &mut self.weights);
            self.shape = Some(shape);
        }
        (&self.cells, &self.weights)
    }
}
