//! Batch normalisation.

use serde::{Deserialize, Serialize};

use super::describe::{BackwardReads, Describe, LayerShape, check_fraction};
use crate::SettingError;
use crate::reading::is_true;

/// Batch normalisation over the channels (Ioffe & Szegedy 2015), with Keras's defaults.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BatchNorm {
    /// How much of the running statistics each step keeps, in `[0, 1)`; PyTorch's momentum is 1 minus this.
    pub momentum: f64,
    /// Added to the variance.
    pub epsilon: f64,
    /// Whether each channel is multiplied by a number that is learned.
    #[serde(skip_serializing_if = "is_true")]
    pub scale: bool,
}

impl Default for BatchNorm {
    fn default() -> Self {
        Self { momentum: 0.99, epsilon: 1e-3, scale: true }
    }
}

impl Describe for BatchNorm {
    fn base_name(&self, _: usize) -> String {
        "batch_normalization".to_owned()
    }

    fn shape(&self, input: &[usize]) -> Result<LayerShape, SettingError> {
        check_fraction("momentum", self.momentum)?;
        let Self { epsilon, .. } = *self;
        if !(epsilon > 0.0 && epsilon.is_finite()) {
            return Err(SettingError::Range { field: "epsilon", value: epsilon, interval: "(0, inf)" });
        }
        let channels = input[0] as u64;
        let parameters = if self.scale { 2 * channels } else { channels };
        let fixed_parameters = 2 * channels;
        Ok(LayerShape { parameters, fixed_parameters, ..LayerShape::unchanged(input) })
    }

    fn backward_reads(&self, _: &[usize], _: &[usize]) -> BackwardReads {
        BackwardReads { input: true, ..BackwardReads::default() }
    }

    fn output_tensors(&self) -> u64 {
        1
    }
}
