//! Pooling layers over tensors: from a [`Pool`](crate::Pool), which is data, to values and gradients.

mod blur;
mod built;
mod context;
mod forward;
mod haar;
mod plan;
mod random;
mod reduce;
mod spectral;
mod strided_conv;
mod windows;

pub use built::PoolLayer;
pub use forward::max_unpool;
pub(crate) use random::Random;

use tch::{Kind, Tensor};

/// The shape of one sample of a batch.
pub(crate) fn sample_of(input: &Tensor) -> Vec<usize> {
    input.size().iter().skip(1).map(|&n| n as usize).collect()
}

/// Bytes of one element.
pub(crate) fn element_bytes(kind: Kind) -> u64 {
    kind.elt_size_in_bytes() as u64
}
