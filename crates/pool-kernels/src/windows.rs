//! The entries that each window sees, as tables that kernels walk through: one per axis, however many windows their
//! combinations make.

use std::collections::HashMap;
use std::ops::Range;

use crate::memory::{OutOfMemory, with_room};
use crate::rounds::{Round, Rounds};

/// The windows of one axis and the entries that they see.
#[derive(Debug, Clone, PartialEq)]
pub struct AxisWindow {
    /// The entries, in the order in which a kernel visits them.
    pub entries: Entries,
    /// How many cells a mean divides by.
    pub counted: u32,
}

/// Entries that one window sees along one axis.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Entries {
    /// Evenly spaced ones: `first`, `first + step`, and so on. Takes no memory, however long the window is.
    Run {
        /// The first entry.
        first: u32,
        /// How many there are.
        count: u32,
        /// How far apart they lie, at least 1.
        step: u32,
    },
    /// Their indices. One may come twice.
    List(Vec<u32>),
}

impl From<Vec<u32>> for Entries {
    fn from(indices: Vec<u32>) -> Self {
        Self::List(indices)
    }
}

impl Entries {
    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Self::Run { count, .. } => *count as usize,
            Self::List(indices) => indices.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Their indices, one after another.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        let (run, list): (_, &[u32]) = match *self {
            Self::Run { first, count, step } => ((first, count, step), &[]),
            Self::List(ref indices) => ((0, 0, 0), indices),
        };
        let (first, count, step) = run;
        (0..count).map(move |index| first + index * step).chain(list.iter().copied())
    }

    /// The least of them.
    fn least(&self) -> u32 {
        match self {
            Self::Run { first, .. } => *first,
            Self::List(indices) => indices.iter().copied().min().unwrap_or(0),
        }
    }

    /// The greatest of them.
    fn greatest(&self) -> u64 {
        match *self {
            Self::Run { first, count, step } => {
                u64::from(first) + u64::from(count.saturating_sub(1)) * u64::from(step)
            }
            Self::List(ref indices) => indices.iter().copied().max().map_or(0, u64::from),
        }
    }

    /// The same, counted from the least of them; runs of one entry are all alike.
    fn shape(&self) -> Self {
        match *self {
            Self::Run { count, step, .. } => {
                Self::Run { first: 0, count, step: if count == 1 { 1 } else { step } }
            }
            Self::List(ref indices) => {
                let least = self.least();
                Self::List(indices.iter().map(|index| index - least).collect())
            }
        }
    }
}

/// Every window over inputs of one size. The memory that it takes grows with the windows along each axis, and not with
/// their cells.
#[derive(Debug, Clone)]
pub struct Windows {
    pixels: usize,
    axes: Vec<Axis>,
    /// The combinations of the windows along all axes but the last, in row-major order; with origin and shape so that those
    /// of a window of the last axis are added.
    outer: Vec<Place>,
    /// The windows along the last axis.
    inner: Vec<Place>,
    /// The cells of every combination of shapes, where these are few.
    listed: Option<Listed>,
    /// Cells of the largest window.
    widest: usize,
    /// Whether no pixel is seen twice, by one window or by two.
    are_apart: bool,
    /// Where they are apart: whether each combination of entries of all axes but the last is seen.
    outer_seen: Vec<bool>,
    /// Where they are apart: the entries of the last axis that no window sees.
    inner_unseen: Vec<u32>,
    /// Windows that may add to a pixel one after another.
    rounds: Rounds,
    /// How far behind its origin a window sees, at most.
    reach: usize,
}

/// A window along one axis, or along several.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    /// The pixel that the window's cells count from.
    origin: u32,
    /// Its shape: which steps it takes from there.
    shape: u32,
    counted: f32,
}

/// What the windows of one axis look like.
#[derive(Debug, Clone)]
struct Axis {
    size: usize,
    /// Steps from a window's origin, one list after another.
    steps: Vec<u32>,
    /// Parts of `steps`, one for each shape.
    shapes: Vec<Range<usize>>,
    /// One number per step of every list; empty where there are no weights.
    weights: Vec<f32>,
}

