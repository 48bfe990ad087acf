//! What a pooling layer costs: multiply-adds, and the tensors that its backward pass reads.
//!
//! The kept tensors are read off the reducers' functions and libtorch's derivatives: an exponential keeps its result, a
//! power its argument, a product both factors, a sum nothing.

use pool_metrics::{KeptTensor, LayerCost};

use super::geometry::{AxisWindow, Cells, Geometry};
use super::{BlurReduce, Learned, Pool, Reducer, mean_needs_padded_copy, need_padded_copy, parameters};
use crate::SettingError;

const F32_BYTES: u64 = 4;
const INDEX_BYTES: u64 = 8;
const BOOL_BYTES: u64 = 1;

/// What a layer costs for one sample; the settings have been checked.
#[derive(Debug, Default)]
pub(crate) struct PoolCost {
    pub(crate) parameters: u64,
    /// Forward; a power or an exponential counts as one, comparisons and plain sums as none.
    pub(crate) multiply_adds: u64,
    /// Whether backward reads the layer's input itself.
    pub(crate) keeps_input: bool,
    /// Whether backward reads the layer's output itself.
    pub(crate) keeps_output: bool,
    /// What else backward reads.
    pub(crate) kept: Vec<KeptTensor>,
}

impl PoolCost {
    pub(crate) fn of(pool: &Pool, sample: &[usize], output: &[usize]) -> Self {
        let [channels, spatial @ ..] = sample else { return Self::default() };
        let (outputs, inputs) = (product(output), product(sample));
        let parameters = parameters(pool, sample).unwrap_or_default();
        let parameters =
            parameters.iter().map(|parameter| product(&parameter.shape)).fold(0, u64::saturating_add);
        let cost = match pool {
            Pool::None => Self::default(),
            Pool::Reduce { reducer, geometry } => {
                let sizes = Sizes::of(geometry, *channels, spatial);
                sizes.cost(reducer, spatial)
            }
            Pool::StridedConv(conv) => Self {
                multiply_adds: (parameters - *channels as u64).saturating_mul(product(&output[1..])),
                keeps_input: true,
                keeps_output: conv.activation.is_some(),
                ..Self::default()
            },
            Pool::Blur(blur) => {
                let dense = blur.resolve(spatial).map(|(dense, _)| dense).unwrap_or_default();
                let dense = dense.iter().fold(*channels as u64, |product, axis| product * axis.output as u64);
                let kept = match blur.reduce {
                    BlurReduce::Max => vec![tensor("indices", INDEX_BYTES, dense)],
                    BlurReduce::Avg => Vec::new(),
                };
                // Axis by axis; the first ones still see the full width of the others, which is at most the dense map.
                let multiply_adds = dense.saturating_mul(blur.taps as u64);
                Self { keeps_input: true, multiply_adds, kept, ..Self::default() }
            }
            Pool::Haar => Self { keeps_input: true, multiply_adds: outputs, ..Self::default() },
            Pool::Spectral { .. } => {
                let levels = spatial.iter().map(|&n| u64::from(n.max(2).ilog2())).sum::<u64>();
                Self { multiply_adds: inputs.saturating_mul(levels), ..Self::default() }
            }
        };
        Self { parameters, ..cost }
    }
}

/// How many elements the windows of one geometry over one sample make.
struct Sizes {
    channels: u64,
    inputs: u64,
    /// One value per window.
    outputs: u64,
    /// All values of all windows, laid out side by side.
    gathered: u64,
    /// Values of the maximum with stride 1.
    dense: u64,
    maximum: Route,
    mean: Route,
}

/// How libtorch gets at the windows.
enum Route {
    /// Its own kernel on the input.
    Kernel,
    /// Its own kernel on a padded copy of this many elements.
    PaddedCopy(u64),
    /// Windows laid out side by side, of which backward reads nothing.
    Gathered,
}

impl Sizes {
    fn of(geometry: &Geometry, channels: usize, spatial: &[usize]) -> Self {
        let cells = geometry.cells(spatial, None).unwrap_or_default();
        let channels = channels as u64;
        let windows = |cells: &Cells| channels.saturating_mul(product(&cells.output()));
        let (mut maximum, mut mean) = (Route::Kernel, Route::Kernel);
        let mut dense = 0;
        match &cells[..] {
            [Cells::Windows(axes)] => {
                maximum = route(channels, axes, need_padded_copy(axes));
                mean = route(channels, axes, mean_needs_padded_copy(axes));
                if axes.iter().any(|axis| axis.dilation > 1) {
                    mean = Route::Gathered;
                }
                let places = |axis: &AxisWindow| ((axis.output - 1) * axis.stride + 1) as u64;
                dense = axes.iter().map(places).fold(channels, u64::saturating_mul);
            }
            [Cells::Regions(_)] => (maximum, mean) = (Route::Gathered, Route::Gathered),
            _ => {}
        }
        Self {
            channels,
            inputs: channels.saturating_mul(product(spatial)),
            outputs: cells.iter().map(windows).fold(0, u64::saturating_add),
            gathered: cells
                .iter()
                .map(|cells| windows(cells).saturating_mul(cells.widest() as u64))
                .fold(0, u64::saturating_add),
            dense,
            maximum,
            mean,
        }
    }

