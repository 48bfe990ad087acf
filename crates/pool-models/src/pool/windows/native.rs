//! Windows in the form that kernels take.

use std::sync::Arc;

use pool_kernels::{AxisWindow, Reduce};
use tch::{TchError, Tensor};

use super::tables::{Seen, Tables, Which};
use super::{Way, Windows};
use crate::native::{FEWEST_CHANNELS, KernelPooling, kernels_take};
use crate::pool::geometry::AxisCells;
use crate::pool::sample_of;

/// Entries of an input below which preparing a kernel takes longer than libtorch's function does.
const FEWEST_ENTRIES: usize = 1 << 16;

/// Cells of a table, four bytes each, beyond which libtorch's functions need less memory.
const MOST_TABLE_CELLS: u64 = 1 << 22;

impl Windows<'_> {
    /// The value of each window by a kernel, where there is one for this input; `plain` does the same without.
    pub(in crate::pool) fn by_kernel(
        &self,
        reduce: Reduce,
        draws: Option<Tensor>,
        plain: impl Fn(&Windows<'_>) -> Result<Tensor, TchError> + Send + 'static,
    ) -> Result<Tensor, TchError> {
        let table = if self.has_kernel(reduce) { self.table() } else { None };
        let Some(windows) = table else { return plain(self) };
        let output = self.cells.output().iter().map(|&size| size as i64).collect();
        let pooling = KernelPooling { windows, reduce, draws, output };
        let (cells, count_padding) = (self.cells.clone(), self.count_padding);
        pooling.forward(self.input, move |input| {
            let tables = &Tables::default();
            plain(&Windows { input, cells: &cells, count_padding, mask: None, way: Way::Torch, tables })
        })
    }

    fn has_kernel(&self, reduce: Reduce) -> bool {
        let fits = match reduce {
            Reduce::Median => self.cells.widest() <= Reduce::WIDEST_MEDIAN as u64,
            // libtorch has functions of its own for these: they prepare less, and one window over whole planes needs no
            // table.
            Reduce::Max | Reduce::Mean => {
                self.fills_vectors() && self.cells.output().iter().any(|&windows| windows > 1)
            }
            Reduce::Min
            | Reduce::Lp { .. }
            | Reduce::Soft { .. }
            | Reduce::Sampled
            | Reduce::StochasticMean
            | Reduce::Weighted => true,
        };
        fits && self.way == Way::Kernels && self.mask.is_none() && kernels_take(&[self.input])
    }

    /// Whether there is enough to do, and whether channels that come last fill a vector's lanes.
    fn fills_vectors(&self) -> bool {
        let channels = self.input.size()[1];
        self.input.numel() >= FEWEST_ENTRIES && (channels >= FEWEST_CHANNELS || self.input.is_contiguous())
    }

    fn table(&self) -> Option<Arc<pool_kernels::Windows>> {
        let spatial = sample_of(self.input)[1..].to_vec();
        let (cells, count_padding) = (self.cells, self.count_padding);
        let seen = Seen::Cells { cells: cells.clone(), count_padding };
        self.tables.get(Which { spatial, seen }, |spatial| {
            let axes: Vec<Vec<AxisWindow>> =
                cells.axes().iter().map(|axis| along(axis, count_padding)).collect();
            pool_kernels::Windows::within(MOST_TABLE_CELLS, spatial, &axes)
        })
    }
}

fn along(axis: &AxisCells, count_padding: bool) -> Vec<AxisWindow> {
    let entries = axis.entries();
    let windows = entries.chunks(axis.width().max(1)).enumerate();
    windows
        .map(|(index, cells)| {
            let entries: Vec<u32> =
                cells.iter().filter_map(|entry| entry.map(|entry| entry as u32)).collect();
            let counted = match axis {
                AxisCells::Window(window) if count_padding => window.padded(index),
                AxisCells::Window(_) | AxisCells::Regions(_) => entries.len(),
            };
            AxisWindow { counted: counted as u32, entries }
        })
        .collect()
}
