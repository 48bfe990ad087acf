//! A strided convolution in place of pooling (Springenberg et al., "Striving for Simplicity: The All Convolutional
//! Net", 2015).

use serde::{Deserialize, Serialize};
use tch::Tensor;

use super::built::Context;
use super::{Padding, Window, sample_of};
use crate::convolution::{activate, convolve};
use crate::{Activation, Extent, ModelError};

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

    /// The kernel's windows.
    pub(crate) fn window(&self) -> Window {
        Window {
            stride: self.stride.clone().unwrap_or_else(|| self.size.clone()),
            padding: self.padding.clone(),
            ..Window::new(self.size.clone())
        }
    }
}

/// `[N, C, spatial...]` to `[N, C, output...]`.
pub(super) fn forward(
    conv: &StridedConv,
    input: &Tensor,
    context: &Context<'_>,
) -> Result<Tensor, ModelError> {
    let axes = conv.window().resolve("size", &sample_of(input)[1..])?;
    let (weight, bias) = (context.variable("weight", input)?, context.variable("bias", input)?);
    Ok(activate(convolve(input, &weight, &bias, &axes)?, conv.activation)?)
}
