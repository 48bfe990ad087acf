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
    let weights = scores.f_softmax(-1, None)?;
    // 0 times minus infinity would be NaN.
    let values = gathered.values.f_masked_fill(&weights.f_eq(0.0)?, 0.0)?;
    weights.f_mul(&values)?.f_sum_dim_intlist([-1i64].as_slice(), false, None)
}
