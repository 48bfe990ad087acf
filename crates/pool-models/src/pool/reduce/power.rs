//! Norms and generalised means: powers, their sum or mean, and the root.
//!
//! The greatest value of each window is divided out before the power and multiplied back after the root: the result is
//! the same, and no power overflows.

use pool_kernels::Reduce;
use pool_spec::Reducer;
use tch::{TchError, Tensor};

use super::log_mean_exp::log_mean_exp;
use crate::pool::context::Number;
use crate::pool::windows::Windows;

/// The least value that a generalised mean takes a power of.
const GEM_FLOOR: f64 = 1e-6;

/// `(sum |x|^p)^(1/p)`. An all-zero window gives 0, and a gradient of 0, as in PyTorch.
pub(super) fn lp(windows: &Windows<'_>, p: f64) -> Result<Tensor, TchError> {
    if p > Reducer::GREATEST_KERNEL_POWER {
        return norm(windows, p);
    }
    windows.by_kernel(Reduce::Lp { p: p as f32 }, None, move |windows| norm(windows, p))
}

fn norm(windows: &Windows<'_>, p: f64) -> Result<Tensor, TchError> {
    let gathered = windows.gather()?;
    let magnitudes = gathered.fill(&gathered.values.f_abs()?, 0.0)?;
    let scale = scale(&magnitudes)?;
    let powers = magnitudes.f_div(&scale)?.f_pow_tensor_scalar(p)?;
    let sum = gathered.sum(&powers)?;
    let zero = sum.f_eq(0.0)?;
    // The root has no derivative at zero: it is taken of 1 there, and the result dropped.
    let root = sum.f_masked_fill(&zero, 1.0)?.f_pow_tensor_scalar(1.0 / p)?;
    root.f_mul(&scale.f_squeeze_dim(-1)?)?.f_masked_fill(&zero, 0.0)
}

/// `(mean max(x, 1e-6)^p)^(1/p)`.
pub(super) fn gem(windows: &Windows<'_>, p: &Number) -> Result<Tensor, TchError> {
    match p {
        Number::Given(p) if (1.0..=Reducer::GREATEST_KERNEL_POWER).contains(p) => {
            let (clipped, p) = (windows.input().f_clamp_min(GEM_FLOOR)?, *p);
            let mean = Reduce::PowerMean { p: p as f32 };
            windows.over(&clipped).by_kernel(mean, None, move |windows| mean_of_powers(windows, p))
        }
        // The same as the exponential of a log-mean-exp of logarithms, which loses no digit where p is near 0; and
        // libtorch's power of two tensors takes ten times as long.
        Number::Given(_) | Number::Learned(_) => {
            let logarithms = windows.input().f_clamp_min(GEM_FLOOR)?.f_log()?;
            log_mean_exp(&windows.over(&logarithms), p)?.f_exp()
        }
    }
}

/// Of values that are no less than [`GEM_FLOOR`].
fn mean_of_powers(windows: &Windows<'_>, p: f64) -> Result<Tensor, TchError> {
    let gathered = windows.gather()?;
    // What no window sees is filled although the mean leaves it out: its power might overflow.
    let values = gathered.fill(&gathered.values, GEM_FLOOR)?;
    let scale = scale(&values)?;
    let powers = values.f_div(&scale)?.f_pow_tensor_scalar(p)?;
    gathered.mean(&powers)?.f_pow_tensor_scalar(1.0 / p)?.f_mul(&scale.f_squeeze_dim(-1)?)
}

/// The greatest value of each window, `[N, C, output..., 1]`, as a constant: what is divided out and multiplied back
/// has no gradient. 1 where it is zero or infinite.
pub(super) fn scale(values: &Tensor) -> Result<Tensor, TchError> {
    let _no_gradient = tch::no_grad_guard();
    let greatest = values.f_amax([-1i64].as_slice(), true)?;
    let no_scale = greatest.f_eq(0.0)?.f_logical_or(&greatest.f_isinf()?)?;
    greatest.f_masked_fill(&no_scale, 1.0)
}
