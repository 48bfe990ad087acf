//! Kernels of `pool-kernels` as operators of libtorch.

mod conv_pool;
mod dense;
mod dropout;
mod numbers;
mod pooling;
mod shim;

pub(crate) use conv_pool::{ConvVariables, conv_pool};
pub(crate) use dense::dense;
pub(crate) use dropout::{Kept, dropout};
pub(crate) use numbers::{FEWEST_CHANNELS, are_numbers, numbers, numbers_mut};
pub(crate) use pooling::KernelPooling;
pub(crate) use shim::{TorchThreads, needs_graph, was_changed};

use tch::Tensor;

/// Whether kernels can take these inputs now: numbers on the CPU, and nobody is recording libtorch's operators.
pub(crate) fn kernels_take(inputs: &[&Tensor]) -> bool {
    inputs.iter().all(|input| are_numbers(input)) && !shim::is_tracing()
}
