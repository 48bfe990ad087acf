//! What a reducer over windows costs.

use super::{F32_BYTES, INDEX_BYTES, PoolCost, kept_tensor};
use crate::pool::geometry::{AxisCells, AxisWindow, Cells, Geometry};
use crate::pool::{Learned, Reducer, need_padded_copy};
use crate::sizes::elements;
use pool_kernels::Reduce;
use pool_metrics::KeptTensor;

/// How many elements the windows of one geometry over one sample make.
pub(super) struct Sizes {
    channels: u64,
    /// Elements of the input, once for each set of windows; a pyramid has several, and runs once for each.
    inputs: u64,
    /// One value per window.
    outputs: u64,
    /// All values of all windows, laid out side by side.
    gathered: u64,
    /// Values of the maximum with stride 1.
    dense: u64,
    /// Whether some window sees fewer values than the largest, so that hidden cells are filled.
    gaps: bool,
    /// Whether a median is computed by a kernel; wide ones are sorted by libtorch.
    median_kernel: bool,
    dense_maximum: Route,
}

/// How libtorch gets at the windows of a maximum with indices.
enum Route {
    /// Its own kernel on the input.
    Kernel,
    /// Its own kernel on a padded copy of this many elements.
    PaddedCopy(u64),
}

impl Sizes {
    pub(super) fn of(geometry: &Geometry, channels: usize, spatial: &[usize]) -> Self {
        let cells = geometry.cells(spatial, None).unwrap_or_default();
        let channels = channels as u64;
        let windows = |cells: &Cells| channels.saturating_mul(elements(cells.output()));
        let mut dense_maximum = Route::Kernel;
        let mut dense = 0;
        if let [Cells::Windows(axes)] = &cells[..] {
            let places: Vec<AxisWindow> = axes.iter().map(AxisWindow::dense).collect();
            dense = channels.saturating_mul(elements(places.iter().map(|axis| axis.output)));
            dense_maximum = route(channels, &places, need_padded_copy(&places));
        }
        Self {
            channels,
            inputs: channels.saturating_mul(elements(spatial)).saturating_mul(cells.len() as u64),
            outputs: cells.iter().map(windows).fold(0, u64::saturating_add),
            gathered: cells
                .iter()
                .map(|cells| windows(cells).saturating_mul(cells.widest()))
                .fold(0, u64::saturating_add),
            dense,
            gaps: cells.iter().any(|cells| cells.axes().iter().any(AxisCells::has_gaps)),
            median_kernel: cells.iter().all(|cells| cells.widest() <= Reduce::WIDEST_MEDIAN as u64),
            dense_maximum,
        }
    }

    pub(super) fn cost(&self, reducer: &Reducer, spatial: &[usize]) -> PoolCost {
        let &Self { channels, inputs, outputs, gathered, dense, gaps, .. } = self;
        let places = elements(spatial);
        let f32s = |what, count| kept_tensor(what, F32_BYTES, count);
        let gathered_only = |multiply_adds, kept| PoolCost { multiply_adds, kept, ..PoolCost::default() };
        match reducer {
            Reducer::Max | Reducer::Avg | Reducer::Min => of_kernel(0, Vec::new()),
            Reducer::Median if self.median_kernel => of_kernel(0, Vec::new()),
            // Wide windows are sorted.
            Reducer::Median => {
                let sorted = gaps.then(|| f32s("sorted values", gathered));
                let order = kept_tensor("order of the values", INDEX_BYTES, gathered);
                gathered_only(0, std::iter::once(order).chain(sorted).collect())
            }
            Reducer::Lp { .. } => of_kernel(gathered, Vec::new()),
            Reducer::Gem { learned: Learned::No, .. } => gathered_only(
                gathered,
                vec![
                    f32s("windows", gathered),
                    f32s("scaled windows", gathered),
                    f32s("sums and scales", 2 * outputs),
                ],
            ),
            Reducer::Gem { .. } => PoolCost {
                keeps_input: true,
                keeps_output: true,
                multiply_adds: 2 * gathered + inputs,
                kept: vec![
                    f32s("clipped input", inputs),
                    f32s("windows of logarithms", gathered),
                    f32s("powers", gathered),
                    f32s("sums and levels", 2 * outputs),
                ],
                ..PoolCost::default()
            },
            Reducer::Lse { learned: Learned::No, .. } => {
                gathered_only(gathered, vec![f32s("exponentials", gathered), f32s("sums", outputs)])
            }
            Reducer::Lse { .. } => gathered_only(
                2 * gathered,
                vec![
                    f32s("windows", gathered),
                    f32s("exponentials", gathered),
                    f32s("sums and levels", 2 * outputs),
                ],
            ),
            Reducer::Soft { .. } => of_kernel(2 * gathered, Vec::new()),
            Reducer::Stochastic => of_kernel(gathered, vec![f32s("draws", outputs)]),
            Reducer::Mixed { learned: Learned::No, .. } | Reducer::AvgMax | Reducer::RandomMixed => {
                of_kernel(2 * outputs, Vec::new())
            }
            Reducer::CatAvgMax => of_kernel(0, Vec::new()),
            Reducer::Mixed { .. } => of_kernel(outputs, vec![f32s("differences", outputs)]),
            Reducer::Gated => of_kernel(
                gathered + outputs,
                vec![f32s("windows", gathered), f32s("shares and differences", 2 * outputs)],
            ),
            Reducer::Tree => gathered_only(
                3 * gathered + outputs,
                vec![f32s("windows", gathered), f32s("gates and differences", 2 * outputs)],
            ),
            Reducer::Lip => PoolCost {
                keeps_input: true,
                multiply_adds: channels.saturating_mul(inputs) + 4 * inputs,
                kept: vec![
                    f32s("projection twice, logits and weights", 4 * inputs),
                    f32s("averaged products", inputs),
                    f32s("both means", 2 * outputs),
                ],
                ..PoolCost::default()
            },
            Reducer::Attention => {
                gathered_only(2 * inputs, vec![f32s("windows", inputs), f32s("weights", places)])
            }
            Reducer::S3 { .. } => {
                let mut cost = self.routed(&self.dense_maximum);
                cost.kept.push(kept_tensor("indices", INDEX_BYTES, dense));
                cost
            }
        }
    }

    fn routed(&self, route: &Route) -> PoolCost {
        match *route {
            Route::Kernel => of_kernel(0, Vec::new()),
            Route::PaddedCopy(elements) => PoolCost {
                kept: vec![kept_tensor("padded input", F32_BYTES, elements)],
                ..PoolCost::default()
            },
        }
    }
}

/// A kernel reads its input again, and computes anew what else it needs.
fn of_kernel(multiply_adds: u64, kept: Vec<KeptTensor>) -> PoolCost {
    PoolCost { keeps_input: true, multiply_adds, kept, ..PoolCost::default() }
}

fn route(channels: u64, axes: &[AxisWindow], padded_copy: bool) -> Route {
    if !padded_copy {
        return Route::Kernel;
    }
    let sizes = axes.iter().map(|axis| axis.before + axis.input + axis.after + axis.overhang);
    // A window may be far larger than its input, and so may its padding.
    Route::PaddedCopy(channels.saturating_mul(elements(sizes)))
}
