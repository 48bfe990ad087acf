//! What can be wrong with a network or a tensor.

use std::path::PathBuf;

use crate::{SettingError, WeightsError};

// Every message holds its cause, so that `source` would only say it twice.
/// Anything that can go wrong while describing, building or running a network.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// A setting of a layer, found by inferring shapes.
    #[error("layer {layer}: {cause}")]
    Layer {
        /// The layer's name.
        layer: String,
        /// Its place in the network's list of layers, from 0.
        index: usize,
        /// What is wrong.
        cause: SettingError,
    },
    /// A setting outside any layer, or of a layer used alone.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// A tensor whose axes are not the ones that the network or layer was made for.
    #[error("the input tensor has shape {found:?}, expected {expected}")]
    TensorShape {
        /// The expected shape, in words.
        expected: String,
        /// The shape found.
        found: Vec<i64>,
    },
    /// A layer with parameters to learn, used before they were made.
    #[error("{pool} has parameters to learn; build it first (Pool::build, or as a layer of a network)")]
    NotBuilt {
        /// The layer.
        pool: String,
    },
    /// A loss that a variable has no part in.
    #[error("the loss does not depend on {variable}, so there is no gradient to change it by")]
    NoGradient {
        /// Its name.
        variable: String,
    },
    /// An optimizer's state that is not of these variables.
    #[error("{entry} of the optimizer's state is missing, of another shape, or of another network")]
    OptimizerState {
        /// The entry.
        entry: String,
    },
    /// Counts of forward passes of another network.
    #[error("{found} counts of forward passes, and the network has {expected} layers that may draw")]
    Passes {
        /// Layers that may draw.
        expected: usize,
        /// Counts given.
        found: usize,
    },
    /// A layer built for one number of channels or one spatial size, run on another.
    #[error("the input has a sample of shape {found:?}, and the layer was built for {expected:?}")]
    BuiltForOther {
        /// The shape of one sample that it was built for.
        expected: Vec<usize>,
        /// The shape found.
        found: Vec<usize>,
    },
    /// A derivative of another shape than what it is the derivative of.
    #[error("the gradient has shape {found:?}, expected that of the output, {expected:?}")]
    GradShape {
        /// The expected shape.
        expected: Vec<i64>,
        /// The shape found.
        found: Vec<i64>,
    },
    /// A mask of another shape than the batch.
    #[error("the mask has shape {found:?}, expected {expected:?}: one entry per place of each sample")]
    MaskShape {
        /// The expected shape.
        expected: Vec<i64>,
        /// The shape found.
        found: Vec<i64>,
    },
    /// A mask of numbers.
    #[error("the mask holds {found:?}, expected booleans, true where an entry counts")]
    MaskKind {
        /// The element type found.
        found: tch::Kind,
    },
    /// Indices that do not belong to the values.
    #[error(
        "the indices have shape {found:?} and type {kind:?}, expected {expected:?} and Int64, as the values"
    )]
    Indices {
        /// The expected shape.
        expected: Vec<i64>,
        /// The shape found.
        found: Vec<i64>,
        /// The element type found.
        kind: tch::Kind,
    },
    /// A tensor of integers.
    #[error("the input tensor holds {found:?}, expected a floating-point type; convert it first")]
    TensorKind {
        /// The element type found.
        found: tch::Kind,
    },
    /// libtorch refused.
    #[error("libtorch: {}", first_line(.0))]
    Torch(tch::TchError),
    /// A file that cannot be written.
    #[error("{path}: cannot write it: {cause}", path = .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's words.
        cause: std::io::Error,
    },
    /// A network that libtorch cannot record.
    #[error(
        "the recorded network gives other values than the network itself for a batch of {batch}: one of its layers \
         computes something that libtorch does not record, which is a fault of pool-models; no file was written, and \
         the weights in safetensors format hold the same network"
    )]
    Unfaithful {
        /// Samples of the batch that told them apart.
        batch: i64,
    },
    /// A weights file that cannot be written or read, or does not belong to the network.
    #[error("weights file {path}: {cause}", path = .path.display())]
    Weights {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: WeightsError,
    },
}

impl From<tch::TchError> for ModelError {
    fn from(error: tch::TchError) -> Self {
        Self::Torch(error)
    }
}

/// A pooling layer that is spelt wrongly, outside a file: one line, without a place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct SpellingError {
    /// What is wrong, and what would be right.
    pub reason: String,
}

/// libtorch's words without the C++ stack that follows them.
pub(crate) fn first_line(error: &tch::TchError) -> String {
    error.to_string().lines().next().unwrap_or("no reason given").to_owned()
}
