//! Windows in the form that kernels take.

use pool_kernels::{AxisWindow, Reduce};
use tch::{TchError, Tensor};

use super::{Way, Windows};
use crate::native::{KernelPooling, are_numbers, is_tracing};
use crate::pool::geometry::AxisCells;
use crate::pool::sample_of;

/// Entries of an input below which preparing a kernel takes longer than libtorch's function does.
const FEWEST_ENTRIES: usize = 1 << 16;

impl Windows<'_> {
    /// The value of each window by a kernel, where there is one for this input; `plain` does the same without.
    pub(in crate::pool) fn by_kernel(
        &self,
        reduce: Reduce,
        draws: Option<Tensor>,
        plain: impl Fn(&Windows<'_>) -> Result<Tensor, TchError> + 'static,
    ) -> Result<Tensor, TchError> {
        if !self.has_kernel(reduce) {
            return plain(self);
        }
        let output = self.cells.output().iter().map(|&size| size as i64).collect();
        let axes: Vec<Vec<AxisWindow>> =
            self.cells.axes().iter().map(|axis| along(axis, self.count_padding)).collect();
        let windows = pool_kernels::Windows::new(&sample_of(self.input)[1..], &axes);
        let pooling = KernelPooling { windows, reduce, draws, output };
        let (cells, count_padding) = (self.cells.clone(), self.count_padding);
        pooling.forward(self.input, move |input| {
            plain(&Windows { input, cells: &cells, count_padding, mask: None, way: Way::Torch })
        })
    }

    fn has_kernel(&self, reduce: Reduce) -> bool {
        let fits = match reduce {
            Reduce::Median => self.cells.widest() <= Reduce::WIDEST_MEDIAN as u64,
            // libtorch has functions of its own for these: they prepare less, and a sum over whole planes needs no windows.
            Reduce::Max => self.input.numel() >= FEWEST_ENTRIES,
            Reduce::Mean => {
                self.input.numel() >= FEWEST_ENTRIES && self.cells.output().iter().any(|&n| n > 1)
            }
            Reduce::Min
            | Reduce::Lp { .. }
            | Reduce::Soft { .. }
            | Reduce::Sampled
            | Reduce::StochasticMean
            | Reduce::Weighted => true,
        };
        fits && self.way == Way::Kernels && self.mask.is_none() && are_numbers(self.input) && !is_tracing()
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
