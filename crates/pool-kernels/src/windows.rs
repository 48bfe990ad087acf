//! The entries that each window sees, as a table that kernels walk through.

use std::collections::HashMap;
use std::ops::Range;

/// The entries that one window sees along one axis.
#[derive(Debug, Clone, PartialEq)]
pub struct AxisWindow {
    /// Their indices, in the order in which a kernel visits them. An index may come twice.
    pub entries: Vec<u32>,
    /// How many cells a mean divides by.
    pub counted: u32,
}

/// Every window over inputs of one size. Windows that look alike share one list of cells.
#[derive(Debug, Clone)]
pub struct Windows {
    pixels: usize,
    places: Vec<Place>,
    /// Parts of `cells`.
    lists: Vec<Range<usize>>,
    cells: Vec<u32>,
    /// One number per cell of every list; empty where no axis has weights.
    weights: Vec<f32>,
    /// Whether no pixel is seen twice, by one window or by two.
    are_apart: bool,
    /// The pixels that no window sees.
    unseen: Vec<u32>,
}

/// One window.
#[derive(Debug, Clone)]
struct Place {
    /// The pixel that the window's cells count from.
    origin: u32,
    /// Its list of cells.
    list: u32,
    counted: f32,
}

/// One window, as kernels see it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WindowCells<'a> {
    pub(crate) origin: usize,
    pub(crate) cells: &'a [u32],
    pub(crate) weights: &'a [f32],
    pub(crate) counted: f32,
}

impl Windows {
    /// Windows over inputs with these spatial sizes: one window for each combination of the axes' windows, the last axis
    /// fastest.
    ///
    /// # Panics
    /// As many axes as sizes, every window with at least one entry, every entry inside its axis, and fewer than 2^31
    /// pixels and windows: a caller that breaks this has a bug.
    pub fn new(spatial: &[usize], axes: &[Vec<AxisWindow>]) -> Self {
        Self::weighted(spatial, axes, &[])
    }

    /// The same, unless the table would list more than `most_cells` cells, four bytes each. Windows that look alike share
    /// a list, so that this is much only where large windows are clipped at the edges, each in another way.
    ///
    /// # Panics
    /// As [`Windows::new`].
    pub fn within(most_cells: u64, spatial: &[usize], axes: &[Vec<AxisWindow>]) -> Option<Self> {
        check(spatial, axes);
        let alike = AlikeWindows::of_all(axes);
        let cells = alike.iter().map(AlikeWindows::cells).fold(1, u64::saturating_mul);
        (cells <= most_cells).then(|| Self::with_alike(spatial, axes, &alike, &[]))
    }

    /// The same, for a weighted sum: each axis has one weight per entry of its windows, and a cell's weight is the
    /// product of its axes'.
    ///
    /// # Panics
    /// As [`Windows::new`].
    pub fn weighted(spatial: &[usize], axes: &[Vec<AxisWindow>], weights: &[Vec<f32>]) -> Self {
        check(spatial, axes);
        Self::with_alike(spatial, axes, &AlikeWindows::of_all(axes), weights)
    }

    fn with_alike(
        spatial: &[usize],
        axes: &[Vec<AxisWindow>],
        alike: &[AlikeWindows<'_>],
        weights: &[Vec<f32>],
    ) -> Self {
        let (lists, cells, factors) = lists(alike, spatial, weights);
        let mut places = vec![Place { origin: 0, list: 0, counted: 1.0 }];
        for ((windows, alike), &size) in axes.iter().zip(alike).zip(spatial) {
            let shapes = alike.shapes.len() as u32;
            let mut next = Vec::with_capacity(places.len() * windows.len());
            for place in &places {
                next.extend(windows.iter().zip(&alike.of_window).map(|(window, &(first, shape))| Place {
                    origin: place.origin * size as u32 + first,
                    list: place.list * shapes + shape,
                    counted: place.counted * window.counted as f32,
                }));
            }
            places = next;
        }
        let seen = || spatial.iter().zip(axes).map(|(&size, windows)| times_seen(size, windows));
        Self {
            pixels: spatial.iter().product(),
            places,
            lists,
            cells,
            weights: factors,
            are_apart: seen().all(|times| times.iter().all(|&times| times <= 1)),
            unseen: unseen(seen()),
        }
    }

    /// Whether no pixel is seen twice.
    pub(crate) fn are_apart(&self) -> bool {
        self.are_apart
    }

    /// The pixels that no window sees.
    pub(crate) fn unseen(&self) -> &[u32] {
        &self.unseen
    }

    /// Memory that it takes.
    pub fn bytes(&self) -> usize {
        size_of_val(&self.places[..])
            + size_of_val(&self.lists[..])
            + size_of_val(&self.cells[..])
            + size_of_val(&self.weights[..])
            + size_of_val(&self.unseen[..])
    }

    /// Pixels of one plane of the input.
    pub fn pixels(&self) -> usize {
        self.pixels
    }

    /// Windows, which is pixels of one plane of the output.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there is no window.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Cells of the largest window.
    pub fn widest(&self) -> usize {
        self.lists.iter().map(Range::len).max().unwrap_or(0)
    }

    #[inline(always)]
    pub(crate) fn window(&self, index: usize) -> WindowCells<'_> {
        let place = &self.places[index];
        let list = self.lists[place.list as usize].clone();
        WindowCells {
            origin: place.origin as usize,
            weights: if self.weights.is_empty() { &[] } else { &self.weights[list.clone()] },
            cells: &self.cells[list],
            counted: place.counted,
        }
    }
}

