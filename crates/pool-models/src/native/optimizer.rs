//! One step of an optimizer over a variable, by kernel.
//!
//! A [`Net`](crate::Net) and its optimizer share the variables of one `VarStore`. A step changes them, so that no other
//! thread may use the network meanwhile: libtorch itself forbids that. All tensors here are dense and contiguous.

#![expect(unsafe_code, reason = "tensors' memory as slices")]

use pool_kernels::{AdamSlices, AdamStep, Isa, MomentumSlices, MomentumStep, SgdSlices, SgdStep};
use tch::Tensor;

use super::shim::{TorchThreads, was_changed};
use super::slices::{f32_slice, f32_slice_mut};

/// Changes a variable and its moments by its gradient.
pub(crate) fn adam_step(
    step: AdamStep,
    variable: &mut Tensor,
    [first, second]: [&mut Tensor; 2],
    gradient: &Tensor,
) {
    // SAFETY: the gradient was just computed, the moments are the optimizer's own, and a variable is not in use while a
    // step is taken (see above).
    let data = unsafe {
        AdamSlices {
            parameters: f32_slice_mut(variable),
            gradients: f32_slice(gradient),
            first: f32_slice_mut(first),
            second: f32_slice_mut(second),
        }
    };
    step.apply(Isa::best(), &TorchThreads, data);
    was_changed(variable);
}

/// Changes a variable and its velocity by its gradient.
pub(crate) fn momentum_step(
    step: MomentumStep,
    variable: &mut Tensor,
    velocity: &mut Tensor,
    gradient: &Tensor,
) {
    // SAFETY: as in `adam_step`; the velocity is the optimizer's own.
    let data = unsafe {
        MomentumSlices {
            parameters: f32_slice_mut(variable),
            gradients: f32_slice(gradient),
            velocity: f32_slice_mut(velocity),
        }
    };
    step.apply(Isa::best(), &TorchThreads, data);
    was_changed(variable);
}

/// Changes a variable by its gradient.
pub(crate) fn sgd_step(step: SgdStep, variable: &mut Tensor, gradient: &Tensor) {
    // SAFETY: as in `adam_step`.
    let data = unsafe { SgdSlices { parameters: f32_slice_mut(variable), gradients: f32_slice(gradient) } };
    step.apply(Isa::best(), &TorchThreads, data);
    was_changed(variable);
}
