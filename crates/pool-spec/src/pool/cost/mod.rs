//! What a pooling layer costs: multiply-adds, and the tensors that its backward pass reads.
//!
//! The kept tensors are those of [`Kernels::Fast`](crate::Kernels::Fast). A kernel of ours keeps its input; what else is
//! kept is read off the reducers' functions and libtorch's derivatives: an exponential keeps its result, a power its
//! argument, a product both factors, a sum nothing.

mod amount;

use amount::{Amount, Counts, Each, Kept, Rule};

use super::geometry::{Cells, Geometry};
use super::{Learned, Pool, Reducer, parameters};
use crate::layers::{BackwardReads, Describe, kept_tensor};
use crate::sizes::{F32_BYTES, elements};
use crate::{LayerCost, SettingError};

/// What a layer costs for one sample; the settings have been checked.
#[derive(Debug, Default)]
pub(crate) struct PoolCost {
    pub(crate) parameters: u64,
    /// Forward; a power or an exponential counts as one, comparisons and plain sums as none.
    pub(crate) multiply_adds: u64,
    /// What the backward pass reads.
    pub(crate) backward: BackwardReads,
}

impl PoolCost {
    pub(crate) fn of(pool: &Pool, sample: &[usize], output: &[usize]) -> Self {
        let parameters = parameters(pool, sample).unwrap_or_default();
        let parameters =
            parameters.iter().map(|parameter| elements(&parameter.shape)).fold(0, u64::saturating_add);
        let (rule, counts) = rule(pool, sample, output, parameters);
        let extras =
            rule.kept.iter().map(|kept| kept_tensor(kept.what, kept.element_bytes, counts.of(kept.elements)));
        Self {
            parameters,
            multiply_adds: counts.of(rule.multiply_adds),
            backward: BackwardReads {
                input: rule.keeps_input,
                output: rule.keeps_output,
                extras: extras.collect(),
            },
        }
    }
}

/// What a layer of this many parameters computes and keeps, and how many there are of what it speaks of.
fn rule(pool: &Pool, sample: &[usize], output: &[usize], parameters: u64) -> (Rule, Counts) {
    let [channels, spatial @ ..] = sample else { return Default::default() };
    let counts = Counts::default().with(Each::Input, elements(sample)).with(Each::Output, elements(output));
    match pool {
        Pool::None => Default::default(),
        Pool::Reduce { reducer, geometry } => {
            let sizes = Sizes::of(geometry, *channels, spatial);
            (sizes.rule(reducer), sizes.counts())
        }
        Pool::StridedConv(conv) => {
            let axes = conv.window().resolve("size", spatial).unwrap_or_default();
            let odd = axes.iter().any(|axis| axis.before != axis.after);
            // What libtorch's own padding cannot do is padded by hand, and that copy is kept instead.
            let padded = axes.iter().map(|axis| axis.input + axis.after - axis.before);
            let copy = elements(std::iter::once(*channels).chain(padded));
            let copied = Kept {
                what: "padded input",
                element_bytes: F32_BYTES,
                elements: Amount::from(Each::PaddedInput),
            };
            let weights = parameters.saturating_sub(*channels as u64);
            let products = weights.saturating_mul(elements(&output[1..]));
            let rule = Rule {
                multiply_adds: Amount::from(Each::CellAndChannel),
                keeps_input: !odd,
                keeps_output: conv.activation.is_some(),
                kept: odd.then_some(copied).into_iter().collect(),
            };
            (rule, counts.with(Each::CellAndChannel, products).with(Each::PaddedInput, copy))
        }
        Pool::Blur(blur) => {
            let dense = blur.resolve(spatial).map(|(dense, _)| dense).unwrap_or_default();
            let places = dense.iter().map(|axis| axis.output);
            let dense = elements(std::iter::once(*channels).chain(places));
            let values = Amount::from(Each::DenseValue);
            let rule = Rule {
                // Axis by axis; the first ones still see the full width of the others, which is at most the dense map.
                multiply_adds: blur.taps as u64 * values,
                keeps_input: true,
                kept: vec![Kept { what: "dense values", element_bytes: F32_BYTES, elements: values }],
                ..Rule::default()
            };
            (rule, counts.with(Each::DenseValue, dense))
        }
        Pool::Haar => {
            let multiply_adds = Amount::from(Each::Output);
            (Rule { multiply_adds, keeps_input: true, ..Rule::default() }, counts)
        }
        Pool::Spectral { .. } => {
            let levels = spatial.iter().map(|&n| u64::from(n.max(2).ilog2())).sum::<u64>();
            let multiply_adds = Amount::from(Each::InputAndFactorOfTwo);
            let products = elements(sample).saturating_mul(levels);
            (Rule { multiply_adds, ..Rule::default() }, counts.with(Each::InputAndFactorOfTwo, products))
        }
    }
}