/// # Panics
/// Where [`Windows::new`] does.
fn check(spatial: &[usize], axes: &[Vec<AxisWindow>]) {
    assert_eq!(spatial.len(), axes.len(), "one list of windows per axis");
    small_product(spatial.iter().copied()).expect("fewer than 2^31 pixels");
    small_product(axes.iter().map(Vec::len)).expect("fewer than 2^31 windows");
    for (&size, windows) in spatial.iter().zip(axes) {
        let inside = |window: &AxisWindow| {
            !window.entries.is_empty() && window.entries.iter().all(|&entry| (entry as usize) < size)
        };
        assert!(windows.iter().all(inside), "a window sees nothing, or beyond its axis");
    }
}

/// The windows of one axis, and which of them look alike: see the same entries, counted from the first.
struct AlikeWindows<'a> {
    /// The entries of one window of each shape.
    shapes: Vec<&'a [u32]>,
    /// The first entry and the shape of each window.
    of_window: Vec<(u32, u32)>,
}

impl<'a> AlikeWindows<'a> {
    fn of_all(axes: &'a [Vec<AxisWindow>]) -> Vec<Self> {
        axes.iter().map(|windows| Self::of(windows)).collect()
    }

    /// Entries of all shapes.
    fn cells(&self) -> u64 {
        self.shapes.iter().map(|entries| entries.len() as u64).sum()
    }

    fn of(windows: &'a [AxisWindow]) -> Self {
        let mut known: HashMap<Vec<u32>, u32> = HashMap::new();
        let mut shapes = Vec::new();
        let of_window = windows.iter().map(|AxisWindow { entries, .. }| {
            let first = first_of(entries);
            let shape =
                *known.entry(entries.iter().map(|entry| entry - first).collect()).or_insert_with(|| {
                    shapes.push(&entries[..]);
                    shapes.len() as u32 - 1
                });
            (first, shape)
        });
        let of_window = of_window.collect();
        Self { shapes, of_window }
    }
}

/// The product, if it is below 2^31.
fn small_product(mut sizes: impl Iterator<Item = usize>) -> Option<usize> {
    sizes.try_fold(1usize, usize::checked_mul).filter(|&product| product < 1 << 31)
}

/// How often the windows of one axis see each entry.
fn times_seen(size: usize, windows: &[AxisWindow]) -> Vec<u32> {
    let mut times = vec![0; size];
    for window in windows {
        for &entry in &window.entries {
            times[entry as usize] += 1;
        }
    }
    times
}

/// The pixels that are not seen along every axis, from how often each axis's entries are.
fn unseen(times_seen: impl Iterator<Item = Vec<u32>>) -> Vec<u32> {
    let mut seen = vec![true];
    for times in times_seen {
        seen = seen.iter().flat_map(|&seen| times.iter().map(move |&times| seen && times > 0)).collect();
    }
    (0..seen.len() as u32).filter(|&pixel| !seen[pixel as usize]).collect()
}

fn first_of(entries: &[u32]) -> u32 {
    entries.iter().copied().min().unwrap_or(0)
}

/// Cells of windows, one list after another: where each list lies, the cells, and their weights.
type Lists = (Vec<Range<usize>>, Vec<u32>, Vec<f32>);