/// The cells of windows of every shape, one list after another.
#[derive(Debug, Clone, Default)]
struct Listed {
    ranges: Vec<Range<usize>>,
    cells: Vec<u32>,
    /// One number per cell; empty where no axis has weights.
    weights: Vec<f32>,
}

/// One window, as kernels see it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WindowCells<'a> {
    pub(crate) origin: usize,
    pub(crate) cells: &'a [u32],
    pub(crate) weights: &'a [f32],
    pub(crate) counted: f32,
}

/// Cells that are listed once and for all, four bytes each; where all shapes have more, they are listed while a kernel
/// walks, those of one shape at a time.
const MOST_LISTED: u64 = 1 << 20;

impl Windows {
    /// Windows over inputs with these spatial sizes: one window for each combination of the axes' windows, the last axis
    /// fastest.
    ///
    /// # Errors
    /// Not enough memory for the windows of every axis.
    ///
    /// # Panics
    /// As many axes as sizes, every window with at least one entry, every entry inside its axis, and fewer than 2^31
    /// pixels and windows: a caller that breaks this has a bug.
    pub fn new(spatial: &[usize], axes: &[Vec<AxisWindow>]) -> Result<Self, OutOfMemory> {
        Self::weighted(spatial, axes, &[])
    }

    /// The same, for a weighted sum: each axis has one weight per entry of its windows, and a cell's weight is the
    /// product of its axes'.
    ///
    /// # Errors
    /// As [`Windows::new`].
    ///
    /// # Panics
    /// As [`Windows::new`].
    pub fn weighted(
        spatial: &[usize],
        axes: &[Vec<AxisWindow>],
        weights: &[Vec<f32>],
    ) -> Result<Self, OutOfMemory> {
        Self::listing(MOST_LISTED, spatial, axes, weights)
    }

    fn listing(
        most_listed: u64,
        spatial: &[usize],
        axes: &[Vec<AxisWindow>],
        weights: &[Vec<f32>],
    ) -> Result<Self, OutOfMemory> {
        check(spatial, axes, weights);
        let mut tables = Vec::with_capacity(axes.len());
        // One window that sees the one pixel of no axes.
        let mut outer = vec![Place { origin: 0, shape: 0, counted: 1.0 }];
        let mut inner = outer.clone();
        for (index, (windows, &size)) in axes.iter().zip(spatial).enumerate() {
            let weights = weights.get(index).map_or(&[][..], |weights| weights);
            let (axis, places) = Axis::of(size, windows, weights)?;
            outer = combined(&outer, &inner, tables.last())?;
            inner = places;
            tables.push(axis);
        }
        // Counted in rows of the last axis until here.
        if let Some(last) = tables.last() {
            for place in &mut outer {
                place.origin *= last.size as u32;
                place.shape *= last.shapes.len() as u32;
            }
        }
        let widest = |windows: &Vec<AxisWindow>| windows.iter().map(|window| window.entries.len()).max();
        let times: Vec<Vec<u32>> = spatial
            .iter()
            .zip(axes)
            .map(|(&size, windows)| times_seen(size, windows))
            .collect::<Result<_, _>>()?;
        let most_seen: Vec<usize> =
            times.iter().map(|times| times.iter().copied().max().unwrap_or(0) as usize).collect();
        // No pixel is seen twice if no axis's entry is.
        let are_apart = most_seen.iter().all(|&most| most <= 1);
        let seen = if are_apart { Seen::of(&times)? } else { Seen::default() };
        let Seen { outer: outer_seen, inner_unseen } = seen;
        let cells = tables.iter().map(Axis::cells).fold(1, u64::saturating_mul);
        let farthest = |axis: &Axis| axis.steps.iter().copied().max().unwrap_or(0) as usize;
        Ok(Self {
            rounds: Rounds::of(&most_seen),
            reach: tables.iter().fold(0, |reach, axis| reach * axis.size + farthest(axis)),
            pixels: spatial.iter().product(),
            listed: (cells <= most_listed).then(|| Listed::of(&tables)),
            axes: tables,
            outer,
            inner,
            widest: axes.iter().filter_map(widest).product(),
            are_apart,
            outer_seen,
            inner_unseen,
        })
    }

