//! Tensors that no gradient changes: what follows from settings and shapes alone, and variables as they stand.

use tch::kind::Element;
use tch::{Device, Kind, TchError, Tensor};

/// A tensor of `values`, row-major, in this shape, element type and place.
pub(crate) fn constant<T: Element>(
    values: &[T],
    shape: &[i64],
    (kind, device): (Kind, Device),
) -> Result<Tensor, TchError> {
    let tensor = Tensor::f_from_slice(values)?.f_reshape(shape)?.f_to_kind(kind)?.f_to_device(device)?;
    // tch makes zeros and then writes the values behind libtorch's back: recorded (`torchscript.rs`), this would be
    // zeros. What `data` gives has no history, and of such a tensor libtorch records the values.
    tensor.f_data()
}

/// What a variable holds at present, on the CPU in `f32`, without a gradient.
pub(crate) fn frozen(variable: &Tensor) -> Result<Tensor, TchError> {
    variable.f_detach()?.f_to_device(Device::Cpu)?.f_to_kind(Kind::Float)
}
