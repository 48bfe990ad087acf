//! Windows in the form that kernels take.

use std::sync::Arc;

use pool_kernels::{AxisWindow, Entries, Isa, OutOfMemory, Pooling, Reduce, with_room};
use tch::{Kind, TchError, Tensor};

use super::tables::{Seen, Tables, Which};
use super::{Way, Windows};
use crate::error::out_of_memory;
use crate::native::{FEWEST_CHANNELS, KernelPooling, kernels_take};
use crate::pool::geometry::{AxisCells, EvenRun};
use crate::pool::memory::{MOST_BYTES, gathered_bytes};
use crate::pool::sample_of;
use crate::sizes::elements;

/// Entries of an input below which preparing a kernel takes longer than libtorch's function does.
const FEWEST_ENTRIES: usize = 1 << 16;

/// Memory in passing that is worth a kernel's speed in any case: what a plane of four million pixels needs.
const LITTLE_SCRATCH: u64 = 1 << 30;

/// Threads whose memory counts, however many there are: what computes a layer must not depend on them.
const THREADS: u64 = 2;

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
            && self.cells.widest() <= Reduce::MOST_CELLS as u64
            && self.scratch_fits(reduce)
    }

    /// Whether kernels need little memory in passing, or less than computing the same without them.
    fn scratch_fits(&self, reduce: Reduce) -> bool {
        let scratch = self.scratch_bytes();
        scratch <= LITTLE_SCRATCH || {
            let without = match reduce {
                // libtorch's functions, in place.
                Reduce::Max | Reduce::Min | Reduce::Mean => 0,
                Reduce::Median
                | Reduce::Lp { .. }
                | Reduce::PowerMean { .. }
                | Reduce::LogMeanExp
                | Reduce::Soft { .. }
                | Reduce::Sampled
                | Reduce::StochasticMean
                | Reduce::Weighted => gathered_bytes(&self.input.size(), self.cells, Kind::Float),
            };
            u128::from(scratch) <= without.min(MOST_BYTES.into())
        }
    }

    /// What kernels need in passing, of two threads.
    fn scratch_bytes(&self) -> u64 {
        let size = self.input.size();
        let planes = (size[0] * size[1]).max(0) as u64;
        let pixels = self.input.numel() as u64 / planes.max(1);
        let outputs = elements(self.cells.output());
        Pooling::scratch_bytes(Isa::best(), THREADS, planes, [pixels, outputs])
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
