//! Convolution over one, two or three spatial axes.

use serde::{Deserialize, Serialize};

use super::activation::{linear_outputs, linear_reads};
use super::describe::{BackwardReads, Describe, LayerShape, check_positive};
use crate::pool::split_channels;
use crate::reading::{is_true, whole, yes};
use crate::sizes::count;
use crate::{Activation, Extent, Padding, ResolvedWindow, SettingError, Window};

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
    /// Steps between the entries of a kernel; 1 is a kernel without holes.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub dilation: Extent,
    /// Groups of channels that are convolved by themselves: each filter sees the input channels of its group alone. As
    /// many groups as input channels make a depthwise convolution.
    #[serde(default = "one_group", deserialize_with = "whole::<1, { u64::MAX }, _, _>")]
    #[serde(skip_serializing_if = "is_one_group")]
    pub groups: usize,
    /// Whether each filter adds a number of its own; of no use before batch normalisation.
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub bias: bool,
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

fn is_one(extent: &Extent) -> bool {
    *extent == one()
}

fn one_group() -> usize {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields by reference")]
fn is_one_group(groups: &usize) -> bool {
    *groups == 1
}

impl<const RANK: usize> Conv<RANK> {
    /// `filters` output channels and a `kernel` that moves by 1, with biases, without padding or activation.
    pub fn new(filters: usize, kernel: impl Into<Extent>) -> Self {
        Self {
            filters,
            kernel: kernel.into(),
            stride: one(),
            padding: Padding::Valid,
            dilation: one(),
            groups: 1,
            bias: true,
            activation: None,
        }
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

    /// Spreads the entries of the kernel.
    #[must_use]
    pub fn dilation(mut self, dilation: impl Into<Extent>) -> Self {
        self.dilation = dilation.into();
        self
    }

    /// Convolves `groups` groups of channels by themselves.
    #[must_use]
    pub fn groups(mut self, groups: usize) -> Self {
        self.groups = groups;
        self
    }

    /// Leaves the biases out.
    #[must_use]
    pub fn without_bias(mut self) -> Self {
        self.bias = false;
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

    /// The kernel's windows over one input sample `[channels, spatial...]`.
    ///
    /// # Errors
    /// A setting that does not fit the input.
    pub fn windows(&self, input: &[usize]) -> Result<Vec<ResolvedWindow>, SettingError> {
        match split_channels(input) {
            Ok((_, spatial)) if spatial.len() == RANK => {
                let window = Window::new(self.kernel.clone())
                    .stride(self.stride.clone())
                    .dilation(self.dilation.clone())
                    .padding(self.padding.clone());
                window.resolve("kernel", spatial)
            }
            _ => Err(SettingError::InputShape {
                expected: [
                    "[channels, length]",
                    "[channels, height, width]",
                    "[channels, depth, height, width]",
                ][RANK - 1],
                found: input.to_vec(),
                cure: "",
            }),
        }
    }
}

impl<const RANK: usize> Conv<RANK> {
    /// Refuses groups that would not all be of one size.
    fn check_groups(&self, channels: usize) -> Result<(), SettingError> {
        check_positive("groups", self.groups)?;
        if channels.is_multiple_of(self.groups) && self.filters.is_multiple_of(self.groups) {
            return Ok(());
        }
        let rule = format!(
            "must divide the {channels} input channels and the {} filters; choose another number",
            self.filters
        );
        Err(SettingError::Rule { field: "groups", value: self.groups.to_string(), rule })
    }
}

impl<const RANK: usize> Describe for Conv<RANK> {
    fn base_name(&self, _: usize) -> String {
        format!("conv{RANK}d")
    }

    fn shape(&self, input: &[usize]) -> Result<LayerShape, SettingError> {
        let (channels, _) = split_channels(input)?;
        check_positive("filters", self.filters)?;
        self.check_groups(channels)?;
        let axes = self.windows(input)?;
        let kernel = axes.iter().map(|axis| axis.size);
        let weights = count("weights", [channels / self.groups, self.filters].into_iter().chain(kernel))?;
        let positions = count("output positions", axes.iter().map(|axis| axis.output))?;
        Ok(LayerShape {
            output: std::iter::once(self.filters).chain(axes.iter().map(|axis| axis.output)).collect(),
            parameters: weights + if self.bias { self.filters as u64 } else { 0 },
            fixed_parameters: 0,
            multiply_adds: weights.saturating_mul(positions),
        })
    }

    fn backward_reads(&self, _: &[usize], output: &[usize]) -> BackwardReads {
        linear_reads(self.activation, output)
    }

    fn output_tensors(&self) -> u64 {
        linear_outputs(self.activation)
    }
}
