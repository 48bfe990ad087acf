#![doc = include_str!("../README.md")]
//!
//! # What is where
//! - [`Pooling`] pools a batch, forward and backward, over any [`WindowTable`]; [`Reduce`] lists the reducers.
//! - [`ConvBlock`] is a convolution and what follows it: batch normalisation, activation, pooling and dropout.
//! - [`DenseKernel`] divides the products of a fully connected layer among threads.
//! - [`KeepMask`] and [`Stream`]: dropout and its random numbers.
//! - [`AdamStep`], [`SgdStep`] and [`MomentumStep`]: the steps of optimizers.
//! - [`Isa`] is an instruction set, and [`Threads`] are the caller's threads.

mod conv_block;
mod dense;
mod dropout;
mod isa;
mod memory;
mod optimizer;
mod panel;
mod pixels;
mod pool;
mod precision;
mod random;
mod reduce;
mod simd;
mod sum;
mod threads;
mod windows;

pub use conv_block::{
    BatchNormForward, BatchNormGradients, BlockReduce, ConvAxis, ConvBlock, ConvBlockForward,
    ConvBlockGradients, PreparedConvBlock,
};
pub use dense::{DenseGradients, DenseKernel};
pub use dropout::{DropRate, KeepMask};
pub use isa::{ISA_VARIABLE, Isa, UnknownIsa};
pub use memory::{OutOfMemory, with_room};
pub use optimizer::{AdamSlices, AdamStep, Decay, MomentumSlices, MomentumStep, SgdSlices, SgdStep};
pub use panel::{Batch, Layout};
pub use pixels::look_up;
pub use pool::Pooling;
pub use precision::ProductPrecision;
pub use random::Stream;
pub use reduce::Reduce;
pub use threads::{ThisThread, Threads};
pub use windows::{Entries, KernelWindow, WindowTable};
