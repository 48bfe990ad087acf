//! Local importance pooling.

use tch::{TchError, Tensor};

use crate::pool::context::Context;
use crate::pool::windows::Windows;

/// The authors' bound of a logit: weights differ by at most `exp(12)`, and no exponential overflows.
const GREATEST_LOGIT: f64 = 12.0;
const EPSILON: f64 = 1e-5;

/// `mean(w x) / mean(w)` with `w = exp(12 sigmoid(instance_norm(projection x)))`.
pub(super) fn local_importance(windows: &Windows<'_>, context: &Context<'_>) -> Result<Tensor, TchError> {
    let input = windows.input();
    let variable = |name| context.variable(name, windows.input());
    // A convolution with a kernel of 1 is a product over the channels alone, whatever the rank.
    let projected =
        variable("projection")?.f_matmul(&input.f_flatten(2, -1)?)?.f_unflatten(2, &input.size()[2..])?;
    // Instance normalisation is group normalisation with one channel per group.
    let groups = input.size()[1];
    let (scale, shift) = (variable("scale")?, variable("shift")?);
    let normalised = projected.f_group_norm(groups, Some(&scale), Some(&shift), EPSILON, false)?;
    let weights = normalised.f_sigmoid()?.f_mul_scalar(GREATEST_LOGIT)?.f_exp()?;
    windows.over(&input.f_mul(&weights)?).mean()?.f_div(&windows.over(&weights).mean()?)
}
