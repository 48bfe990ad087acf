//! Random numbers of one layer.

use std::cell::Cell;

use pool_kernels::Stream;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use tch::{TchError, Tensor};

use crate::native::uniform;

/// A layer's own generator: what one layer draws shifts no other layer's numbers, and libtorch's global generator
/// plays no part. Every forward pass draws from a stream of its own.
#[derive(Debug, Clone)]
pub(crate) struct Random {
    key: [u8; 32],
    /// The stream of the next forward pass that draws.
    next: Cell<u64>,
}

impl Random {
    pub(crate) fn new(key: [u8; 32]) -> Self {
        Self { key, next: Cell::new(0) }
    }

    /// Numbers of this stream, the same every time.
    pub(crate) fn stream(&self, stream: u64) -> ChaCha8Rng {
        let mut generator = ChaCha8Rng::from_seed(self.key);
        generator.set_stream(stream);
        generator
    }

    /// Forward passes that drew so far.
    pub(crate) fn passes(&self) -> u64 {
        self.next.get()
    }

    /// Goes on as if so many forward passes had drawn.
    pub(crate) fn set_passes(&self, passes: u64) {
        self.next.set(passes);
    }

    /// The numbers of the next forward pass.
    pub(crate) fn generator(&self) -> ChaCha8Rng {
        let stream = self.next.get();
        self.next.set(stream + 1);
        self.stream(stream)
    }

    /// The next forward pass as a stream of numbers that kernels draw, in any order.
    pub(crate) fn next_stream(&self) -> Stream {
        let pass = self.next.get();
        self.next.set(pass + 1);
        let word = |index: usize| u32::from_le_bytes(std::array::from_fn(|byte| self.key[4 * index + byte]));
        Stream { key: [word(0), word(1)], pass }
    }

    /// Uniform on `[0, 1)`, as `f32` of 24 random bits: `u * x < x` for every normal `x > 0`, however the product rounds.
    /// On the CPU, whatever the device of the layer's input: a seed means the same everywhere.
    pub(crate) fn uniform(&self, shape: &[i64]) -> Result<Tensor, TchError> {
        uniform(self.next_stream(), shape)
    }
}
