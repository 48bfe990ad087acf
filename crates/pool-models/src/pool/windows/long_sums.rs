//! Sums of more numbers than `f32` bears. Of equal numbers that are added one after another, `n` give a sum that is wrong by up
//! to `n 2^-25` of itself: libtorch's pooling functions add the cells of a window so, and the gradients of a cell that many
//! windows see. They add in `f64` what they get in `f64`.

use pool_spec::windows::{AxisCells, Cells};
use tch::{Kind, TchError, Tensor};

use crate::native::needs_graph;

/// Numbers that may be added in `f32`: wrong by up to 1e-6.
pub(in crate::pool) const MOST: u64 = 32;

/// Whether the mean of a window, or its gradient, is the sum of more.
pub(super) fn of_cells(cells: &Cells, input: &Tensor) -> bool {
    // The one window of global pooling is libtorch's own mean, which adds in blocks.
    let one = matches!(cells, Cells::Adaptive { output, .. } if output.iter().all(|&windows| windows == 1));
    (!one && cells.widest() > MOST) || of_gradients(cells, input)
}

/// Whether the gradient of an entry is the sum of more.
pub(super) fn of_gradients(cells: &Cells, input: &Tensor) -> bool {
    let shared = || cells.axes().iter().map(|axis| axis.most_shared() as u64).fold(1, u64::saturating_mul);
    needs_graph(&[input]) && shared() > MOST
}

/// Whether the gradient of a view of windows along one axis after the other is the sum of more along an axis.
pub(super) fn of_views(axes: &[AxisCells], input: &Tensor) -> bool {
    let shared = || axes.iter().map(AxisCells::most_shared).max().unwrap_or(0) as u64;
    // Over two axes, errors add up.
    needs_graph(&[input]) && shared() > MOST / 2
}

/// The input; in `f64` if the sums over it are `long`.
pub(in crate::pool) fn with_digits(input: &Tensor, long: bool) -> Result<Tensor, TchError> {
    if long && input.kind() == Kind::Float { to_kind(input, Kind::Double) } else { Ok(input.shallow_clone()) }
}

/// What was made of [`with_digits`], in the element type of the input.
pub(in crate::pool) fn as_given(made: Tensor, input: &Tensor) -> Result<Tensor, TchError> {
    if made.kind() == input.kind() { Ok(made) } else { to_kind(&made, input.kind()) }
}

/// A conversion that names no device: a module of TorchScript may be moved to another.
fn to_kind(tensor: &Tensor, kind: Kind) -> Result<Tensor, TchError> {
    let (asynchronous, copy) = (false, false);
    tensor.f_to_dtype(kind, asynchronous, copy)
}
