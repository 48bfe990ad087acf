//! A strided convolution in place of pooling (Springenberg et al., "Striving for Simplicity: The All Convolutional
//! Net", 2015).

use pool_spec::StridedConv;
use tch::Tensor;

use super::context::Context;
use crate::ModelError;
use crate::layers::activation::activate;
use crate::layers::conv::convolve;

/// `[N, C, spatial...]` to `[N, C, output...]`.
pub(super) fn forward(
    conv: &StridedConv,
    input: &Tensor,
    context: &Context<'_>,
) -> Result<Tensor, ModelError> {
    let (weight, bias) = (context.variable("weight", input)?, context.variable("bias", input)?);
    Ok(activate(convolve(input, &weight, Some(&bias), &context.plan.convolution, 1)?, conv.activation)?)
}
