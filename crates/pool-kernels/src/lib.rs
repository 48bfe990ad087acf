//! The arithmetic of pooling over plain slices, vectorised for the processor at hand.
//!
//! - [`Pooling`] pools a batch, forward and backward, over any [`Windows`].
//! - [`ConvPool`] is a network's first block in one pass: convolution, activation, pooling and dropout.
//! - [`Dense`] divides the products of a fully connected layer among threads; the products are those of gemm-f32, which finds
//!   the processor's instructions by itself.
//! - [`KeepMask`], [`Stream`] and [`AdamStep`]: dropout, the random numbers behind it, and the optimizer's step.
//!
//! Nothing here knows libtorch: kernels take slices, and [`Threads`] that somebody else owns. Each kernel is written
//! once, over vectors whose lanes are channels, and compiled for every [`Isa`]; the best one that the processor has is
//! found at run time. `unsafe` is what reads and writes vectors where they lie, and what gives threads their parts of a
//! slice; every kernel is tested with every instruction set against plain loops.

mod adam;
mod conv_pool;
mod dense;
mod dropout;
mod isa;
mod memory;
mod panel;
mod pool;
mod random;
mod reduce;
mod rounds;
mod scratch;
mod simd;
mod sum;
mod threads;
mod windows;

pub use adam::{AdamSlices, AdamStep};
pub use conv_pool::{ConvPool, ConvPoolForward, ConvPoolGradients, ConvPoolReduce};
pub use dense::{Dense, DenseGradients};
pub use dropout::{DropRate, KeepMask};
pub use isa::{ISA_VARIABLE, Isa, UnknownIsa};
pub use memory::{OutOfMemory, with_room};
pub use panel::{Batch, Layout};
pub use pool::Pooling;
pub use random::Stream;
pub use reduce::Reduce;
pub use threads::{ThisThread, Threads};
pub use windows::{AxisWindow, Entries, Windows};
