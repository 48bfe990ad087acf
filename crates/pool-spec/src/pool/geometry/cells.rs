//! The entries that each window sees, with everything decided for one input.

use std::ops::Range;

use super::ResolvedWindow;
use crate::sizes::elements;

/// The windows over one input, along each spatial axis.
#[derive(Debug, Clone, PartialEq)]
pub enum Cells {
    /// Windows of fixed size.
    Windows(Vec<ResolvedWindow>),
    /// `output` windows over `input` entries, `[floor(i n / o), ceil((i + 1) n / o))`.
    Adaptive {
        /// Entries of each axis.
        input: Vec<usize>,
        /// Windows of each axis.
        output: Vec<usize>,
    },
    /// Runs of entries, one per window.
    Regions(Vec<Vec<Range<usize>>>),
}

/// The windows along one axis.
#[derive(Debug)]
pub enum AxisCells {
    /// Of a fixed size.
    Window(ResolvedWindow),
    /// Runs of entries, one per window.
    Regions(Vec<Range<usize>>),
}

/// What one window sees along an axis: entries that lie equally far apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EvenRun {
    /// Cells of the window before the first that sees an entry.
    pub gap: usize,
    /// The first entry.
    pub first: usize,
    /// How many entries.
    pub count: usize,
    /// From one entry to the next.
    pub step: usize,
}

impl Cells {
    /// Windows along each axis.
    pub fn output(&self) -> Vec<usize> {
        match self {
            Self::Windows(axes) => axes.iter().map(|axis| axis.output).collect(),
            Self::Adaptive { output, .. } => output.clone(),
            Self::Regions(axes) => axes.iter().map(Vec::len).collect(),
        }
    }

    /// Cells of the widest window.
    pub fn widest(&self) -> u64 {
        match self {
            Self::Windows(axes) => elements(axes.iter().map(|axis| axis.size)),
            Self::Adaptive { .. } | Self::Regions(_) => elements(self.axes().iter().map(AxisCells::width)),
        }
    }

    /// The windows along each axis.
    pub fn axes(&self) -> Vec<AxisCells> {
        match self {
            Self::Windows(axes) => axes.iter().map(|&axis| AxisCells::Window(axis)).collect(),
            Self::Adaptive { input, output } => {
                let axes = input.iter().zip(output);
                axes.map(|(&n, &o)| AxisCells::Regions(adaptive_regions(n, o))).collect()
            }
            Self::Regions(axes) => axes.iter().cloned().map(AxisCells::Regions).collect(),
        }
    }
}

fn adaptive_regions(input: usize, output: usize) -> Vec<Range<usize>> {
    (0..output).map(|i| (i * input / output)..((i + 1) * input).div_ceil(output)).collect()
}

impl AxisCells {
    /// How many windows.
    pub fn output(&self) -> usize {
        match self {
            Self::Window(axis) => axis.output,
            Self::Regions(regions) => regions.len(),
        }
    }

    /// Cells of the widest window.
    pub fn width(&self) -> usize {
        match self {
            Self::Window(axis) => axis.size,
            Self::Regions(regions) => regions.iter().map(Range::len).max().unwrap_or(0),
        }
    }

    /// How many windows see the same entry, at most.
    pub fn most_shared(&self) -> usize {
        match self {
            Self::Window(axis) if axis.dilation == 1 => axis.size.div_ceil(axis.stride).min(axis.output),
            // Which entries lie in the holes depends on the stride; no window sees one twice.
            Self::Window(axis) => axis.size.min(axis.output),
            Self::Regions(regions) => {
                // Most see an entry where one of them begins. Regions begin one behind the other.
                let mut ended = 0;
                let seen_at = |(index, region): (usize, &Range<usize>)| {
                    while regions[ended].end <= region.start {
                        ended += 1;
                    }
                    index + 1 - ended
                };
                regions.iter().enumerate().map(seen_at).max().unwrap_or(0)
            }
        }
    }

    /// Whether any window sees fewer entries than the widest.
    pub fn has_gaps(&self) -> bool {
        match self {
            Self::Window(axis) => axis.before > 0 || axis.visible(axis.output - 1) < axis.size,
            Self::Regions(regions) => regions.iter().any(|region| region.len() < self.width()),
        }
    }

