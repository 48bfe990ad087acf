//! What can be wrong with a network or a tensor.

use std::path::PathBuf;

use pool_kernels::OutOfMemory;
use pool_spec::{NetworkError, SettingError};

use crate::WeightsError;

// Every message holds its cause, so that `source` would only say it twice.
/// Anything that can go wrong while describing, building or running a network.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// A network whose settings do not fit one another, or its input.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// A setting of a layer used alone.
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
    /// Figures of other channels than the network's.
    #[error(
        "{found} channel{} to normalize, and the network takes pictures {input:?}; give figures for each of its channels",
        if *.found == 1 { "" } else { "s" }
    )]
    Channels {
        /// Channels that there are figures for.
        found: usize,
        /// Shape of one sample that the network takes.
        input: Vec<usize>,
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
    /// An optimizer's state that is not of these variables, or of another optimizer.
    #[error(
        "{entry} of the optimizer's state is missing, of another shape, or of another network or optimizer"
    )]
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
    /// The system does not have the memory that a kernel or libtorch asked it for.
    #[error(
        "can't allocate memory: {bytes} bytes were asked for; use smaller inputs, fewer samples at once, or a machine \
         with more memory"
    )]
    OutOfMemory {
        /// How many bytes were asked for at once.
        bytes: u64,
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

impl ModelError {
    /// Whether memory that was asked for could not be had, of the processor or of a CUDA device.
    pub fn is_out_of_memory(&self) -> bool {
        match self {
            Self::OutOfMemory { .. } => true,
            // libtorch says it of a CUDA device in words alone.
            Self::Torch(error) => error.to_string().contains("CUDA out of memory"),
            _ => false,
        }
    }
}

impl From<tch::TchError> for ModelError {
    fn from(error: tch::TchError) -> Self {
        if let Some(bytes) = bytes_refused(&error) {
            return Self::OutOfMemory { bytes };
        }
        match carried_setting(&error) {
            Some(setting) => Self::Setting(setting.clone()),
            None => Self::Torch(error),
        }
    }
}

/// A setting that is found to be wrong among libtorch's functions, on its way up through their error type:
/// [`ModelError::from`] takes it out again.
pub(crate) fn carried(setting: SettingError) -> tch::TchError {
    tch::TchError::Io(std::io::Error::other(setting))
}

fn carried_setting(error: &tch::TchError) -> Option<&SettingError> {
    let tch::TchError::Io(carrier) = error else { return None };
    carrier.get_ref()?.downcast_ref()
}

/// As libtorch would say it.
pub(crate) fn out_of_memory(error: OutOfMemory) -> tch::TchError {
    tch::TchError::Torch(error.to_string())
}

/// How many bytes libtorch or a kernel asked for in vain, if that is what the error is about: libtorch says it in words
/// alone.
pub(crate) fn bytes_refused(error: &tch::TchError) -> Option<u64> {
    let tch::TchError::Torch(words) = error else { return None };
    let (_, after) = words.split_once("can't allocate memory: ")?;
    let after = after.strip_prefix("you tried to allocate ").unwrap_or(after);
    after.split(' ').next()?.parse().ok()
}

/// libtorch's words without the C++ stack that follows them.
pub(crate) fn first_line(error: &tch::TchError) -> String {
    if let Some(bytes) = bytes_refused(error) {
        return OutOfMemory { bytes }.to_string();
    }
    error.to_string().lines().next().unwrap_or("no reason given").to_owned()
}

#[cfg(test)]
mod tests {
    use tch::{Device, Kind, TchError, Tensor};

    use super::*;

    /// 2^60 bytes are more than a processor's addresses reach.
    #[test]
    fn memory_that_libtorch_is_refused_is_named_in_one_line() {
        let refused = Tensor::f_empty([1 << 58], (Kind::Float, Device::Cpu)).unwrap_err();
        assert_eq!(first_line(&refused), "can't allocate memory: 1152921504606846976 bytes were asked for");
        let error = ModelError::from(refused);
        assert!(matches!(error, ModelError::OutOfMemory { bytes: 1_152_921_504_606_846_976 }), "{error}");
        assert!(!error.to_string().contains('\n'), "{error}");
        // Through C++ and back, as from the backward pass of a kernel.
        let again = ModelError::from(TchError::Torch(error.to_string()));
        assert_eq!(again.to_string(), error.to_string());
    }

    #[test]
    fn a_kernels_want_of_memory_and_a_carried_setting_arrive_as_they_were() {
        let error = ModelError::from(out_of_memory(OutOfMemory { bytes: 12 }));
        assert!(matches!(error, ModelError::OutOfMemory { bytes: 12 }), "{error}");
        let setting = SettingError::Zero { field: "size", value: "0".to_owned() };
        let error = ModelError::from(carried(setting.clone()));
        assert!(matches!(&error, ModelError::Setting(found) if *found == setting), "{error}");
        assert!(matches!(ModelError::from(TchError::Torch("other".to_owned())), ModelError::Torch(_)));
    }
}
