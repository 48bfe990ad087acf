//! Every window over inputs of one size.

use std::ops::Range;

use super::overlap::{Overlap, Round};
use super::shapes::{AxisShapes, ListedCells, Place, combine};
use super::walk::Walk;
use super::{Entries, KernelWindow};
use crate::memory::{OutOfMemory, product};

/// Every window over inputs of one size: one for each combination of the windows along the axes. Its memory grows with the
/// number of windows along each axis, not with the number of their cells.
#[derive(Debug, Clone)]
pub struct WindowTable {
    pixels: usize,
    axes: Vec<AxisShapes>,
    /// The combinations of the windows along all axes but the last, in row-major order. Their origins and shapes are such
    /// that those of a window of the last axis are added to them.
    outer: Vec<Place>,
    /// The windows along the last axis.
    inner: Vec<Place>,
    /// The cells of every combination of shapes, if there are few of them.
    listed: Option<ListedCells>,
    /// The number of cells of the largest window.
    widest: usize,
    /// The greatest distance of a cell from its window's origin.
    reach: usize,
    overlap: Overlap,
}

/// Cells that are listed in advance, four bytes each. If all shapes together have more, a kernel lists those of one shape
/// at a time.
const MOST_LISTED: u64 = 1 << 20;

/// The limit of pixels and of windows: both are numbered by `u32`, with a bit to spare.
const MOST_NUMBERED: usize = 1 << 31;

impl WindowTable {
    /// Windows over inputs with these spatial sizes: one window for each combination of the axes' windows, the last axis
    /// fastest.
    ///
    /// # Errors
    /// Not enough memory for the windows of every axis.
    ///
    /// # Panics
    /// The caller must give as many axes as sizes, at least one entry to every window, entries inside their axis, and fewer
    /// than 2^31 pixels and windows. Anything else is a bug of the caller.
    pub fn new(spatial: &[usize], axes: &[Vec<KernelWindow>]) -> Result<Self, OutOfMemory> {
        Self::weighted(spatial, axes, &[])
    }

    /// The same for a weighted sum. Each axis has one weight per entry of its windows, and the weight of a cell is the
    /// product of its axes' weights.
    ///
    /// # Errors
    /// As [`WindowTable::new`].
    ///
    /// # Panics
    /// As [`WindowTable::new`].
    pub fn weighted(
        spatial: &[usize],
        axes: &[Vec<KernelWindow>],
        weights: &[Vec<f32>],
    ) -> Result<Self, OutOfMemory> {
        Self::with_listing_limit(MOST_LISTED, spatial, axes, weights)
    }

    pub(super) fn with_listing_limit(
        most_listed: u64,
        spatial: &[usize],
        axes: &[Vec<KernelWindow>],
        weights: &[Vec<f32>],
    ) -> Result<Self, OutOfMemory> {
        check(spatial, axes, weights);
        let mut tables: Vec<AxisShapes> = Vec::with_capacity(axes.len());
        // One window that sees the one pixel of no axes.
        let mut outer = vec![Place { origin: 0, shape: 0, counted: 1.0 }];
        let mut inner = outer.clone();
        for (index, (windows, &size)) in axes.iter().zip(spatial).enumerate() {
            let weights = weights.get(index).map_or(&[][..], |weights| weights);
            let (axis, places) = AxisShapes::from_windows(size, windows, weights)?;
            outer = combine(&outer, &inner, tables.last())?;
            inner = places;
            tables.push(axis);
        }
        // Until here, origins are counted in rows of the last axis.
        if let Some(last) = tables.last() {
            for place in &mut outer {
                place.origin *= last.size as u32;
                place.shape *= last.len() as u32;
            }
        }
        let longest = |windows: &Vec<KernelWindow>| windows.iter().map(|window| window.entries.len()).max();
        let cells = tables.iter().map(AxisShapes::cells).fold(1, u64::saturating_mul);
        Ok(Self {
            overlap: Overlap::of_windows(spatial, axes)?,
            reach: tables.iter().fold(0, |reach, axis| reach * axis.size + axis.reach()),
            pixels: spatial.iter().product(),
            listed: (cells <= most_listed).then(|| ListedCells::from_axes(&tables)),
            axes: tables,
            outer,
            inner,
            widest: axes.iter().filter_map(longest).fold(1, usize::saturating_mul),
        })
    }

    /// Pixels of one plane of the input.
    pub fn pixels(&self) -> usize {
        self.pixels
    }