    /// Whether no pixel is seen twice.
    pub(crate) fn are_apart(&self) -> bool {
        self.are_apart
    }

    /// Whether more windows see the same pixel than may be summed at once, so that there are several [`Windows::rounds`].
    pub(crate) fn are_crowded(&self) -> bool {
        !self.rounds.are_one()
    }

    /// All windows, as many together as may be summed at once.
    pub(crate) fn rounds(&self) -> impl Iterator<Item = Round> {
        self.rounds.divide(self.outer.len())
    }

    /// The pixels that a round sees, and some between them.
    pub(crate) fn pixels_of(&self, round: &Round) -> Range<usize> {
        let between = |places: &mut dyn Iterator<Item = &Place>| {
            places.fold((u32::MAX, 0), |(least, greatest), place| {
                (least.min(place.origin), greatest.max(place.origin))
            })
        };
        let (first_row, last_row) = between(&mut self.outer[round.rows.clone()].iter());
        let (first, last) = between(&mut self.inner.iter().skip(round.first).step_by(round.step));
        let end = last_row as usize + last as usize + self.reach + 1;
        // A row may be shorter than the round's first window.
        if first > last { 0..0 } else { (first_row + first) as usize..end.min(self.pixels) }
    }

    /// Calls `each` with the pixels that no window sees, if no pixel is seen twice.
    #[inline(always)]
    pub(crate) fn each_unseen(&self, mut each: impl FnMut(usize)) {
        let row = self.axes.last().map_or(1, |axis| axis.size);
        for (index, &seen) in self.outer_seen.iter().enumerate() {
            let first = index * row;
            if seen {
                self.inner_unseen.iter().for_each(|&entry| each(first + entry as usize));
            } else {
                (first..first + row).for_each(&mut each);
            }
        }
    }

    /// Memory that it takes.
    pub fn bytes(&self) -> usize {
        let axes = self.axes.iter().map(|axis| {
            size_of_val(&axis.steps[..]) + size_of_val(&axis.shapes[..]) + size_of_val(&axis.weights[..])
        });
        let listed = self.listed.as_ref().map_or(0, |listed| {
            size_of_val(&listed.ranges[..])
                + size_of_val(&listed.cells[..])
                + size_of_val(&listed.weights[..])
        });
        axes.sum::<usize>()
            + listed
            + size_of_val(&self.outer[..])
            + size_of_val(&self.inner[..])
            + size_of_val(&self.outer_seen[..])
            + size_of_val(&self.inner_unseen[..])
    }

    /// Pixels of one plane of the input.
    pub fn pixels(&self) -> usize {
        self.pixels
    }

    /// Windows, which is pixels of one plane of the output.
    pub fn len(&self) -> usize {
        self.outer.len() * self.inner.len()
    }

    /// Whether there is no window.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Cells of the largest window.
    pub fn widest(&self) -> usize {
        self.widest
    }

    /// The windows along all axes but the last; each goes with every one of [`Windows::inner`].
    pub(crate) fn outer(&self) -> &[Place] {
        &self.outer
    }

    /// The windows along the last axis.
    pub(crate) fn inner(&self) -> &[Place] {
        &self.inner
    }

    /// What a kernel needs to look at one window after another.
    pub(crate) fn walk(&self) -> Result<Walk<'_>, OutOfMemory> {
        let Some(Listed { ranges, cells, weights }) = &self.listed else {
            let has_weights = self.axes.iter().any(|axis| !axis.weights.is_empty());
            let cells = with_room(self.widest)?;
            let weights = with_room(if has_weights { self.widest } else { 0 })?;
            let writer = Some(Box::new(Writer { axes: &self.axes, cells, weights, shape: None }));
            return Ok(Walk { ranges: &[], cells: &[], weights: &[], writer });
        };
        Ok(Walk { ranges, cells, weights, writer: None })
    }
}

/// A kernel's way through all windows. Slices by themselves, which stay in registers: what is written on the way lies
/// elsewhere.
pub(crate) struct Walk<'a> {
    ranges: &'a [Range<usize>],
    cells: &'a [u32],
    weights: &'a [f32],
    /// Where not all cells are listed.
    writer: Option<Box<Writer<'a>>>,
}

