//! Attention pooling with one learned query.

use tch::{TchError, Tensor};

use super::soft::{relative_weights, weighted_mean};
use crate::pool::context::Context;
use crate::pool::windows::Windows;

/// `sum softmax(query . x / sqrt(C)) x` over all places, which one window holds.
pub(super) fn attention(windows: &Windows<'_>, context: &Context<'_>) -> Result<Tensor, TchError> {
    let channels = windows.input().size()[1] as f64;
    let gathered = windows.gather()?;
    // What a mask hides may be no number at all.
    let values = gathered.fill(&gathered.values, 0.0)?;
    let query = context.per_channel("query", windows)?.f_unsqueeze(-1)?;
    let scores = values.f_mul(&query)?.f_sum_dim_intlist([1i64].as_slice(), true, None)?;
    let scores = scores.f_div_scalar(channels.sqrt())?;
    weighted_mean(&values, &relative_weights(&gathered.fill(&scores, f64::NEG_INFINITY)?)?)
}
