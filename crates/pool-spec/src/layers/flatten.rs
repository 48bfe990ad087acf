//! Flatten, which joins the axes of a sample.

use super::describe::{BackwardReads, Describe, LayerShape};
use crate::SettingError;

/// Joins all axes of a sample into one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flatten;

impl Describe for Flatten {
    fn base_name(&self, _: usize) -> String {
        "flatten".to_owned()
    }

    fn shape(&self, input: &[usize]) -> Result<LayerShape, SettingError> {
        Ok(LayerShape { output: vec![input.iter().product()], ..LayerShape::unchanged(input) })
    }

    fn backward_reads(&self, _: &[usize], _: &[usize]) -> BackwardReads {
        BackwardReads::default()
    }

    /// It is a view.
    fn output_tensors(&self) -> u64 {
        0
    }
}
