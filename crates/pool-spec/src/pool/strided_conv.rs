//! A strided convolution in place of pooling (Springenberg et al., "Striving for Simplicity: The All Convolutional
//! Net", 2015).

use serde::{Deserialize, Serialize};

use super::{Padding, Window};
use crate::{Activation, Extent};

/// A convolution with as many output as input channels, Glorot-uniform weights and zero biases, whose stride does the
/// pooling.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StridedConv {
    /// Entries of the kernel along each spatial axis.
    pub size: Extent,
    /// Steps between kernel positions; the size where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stride: Option<Extent>,
    /// What happens at the edges; padded cells are zero.
    #[serde(default, skip_serializing_if = "Padding::is_valid")]
    pub padding: Padding,
    /// Applied to the output; the paper uses `relu`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activation: Option<Activation>,
}

impl StridedConv {
    /// A kernel of `size` that moves by its own size, without padding or activation.
    pub fn new(size: impl Into<Extent>) -> Self {
        Self { size: size.into(), stride: None, padding: Padding::Valid, activation: None }
    }

    /// Moves by `stride` instead of by the kernel's size.
    #[must_use]
    pub fn stride(self, stride: impl Into<Extent>) -> Self {
        Self { stride: Some(stride.into()), ..self }
    }

    /// Pads the edges with zeros.
    #[must_use]
    pub fn padding(self, padding: Padding) -> Self {
        Self { padding, ..self }
    }

    /// Applies `activation` to the output.
    #[must_use]
    pub fn activation(self, activation: Activation) -> Self {
        Self { activation: Some(activation), ..self }
    }

    /// The kernel's windows.
    pub fn window(&self) -> Window {
        let stride = self.stride.clone().unwrap_or_else(|| self.size.clone());
        Window::new(self.size.clone()).stride(stride).padding(self.padding.clone())
    }
}

impl<S: Into<Extent>> From<S> for StridedConv {
    fn from(size: S) -> Self {
        Self::new(size)
    }
}