/// How many elements the windows of one geometry over one sample make.
struct Sizes {
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
    fn of(geometry: &Geometry, channels: usize, spatial: &[usize]) -> Self {
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

    fn counts(&self) -> Counts {
        let &Self { channels, inputs, outputs, gathered, places, .. } = self;
        Counts::default()
            .with(Each::Input, inputs)
            .with(Each::InputAndChannel, channels.saturating_mul(inputs))
            .with(Each::Window, outputs)
            .with(Each::Cell, gathered)
            .with(Each::Place, places)
    }

    fn rule(&self, reducer: &Reducer) -> Rule {
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

impl Pool {
    /// What the layer costs for one `f32` sample `[C, spatial...]`: parameters, multiply-adds (a power or an exponential
    /// counts as one, comparisons and plain sums as none) and the tensors that its backward pass reads. Pure: makes no
    /// tensor.
    ///
    /// # Errors
    /// As [`Pool::output_shape`].
    pub fn cost(&self, input: &[usize]) -> Result<LayerCost, SettingError> {
        let output = self.output_shape(input)?;
        let PoolCost { parameters, multiply_adds, backward } = PoolCost::of(self, input, &output);
        let mut kept = backward.extras;
        let whole = [("input", backward.input, input), ("output", backward.output, &output)];
        kept.extend(
            whole
                .into_iter()
                .filter(|(_, keeps, _)| *keeps)
                .map(|(what, _, shape)| kept_tensor(what, F32_BYTES, elements(shape))),
        );
        Ok(LayerCost {
            name: self.to_string(),
            reads: Vec::new(),
            input_elements: elements(input),
            output_elements: elements(&output),
            output_tensors: self.output_tensors(),
            parameters,
            fixed_parameters: 0,
            multiply_adds,
            kept,
        })
    }

    /// What [`Pool::cost`] counts for this input, as a rule in words: `1 multiply-add per cell; keeps the input`.
    ///
    /// # Errors
    /// As [`Pool::output_shape`].
    pub(crate) fn cost_in_words(&self, input: &[usize]) -> Result<String, SettingError> {
        let output = self.output_shape(input)?;
        Ok(rule(self, input, &output, 0).0.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue;

    fn rule_of(pool: &Pool) -> Option<Rule> {
        let sample = [8, 12, 12];
        let output = pool.output_shape(&sample).ok()?;
        Some(rule(pool, &sample, &output, 0).0)
    }

    /// The catalogue says of every geometry that it costs what its reducer costs.
    #[test]
    fn over_every_geometry_a_reducer_costs_the_same_for_each_cell_and_window() {
        let learned = [
            Reducer::Gem { p: 3.0, learned: Learned::Layer },
            Reducer::Lse { r: 1.0, learned: Learned::Channel },
            Reducer::Mixed { alpha: 0.5, learned: Learned::Layer },
        ];
        let mut compared = 0;
        for reducer in Reducer::ALL.into_iter().chain(learned) {
            let window = rule_of(&Pool::window(reducer, 2));
            for operator in catalogue() {
                let Pool::Reduce { geometry, .. } = operator.pool else { continue };
                let pool = Pool::Reduce { reducer, geometry };
                let (Some(window), Some(rule)) = (&window, rule_of(&pool)) else { continue };
                assert_eq!(rule, *window, "{pool}");
                compared += 1;
            }
        }
        assert!(compared > 100, "{compared} compared");
    }

    /// Of `[8, 12, 12]`, which has 1152 entries; windows of 2 make 288 of them.
    #[test]
    fn multiply_adds_are_those_of_the_formulas() {
        for (spelling, expected, why) in [
            ("max", 0, "comparisons"),
            ("avg", 0, "sums"),
            ("median", 0, "a sort"),
            ("lp", 1152, "a power per cell"),
            ("gem", 1152, "a power per cell"),
            (
                "{ reduce = { gem = { learned = 'layer' } }, size = 2 }",
                3 * 1152,
                "a logarithm, a product, an exponential",
            ),
            ("lse", 1152, "an exponential per cell"),
            (
                "{ reduce = { lse = { learned = 'layer' } }, size = 2 }",
                2 * 1152,
                "a product and an exponential",
            ),
            ("soft", 2 * 1152, "an exponential and a product per cell"),
            ("stochastic", 1152, "a square per cell"),
            ("mixed", 2 * 288, "two products per output"),
            ("avg_max", 2 * 288, "two products per output"),
            ("gated", 1152 + 288, "a product per cell and one per output"),
            ("tree", 3 * 1152 + 288, "three products per cell and one per output"),
            ("cat_avg_max", 0, "nothing is mixed"),
            ("lip", 8 * 1152 + 4 * 1152, "C products per entry, and four more"),
            ("attention", 2 * 1152, "score and weight per entry"),
            ("s3", 0, "comparisons"),
            ("strided_conv", 8 * 4 * 288, "C size^2 per output"),
            ("{ blur = { taps = 5 } }", 8 * 11 * 11 * 5, "taps per dense value"),
            ("haar", 288, "one product per output"),
            (
                "{ reduce = 'lp', size = 3, stride = 2, padding = 'same' }",
                288 * 9,
                "padded cells are computed, too",
            ),
            ("{ reduce = 'lp', pyramid = [2, 1] }", 2 * 1152, "every level sees everything"),
        ] {
            let pool: Pool = spelling.parse().unwrap();
            assert_eq!(pool.cost(&[8, 12, 12]).unwrap().multiply_adds, expected, "{pool}: {why}");
        }
    }
}