/// For each combination of the axes' shapes the cells, counted from the window's origin, row-major, and their weights.
fn lists(axes: &[AlikeWindows<'_>], spatial: &[usize], weights: &[Vec<f32>]) -> Lists {
    let mut all = vec![vec![(0u32, 1.0f32)]];
    for (axis, (alike, &size)) in axes.iter().zip(spatial).enumerate() {
        let along = |cells: &[(u32, f32)], entries: &[u32]| -> Vec<(u32, f32)> {
            let first = first_of(entries);
            let weight = |index: usize| weights.get(axis).map_or(1.0, |weights| weights[index]);
            let mut product = Vec::with_capacity(cells.len() * entries.len());
            for &(pixel, factor) in cells {
                let steps = entries.iter().enumerate();
                product.extend(
                    steps.map(|(index, entry)| (pixel * size as u32 + entry - first, factor * weight(index))),
                );
            }
            product
        };
        let combined = all.iter().flat_map(|cells| alike.shapes.iter().map(|entries| along(cells, entries)));
        all = combined.collect();
    }
    let mut end = 0;
    let range = |cells: &Vec<(u32, f32)>| {
        let start = end;
        end += cells.len();
        start..end
    };
    let ranges = all.iter().map(range).collect();
    let cells = all.iter().flatten().map(|&(pixel, _)| pixel).collect();
    let all_weights = all.iter().flatten().map(|&(_, weight)| weight);
    (ranges, cells, if weights.is_empty() { Vec::new() } else { all_weights.collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(windows: &[&[u32]]) -> Vec<AxisWindow> {
        windows
            .iter()
            .map(|entries| AxisWindow { entries: entries.to_vec(), counted: entries.len() as u32 })
            .collect()
    }

    fn pixels_of(windows: &Windows, index: usize) -> Vec<usize> {
        let window = windows.window(index);
        window.cells.iter().map(|&cell| window.origin + cell as usize).collect()
    }

    #[test]
    fn windows_combine_the_axes_and_share_lists() {
        let windows = Windows::new(&[4, 5], &[axis(&[&[0, 1], &[2, 3]]), axis(&[&[0, 1], &[2, 3], &[4]])]);
        assert_eq!((windows.pixels(), windows.len(), windows.widest()), (20, 6, 4));
        assert_eq!(pixels_of(&windows, 0), [0, 1, 5, 6]);
        assert_eq!(pixels_of(&windows, 4), [12, 13, 17, 18]);
        assert_eq!(pixels_of(&windows, 5), [14, 19]);
        assert_eq!(windows.cells.len(), 4 + 2, "two likenesses");
    }

    #[test]
    fn a_table_that_would_be_too_long_is_not_made() {
        // Clipped on both sides, no two of them alike: 1 + 2 + 3 cells along each axis.
        let clipped = axis(&[&[0], &[0, 1], &[0, 1, 2]]);
        let within = |most| Windows::within(most, &[3, 3], &[clipped.clone(), clipped.clone()]);
        assert!(within(35).is_none());
        assert_eq!(within(36).map(|windows| windows.cells.len()), Some(36));
    }

    #[test]
    fn what_windows_leave_out_or_share_is_known() {
        for (windows, are_apart, unseen) in [
            (axis(&[&[0, 1], &[2, 3]]), true, &[][..]),
            (axis(&[&[0, 1], &[2]]), true, &[3]),
            (axis(&[&[0, 1], &[1, 2, 3]]), false, &[]),
            (axis(&[&[1, 0, 1], &[2, 3]]), false, &[]),
        ] {
            let windows = Windows::new(&[4], &[windows]);
            assert_eq!((windows.are_apart(), windows.unseen()), (are_apart, unseen));
        }
        let corner = Windows::new(&[2, 3], &[axis(&[&[0]]), axis(&[&[0, 1]])]);
        assert_eq!(corner.unseen(), [2, 3, 4, 5]);
    }

    #[test]
    fn weights_multiply_and_an_entry_may_come_twice() {
        let reflected = axis(&[&[1, 0, 1]]);
        let windows = Windows::weighted(&[2], &[reflected], &[vec![0.25, 0.5, 0.25]]);
        assert_eq!(pixels_of(&windows, 0), [1, 0, 1]);
        assert_eq!(windows.window(0).weights, [0.25, 0.5, 0.25]);
    }
}
