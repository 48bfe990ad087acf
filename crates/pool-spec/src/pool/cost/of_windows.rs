//! What a reducer over windows costs.

use super::amount::{Amount, Counts, Each, Kept, Rule};
use crate::pool::geometry::{Cells, Geometry};
use crate::pool::{Learned, Reducer};
use crate::sizes::{F32_BYTES, elements};

/// How many elements the windows of one geometry over one sample make.
pub(super) struct Sizes {
    channels: u64,
    /// Elements of the input, once for each set of windows; a pyramid has several, and runs once for each.
    inputs: u64,
    /// One value per window.
    outputs: u64,
    /// All values of all windows, laid out side by side.
    gathered: u64,
    /// Elements of one channel of the input.
    places: u64,
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
            places: elements(spatial),
        }
    }

    pub(super) fn counts(&self) -> Counts {
        let &Self { channels, inputs, outputs, gathered, places, .. } = self;
        Counts::default()
            .with(Each::Input, inputs)
            .with(Each::InputAndChannel, channels.saturating_mul(inputs))
            .with(Each::Window, outputs)
            .with(Each::Cell, gathered)
            .with(Each::Place, places)
    }

    pub(super) fn rule(&self, reducer: &Reducer) -> Rule {
        let [inputs, inputs_and_channels, outputs, gathered, places] =
            [Each::Input, Each::InputAndChannel, Each::Window, Each::Cell, Each::Place].map(Amount::from);
        let f32s = |what, elements| Kept { what, element_bytes: F32_BYTES, elements };
        let gathered_only = |multiply_adds, kept| Rule { multiply_adds, kept, ..Rule::default() };
        match reducer {
            Reducer::Max | Reducer::Avg | Reducer::Min | Reducer::Median => {
                of_kernel(Amount::NOTHING, Vec::new())
            }
            Reducer::Lp { .. } => of_kernel(gathered, Vec::new()),
            Reducer::Gem { learned: Learned::No, p }
                if (1.0..=Reducer::GREATEST_KERNEL_POWER).contains(p) =>
            {
                of_kernel(gathered, vec![f32s("clipped input", inputs)])
            }
            // A log-mean-exp of logarithms.
            Reducer::Gem { learned, .. } => {
                let mut kept = vec![f32s("clipped input", inputs), f32s("scaled logarithms", inputs)];
                if *learned != Learned::No {
                    kept.extend([f32s("logarithms", inputs), f32s("levels", outputs)]);
                }
                Rule { keeps_output: true, ..of_kernel(gathered + 2 * inputs, kept) }
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
            Reducer::CatAvgMax => of_kernel(Amount::NOTHING, Vec::new()),
            Reducer::Mixed { .. } => of_kernel(outputs, vec![f32s("differences", outputs)]),
            Reducer::Gated => of_kernel(
                gathered + outputs,
                vec![f32s("windows", gathered), f32s("shares and differences", 2 * outputs)],
            ),
            Reducer::Tree => gathered_only(
                3 * gathered + outputs,
                vec![f32s("windows", gathered), f32s("gates and differences", 2 * outputs)],
            ),
            Reducer::Lip => Rule {
                keeps_input: true,
                multiply_adds: inputs_and_channels + 4 * inputs,
                kept: vec![
                    f32s("projection twice, logits and weights", 4 * inputs),
                    f32s("averaged products", inputs),
                    f32s("both means", 2 * outputs),
                ],
                ..Rule::default()
            },
            Reducer::Attention => {
                gathered_only(2 * inputs, vec![f32s("windows", inputs), f32s("weights", places)])
            }
            Reducer::S3 { .. } => of_kernel(Amount::NOTHING, Vec::new()),
        }
    }
}

/// A kernel reads its input again, and computes anew what else it needs.
fn of_kernel(multiply_adds: Amount, kept: Vec<Kept>) -> Rule {
    Rule { keeps_input: true, multiply_adds, kept, ..Rule::default() }
}
