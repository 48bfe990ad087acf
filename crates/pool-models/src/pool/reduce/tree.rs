//! Tree pooling of two levels: two learned filters, and a learned gate between them.

use tch::{TchError, Tensor};

use crate::pool::context::Context;
use crate::pool::windows::Windows;

/// `s (left . x) + (1 - s) (right . x)` with `s = sigmoid(gate . x)`.
pub(super) fn tree(windows: &Windows<'_>, context: &Context<'_>) -> Result<Tensor, TchError> {
    let gathered = windows.gather()?;
    let filtered = |name| gathered.sum(&gathered.values.f_mul(&context.variable(name, windows.input())?)?);
    let (left, right) = (filtered("left")?, filtered("right")?);
    let gate = filtered("gate")?.f_sigmoid()?;
    left.f_sub(&right)?.f_mul(&gate)?.f_add(&right)
}
