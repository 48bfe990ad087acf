//! What a pooling layer, a network, a trial and a sweep are: plain data and arithmetic, without a tensor.
//!
//! - A [`Pool`] is a pooling layer: a [`Geometry`] (which windows exist) and a [`Reducer`] (how a window becomes one
//!   value), or one of the few layers that are both at once. It knows its output shape, its parameters and its cost, and
//!   reads and writes as TOML. [`catalogue`] lists all of them with formulas, costs and sources.
//! - A [`Sequential`] is a network: a list of [`Layer`]s, some of which may be branches ([`Parallel`]). [`Sequential::infer`] gives every shape, parameter and kept
//!   tensor; [`Inferred::steps`] says which layers are computed as one.
//! - A [`Sweep`] is a checked sweep file; [`Sweep::plan`] expands it into a [`Plan`]: a [`TrialSpec`] for every arm and
//!   seed, a [`CostSpec`] for every arm.
//!
//! ```
//! use pool_spec::{Conv2d, Dense, Dropout, Flatten, Pool, Sequential};
//!
//! let pool: Pool = r#"{ reduce = "avg", size = 3, stride = 2, padding = "same" }"#.parse()?;
//! assert_eq!(pool.output_shape(&[32, 24, 24])?, [32, 12, 12]);
//!
//! let network = Sequential::new([1, 28, 28])
//!     .add(Conv2d::new(32, 5).relu())
//!     .add(pool)
//!     .add(Dropout::new(0.2))
//!     .add(Flatten)
//!     .add(Dense::new(10));
//! let inferred = network.infer()?;
//! assert_eq!(inferred.parameters(), 832 + 46_090);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The one decision: what is asked for is known before anything is computed. Shapes, parameters and memory of a hundred
//! candidate networks, and the impossible ones among them, are known in milliseconds, in a program that links no tensor
//! library; every crate that computes, runs or reports has the same types.
//!
//! Computing is elsewhere: pool-models implements [`PoolTensor`] and [`VariablePath`] for libtorch.

mod augmentation;
mod backend;
mod catalogue;
mod claim;
mod class_images;
mod comparison_spec;
mod computing;
mod data_remarks;
mod data_source;
mod data_spec;
mod device;
pub mod draw;
mod extent;
pub mod keras;
mod layer_cost;
mod layers;
mod network;
mod normalization;
mod optimizer;
mod perturbation;
mod pictures;
mod plan;
mod pool;
mod public_set;
pub mod reading;
mod recipe;
#[cfg(test)]
mod reference_network;
mod reported;
mod schedule;
mod setting_error;
pub mod sizes;
mod split;
mod steps;
mod summary;
mod sweep;
mod tuning;

pub use augmentation::{Augmentation, Flip};
pub use backend::{PoolTensor, VariablePath};
pub use catalogue::{Elsewhere, Example, Operator, OperatorKind, catalogue, catalogue_markdown};
pub use claim::{Claim, ClaimTest, Metric, MetricUnit};
pub use class_images::ClassImages;
pub use comparison_spec::ComparisonSpec;
pub use computing::{Kernels, Precision};
pub use data_remarks::{DataRemarks, SkippedFile};
pub use data_source::DataSource;
pub use data_spec::{DataFacts, DataSpec, EvaluationSpec, ImageCounts, Perturbations};
pub use device::{ComputeDevice, DeviceChoice, UnknownDevice};
pub use extent::Extent;
pub use layer_cost::{KeptTensor, LastReader, LayerCost};
pub use layers::{
    Activation, BatchNorm, BranchInput, Conv, Conv1d, Conv2d, Conv3d, Dense, Dropout, Flatten, Join, Layer,
    Parallel, SpaceToDepth,
};
pub use network::{Inferred, InferredLayer, LayerInput, NetworkError, Sequential};
pub use normalization::{ChannelStatistics, Normalize};
pub use optimizer::{AdamSettings, Decay, OptimizerSpec, SgdSettings, UpdateRule};
pub use perturbation::PerturbationKind;
pub use pictures::{Colour, PictureSettings, PictureSize, Resize, Unreadable};
pub use plan::{
    ArmEstimate, CostSpec, DrawnArms, GoingOn, Identified, Measurement, Plan, PlanFile, Rung, SearchPlan,
    Selection, SweepEstimate, Task, TaskSpec, Trial, TrialSpec, UnknownArm, one_per_arm,
};
pub use pool::{
    Blur, BlurReduce, Fractional, FractionalEvaluation, FractionalRegions, FractionalSequence,
    FractionalSize, Geometry, Learned, OpenExtent, Padding, Parameter, Pool, Reducer, ResolvedWindow,
    SpellingError, Start, StridedConv, Window,
};
pub use public_set::{PublicSet, UnknownSet};
pub use recipe::{EarlyStopping, Monitor, TrainSpec};
pub use reported::Reported;
pub use schedule::{Schedule, StepSchedule, StepSizes};
pub use setting_error::SettingError;
pub use split::Split;
pub use steps::{BlockReduce, ConvBlock, Step};
pub use sweep::{
    Arm, ArmOverrides, BuiltInNetwork, ConvChange, FillError, Filling, FillingLayer, Fillings,
    NetworkTemplate, Site, Sweep, SweepError,
};
pub use tuning::{SettingTrial, Tuning};

/// The windows of a layer, resolved for one input: what an implementation of the layers computes over.
pub mod windows {
    pub use crate::pool::{
        AxisCells, Cells, EvenRun, ResolvedWindow, haar_windows, parameters, split_channels,
    };
}

/// How much memory one layer may take.
pub mod memory_limit {
    pub use crate::pool::{MOST_BYTES, check_gathered, check_output, check_padded, gathered_bytes, product};
}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
