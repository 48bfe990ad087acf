//! Mixtures of maximum and average.

use tch::{TchError, Tensor};

use crate::Mode;
use crate::pool::context::Context;
use crate::pool::windows::Windows;

/// `alpha max + (1 - alpha) avg`.
pub(super) fn mixed(windows: &Windows<'_>, alpha: f64) -> Result<Tensor, TchError> {
    windows.max()?.f_mul_scalar(alpha)?.f_add(&windows.mean()?.f_mul_scalar(1.0 - alpha)?)
}

/// The same with `alpha = sigmoid(logit)`.
pub(super) fn learned(windows: &Windows<'_>, logit: &Tensor) -> Result<Tensor, TchError> {
    share(windows, &logit.f_sigmoid()?)
}

/// The same with `alpha = sigmoid(gate . x)`, a share of its own for each window.
pub(super) fn gated(windows: &Windows<'_>, gate: &Tensor) -> Result<Tensor, TchError> {
    let gathered = windows.gather()?;
    share(windows, &gathered.sum(&gathered.values.f_mul(gate)?)?.f_sigmoid()?)
}

/// In training each sample and channel takes the maximum or the average; in prediction the mean of both.
pub(super) fn random(windows: &Windows<'_>, context: &Context<'_>) -> Result<Tensor, TchError> {
    match context.mode {
        Mode::Inference => mixed(windows, 0.5),
        Mode::Training => {
            let mut shape = windows.input().size();
            shape[2..].fill(1);
            let takes_max =
                context.random.uniform(&shape)?.f_lt(0.5)?.f_to_device(windows.input().device())?;
            windows.max()?.f_where_self(&takes_max, &windows.mean()?)
        }
    }
}

/// Averages first, then maxima, as twice the channels.
pub(super) fn concatenated(windows: &Windows<'_>) -> Result<Tensor, TchError> {
    Tensor::f_cat(&[windows.mean()?, windows.max()?], 1)
}

/// `share max + (1 - share) avg`, in the form that takes one product.
fn share(windows: &Windows<'_>, share: &Tensor) -> Result<Tensor, TchError> {
    let mean = windows.mean()?;
    windows.max()?.f_sub(&mean)?.f_mul(share)?.f_add(&mean)
}
