//! Tables of windows, kept for the next batch of the same sizes: making one takes as long as pooling a small image.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::Arc;

use pool_kernels::Windows;

use crate::pool::geometry::Cells;
use crate::sizes::elements;

/// Tables that a layer keeps, those that were used last: as many as one pass of most layers needs.
const KEPT: usize = 8;

/// The largest table that is kept. Making a larger one takes little beside pooling an input that has so many windows.
const LARGEST_KEPT_BYTES: usize = 1 << 20;

/// Pixels of a plane that kernels count in single precision.
const MOST_PIXELS: u64 = 1 << 24;

/// What a layer walked through last.
#[derive(Debug, Default)]
pub(in crate::pool) struct Tables(RefCell<VecDeque<(Which, Option<Arc<Windows>>)>>);

/// What a table was made of, in one layer.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::pool) struct Which {
    /// The sizes of the input along its spatial axes.
    pub(in crate::pool) spatial: Vec<usize>,
    pub(in crate::pool) seen: Seen,
}

#[derive(Debug, Clone, PartialEq)]
pub(in crate::pool) enum Seen {
    Cells {
        cells: Cells,
        count_padding: bool,
    },
    /// The filter of blur pooling.
    LowPass,
}

impl Tables {
    /// The table kept for these windows, or the one that is made now for inputs of its spatial sizes; none where there
    /// would be too much of it.
    pub(in crate::pool) fn get(
        &self,
        which: Which,
        make: impl FnOnce(&[usize]) -> Option<Windows>,
    ) -> Option<Arc<Windows>> {
        let mut kept = self.0.borrow_mut();
        if let Some(place) = kept.iter().position(|(known, _)| *known == which) {
            kept.swap(0, place);
            return kept[0].1.clone();
        }
        let small = elements(which.spatial.iter().copied()) <= MOST_PIXELS;
        let table = if small { make(&which.spatial).map(Arc::new) } else { None };
        if table.as_ref().is_none_or(|table| table.bytes() <= LARGEST_KEPT_BYTES) {
            kept.truncate(KEPT - 1);
            kept.push_front((which, table.clone()));
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use pool_kernels::AxisWindow;

    use super::*;

    fn which(size: usize) -> Which {
        Which { spatial: vec![size], seen: Seen::LowPass }
    }

    #[test]
    fn a_large_table_is_not_kept() {
        let tables = Tables::default();
        let windows = |count: u32| {
            let axis = (0..count).map(|entry| AxisWindow { entries: vec![entry], counted: 1 }).collect();
            Some(Windows::new(&[count as usize], &[axis]))
        };
        for (count, kept) in [(1_000, 1), (1_000_000, 1)] {
            tables.get(which(count as usize), |_| windows(count)).unwrap();
            assert_eq!(tables.0.borrow().len(), kept, "{count} windows");
        }
    }

    #[test]
    fn a_table_is_made_once_and_only_the_last_ones_are_kept() {
        let tables = Tables::default();
        let made = RefCell::new(Vec::new());
        let get = |size| {
            tables.get(which(size), |_| {
                made.borrow_mut().push(size);
                None
            })
        };
        let sizes: Vec<usize> = (1..=KEPT + 1).collect();
        for &size in sizes.iter().chain(&sizes[1..]) {
            assert!(get(size).is_none());
        }
        assert_eq!(*made.borrow(), sizes, "the first one alone was pushed out");
        get(1);
        assert_eq!(made.borrow().last(), Some(&1));
    }
}
