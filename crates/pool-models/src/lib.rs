//! Pooling layers for libtorch, and small networks described as data.
//!
//! - A [`Pool`] is a value: a [`Geometry`] (which windows exist) and a [`Reducer`] (how a window becomes one value), or
//!   one of the few layers that are both at once. It knows its output shape and cost without making a tensor, reads and
//!   writes as TOML, and pools inputs of one, two or three spatial axes.
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
//!
//! # A pooling layer by itself
//!
//! A layer that learns nothing pools at once. One that learns, or draws random numbers in training, is built first, for
//! samples of one shape and from one seed:
//!
//! ```
//! use pool_models::{Learned, Mode, Pool, Reducer};
//! use tch::{Device, Kind, Tensor, nn};
//!
//! let sound = Tensor::rand([8, 2, 100], (Kind::Float, Device::Cpu));
//! assert_eq!(Pool::avg(4).forward(&sound)?.size(), [8, 2, 25]);
//!
//! let weights = nn::VarStore::new(Device::Cpu);
//! let gem = Pool::window(Reducer::Gem { p: 3.0, learned: Learned::Channel }, 4);
//! let layer = gem.build(&[2, 100], 0, &weights.root())?;
//! assert_eq!(layer.forward(&sound, Mode::Training)?.size(), [8, 2, 25]);
//! # Ok::<(), pool_models::ModelError>(())
//! ```
//!
//! The same layers as a sweep file, a command line or Rust write them:
//!
//! ```
//! use pool_models::{Padding, Pool, Reducer, Window};
//!
//! let overlapping = Window::new(3).stride(2).padding(Padding::Same);
//! for (text, pool) in [
//!     ("max", Pool::max(2)),
//!     (r#"{ reduce = "avg", size = 3, stride = 2, padding = "same" }"#, Pool::avg(overlapping)),
//!     (r#"{ reduce = "max", adaptive = [7, "same"] }"#, Pool::adaptive(Reducer::Max, [Some(7), None])),
//!     (r#"{ reduce = { lp = { p = 3.0 } }, global = true }"#, Pool::global(Reducer::Lp { p: 3.0 })),
//!     (r#"{ strided_conv = { size = 2 } }"#, Pool::strided_conv(2)),
//! ] {
//!     assert_eq!(text.parse(), Ok(pool));
//! }
//! ```
//!
//! [`save_weights`] and [`load_weights`] keep a network's weights as safetensors; [`save_torchscript`] writes the network
//! itself, for Python and C++.
//!
//! [`keras`] has the same layers by Keras's names, [`max_unpool`] undoes a maximum, and [`Pool::forward_masked`] pools
//! sequences of different lengths.
//!
//! # Choosing an operator
//!
//! `docs/operators.md`, which is made from [`catalogue`], has every formula, gradient, cost and source. In short:
//!
//! | you want | take |
//! |---|---|
//! | the usual, and the cheapest | [`Reducer::Max`], [`Reducer::Avg`] over windows of 2 |
//! | something between them | [`Reducer::AvgMax`], [`Reducer::Mixed`], [`Reducer::Lse`], [`Reducer::Soft`], [`Reducer::Gem`] |
//! | the network to decide | `learned` in `Gem`, `Lse` and `Mixed`; [`Reducer::Gated`], [`Reducer::Tree`], [`Reducer::Lip`]; [`StridedConv`] |
//! | robustness to outliers | [`Reducer::Median`] |
//! | robustness to small shifts | [`Blur`] |
//! | regularisation | [`Reducer::Stochastic`], [`Reducer::RandomMixed`], [`Reducer::S3`], [`Fractional`] in training |
//! | inputs of any size, an output of one | [`Geometry::Global`], [`Geometry::Adaptive`], [`Geometry::Pyramid`], [`Reducer::Attention`] |
//! | to shrink by less than a half | [`Geometry::Fractional`], [`Pool::Spectral`], overlapping windows |
//! | a linear map without aliasing | [`Pool::Haar`], [`Pool::Spectral`], [`Blur`] of the average |
//!
//! # Adding your own
//!
//! A new reducer is a variant of [`Reducer`] with the rows that the compiler then asks for, one function from windows to
//! values, and one row in the tests; `docs/adding-an-operator.md` goes through it. Values, gradients, shapes, costs,
//! spelling, seeds and special values of every reducer in the catalogue are tested without further ado.

mod apply;
mod constant;
mod conv_block;
mod error;
#[cfg(feature = "files")]
pub mod files;
mod init;
mod kernel_times;
mod layers;
mod libtorch;
mod native;
mod net;
mod normalization;
mod objective;
mod optimizer;
mod pixel_scale;
mod pool;
mod predictor;
mod torchscript;
mod weights;
mod wiring;

pub use pool_kernels::UnknownIsa;
pub use pool_spec::{
    Activation, AdamSettings, BatchNorm, Blur, BlurReduce, BranchInput, BuiltInNetwork, ChannelStatistics,
    Conv, Conv1d, Conv2d, Conv3d, ConvChange, Decay, Dense, Dropout, Elsewhere, Example, Extent, FillError,
    Filling, FillingLayer, Fillings, Flatten, Fractional, FractionalEvaluation, FractionalRegions,
    FractionalSequence, FractionalSize, Geometry, Inferred, InferredLayer, Join, Kernels, Layer, LayerCost,
    LayerInput, Learned, NetworkError, NetworkTemplate, OpenExtent, Operator, OperatorKind, OptimizerSpec,
    Padding, Parallel, Pool, PoolTensor, Precision, Reducer, Sequential, SettingError, SgdSettings, Site,
    SpaceToDepth, SpellingError, StridedConv, UpdateRule, VariablePath, Window, catalogue,
    catalogue_markdown, keras,
};

pub use apply::{Application, Applied};
pub use error::ModelError;
pub use kernel_times::{BlockTimes, BlockWay, block_times};
pub use libtorch::{Libtorch, check_instructions, describe_kernels, has_fast_bf16};
pub use net::{Mode, Net};
pub use normalization::Normalization;
pub use objective::{
    PredictedProbabilities, class_probabilities, count_errors, cross_entropy, predicted_classes,
    predicted_probabilities, smoothed_cross_entropy,
};
pub use optimizer::Optimizer;
pub use pixel_scale::PixelScale;
pub use pool::{PoolLayer, max_unpool};
pub use predictor::Predictor;
pub use torchscript::save_torchscript;
pub use weights::{
    WeightsError, load_tensors, load_weights, save_normalized_weights, save_tensors, save_weights,
};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
