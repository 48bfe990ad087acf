//! Log-mean-exp.

use pool_kernels::Reduce;
use tch::{TchError, Tensor};

use crate::pool::context::Number;
use crate::pool::windows::Windows;

/// `(logsumexp(r x) - ln n) / r`, computed as `(m + ln(1 + mean(exp(z - m) - 1))) / r` with `z = r x` and `m = max z`:
/// no exponential overflows, and for `r` near zero no digit is lost.
pub(super) fn log_mean_exp(windows: &Windows<'_>, r: &Number) -> Result<Tensor, TchError> {
    let scaled = match r {
        Number::Given(r) => windows.input().f_mul_scalar(*r)?,
        Number::Learned(r) => windows.input().f_mul(r)?,
    };
    let level = windows.over(&scaled).by_kernel(Reduce::LogMeanExp, None, unscaled)?;
    match r {
        Number::Given(r) => level.f_div_scalar(*r),
        Number::Learned(r) => level.f_div(r),
    }
}

/// With `r = 1`.
fn unscaled(windows: &Windows<'_>) -> Result<Tensor, TchError> {
    let gathered = windows.gather()?;
    // What no window sees is filled although the mean leaves it out: its exponential might overflow.
    let scaled = gathered.fill(&gathered.values, f64::NEG_INFINITY)?;
    let greatest = {
        // The result does not depend on it, so neither does the gradient.
        let _no_gradient = tch::no_grad_guard();
        let greatest = scaled.f_amax([-1i64].as_slice(), true)?;
        greatest.f_masked_fill(&greatest.f_isinf()?, 0.0)?
    };
    let growth = gathered.mean(&scaled.f_sub(&greatest)?.f_expm1()?)?.f_log1p()?;
    growth.f_add(&greatest.f_squeeze_dim(-1)?)
}