    /// The number of windows, which is the number of pixels of one plane of the output.
    pub fn len(&self) -> usize {
        self.outer.len() * self.inner.len()
    }

    /// Whether there are no windows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of cells of the largest window.
    pub fn widest(&self) -> usize {
        self.widest
    }

    /// The size of the table in memory.
    pub fn bytes(&self) -> usize {
        self.axes.iter().map(AxisShapes::bytes).sum::<usize>()
            + self.listed.as_ref().map_or(0, ListedCells::bytes)
            + size_of_val(&self.outer[..])
            + size_of_val(&self.inner[..])
            + self.overlap.bytes()
    }

    /// The windows along all axes but the last; each goes with every one of [`WindowTable::inner`].
    pub(crate) fn outer(&self) -> &[Place] {
        &self.outer
    }

    /// The windows along the last axis.
    pub(crate) fn inner(&self) -> &[Place] {
        &self.inner
    }

    /// What a kernel needs to look at one window after another.
    pub(crate) fn walk(&self) -> Result<Walk<'_>, OutOfMemory> {
        match &self.listed {
            Some(listed) => Ok(Walk::over(listed)),
            None => Walk::listing(&self.axes, self.widest),
        }
    }

    /// The cells that are listed in advance, if they are.
    #[cfg(test)]
    pub(super) fn listed_cells(&self) -> Option<usize> {
        self.listed.as_ref().map(|listed| listed.cells.len())
    }

    /// Whether no pixel is seen twice.
    pub(crate) fn are_disjoint(&self) -> bool {
        self.overlap.are_disjoint()
    }

    /// Whether more windows see the same pixel than may be summed at once, so that there are several
    /// [`WindowTable::rounds`].
    pub(crate) fn are_crowded(&self) -> bool {
        self.overlap.are_crowded()
    }

    /// All windows, divided into rounds of as many as may be summed at once.
    pub(crate) fn rounds(&self) -> impl Iterator<Item = Round> {
        self.overlap.rounds(self.outer.len())
    }

    /// A range of pixels that includes all that a round sees.
    pub(crate) fn pixels_seen_in(&self, round: &Round) -> Range<usize> {
        let bounds = |places: &mut dyn Iterator<Item = &Place>| {
            places.fold((u32::MAX, 0), |(least, greatest), place| {
                (least.min(place.origin), greatest.max(place.origin))
            })
        };
        let (first_row, last_row) = bounds(&mut self.outer[round.rows.clone()].iter());
        let (first, last) = bounds(&mut self.inner.iter().skip(round.first).step_by(round.step));
        let end = last_row as usize + last as usize + self.reach + 1;
        // A row may have fewer windows than the number of the round's first one.
        if first > last { 0..0 } else { (first_row + first) as usize..end.min(self.pixels) }
    }

    /// Calls `each` with the pixels that no window sees, if no pixel is seen twice.
    #[inline(always)]
    pub(crate) fn each_unseen(&self, each: impl FnMut(usize)) {
        self.overlap.each_unseen(self.axes.last().map_or(1, |axis| axis.size), each);
    }
}

/// # Panics
/// As [`WindowTable::new`].
fn check(spatial: &[usize], axes: &[Vec<KernelWindow>], weights: &[Vec<f32>]) {
    assert_eq!(spatial.len(), axes.len(), "one list of windows per axis");
    assert!(can_be_numbered(spatial), "fewer than 2^31 pixels, not {spatial:?}");
    let windows: Vec<usize> = axes.iter().map(Vec::len).collect();
    assert!(can_be_numbered(&windows), "fewer than 2^31 windows, not {windows:?}");
    for (&size, windows) in spatial.iter().zip(axes) {
        let inside = |entries: &Entries| !entries.is_empty() && entries.greatest() < size as u64;
        let all_inside = windows.iter().all(|window| inside(&window.entries));
        assert!(all_inside, "a window sees nothing, or beyond its axis");
    }
    if !weights.is_empty() {
        assert_eq!(weights.len(), axes.len(), "weights of every axis");
        for (weights, windows) in weights.iter().zip(axes) {
            let weighted = |window: &KernelWindow| window.entries.len() == weights.len();
            assert!(windows.iter().all(weighted), "one weight per entry of a window");
        }
    }
}

/// Whether the product of sizes is below [`MOST_NUMBERED`].
fn can_be_numbered(sizes: &[usize]) -> bool {
    product(sizes).is_some_and(|product| product < MOST_NUMBERED)
}