/// The cells of the last shape, and which shape that was.
struct Writer<'a> {
    axes: &'a [Axis],
    cells: Vec<u32>,
    weights: Vec<f32>,
    shape: Option<u32>,
}

impl Walk<'_> {
    /// The window of these two parts.
    #[inline(always)]
    pub(crate) fn window(&mut self, outer: &Place, inner: &Place) -> WindowCells<'_> {
        let shape = outer.shape + inner.shape;
        let origin = (outer.origin + inner.origin) as usize;
        let counted = outer.counted * inner.counted;
        let (cells, weights) = match &mut self.writer {
            None => {
                let range = self.ranges[shape as usize].clone();
                let weights = if self.weights.is_empty() { &[][..] } else { &self.weights[range.clone()] };
                (&self.cells[range], weights)
            }
            Some(writer) => writer.written(shape),
        };
        WindowCells { origin, cells, weights, counted }
    }
}

impl Writer<'_> {
    /// The cells of a shape and their weights, written down anew unless the window before had the same. As much work as a
    /// kernel has with one window of it, and windows that come one after another mostly share theirs.
    #[cold]
    #[inline(never)]
    fn written(&mut self, shape: u32) -> (&[u32], &[f32]) {
        if self.shape != Some(shape) {
            self.cells.clear();
            self.weights.clear();
            append(self.axes, shape as usize, &mut self.cells, &mut self.weights);
            self.shape = Some(shape);
        }
        (&self.cells, &self.weights)
    }
}

