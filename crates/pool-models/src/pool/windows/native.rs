//! Windows in the form that kernels take.

use std::sync::Arc;

use pool_kernels::{AxisWindow, Entries, Isa, OutOfMemory, Pooling, Reduce, with_room};
use tch::{TchError, Tensor};

use super::tables::{Seen, Tables, Which};
use super::{Way, Windows};
use crate::error::out_of_memory;
use crate::native::{FEWEST_CHANNELS, KernelPooling, kernels_take};
use crate::pool::geometry::{AxisCells, EvenRun};
use crate::pool::memory::MOST_BYTES;
use crate::pool::sample_of;
use crate::sizes::elements;

/// Entries of an input below which preparing a kernel takes longer than libtorch's function does.
const FEWEST_ENTRIES: usize = 1 << 16;

/// Cells of a window that kernels count in single precision.
const MOST_CELLS: u64 = 1 << 24;

impl Windows<'_> {
    /// The value of each window by a kernel, where there is one for this input; `plain` does the same without.
    pub(in crate::pool) fn by_kernel(
        &self,
        reduce: Reduce,
        draws: Option<Tensor>,
        plain: impl Fn(&Windows<'_>) -> Result<Tensor, TchError> + Send + 'static,
    ) -> Result<Tensor, TchError> {
        let table = if self.has_kernel(reduce) { self.table().map_err(out_of_memory)? } else { None };
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
            // libtorch has functions of its own for these: they prepare less, and one window over whole planes needs no
            // table.
            Reduce::Max | Reduce::Mean => {
                self.fills_vectors() && self.cells.output().iter().any(|&windows| windows > 1)
            }
            Reduce::Min
            | Reduce::Median
            | Reduce::Lp { .. }
            | Reduce::PowerMean { .. }
            | Reduce::LogMeanExp
            | Reduce::Soft { .. }
            | Reduce::Sampled
            | Reduce::StochasticMean
            | Reduce::Weighted => true,
        };
        fits && self.way == Way::Kernels
            && self.mask.is_none()
            && kernels_take(&[self.input])
            && self.cells.widest() <= MOST_CELLS
            && self.scratch_fits()
    }

    /// Whether there may be as much memory as kernels need in passing: their threads work on as many channels as a vector
    /// has lanes, whether there are so many or not.
    fn scratch_fits(&self) -> bool {
        let (isa, outputs) = (Isa::best(), elements(self.cells.output()));
        let fits = |pixels: u64, threads: u64| {
            Pooling::scratch_bytes(isa, pixels, outputs).saturating_mul(threads) <= MOST_BYTES
        };
        let threads = tch::get_num_threads().max(1) as u64;
        // Mostly there is room for a plane of the whole batch, on every thread.
        let numbers = self.input.numel() as u64;
        fits(numbers, threads) || {
            let size = self.input.size();
            let planes = (size[0] * size[1]).max(1) as u64;
            fits(numbers / planes, threads.min(planes))
        }
    }

    /// Whether there is enough to do, and whether channels that come last fill a vector's lanes.
    fn fills_vectors(&self) -> bool {
        let channels = self.input.size()[1];
        self.input.numel() >= FEWEST_ENTRIES && (channels >= FEWEST_CHANNELS || self.input.is_contiguous())
    }

    fn table(&self) -> Result<Option<Arc<pool_kernels::Windows>>, OutOfMemory> {
        let spatial = sample_of(self.input)[1..].to_vec();
        let (cells, count_padding) = (self.cells, self.count_padding);
        let seen = Seen::Cells { cells: cells.clone(), count_padding };
        self.tables.get(Which { spatial, seen }, elements(cells.output()), |spatial| {
            let axes = cells.axes();
            let axes: Result<Vec<_>, _> = axes.iter().map(|axis| along(axis, count_padding)).collect();
            pool_kernels::Windows::new(spatial, &axes?)
        })
    }
}

fn along(axis: &AxisCells, count_padding: bool) -> Result<Vec<AxisWindow>, OutOfMemory> {
    let mut windows = with_room(axis.output())?;
    windows.extend(axis.runs().enumerate().map(|(index, EvenRun { first, count, step, .. })| {
        let counted = match axis {
            AxisCells::Window(window) if count_padding => window.padded(index),
            AxisCells::Window(_) | AxisCells::Regions(_) => count,
        };
        let entries = Entries::Run { first: first as u32, count: count as u32, step: step as u32 };
        AxisWindow { entries, counted: counted as u32 }
    }));
    Ok(windows)
}
