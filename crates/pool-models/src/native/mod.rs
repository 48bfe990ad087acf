//! Kernels of `pool-kernels` as operators of libtorch.

mod conv_block;
mod dense;
mod dropout;
mod optimizer;
mod pixels;
mod pooling;
mod shim;
mod slices;

pub(crate) use conv_block::{BatchStatistics, BlockVariables, NormVariables, conv_block, predict, prepare};
pub(crate) use dense::dense;
pub(crate) use dropout::{DropoutMask, dropout};
pub(crate) use optimizer::{adam_step, momentum_step, sgd_step};
pub(crate) use pixels::batch_of_bytes;
pub(crate) use pooling::{KernelPooling, uniform};
pub(crate) use shim::needs_graph;
pub(crate) use slices::{FEWEST_CHANNELS, is_dense_cpu_f32};

use tch::Tensor;

/// Whether kernels can take these inputs now: numbers on the CPU, and nobody is recording libtorch's operators.
pub(crate) fn kernels_support(inputs: &[&Tensor]) -> bool {
    inputs.iter().all(|input| is_dense_cpu_f32(input)) && !shim::is_tracing()
}
