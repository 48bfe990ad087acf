//! What a reducer over windows costs.

use super::{F32_BYTES, PoolCost, kept_tensor};
use crate::pool::geometry::{Cells, Geometry};
use crate::pool::reduce::GREATEST_KERNEL_POWER;
use crate::pool::{Learned, Reducer};
use crate::sizes::elements;
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
        }
    }

    pub(super) fn cost(&self, reducer: &Reducer, spatial: &[usize]) -> PoolCost {
        let &Self { channels, inputs, outputs, gathered } = self;
        let places = elements(spatial);
        let f32s = |what, count| kept_tensor(what, F32_BYTES, count);
        let gathered_only = |multiply_adds, kept| PoolCost { multiply_adds, kept, ..PoolCost::default() };
        match reducer {
            Reducer::Max | Reducer::Avg | Reducer::Min | Reducer::Median => of_kernel(0, Vec::new()),
            Reducer::Lp { .. } => of_kernel(gathered, Vec::new()),
            Reducer::Gem { learned: Learned::No, p } if (1.0..=GREATEST_KERNEL_POWER).contains(p) => {
                of_kernel(gathered, vec![f32s("clipped input", inputs)])
            }
            // A log-mean-exp of logarithms.
            Reducer::Gem { learned, .. } => {
                let clipped = f32s("clipped input", inputs);
                let scaled = f32s("scaled logarithms", inputs);
                let mut kept = vec![clipped, scaled];
                if *learned != Learned::No {
                    kept.extend([f32s("logarithms", inputs), f32s("levels", outputs)]);
                }
                PoolCost { keeps_output: true, ..of_kernel(gathered + 2 * inputs, kept) }
            }
            Reducer::Lse { learned, .. } => {
                let scaled = f32s("scaled input", inputs);
                match learned {
                    Learned::No => gathered_only(gathered, vec![scaled]),
                    Learned::Layer | Learned::Channel => {
                        of_kernel(gathered + inputs, vec![scaled, f32s("levels", outputs)])
                    }
                }
            }
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
