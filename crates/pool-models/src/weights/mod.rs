//! Weights in the safetensors format.

use std::path::Path;

use tch::nn::VarStore;

use crate::ModelError;

/// Writes every variable under its name, such as `conv2d.weight`. The file's name must end in `.safetensors`.
///
/// # Errors
/// [`ModelError::Weights`] when the file cannot be written.
pub fn save_weights(variables: &VarStore, path: &Path) -> Result<(), ModelError> {
    variables.save(path).map_err(|cause| ModelError::Weights { path: path.to_owned(), cause })
}

/// Reads every variable back. The file's name must end in `.safetensors`.
///
/// # Errors
/// [`ModelError::Weights`] when the file cannot be read or lacks a variable, or its shape differs.
pub fn load_weights(variables: &mut VarStore, path: &Path) -> Result<(), ModelError> {
    variables.load(path).map_err(|cause| ModelError::Weights { path: path.to_owned(), cause })
}
