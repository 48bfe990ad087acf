//! Dropout.

use serde::{Deserialize, Serialize};

use super::describe::{BackwardReads, Describe, LayerShape, check_fraction, kept_mask};
use crate::SettingError;
use crate::sizes::elements;

/// In training, sets each entry to zero with probability `rate` and scales the others by `1 / (1 - rate)`
/// (Srivastava et al. 2014).
///
/// On the CPU the masks come from a generator of the layer's own, seeded by seed and layer name, with either
/// implementation ([`Kernels`](crate::Kernels)). On another device libtorch's generator of that device draws them: other
/// masks, which libtorch's own seed decides.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Dropout {
    /// Probability in `[0, 1)`.
    pub rate: f64,
}

impl Dropout {
    /// Dropout with this probability in `[0, 1)`.
    pub fn new(rate: f64) -> Self {
        Self { rate }
    }
}

impl Describe for Dropout {
    fn base_name(&self, _: usize) -> String {
        "dropout".to_owned()
    }

    fn shape(&self, input: &[usize]) -> Result<LayerShape, SettingError> {
        check_fraction("dropout", self.rate)?;
        Ok(LayerShape::unchanged(input))
    }

    fn backward_reads(&self, _: &[usize], output: &[usize]) -> BackwardReads {
        BackwardReads { extras: vec![kept_mask(elements(output))], ..BackwardReads::default() }
    }

    fn output_tensors(&self) -> u64 {
        1
    }
}
