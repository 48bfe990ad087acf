//! Pooling layers for libtorch, and small networks described as data.
//!
//! - A [`Pool`] is a value: a [`Geometry`] (which windows exist) and a [`Reducer`] (how a window becomes one value).
//!   It knows its output shape without making a tensor, reads and writes as TOML, and pools inputs of one, two or
//!   three spatial axes.
//! - A [`Sequential`] is a list of [`Layer`]s. [`Sequential::infer`] gives every shape and cost,
//!   [`Sequential::summary`] the table that Keras users know, [`Sequential::build`] a [`Net`] that trains.
//!
//! ```
//! use pool_models::{Conv2d, Dense, Dropout, Flatten, Mode, Pool, Sequential};
//! use tch::{Device, Kind, Tensor, nn};
//!
//! let model = Sequential::new([1, 28, 28])
//!     .add(Conv2d::new(32, 5).relu())
//!     .add(Pool::max(2)) // Keras: model.add(MaxPooling2D(pool_size=(2, 2)))
//!     .add(Dropout::new(0.2))
//!     .add(Flatten)
//!     .add(Dense::new(128).relu())
//!     .add(Dense::new(10));
//! assert_eq!(model.infer()?.parameters(), 592_074);
//!
//! let weights = nn::VarStore::new(Device::Cpu);
//! let net = model.build(&weights.root())?;
//! let images = Tensor::zeros([200, 1, 28, 28], (Kind::Float, Device::Cpu));
//! assert_eq!(net.forward(&images, Mode::Inference)?.size(), [200, 10]);
//! # Ok::<(), pool_models::ModelError>(())
//! ```
//!
//! The one decision: a network is data until it is built. Shapes, parameters and memory of a hundred candidate
//! networks are known, and impossible ones refused, before the first tensor exists; the size of the first dense layer
//! is inferred, so that changing a pooling layer is changing one value.

mod apply;
mod catalogue;
mod convolution;
mod cost;
mod error;
mod extent;
#[cfg(feature = "files")]
pub mod files;
mod init;
pub mod keras;
mod layer;
mod layer_facts;
mod layer_names;
mod net;
mod objective;
mod pool;
#[cfg(test)]
mod reference_network;
mod sequential;
mod summary;
mod weights;

pub use apply::{Application, Applied};
pub use catalogue::{Elsewhere, Example, Operator, OperatorKind, catalogue, catalogue_markdown};
pub use error::{ModelError, SettingError, SpellingError};
pub use extent::Extent;
pub use layer::{Activation, BatchNorm, Conv, Conv1d, Conv2d, Conv3d, Dense, Dropout, Flatten, Layer};
pub use net::{Mode, Net};
pub use objective::{count_errors, cross_entropy, predicted_classes};
pub use pool::{
    Blur, BlurReduce, Fractional, FractionalEvaluation, FractionalRegions, FractionalSequence,
    FractionalSize, Geometry, Learned, OpenExtent, Padding, Pool, PoolLayer, Reducer, StridedConv, Window,
    max_unpool,
};
pub use sequential::{Inferred, InferredLayer, Sequential};
pub use weights::{load_weights, save_weights};
