//! Random numbers of one layer.

use std::cell::Cell;

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use tch::{TchError, Tensor};

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

    /// The numbers of the next forward pass.
    pub(crate) fn generator(&self) -> ChaCha8Rng {
        let stream = self.next.get();
        self.next.set(stream + 1);
        self.stream(stream)
    }

    /// Uniform on `[0, 1)`, as `f64` of 52 random bits: `u * x < x` for every `x > 0`, however the product rounds.
    pub(crate) fn uniform(&self, shape: &[i64]) -> Result<Tensor, TchError> {
        const UNUSED_BITS: u32 = u64::BITS - 52;
        let mut generator = self.generator();
        let count = shape.iter().product::<i64>();
        let scale = (1u64 << 52) as f64;
        let draws: Vec<f64> =
            (0..count).map(|_| (generator.random::<u64>() >> UNUSED_BITS) as f64 / scale).collect();
        Tensor::f_from_slice(&draws)?.f_reshape(shape)
    }
}
