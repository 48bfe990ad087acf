//! A fully connected layer.

use serde::{Deserialize, Serialize};

use super::activation::{linear_outputs, linear_reads};
use super::describe::{BackwardReads, Describe, LayerShape, check_positive};
use crate::reading::{is_true, whole, yes};
use crate::sizes::count;
use crate::{Activation, SettingError};

/// A fully connected layer with Glorot-uniform weights and zero biases. Keras: `Dense`; PyTorch: `Linear`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dense {
    /// Output features.
    #[serde(deserialize_with = "whole::<1, { u64::MAX }, _, _>")]
    pub units: usize,
    /// Whether each unit adds a number of its own.
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub bias: bool,
    /// Applied to the output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activation: Option<Activation>,
}

impl Dense {
    /// `units` output features, with biases, without activation.
    pub fn new(units: usize) -> Self {
        Self { units, bias: true, activation: None }
    }

    /// Leaves the biases out.
    #[must_use]
    pub fn without_bias(mut self) -> Self {
        self.bias = false;
        self
    }

    /// Applies `activation` to the output.
    #[must_use]
    pub fn activation(mut self, activation: Activation) -> Self {
        self.activation = Some(activation);
        self
    }

    /// Applies [`Activation::Relu`] to the output.
    #[must_use]
    pub fn relu(self) -> Self {
        self.activation(Activation::Relu)
    }
}

impl Describe for Dense {
    fn base_name(&self, _: usize) -> String {
        "dense".to_owned()
    }

    fn shape(&self, input: &[usize]) -> Result<LayerShape, SettingError> {
        let &[features] = input else {
            return Err(SettingError::InputShape {
                expected: "[features]",
                found: input.to_vec(),
                cure: "; put flatten (or global pooling) before it",
            });
        };
        check_positive("units", self.units)?;
        let weights = count("weights", [features, self.units])?;
        Ok(LayerShape {
            output: vec![self.units],
            parameters: weights + if self.bias { self.units as u64 } else { 0 },
            fixed_parameters: 0,
            multiply_adds: weights,
        })
    }

    fn backward_reads(&self, _: &[usize], output: &[usize]) -> BackwardReads {
        linear_reads(self.activation, output)
    }

    fn output_tensors(&self) -> u64 {
        linear_outputs(self.activation)
    }
}