    /// What each window sees.
    pub fn runs(&self) -> impl Iterator<Item = EvenRun> + '_ {
        (0..self.output()).map(|window| match self {
            Self::Window(axis) => {
                let gap = axis.before.saturating_sub(window * axis.stride).div_ceil(axis.dilation);
                let first = window * axis.stride + gap * axis.dilation - axis.before;
                EvenRun { gap, first, count: axis.visible(window), step: axis.dilation }
            }
            Self::Regions(regions) => {
                let region = &regions[window];
                EvenRun { gap: 0, first: region.start, count: region.len(), step: 1 }
            }
        })
    }

    /// Whether each cell, as many per window as the widest has, sees an entry.
    pub fn seen(&self) -> impl Iterator<Item = bool> + '_ {
        let width = self.width();
        self.runs().flat_map(move |run| (0..width).map(move |cell| run.sees(cell)))
    }

    /// The entries under the cells, with the nearest entry of the window where there is none: of equal values, the
    /// window's own comes first or is the same.
    pub fn nearest_entries(&self) -> impl Iterator<Item = usize> + '_ {
        let width = self.width();
        self.runs().flat_map(move |run| (0..width).map(move |cell| run.nearest(cell)))
    }
}

impl EvenRun {
    fn sees(self, cell: usize) -> bool {
        (self.gap..self.gap + self.count).contains(&cell)
    }

    fn nearest(self, cell: usize) -> usize {
        let last = self.count.saturating_sub(1);
        self.first + cell.saturating_sub(self.gap).min(last) * self.step
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adaptive_windows_overlap_where_the_output_does_not_divide_the_input() {
        assert_eq!(adaptive_regions(7, 3), [0..3, 2..5, 4..7]);
        assert_eq!(adaptive_regions(2, 4), [0..1, 0..1, 1..2, 1..2]);
    }

    /// The input entry under a cell of a window, as the window's settings name it; `None` where the cell is padding.
    fn entry(axis: &ResolvedWindow, window: usize, cell: usize) -> Option<usize> {
        let place = window * axis.stride + cell * axis.dilation;
        place.checked_sub(axis.before).filter(|&entry| entry < axis.input)
    }

    #[test]
    fn cells_of_windows_are_those_that_the_window_names() {
        for input in 1..9usize {
            for (size, stride, dilation, before, after) in
                [(3, 1, 1, 1, 1), (4, 2, 1, 0, 3), (3, 1, 2, 2, 2), (2, 3, 3, 1, 0), (5, 2, 1, 2, 2)]
            {
                let reach = (size - 1) * dilation + 1;
                let Some(left) = usize::checked_sub(before + input + after, reach) else { continue };
                let output = left / stride + 1;
                let axis =
                    ResolvedWindow { input, size, stride, dilation, before, after, overhang: 0, output };
                let (cells, width) = (AxisCells::Window(axis), size);
                let (seen, nearest): (Vec<_>, Vec<_>) =
                    (cells.seen().collect(), cells.nearest_entries().collect());
                for (window, run) in cells.runs().enumerate().filter(|(_, run)| run.count > 0) {
                    let named: Vec<Option<usize>> =
                        (0..width).map(|cell| entry(&axis, window, cell)).collect();
                    let place = window * width..(window + 1) * width;
                    assert!(
                        seen[place.clone()].iter().copied().eq(named.iter().map(Option::is_some)),
                        "{axis:?}"
                    );
                    let listed = (0..run.count).map(|index| run.first + index * run.step);
                    assert!(listed.eq(named.iter().flatten().copied()), "{axis:?}, window {window}");
                    for (found, named) in nearest[place].iter().zip(&named) {
                        assert!(named.is_none_or(|entry| entry == *found), "{axis:?}, window {window}");
                    }
                }
            }
        }
    }

    #[test]
    fn it_is_known_how_many_windows_see_the_same_entry() {
        for (regions, most) in [
            (vec![0..2, 2..4], 1),
            (vec![0..3, 2..5, 4..7], 2),
            (adaptive_regions(2, 6), 3),
            (vec![0..3, 1..4, 2..5, 3..6], 3),
            (vec![], 0),
        ] {
            assert_eq!(AxisCells::Regions(regions.clone()).most_shared(), most, "{regions:?}");
        }
        for (size, stride, output, most) in [(3, 1, 9, 3), (3, 2, 9, 2), (2, 2, 9, 1), (9, 1, 4, 4)] {
            let axis = ResolvedWindow { size, stride, output, ..ResolvedWindow::UNIT };
            assert_eq!(AxisCells::Window(axis).most_shared(), most, "{axis:?}");
        }
    }

    #[test]
    fn a_shorter_window_has_gaps_at_its_end() {
        let cells = AxisCells::Regions(vec![0..2, 2..3]);
        assert!(cells.seen().eq([true, true, true, false]));
        assert!(cells.nearest_entries().eq([0, 1, 2, 2]));
        assert!(cells.has_gaps());
    }

    #[test]
    fn padding_shows_the_nearest_entry() {
        let axis = ResolvedWindow {
            input: 4,
            size: 3,
            stride: 3,
            dilation: 1,
            before: 1,
            after: 1,
            overhang: 0,
            output: 2,
        };
        assert!(AxisCells::Window(axis).nearest_entries().eq([0, 0, 1, 2, 3, 3]));
    }
}
