//! The windows of one layer over inputs of one shape, with what computing them needs: worked out once, used by every batch.

use std::sync::{Arc, OnceLock};

use pool_kernels::{OutOfMemory, WindowTable};
use pool_spec::sizes::elements;
use pool_spec::windows::Cells;

/// The largest table that is kept. Making a larger one takes little compared with pooling an input that has so many
/// windows.
const LARGEST_KEPT_BYTES: usize = 1 << 20;

/// Pixels of a plane, and windows, that a table can number.
const MOST_PIXELS: u64 = 1 << 31;

/// The windows over the spatial axes of inputs of one shape.
#[derive(Debug)]
pub(in crate::pool) struct WindowSet {
    cells: Cells,
    /// Sizes of the input along its spatial axes.
    spatial: Vec<usize>,
    /// Whether a mean counts padded cells as zeros.
    count_padding: bool,
    output: Vec<i64>,
    /// Windows of one channel.
    outputs: u64,
    /// Cells of the widest window.
    widest: u64,
    table: TableSlot,
}

impl WindowSet {
    pub(in crate::pool) fn new(cells: Cells, spatial: &[usize], count_padding: bool) -> Self {
        let output = cells.output();
        Self {
            outputs: elements(&output),
            output: output.into_iter().map(|size| size as i64).collect(),
            widest: cells.widest(),
            spatial: spatial.to_vec(),
            cells,
            count_padding,
            table: TableSlot::default(),
        }
    }

    pub(in crate::pool) fn cells(&self) -> &Cells {
        &self.cells
    }

    pub(super) fn count_padding(&self) -> bool {
        self.count_padding
    }

    /// Windows along each spatial axis.
    pub(super) fn output(&self) -> &[i64] {
        &self.output
    }

    pub(super) fn outputs(&self) -> u64 {
        self.outputs
    }

    pub(super) fn widest(&self) -> u64 {
        self.widest
    }

    /// The kernels' table of these windows.
    pub(super) fn table(
        &self,
        make: impl FnOnce(&[usize]) -> Result<WindowTable, OutOfMemory>,
    ) -> Result<Option<Arc<WindowTable>>, OutOfMemory> {
        self.table.get(&self.spatial, self.outputs, make)
    }
}

/// A place for the kernels' table of some windows, which is made when a kernel first asks for it.
#[derive(Debug, Default)]
pub(in crate::pool) struct TableSlot(OnceLock<Arc<WindowTable>>);

impl TableSlot {
    /// The table of so many `outputs` over inputs of these sizes; `None` where no table can number them.
    pub(in crate::pool) fn get(
        &self,
        spatial: &[usize],
        outputs: u64,
        make: impl FnOnce(&[usize]) -> Result<WindowTable, OutOfMemory>,
    ) -> Result<Option<Arc<WindowTable>>, OutOfMemory> {
        if let Some(table) = self.0.get() {
            return Ok(Some(Arc::clone(table)));
        }
        if elements(spatial).max(outputs) >= MOST_PIXELS {
            return Ok(None);
        }
        let table = Arc::new(make(spatial)?);
        if table.bytes() <= LARGEST_KEPT_BYTES {
            // Another thread may have made the same one meanwhile.
            let _ = self.0.set(Arc::clone(&table));
        }
        Ok(Some(table))
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use pool_kernels::KernelWindow;

    use super::*;

    fn windows(count: u32) -> Result<WindowTable, OutOfMemory> {
        let entry = |entry| KernelWindow { entries: vec![entry].into(), counted: 1 };
        WindowTable::new(&[count as usize], &[(0..count).map(entry).collect()])
    }

    #[test]
    fn a_table_is_made_once_unless_it_is_large() {
        for (count, times) in [(1_000, 1), (1_000_000, 2)] {
            let (slot, made) = (TableSlot::default(), Cell::new(0));
            for _ in 0..2 {
                let make = |_: &[usize]| {
                    made.set(made.get() + 1);
                    windows(count)
                };
                assert!(slot.get(&[count as usize], count.into(), make).unwrap().is_some());
            }
            assert_eq!(made.get(), times, "{count} windows");
        }
    }

    #[test]
    fn what_no_table_can_number_is_left_to_others() {
        for (size, outputs) in [(1 << 31, 1), (1, 1 << 31)] {
            let table = TableSlot::default()
                .get(&[size], outputs, |_| unreachable!("{size} entries, {outputs} windows"));
            assert!(table.unwrap().is_none());
        }
    }
}
