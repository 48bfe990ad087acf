//! The layers of a network, as data.

use serde::{Deserialize, Serialize};

use crate::reading::whole;
use crate::{Extent, Padding, Pool};

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
    /// All axes but the batch become one.
    Flatten,
    /// Fully connected.
    Dense(Dense),
}

/// An element-wise activation function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// `max(x, 0)`
    Relu,
    /// Hyperbolic tangent.
    Tanh,
    /// `x` where positive, `exp(x) - 1` elsewhere.
    Elu,
    /// `1 / (1 + exp(-x))`
    Sigmoid,
    /// `ln(1 + exp(x))`
    Softplus,
}

/// Convolution over `RANK` spatial axes with Glorot-uniform weights and zero biases. Keras: `Conv2D`; PyTorch:
/// `Conv2d`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conv<const RANK: usize> {
    /// Output channels.
    #[serde(deserialize_with = "whole::<1, { u64::MAX }, _, _>")]
    pub filters: usize,
    /// Entries of the kernel along each spatial axis.
    pub kernel: Extent,
    /// Steps between kernel positions.
    #[serde(default = "one")]
    pub stride: Extent,
    /// What happens at the edges; padded cells are zero.
    #[serde(default)]
    pub padding: Padding,
    /// Applied to the output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activation: Option<Activation>,
}

/// Convolution over one spatial axis.
pub type Conv1d = Conv<1>;
/// Convolution over two spatial axes.
pub type Conv2d = Conv<2>;
/// Convolution over three spatial axes.
pub type Conv3d = Conv<3>;

fn one() -> Extent {
    Extent::All(1)
}

impl<const RANK: usize> Conv<RANK> {
    /// `filters` output channels and a `kernel` that moves by 1, without padding or activation.
    pub fn new(filters: usize, kernel: impl Into<Extent>) -> Self {
        Self { filters, kernel: kernel.into(), stride: one(), padding: Padding::Valid, activation: None }
    }

    /// Moves the kernel by `stride`.
    #[must_use]
    pub fn stride(mut self, stride: impl Into<Extent>) -> Self {
        self.stride = stride.into();
        self
    }

    /// Pads the edges with zeros.
    #[must_use]
    pub fn padding(mut self, padding: Padding) -> Self {
        self.padding = padding;
        self
    }

    /// Applies `activation` to the output.
    #[must_use]
    pub fn activation(mut self, activation: Activation) -> Self {
        self.activation = Some(activation);
        self
    }

    /// Applies [`Activation::Relu`] to the output.
    #[must_use]
    pub fn relu(self) -> Self {
        self.activation(Activation::Relu)
    }
}

/// A fully connected layer with Glorot-uniform weights and zero biases. Keras: `Dense`; PyTorch: `Linear`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dense {
    /// Output features.
    #[serde(deserialize_with = "whole::<1, { u64::MAX }, _, _>")]
    pub units: usize,
    /// Applied to the output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activation: Option<Activation>,
}

impl Dense {
    /// `units` output features, without activation.
    pub fn new(units: usize) -> Self {
        Self { units, activation: None }
    }

    /// Applies `activation` to the output.
    #[must_use]
    pub fn activation(mut self, activation: Activation) -> Self {
        self.activation = Some(activation);
        self
    }

    /// Applies [`Activation::Relu`] to the output.
    #[must_use]
    pub fn relu(self) -> Self {
        self.activation(Activation::Relu)
    }
}

/// In training, sets each entry to zero with probability `rate` and scales the others by `1 / (1 - rate)`
/// (Srivastava et al. 2014).
///
/// On the CPU the masks come from a generator of the layer's own, seeded by seed and layer name, with either
/// implementation ([`Kernels`](crate::Kernels)). On another device libtorch's generator of that device draws them: other
/// masks, which `tch::manual_seed` seeds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Dropout {
    /// Probability in `[0, 1)`.
    pub rate: f64,
}

impl Dropout {
    /// Dropout with this probability in `[0, 1)`.
    pub fn new(rate: f64) -> Self {
        Self { rate }
    }
}

/// Batch normalisation over the channels (Ioffe & Szegedy 2015), with Keras's defaults.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BatchNorm {
    /// How much of the running statistics each step keeps, in `[0, 1)`; PyTorch's momentum is 1 minus this.
    pub momentum: f64,
    /// Added to the variance.
    pub epsilon: f64,
}

impl Default for BatchNorm {
    fn default() -> Self {
        Self { momentum: 0.99, epsilon: 1e-3 }
    }
}

/// Joins all axes of a sample into one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flatten;

impl From<Conv<1>> for Layer {
    fn from(conv: Conv<1>) -> Self {
        Self::Conv1d(conv)
    }
}

impl From<Conv<2>> for Layer {
    fn from(conv: Conv<2>) -> Self {
        Self::Conv2d(conv)
    }
}

impl From<Conv<3>> for Layer {
    fn from(conv: Conv<3>) -> Self {
        Self::Conv3d(conv)
    }
}

impl From<Pool> for Layer {
    fn from(pool: Pool) -> Self {
        Self::Pool(pool)
    }
}

impl From<Activation> for Layer {
    fn from(activation: Activation) -> Self {
        Self::Activation(activation)
    }
}

impl From<Dropout> for Layer {
    fn from(dropout: Dropout) -> Self {
        Self::Dropout(dropout)
    }
}

impl From<BatchNorm> for Layer {
    fn from(norm: BatchNorm) -> Self {
        Self::BatchNorm(norm)
    }
}

impl From<Flatten> for Layer {
    fn from(_: Flatten) -> Self {
        Self::Flatten
    }
}

impl From<Dense> for Layer {
    fn from(dense: Dense) -> Self {
        Self::Dense(dense)
    }
}
