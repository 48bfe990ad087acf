//! The layers of a network, as data: one file for each.

mod activation;
mod batch_norm;
mod conv;
mod dense;
mod describe;
mod dropout;
mod flatten;
mod parallel;
mod pool;
mod space_to_depth;

use serde::{Deserialize, Serialize};

pub use activation::Activation;
pub use batch_norm::BatchNorm;
pub use conv::{Conv, Conv1d, Conv2d, Conv3d};
pub use dense::Dense;
pub(crate) use describe::{BackwardReads, Describe, LayerShape, kept_mask, kept_tensor};
pub use dropout::Dropout;
pub use flatten::Flatten;
pub use parallel::{BranchInput, Join, Parallel};
pub use space_to_depth::SpaceToDepth;

use crate::Pool;

/// A layer, as it stands in a sweep file: `{ conv2d = { filters = 32, kernel = 5, activation = "relu" } }`,
/// `{ dropout = 0.2 }`, `"flatten"`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layer {
    /// Convolution over one spatial axis.
    Conv1d(Conv<1>),
    /// Convolution over two spatial axes.
    Conv2d(Conv<2>),
    /// Convolution over three spatial axes.
    Conv3d(Conv<3>),
    /// Pooling.
    Pool(Pool),
    /// An activation that stands alone, after batch normalisation for example.
    Activation(Activation),
    /// Dropout.
    Dropout(Dropout),
    /// Batch normalisation.
    BatchNorm(BatchNorm),
    /// Blocks of places into channels.
    SpaceToDepth(SpaceToDepth),
    /// Joins all axes except the batch.
    Flatten,
    /// Fully connected.
    Dense(Dense),
    /// Branches of layers.
    Parallel(Parallel),
}

impl Layer {
    /// What every kind of layer answers; [`Parallel`] answers for the joint at its end.
    pub(crate) fn describe(&self) -> &dyn Describe {
        match self {
            Self::Conv1d(conv) => conv,
            Self::Conv2d(conv) => conv,
            Self::Conv3d(conv) => conv,
            Self::Pool(pool) => pool,
            Self::Activation(activation) => activation,
            Self::Dropout(dropout) => dropout,
            Self::BatchNorm(norm) => norm,
            Self::SpaceToDepth(layer) => layer,
            Self::Flatten => &Flatten,
            Self::Dense(dense) => dense,
            Self::Parallel(parallel) => parallel,
        }
    }
}

/// `impl From<Dense> for Layer`, and so on.
macro_rules! layer_from {
    ($($layer:ty => $variant:ident),* $(,)?) => {
        $(impl From<$layer> for Layer {
            fn from(layer: $layer) -> Self {
                Self::$variant(layer)
            }
        })*
    };
}

layer_from! {
    Conv<1> => Conv1d,
    Conv<2> => Conv2d,
    Conv<3> => Conv3d,
    Pool => Pool,
    Activation => Activation,
    Dropout => Dropout,
    BatchNorm => BatchNorm,
    SpaceToDepth => SpaceToDepth,
    Dense => Dense,
    Parallel => Parallel,
}

impl From<Flatten> for Layer {
    fn from(_: Flatten) -> Self {
        Self::Flatten
    }
}
