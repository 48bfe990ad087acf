//! Windows in the form that kernels take.

use std::sync::Arc;

use pool_kernels::{Entries, Isa, KernelWindow, OutOfMemory, Pooling, Reduce, WindowTable, with_room};
use pool_spec::memory_limit::{MOST_BYTES, gathered_bytes};
use pool_spec::windows::{AxisCells, EvenRun};
use tch::{Kind, TchError, Tensor};

use super::{Backend, Windows};
use crate::error::out_of_memory;
use crate::native::{FEWEST_CHANNELS, KernelPooling, kernels_support};
use crate::pool::element_bytes;

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
        let pooling = KernelPooling { windows, reduce, draws, output: self.set.output().to_vec() };
        let set = Arc::clone(self.set);
        pooling.forward(self.input, move |input| {
            plain(&Windows { input, set: &set, mask: None, backend: Backend::Torch })
        })
    }

    fn has_kernel(&self, reduce: Reduce) -> bool {
        let fits = match reduce {
            // libtorch has functions of its own for these: they prepare less, and one window over whole planes needs no
            // table.
            Reduce::Max | Reduce::Mean => {
                self.fills_vectors() && self.set.output().iter().any(|&windows| windows > 1)
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
        fits && self.backend == Backend::Kernels
            && self.mask.is_none()
            && kernels_support(&[self.input])
            && self.set.widest() <= Reduce::MOST_CELLS as u64
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
                | Reduce::Weighted => {
                    gathered_bytes(&self.input.size(), self.set.cells(), element_bytes(Kind::Float))
                }
            };
            u128::from(scratch) <= without.min(MOST_BYTES.into())
        }
    }

    /// What kernels need in passing, of two threads.
    fn scratch_bytes(&self) -> u64 {
        let size = self.input.size();
        let planes = (size[0] * size[1]).max(0) as u64;
        let pixels = self.input.numel() as u64 / planes.max(1);
        Pooling::scratch_bytes(Isa::best(), THREADS, planes, [pixels, self.set.outputs()])
    }

    /// Whether there is enough to do, and whether channels that come last fill a vector's lanes.
    fn fills_vectors(&self) -> bool {
        let channels = self.input.size()[1];
        self.input.numel() >= FEWEST_ENTRIES && (channels >= FEWEST_CHANNELS || self.input.is_contiguous())
    }

    fn table(&self) -> Result<Option<Arc<WindowTable>>, OutOfMemory> {
        self.set.table(|spatial| {
            let axes = self.set.cells().axes();
            let axes: Result<Vec<_>, _> =
                axes.iter().map(|axis| along(axis, self.set.count_padding())).collect();
            WindowTable::new(spatial, &axes?)
        })
    }
}

fn along(axis: &AxisCells, count_padding: bool) -> Result<Vec<KernelWindow>, OutOfMemory> {
    let mut windows = with_room(axis.output())?;
    windows.extend(axis.runs().enumerate().map(|(index, EvenRun { first, count, step, .. })| {
        let counted = match axis {
            AxisCells::Window(window) if count_padding => window.padded(index),
            AxisCells::Window(_) | AxisCells::Regions(_) => count,
        };
        let entries = Entries::Run { first: first as u32, count: count as u32, step: step as u32 };
        KernelWindow { entries, counted: counted as u32 }
    }));
    Ok(windows)
}
