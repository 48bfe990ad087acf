//! From the values of each window to one value: one function per reducer, one file per family.

mod attention;
mod lip;
mod log_mean_exp;
mod mixtures;
mod order;
mod power;
mod s3;
mod soft;
mod stochastic;
mod tree;

use pool_spec::{Learned, Reducer};
use tch::{TchError, Tensor};

use super::context::Context;
use super::windows::Windows;

/// `[N, C, output...]`, or `[N, 2C, output...]` where the reducer joins two.
pub(super) fn reduce(
    reducer: &Reducer,
    windows: &Windows<'_>,
    context: &Context<'_>,
) -> Result<Tensor, TchError> {
    match *reducer {
        Reducer::Max => windows.max(),
        Reducer::Avg => windows.mean(),
        Reducer::Min => order::min(windows),
        Reducer::Median => order::median(windows),
        Reducer::Lp { p } => power::lp(windows, p),
        Reducer::Gem { p, learned } => power::gem(windows, &context.number("p", p, learned, windows)?),
        Reducer::Lse { r, learned } => {
            log_mean_exp::log_mean_exp(windows, &context.number("r", r, learned, windows)?)
        }
        Reducer::Soft { beta } => soft::soft(windows, beta),
        Reducer::Stochastic => stochastic::stochastic(windows, context),
        Reducer::Mixed { alpha, learned: Learned::No } => mixtures::mixed(windows, alpha),
        Reducer::Mixed { .. } => mixtures::learned(windows, &context.per_channel("logit", windows)?),
        Reducer::Gated => mixtures::gated(windows, &context.variable("gate", windows.input())?),
        Reducer::Tree => tree::tree(windows, context),
        Reducer::RandomMixed => mixtures::random(windows, context),
        Reducer::AvgMax => mixtures::mixed(windows, 0.5),
        Reducer::CatAvgMax => mixtures::concatenated(windows),
        Reducer::Lip => lip::local_importance(windows, context),
        Reducer::Attention => attention::attention(windows, context),
        Reducer::S3 { grid } => s3::s3(windows, grid, context),
    }
}
