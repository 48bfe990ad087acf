//! Stochastic pooling.

use pool_kernels::Reduce;
use tch::{Kind, TchError, Tensor};

use super::power::scale;
use crate::Mode;
use crate::pool::context::Context;
use crate::pool::windows::{Gathered, Windows};

/// Of `a = max(x, 0)`: in training one value, drawn with probability `a / sum a`; in prediction `sum a^2 / sum a`.
/// Zero where all of `a` is. A window that sees NaN or infinity gives NaN.
pub(super) fn stochastic(windows: &Windows<'_>, context: &Context<'_>) -> Result<Tensor, TchError> {
    match context.mode {
        Mode::Training => {
            let input = windows.input();
            let output = windows.cells().output();
            let shape: Vec<i64> =
                input.size()[..2].iter().copied().chain(output.iter().map(|&size| size as i64)).collect();
            let draws = context.random.uniform(&shape)?.f_to_device(input.device())?;
            let plain_draws = draws.shallow_clone();
            windows.by_kernel(Reduce::Sampled, Some(draws), move |windows| sampled(windows, &plain_draws))
        }
        Mode::Inference => windows.by_kernel(Reduce::StochasticMean, None, expected),
    }
}

fn activations(gathered: &Gathered) -> Result<Tensor, TchError> {
    gathered.fill(&gathered.values.f_relu()?, 0.0)
}

/// The draw `u` picks the first cell at which the running sum exceeds `u` times the whole.
fn sampled(windows: &Windows<'_>, draws: &Tensor) -> Result<Tensor, TchError> {
    let activations = activations(&windows.gather()?)?;
    let (picked, total) = {
        let _no_gradient = tch::no_grad_guard();
        let running = activations.f_cumsum(-1, Kind::Double)?;
        let total = running.f_slice(-1, -1, None, 1)?;
        let beyond = running.f_gt_tensor(&draws.f_unsqueeze(-1)?.f_mul(&total)?)?;
        (beyond.f_to_kind(Kind::Int8)?.f_argmax(-1, true)?, total)
    };
    let value = activations.f_gather(-1, &picked, false)?.f_squeeze_dim(-1)?;
    // Zero, unless the sum is no number.
    let flaw = total.f_squeeze_dim(-1)?.f_mul_scalar(0.0)?.f_to_kind(value.kind())?;
    value.f_add(&flaw)
}

/// `sum a^2 / sum a`, with the greatest value divided out so that no square overflows.
fn expected(windows: &Windows<'_>) -> Result<Tensor, TchError> {
    let gathered = windows.gather()?;
    let activations = activations(&gathered)?;
    let scale = scale(&activations)?;
    let relative = activations.f_div(&scale)?;
    let sum = gathered.sum(&relative)?;
    let squares = gathered.sum(&relative.f_square()?)?;
    // Nothing but zeros: their squares are zero as well, over anything but zero.
    let sum = sum.f_masked_fill(&sum.f_eq(0.0)?, 1.0)?;
    squares.f_div(&sum)?.f_mul(&scale.f_squeeze_dim(-1)?)
}
