//! Spectral pooling (Rippel, Snoek & Adams 2015): which outputs it can have.

use crate::{Extent, SettingError};

/// The output's size along each axis.
///
/// # Errors
/// A size of zero, or larger than the input.
pub(super) fn resolve(output: &Extent, spatial: &[usize]) -> Result<Vec<usize>, SettingError> {
    let outputs = output.resolve_positive("output", spatial.len())?;
    for (axis, (&input, &output)) in spatial.iter().zip(&outputs).enumerate() {
        if output > input {
            return Err(SettingError::OutputTooLarge { field: "output", output, input, limit: input, axis });
        }
    }
    Ok(outputs)
}
