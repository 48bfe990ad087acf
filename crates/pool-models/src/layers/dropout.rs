//! Dropout over tensors.

use tch::Tensor;

use super::Execution;
use crate::native::dropout;
use crate::pool::Random;
use crate::{Mode, ModelError};

/// Dropout with the generator of its masks.
#[derive(Debug, Clone)]
pub(crate) struct BuiltDropout {
    pub(crate) rate: f64,
    pub(crate) random: Random,
}

impl BuiltDropout {
    pub(super) fn forward(
        &self,
        input: &Tensor,
        mode: Mode,
        execution: Execution,
    ) -> Result<Tensor, ModelError> {
        match mode {
            Mode::Training => Ok(dropout(input, self.rate, self.random.next_stream(), execution.kernels)?),
            Mode::Inference => Ok(input.shallow_clone()),
        }
    }
}
