//! The entries that each window sees, with everything decided for one input.

use std::ops::Range;

use super::AxisWindow;
use crate::sizes::elements;

/// The windows over one input, along each spatial axis.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cells {
    /// Windows of fixed size.
    Windows(Vec<AxisWindow>),
    /// `output` windows over `input` entries, `[floor(i n / o), ceil((i + 1) n / o))`.
    Adaptive { input: Vec<usize>, output: Vec<usize> },
    /// Runs of entries, one per window.
    Regions(Vec<Vec<Range<usize>>>),
}

/// The windows along one axis.
#[derive(Debug)]
pub(crate) enum AxisCells {
    Window(AxisWindow),
    Regions(Vec<Range<usize>>),
}

impl Cells {
    pub(crate) fn output(&self) -> Vec<usize> {
        self.axes().iter().map(AxisCells::output).collect()
    }

    /// Cells of the widest window.
    pub(crate) fn widest(&self) -> u64 {
        elements(self.axes().iter().map(AxisCells::width))
    }

    pub(crate) fn axes(&self) -> Vec<AxisCells> {
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
    pub(crate) fn output(&self) -> usize {
        match self {
            Self::Window(axis) => axis.output,
            Self::Regions(regions) => regions.len(),
        }
    }

    /// Cells of the widest window.
    pub(crate) fn width(&self) -> usize {
        match self {
            Self::Window(axis) => axis.size,
            Self::Regions(regions) => regions.iter().map(Range::len).max().unwrap_or(0),
        }
    }

    /// Whether any window sees fewer entries than the widest.
    pub(crate) fn has_gaps(&self) -> bool {
        match self {
            Self::Window(axis) => axis.before > 0 || axis.visible(axis.output - 1) < axis.size,
            Self::Regions(regions) => regions.iter().any(|region| region.len() < self.width()),
        }
    }

    /// The entries under the cells, as many per window as the widest has; none where the window ends earlier or the
    /// cell is padding.
    pub(crate) fn entries(&self) -> Vec<Option<usize>> {
        let width = self.width();
        let cells = (0..self.output()).flat_map(|window| (0..width).map(move |cell| (window, cell)));
        match self {
            Self::Window(axis) => cells.map(|(window, cell)| axis.entry(window, cell)).collect(),
            Self::Regions(regions) => cells
                .map(|(window, cell)| {
                    Some(regions[window].start + cell).filter(|e| regions[window].contains(e))
                })
                .collect(),
        }
    }

    /// The same, with the nearest entry of the window where there is none: of equal values, the window's own comes
    /// first or is the same.
    pub(crate) fn nearest_entries(&self) -> Vec<usize> {
        let mut nearest = Vec::new();
        for window in self.entries().chunks(self.width().max(1)) {
            // Gaps are at the beginning and the end of a window.
            let mut last = window.iter().find_map(|&entry| entry).unwrap_or(0);
            for entry in window {
                last = entry.unwrap_or(last);
                nearest.push(last);
            }
        }
        nearest
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

    #[test]
    fn a_shorter_window_has_gaps_at_its_end() {
        let cells = AxisCells::Regions(vec![0..2, 2..3]);
        assert_eq!(cells.entries(), [Some(0), Some(1), Some(2), None]);
        assert_eq!(cells.nearest_entries(), [0, 1, 2, 2]);
        assert!(cells.has_gaps());
    }
}
