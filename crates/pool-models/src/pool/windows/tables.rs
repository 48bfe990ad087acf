//! Tables of windows, kept for the next batch of the same sizes: making one takes as long as pooling a small image.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::Arc;

use pool_kernels::{OutOfMemory, Windows};

use crate::pool::geometry::Cells;
use crate::sizes::elements;

/// Tables that a layer keeps, those that were used last: as many as one pass of most layers needs.
const KEPT: usize = 8;

/// The largest table that is kept. Making a larger one takes little beside pooling an input that has so many windows.
const LARGEST_KEPT_BYTES: usize = 1 << 20;

/// Pixels of a plane, and windows, that a table can number.
const MOST_PIXELS: u64 = 1 << 31;

/// What a layer walked through last.
#[derive(Debug, Default)]
pub(in crate::pool) struct Tables(RefCell<VecDeque<(Which, Arc<Windows>)>>);

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
    /// The table kept for these windows, so many `outputs`, or the one that is made now for inputs of its spatial sizes;
    /// `None` where no table can number them.
    pub(in crate::pool) fn get(
        &self,
        which: Which,
        outputs: u64,
        make: impl FnOnce(&[usize]) -> Result<Windows, OutOfMemory>,
    ) -> Result<Option<Arc<Windows>>, OutOfMemory> {
        let mut kept = self.0.borrow_mut();
        if let Some(place) = kept.iter().position(|(known, _)| *known == which) {
            kept.swap(0, place);
            return Ok(Some(Arc::clone(&kept[0].1)));
        }
        if elements(which.spatial.iter().copied()).max(outputs) >= MOST_PIXELS {
            return Ok(None);
        }
        let table = Arc::new(make(&which.spatial)?);
        if table.bytes() <= LARGEST_KEPT_BYTES {
            kept.truncate(KEPT - 1);
            kept.push_front((which, Arc::clone(&table)));
        }
        Ok(Some(table))
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
            let entry = |entry| AxisWindow { entries: vec![entry].into(), counted: 1 };
            Windows::new(&[count as usize], &[(0..count).map(entry).collect()])
        };
        for (count, kept) in [(1_000, 1), (1_000_000, 1)] {
            tables.get(which(count as usize), count.into(), |_| windows(count)).unwrap().unwrap();
            assert_eq!(tables.0.borrow().len(), kept, "{count} windows");
        }
    }

    #[test]
    fn what_no_table_can_number_is_left_to_others() {
        let tables = Tables::default();
        for (size, outputs) in [(1 << 31, 1), (1, 1 << 31)] {
            let table =
                tables.get(which(size), outputs, |_| unreachable!("{size} entries, {outputs} windows"));
            assert!(table.unwrap().is_none());
        }
    }

    #[test]
    fn a_table_is_made_once_and_only_the_last_ones_are_kept() {
        let tables = Tables::default();
        let made = RefCell::new(Vec::new());
        let get = |size| {
            tables.get(which(size), 1, |_| {
                made.borrow_mut().push(size);
                Windows::new(&[1], &[vec![AxisWindow { entries: vec![0].into(), counted: 1 }]])
            })
        };
        let sizes: Vec<usize> = (1..=KEPT + 1).collect();
        for &size in sizes.iter().chain(&sizes[1..]) {
            assert!(get(size).unwrap().is_some());
        }
        assert_eq!(*made.borrow(), sizes, "the first one alone was pushed out");
        get(1).unwrap();
        assert_eq!(made.borrow().last(), Some(&1));
    }
}
