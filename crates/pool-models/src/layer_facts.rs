//! What follows from one layer and the shape of its input.

use crate::layer::Conv;
use crate::pool::{AxisWindow, PoolCost, split_channels};
use crate::sizes::count;
use crate::{Layer, SettingError, Window};

/// What follows from one layer and its input shape.
pub(crate) struct LayerFacts {
    pub(crate) output: Vec<usize>,
    pub(crate) parameters: u64,
    pub(crate) fixed_parameters: u64,
    pub(crate) multiply_adds: u64,
}

impl LayerFacts {
    /// # Errors
    /// A setting that does not fit the input, or sizes beyond what can be counted.
    pub(crate) fn of(layer: &Layer, input: &[usize]) -> Result<Self, SettingError> {
        let facts = Self::unlimited(layer, input)?;
        count("output elements", &facts.output)?;
        Ok(facts)
    }

    fn unlimited(layer: &Layer, input: &[usize]) -> Result<Self, SettingError> {
        let unchanged = Self { output: input.to_vec(), parameters: 0, fixed_parameters: 0, multiply_adds: 0 };
        Ok(match layer {
            Layer::Conv1d(conv) => Self::of_conv(conv, input)?,
            Layer::Conv2d(conv) => Self::of_conv(conv, input)?,
            Layer::Conv3d(conv) => Self::of_conv(conv, input)?,
            Layer::Pool(pool) => {
                let output = pool.output_shape(input)?;
                count("output elements", &output)?;
                let PoolCost { parameters, multiply_adds, .. } = PoolCost::of(pool, input, &output);
                Self { output, parameters, fixed_parameters: 0, multiply_adds }
            }
            Layer::Activation(_) => unchanged,
            Layer::Dropout(dropout) => {
                check_fraction("dropout", dropout.rate)?;
                unchanged
            }
            Layer::BatchNorm(norm) => {
                check_fraction("momentum", norm.momentum)?;
                if !(norm.epsilon > 0.0 && norm.epsilon.is_finite()) {
                    return Err(SettingError::Range {
                        field: "epsilon",
                        value: norm.epsilon,
                        interval: "(0, inf)",
                    });
                }
                let channels = input[0] as u64;
                Self { parameters: 2 * channels, fixed_parameters: 2 * channels, ..unchanged }
            }
            Layer::Flatten => Self { output: vec![input.iter().product()], ..unchanged },
            Layer::Dense(dense) => {
                let &[features] = input else {
                    return Err(SettingError::InputShape {
                        expected: "[features]",
                        found: input.to_vec(),
                        cure: "; put flatten (or global pooling) before it",
                    });
                };
                check_positive("units", dense.units)?;
                let weights = count("weights", [features, dense.units])?;
                Self {
                    output: vec![dense.units],
                    parameters: weights + dense.units as u64,
                    fixed_parameters: 0,
                    multiply_adds: weights,
                }
            }
        })
    }

    fn of_conv<const RANK: usize>(conv: &Conv<RANK>, input: &[usize]) -> Result<Self, SettingError> {
        let (channels, _) = split_channels(input)?;
        check_positive("filters", conv.filters)?;
        let axes = conv_axes(conv, input)?;
        let kernel = axes.iter().map(|axis| axis.size);
        let weights = count("weights", [channels, conv.filters].into_iter().chain(kernel))?;
        let positions = count("output positions", axes.iter().map(|axis| axis.output))?;
        Ok(Self {
            output: std::iter::once(conv.filters).chain(axes.iter().map(|axis| axis.output)).collect(),
            parameters: weights + conv.filters as u64,
            fixed_parameters: 0,
            multiply_adds: weights.saturating_mul(positions),
        })
    }
}

/// The kernel's windows over one input sample.
pub(crate) fn conv_axes<const RANK: usize>(
    conv: &Conv<RANK>,
    input: &[usize],
) -> Result<Vec<AxisWindow>, SettingError> {
    match split_channels(input) {
        Ok((_, spatial)) if spatial.len() == RANK => {
            let (stride, padding) = (conv.stride.clone(), conv.padding.clone());
            Window { stride, padding, ..Window::new(conv.kernel.clone()) }.resolve("kernel", spatial)
        }
        _ => Err(SettingError::InputShape {
            expected: ["[channels, length]", "[channels, height, width]", "[channels, depth, height, width]"]
                [RANK - 1],
            found: input.to_vec(),
            cure: "",
        }),
    }
}

fn check_positive(field: &'static str, value: usize) -> Result<(), SettingError> {
    if value == 0 { Err(SettingError::Zero { field, value: value.to_string() }) } else { Ok(()) }
}

fn check_fraction(field: &'static str, value: f64) -> Result<(), SettingError> {
    if (0.0..1.0).contains(&value) {
        Ok(())
    } else {
        Err(SettingError::Range { field, value, interval: "[0, 1)" })
    }
}
