//! The entries that each window sees, as tables that kernels walk through: one table per axis, however many windows their
//! combinations make.
//!
//! - this file: the windows along one axis, as a caller describes them
//! - `table.rs`: [`WindowTable`], the windows of all axes together
//! - `shapes.rs`: the cells of windows that differ only in their place, stored once
//! - `walk.rs`: one window after another, as kernels see them
//! - `overlap.rs`: which pixels several windows see, and which none does

mod overlap;
mod shapes;
mod table;
mod walk;

#[cfg(test)]
mod tests;

pub(crate) use overlap::Round;
pub use table::WindowTable;
pub(crate) use walk::{Walk, WindowCells};

/// One window along one axis: the entries that it sees.
#[derive(Debug, Clone, PartialEq)]
pub struct KernelWindow {
    /// The entries, in the order in which a kernel visits them.
    pub entries: Entries,
    /// The number of cells that a mean divides by.
    pub counted: u32,
}

/// Entries that one window sees along one axis.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Entries {
    /// Evenly spaced entries: `first`, `first + step`, and so on. Takes no memory, however long the window is.
    Run {
        /// The first entry.
        first: u32,
        /// The number of entries.
        count: u32,
        /// The distance between two entries, at least 1.
        step: u32,
    },
    /// Indices of entries, which may repeat.
    List(Vec<u32>),
}

impl From<Vec<u32>> for Entries {
    fn from(indices: Vec<u32>) -> Self {
        Self::List(indices)
    }
}

impl Entries {
    /// The number of entries.
    pub fn len(&self) -> usize {
        match self {
            Self::Run { count, .. } => *count as usize,
            Self::List(indices) => indices.len(),
        }
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The indices of the entries, in order.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        let (run, list): (_, &[u32]) = match *self {
            Self::Run { first, count, step } => ((first, count, step), &[]),
            Self::List(ref indices) => ((0, 0, 0), indices),
        };
        let (first, count, step) = run;
        (0..count).map(move |index| first + index * step).chain(list.iter().copied())
    }

    /// The smallest index.
    fn least(&self) -> u32 {
        match self {
            Self::Run { first, .. } => *first,
            Self::List(indices) => indices.iter().copied().min().unwrap_or(0),
        }
    }

    /// The greatest index.
    fn greatest(&self) -> u64 {
        match *self {
            Self::Run { first, count, step } => {
                u64::from(first) + u64::from(count.saturating_sub(1)) * u64::from(step)
            }
            Self::List(ref indices) => indices.iter().copied().max().map_or(0, u64::from),
        }
    }

    /// The same entries, counted from the smallest one. All runs of one entry have the same shape.
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