impl Axis {
    /// The shapes of an axis's windows, and where each of these has its place.
    fn of(size: usize, windows: &[AxisWindow], weights: &[f32]) -> Result<(Self, Vec<Place>), OutOfMemory> {
        // Of runs with the same step, each is the beginning of the longest.
        let mut longest: HashMap<u32, u32> = HashMap::new();
        for window in windows {
            if let Entries::Run { count, step, .. } = window.entries.shape() {
                let most = longest.entry(step).or_insert(0);
                *most = count.max(*most);
            }
        }
        let mut axis = Self { size, steps: Vec::new(), shapes: Vec::new(), weights: Vec::new() };
        let mut runs: Vec<(u32, u32)> = longest.into_iter().collect();
        runs.sort_unstable();
        let mut runs_at = HashMap::new();
        for (step, count) in runs {
            runs_at.insert(step, axis.steps.len());
            axis.append(&Entries::Run { first: 0, count, step }, weights)?;
        }
        let mut known: HashMap<Entries, u32> = HashMap::new();
        let mut places = with_room(windows.len())?;
        for AxisWindow { entries, counted } in windows {
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

    fn append(&mut self, entries: &Entries, weights: &[f32]) -> Result<(), OutOfMemory> {
        let bytes = 4 * entries.len() as u64;
        self.steps.try_reserve(entries.len()).map_err(|_| OutOfMemory { bytes })?;
        self.steps.extend(entries.iter());
        self.weights.extend(weights.iter().take(entries.len()));
        Ok(())
    }

    /// Entries of all shapes.
    fn cells(&self) -> u64 {
        self.shapes.iter().map(|shape| shape.len() as u64).sum()
    }
}

impl Listed {
    fn of(axes: &[Axis]) -> Self {
        let mut listed = Self::default();
        for shape in 0..axes.iter().map(|axis| axis.shapes.len()).product() {
            let start = listed.cells.len();
            append(axes, shape, &mut listed.cells, &mut listed.weights);
            listed.ranges.push(start..listed.cells.len());
        }
        listed
    }
}

/// The cells of one combination of the axes' shapes, counted from the window's origin, row-major, and their weights.
fn append(axes: &[Axis], shape: usize, cells: &mut Vec<u32>, weights: &mut Vec<f32>) {
    let [outer @ .., last] = axes else {
        cells.push(0);
        return;
    };
    let (rest, shape) = (shape / last.shapes.len(), last.shapes[shape % last.shapes.len()].clone());
    let mut rows = Vec::new();
    let mut row_weights = Vec::new();
    append(outer, rest, &mut rows, &mut row_weights);
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

/// Windows of the axes so far with those of the next one, whose [`Axis`] says how large and of how many shapes it is.
fn combined(outer: &[Place], inner: &[Place], axis: Option<&Axis>) -> Result<Vec<Place>, OutOfMemory> {
    let mut all = with_room(outer.len() * inner.len())?;
    // Before the first axis there is nothing to combine.
    let (size, shapes) = axis.map_or((1, 1), |axis| (axis.size as u32, axis.shapes.len() as u32));
    for first in outer {
        all.extend(inner.iter().map(|second| Place {
            origin: first.origin * size + second.origin,
            shape: first.shape * shapes + second.shape,
            counted: first.counted * second.counted,
        }));
    }
    Ok(all)
}

/// # Panics
/// Where [`Windows::new`] does.
fn check(spatial: &[usize], axes: &[Vec<AxisWindow>], weights: &[Vec<f32>]) {
    assert_eq!(spatial.len(), axes.len(), "one list of windows per axis");
    small_product(spatial.iter().copied()).expect("fewer than 2^31 pixels");
    small_product(axes.iter().map(Vec::len)).expect("fewer than 2^31 windows");
    for (&size, windows) in spatial.iter().zip(axes) {
        let inside =
            |AxisWindow { entries, .. }: &AxisWindow| !entries.is_empty() && entries.greatest() < size as u64;
        assert!(windows.iter().all(inside), "a window sees nothing, or beyond its axis");
    }
    if !weights.is_empty() {
        assert_eq!(weights.len(), axes.len(), "weights of every axis");
        for (weights, windows) in weights.iter().zip(axes) {
            let weighted = |window: &AxisWindow| window.entries.len() == weights.len();
            assert!(windows.iter().all(weighted), "one weight per entry of a window");
        }
    }
}

/// The product, if it is below 2^31.
fn small_product(mut sizes: impl Iterator<Item = usize>) -> Option<usize> {
    sizes.try_fold(1usize, usize::checked_mul).filter(|&product| product < 1 << 31)
}

/// How often the windows of one axis see each entry.
fn times_seen(size: usize, windows: &[AxisWindow]) -> Result<Vec<u32>, OutOfMemory> {
    // Noted where they begin and where they end, so that long windows cost no more than short ones.
    let mut changes: Vec<u32> = with_room(size + 1)?;
    changes.resize(size + 1, 0);
    let mut see = |first: u32, count: u32| {
        let (start, end) = (first as usize, first as usize + count as usize);
        changes[start] = changes[start].wrapping_add(1);
        changes[end] = changes[end].wrapping_sub(1);
    };
    for window in windows {
        match window.entries {
            Entries::Run { first, count, step: 1 } => see(first, count),
            Entries::Run { .. } | Entries::List(_) => window.entries.iter().for_each(|entry| see(entry, 1)),
        }
    }
    let mut times = 0u32;
    for change in &mut changes {
        times = times.wrapping_add(*change);
        *change = times;
    }
    changes.truncate(size);
    Ok(changes)
}

/// What windows that share nothing see.
#[derive(Default)]
struct Seen {
    /// Whether each combination of entries of all axes but the last is seen.
    outer: Vec<bool>,
    /// The entries of the last axis that no window sees.
    inner_unseen: Vec<u32>,
}

impl Seen {
    /// From how often the windows of each axis see its entries.
    fn of(times_seen: &[Vec<u32>]) -> Result<Self, OutOfMemory> {
        let [axes @ .., last] = times_seen else {
            return Ok(Self { outer: vec![true], inner_unseen: Vec::new() });
        };
        let mut outer = vec![true];
        for times in axes {
            let mut rows = with_room(outer.len() * times.len())?;
            outer.iter().for_each(|&row: &bool| rows.extend(times.iter().map(|&times| row && times > 0)));
            outer = rows;
        }
        let inner_unseen = (0..last.len() as u32).filter(|&entry| last[entry as usize] == 0).collect();
        Ok(Self { outer, inner_unseen })
    }
}

#[cfg(test)]
mod tests;