    fn cost(&self, reducer: &Reducer, spatial: &[usize]) -> PoolCost {
        let &Self { channels, inputs, outputs, gathered, dense, .. } = self;
        let places = product(spatial);
        let f32s = |what, count| tensor(what, F32_BYTES, count);
        let gathered_only = |multiply_adds, kept| PoolCost { multiply_adds, kept, ..PoolCost::default() };
        match reducer {
            Reducer::Max => self.maximum(),
            Reducer::Avg => self.mean(),
            Reducer::Min => {
                let mut cost = self.maximum();
                if cost.keeps_input {
                    cost.kept.push(f32s("negated input", inputs));
                }
                PoolCost { keeps_input: false, ..cost }
            }
            Reducer::Median => gathered_only(0, vec![tensor("order of the values", INDEX_BYTES, gathered)]),
            Reducer::Lp { .. } | Reducer::Gem { learned: Learned::No, .. } => gathered_only(
                gathered,
                vec![
                    f32s("windows", gathered),
                    f32s("scaled windows", gathered),
                    f32s("sums and scales", 2 * outputs),
                ],
            ),
            Reducer::Gem { .. } => gathered_only(
                gathered,
                vec![
                    f32s("windows", gathered),
                    f32s("scaled windows", gathered),
                    f32s("powers", gathered),
                    f32s("sums, roots and scales", 3 * outputs),
                ],
            ),
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
            Reducer::Soft { .. } => gathered_only(
                2 * gathered,
                vec![
                    f32s("weights", gathered),
                    f32s("windows", gathered),
                    tensor("zero weights", BOOL_BYTES, gathered),
                ],
            ),
            Reducer::Stochastic => gathered_only(
                gathered,
                vec![f32s("activations", gathered), tensor("draws", INDEX_BYTES, outputs)],
            ),
            Reducer::Mixed { learned: Learned::No, .. } | Reducer::AvgMax | Reducer::RandomMixed => {
                self.both(2 * outputs, Vec::new())
            }
            Reducer::CatAvgMax => self.both(0, Vec::new()),
            Reducer::Mixed { .. } => self.both(outputs, vec![f32s("differences", outputs)]),
            Reducer::Gated => self.both(
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
                    f32s("projection, logits, weights and products", 4 * inputs),
                    f32s("both means", 2 * outputs),
                ],
                ..PoolCost::default()
            },
            Reducer::Attention => {
                gathered_only(2 * inputs, vec![f32s("windows", inputs), f32s("weights", places)])
            }
            Reducer::S3 { .. } => PoolCost {
                keeps_input: true,
                kept: vec![tensor("indices", INDEX_BYTES, dense)],
                ..PoolCost::default()
            },
        }
    }

    fn maximum(&self) -> PoolCost {
        let mut cost = self.routed(&self.maximum);
        cost.kept.push(tensor("indices", INDEX_BYTES, self.outputs));
        cost
    }

    fn mean(&self) -> PoolCost {
        self.routed(&self.mean)
    }

    fn both(&self, multiply_adds: u64, extras: Vec<KeptTensor>) -> PoolCost {
        let (maximum, mean) = (self.maximum(), self.mean());
        PoolCost {
            multiply_adds,
            keeps_input: maximum.keeps_input || mean.keeps_input,
            kept: maximum.kept.into_iter().chain(mean.kept).chain(extras).collect(),
            ..PoolCost::default()
        }
    }

    fn routed(&self, route: &Route) -> PoolCost {
        match *route {
            Route::Kernel => PoolCost { keeps_input: true, ..PoolCost::default() },
            Route::PaddedCopy(elements) => {
                PoolCost { kept: vec![tensor("padded input", F32_BYTES, elements)], ..PoolCost::default() }
            }
            Route::Gathered => PoolCost::default(),
        }
    }
}

fn route(channels: u64, axes: &[AxisWindow], padded_copy: bool) -> Route {
    if !padded_copy {
        return Route::Kernel;
    }
    let sizes = axes.iter().map(|axis| (axis.before + axis.input + axis.after + axis.overhang) as u64);
    // A window may be far larger than its input, and so may its padding.
    Route::PaddedCopy(sizes.fold(channels, u64::saturating_mul))
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
        let PoolCost { parameters, multiply_adds, keeps_input, keeps_output, mut kept } =
            PoolCost::of(self, input, &output);
        let whole = [("input", keeps_input, input), ("output", keeps_output, &output)];
        kept.extend(
            whole
                .into_iter()
                .filter(|(_, keeps, _)| *keeps)
                .map(|(what, _, shape)| tensor(what, F32_BYTES, product(shape))),
        );
        Ok(LayerCost {
            name: self.to_string(),
            input_elements: product(input),
            output_elements: product(&output),
            parameters,
            fixed_parameters: 0,
            multiply_adds,
            kept,
        })
    }
}

fn product(sizes: &[usize]) -> u64 {
    sizes.iter().map(|&n| n as u64).fold(1, u64::saturating_mul)
}

fn tensor(what: &str, element_bytes: u64, elements: u64) -> KeptTensor {
    KeptTensor { what: what.to_owned(), bytes: elements.saturating_mul(element_bytes) }
}
