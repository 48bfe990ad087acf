//! SoftPool.

use pool_kernels::Reduce;
use tch::{TchError, Tensor};

use crate::pool::windows::Windows;

/// `sum softmax(beta x) x`. The softmax subtracts the greatest value first, so that large inputs do not overflow. A
/// value of minus infinity has no weight; a window that sees plus infinity or NaN gives NaN.
pub(super) fn soft(windows: &Windows<'_>, beta: f64) -> Result<Tensor, TchError> {
    windows.by_kernel(Reduce::Soft { beta: beta as f32 }, None, move |windows| weighted(windows, beta))
}

fn weighted(windows: &Windows<'_>, beta: f64) -> Result<Tensor, TchError> {
    let gathered = windows.gather()?;
    let scores = gathered.fill(&gathered.values.f_mul_scalar(beta)?, f64::NEG_INFINITY)?;
    let weights = relative_weights(&scores)?;
    // 0 times minus infinity would be NaN.
    let values = gathered.values.f_masked_fill(&weights.f_eq(0.0)?, 0.0)?;
    weighted_mean(&values, &weights)
}

/// The softmax of `[..., K]` scores over the last axis, without its division. libtorch's own softmax adds the exponentials of
/// large windows one after another, and loses digits.
pub(super) fn relative_weights(scores: &Tensor) -> Result<Tensor, TchError> {
    let greatest = {
        // Neither a mean nor its gradient depends on what all weights are divided by.
        let _no_gradient = tch::no_grad_guard();
        scores.f_amax([-1i64].as_slice(), true)?
    };
    scores.f_sub(&greatest)?.f_exp()
}

/// The mean over the last axis.
pub(super) fn weighted_mean(values: &Tensor, weights: &Tensor) -> Result<Tensor, TchError> {
    let sum = |tensor: &Tensor| tensor.f_sum_dim_intlist([-1i64].as_slice(), false, None);
    sum(&values.f_mul(weights)?)?.f_div(&sum(weights)?)
}
