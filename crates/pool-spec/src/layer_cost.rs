//! What one layer costs, as the memory model reads it.

use serde::{Deserialize, Serialize};

/// What one layer costs. Elements and bytes are per sample, so that a batch multiplies them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LayerCost {
    /// The layer's name in the network, such as `conv2d` or `dense_1`.
    pub name: String,
    /// The layers whose outputs it reads, by their numbers from 1; 0 is the input batch. Left out for a layer that reads
    /// the one before it alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reads: Vec<usize>,
    /// Elements of one sample on the way in.
    pub input_elements: u64,
    /// Elements of one sample on the way out; a fused activation adds nothing.
    pub output_elements: u64,
    /// Tensors of the output's size that the forward pass makes: one, none for a view such as flatten, two where an
    /// activation follows as an operator of its own.
    pub output_tensors: u64,
    /// Trainable parameters.
    pub parameters: u64,
    /// Parameters that no gradient changes, such as batch normalisation's running statistics.
    pub fixed_parameters: u64,
    /// Multiply-adds of one sample, forward.
    pub multiply_adds: u64,
    /// Tensors that must outlive the forward pass because the backward pass reads them.
    pub kept: Vec<KeptTensor>,
}

/// A tensor kept between the forward and the backward pass.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeptTensor {
    /// What it is: `output`, `indices`, `mask`.
    pub what: String,
    /// Bytes for one sample.
    pub bytes: u64,
    /// Who reads it last in the backward pass, and so frees it.
    pub last_reader: LastReader,
}

/// Who reads a kept tensor last. The backward pass goes from the last layer to the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LastReader {
    /// The layer that made it.
    Maker,
    /// The next layer: it is gone when its maker's backward pass begins.
    NextLayer,
    /// A layer further on, by its number from 1: it is gone when that layer's backward pass has ended.
    Layer(usize),
}
