//! What a reducer over windows costs.

use super::{F32_BYTES, INDEX_BYTES, PoolCost, kept_tensor};
use crate::pool::geometry::{AxisCells, Cells, Geometry};
use crate::pool::{Learned, Reducer};
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
    /// Whether some window sees fewer values than the largest, so that hidden cells are filled.
    gaps: bool,
    /// Whether a median is computed by a kernel; wide ones are sorted by libtorch.
    median_kernel: bool,
}

impl Sizes {
    pub(super) fn of(geometry: &Geometry, channels: usize, spatial: &[usize]) -> Self {
        let cells = geometry.cells(spatial, None).unwrap_or_default();
        let channels = channels as u64;
        let windows = |cells: &Cells| channels.saturating_mul(elements(cells.output()));
        Self {
            channels,
            inputs: channels.saturating_mul(elements(spatial)).saturating_mul(cells.len() as u64),
            outputs: cells.iter().map(windows).fold(0, u64::saturating_add),
            gathered: cells
                .iter()
                .map(|cells| windows(cells).saturating_mul(cells.widest()))
                .fold(0, u64::saturating_add),
            gaps: cells.iter().any(|cells| cells.axes().iter().any(AxisCells::has_gaps)),
            median_kernel: cells.iter().all(|cells| cells.widest() <= Reduce::WIDEST_MEDIAN as u64),
        }
    }

    pub(super) fn cost(&self, reducer: &Reducer, spatial: &[usize]) -> PoolCost {
        let &Self { channels, inputs, outputs, gathered, gaps, .. } = self;
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
            Reducer::S3 { .. } => of_kernel(0, Vec::new()),
        }
    }
}

/// A kernel reads its input again, and computes anew what else it needs.
fn of_kernel(multiply_adds: u64, kept: Vec<KeptTensor>) -> PoolCost {
    PoolCost { keeps_input: true, multiply_adds, kept, ..PoolCost::default() }
}
