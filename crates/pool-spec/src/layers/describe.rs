//! What every kind of layer answers about itself: its name, its shape rule, and what its backward pass reads.

use crate::sizes::{F32_BYTES, count};
use crate::{KeptTensor, LastReader, SettingError};

/// The answers of one kind of layer.
pub(crate) trait Describe {
    /// Keras's name for the first such layer of a network, whose input has `spatial_rank` spatial axes.
    fn base_name(&self, spatial_rank: usize) -> String;

    /// The shape of one output sample and what follows from it. [`LayerShape::infer`] checks its size.
    ///
    /// # Errors
    /// A setting that does not fit the input, or sizes beyond what can be counted.
    fn shape(&self, input: &[usize]) -> Result<LayerShape, SettingError>;

    /// What the backward pass reads, for one sample of these shapes.
    fn backward_reads(&self, input: &[usize], output: &[usize]) -> BackwardReads;

    /// Tensors of the output's size that the forward pass makes: a fused activation makes another one, a view none.
    fn output_tensors(&self) -> u64;
}

/// What follows from a layer and the shape of its input.
pub(crate) struct LayerShape {
    pub(crate) output: Vec<usize>,
    pub(crate) parameters: u64,
    pub(crate) fixed_parameters: u64,
    pub(crate) multiply_adds: u64,
}

impl LayerShape {
    /// Of `layer`, with an output that can be counted.
    ///
    /// # Errors
    /// As [`Describe::shape`].
    pub(crate) fn infer(layer: &dyn Describe, input: &[usize]) -> Result<Self, SettingError> {
        let shape = layer.shape(input)?;
        count("output elements", &shape.output)?;
        Ok(shape)
    }

    /// Of a layer that learns nothing and changes no shape.
    pub(super) fn unchanged(input: &[usize]) -> Self {
        Self { output: input.to_vec(), parameters: 0, fixed_parameters: 0, multiply_adds: 0 }
    }
}

/// The tensors that a layer's backward pass reads.
#[derive(Debug, Clone, Default)]
pub(crate) struct BackwardReads {
    pub(crate) input: bool,
    pub(crate) output: bool,
    /// Tensors that are neither.
    pub(crate) extras: Vec<KeptTensor>,
}

/// A tensor of this many elements, kept for the backward pass of the layer that made it.
pub(crate) fn kept_tensor(what: &str, element_bytes: u64, elements: u64) -> KeptTensor {
    KeptTensor {
        what: what.to_owned(),
        bytes: elements.saturating_mul(element_bytes),
        last_reader: LastReader::Maker,
    }
}

/// A tensor of `f32`, as [`kept_tensor`].
pub(super) fn kept_f32s(what: &str, elements: u64) -> KeptTensor {
    kept_tensor(what, F32_BYTES, elements)
}

/// A mask of one bit per entry.
pub(crate) fn kept_mask(entries: u64) -> KeptTensor {
    kept_tensor("mask", 1, entries.div_ceil(8))
}

pub(super) fn check_positive(field: &'static str, value: usize) -> Result<(), SettingError> {
    if value == 0 { Err(SettingError::Zero { field, value: value.to_string() }) } else { Ok(()) }
}

pub(super) fn check_fraction(field: &'static str, value: f64) -> Result<(), SettingError> {
    if (0.0..1.0).contains(&value) {
        Ok(())
    } else {
        Err(SettingError::Range { field, value, interval: "[0, 1)" })
    }
}
