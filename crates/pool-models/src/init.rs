//! Initial weights, drawn without libtorch's global generator.

use pool_spec::Start;
use pool_spec::draw::{symmetric, unit};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use sha2::{Digest, Sha256};
use tch::{TchError, Tensor};

/// Weights of `shape` from the uniform distribution on `[-l, l)`, `l = sqrt(6 / (fan_in + fan_out))`
/// (Glorot & Bengio 2010), as Keras initialises dense and convolution layers.
pub(crate) fn glorot_uniform(
    shape: &[i64],
    fan_in: usize,
    fan_out: usize,
    seed: u64,
    layer: &str,
) -> Result<Tensor, TchError> {
    Starts::new(seed, layer).values(shape, Start::Glorot { fan_in, fan_out })
}

/// The values that the variables of one layer start from, drawn one variable after another.
pub(crate) struct Starts(ChaCha8Rng);

impl Starts {
    pub(crate) fn new(seed: u64, layer: &str) -> Self {
        Self(generator_of(seed, layer))
    }

    pub(crate) fn values(&mut self, shape: &[i64], start: Start) -> Result<Tensor, TchError> {
        let count = shape.iter().product::<i64>() as usize;
        let values: Vec<f32> = match start {
            Start::Constant(value) => vec![value as f32; count],
            Start::Normal { mean, deviation } => {
                (0..count).map(|_| (mean + deviation * self.standard_normal()) as f32).collect()
            }
            Start::Glorot { fan_in, fan_out } => {
                let limit = glorot_limit(fan_in, fan_out);
                (0..count).map(|_| symmetric(&mut self.0, limit)).collect()
            }
        };
        Tensor::f_from_slice(&values)?.f_reshape(shape)
    }

    /// Box & Muller 1958.
    fn standard_normal(&mut self) -> f64 {
        let (radius, angle) = (unit(&mut self.0), unit(&mut self.0));
        (-2.0 * (1.0 - radius).ln()).sqrt() * (std::f64::consts::TAU * angle).cos()
    }
}

fn glorot_limit(fan_in: usize, fan_out: usize) -> f32 {
    (6.0 / (fan_in + fan_out) as f64).sqrt() as f32
}

/// A generator that depends on the seed and the layer's name alone, so that layers cannot shift one another's weights.
fn generator_of(seed: u64, layer: &str) -> ChaCha8Rng {
    let digest = Sha256::new().chain_update(seed.to_le_bytes()).chain_update(layer).finalize();
    ChaCha8Rng::from_seed(digest.into())
}

/// The key of what a layer draws while it runs, which its initial weights do not share.
pub(crate) fn running_key(seed: u64, layer: &str) -> [u8; 32] {
    Sha256::new()
        .chain_update("running")
        .chain_update(seed.to_le_bytes())
        .chain_update(layer)
        .finalize()
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weights(seed: u64, layer: &str) -> Vec<f32> {
        let weights = glorot_uniform(&[20, 30], 30, 20, seed, layer).unwrap();
        Vec::try_from(weights.reshape([-1])).unwrap()
    }

    #[test]
    fn weights_depend_on_seed_and_layer_name_alone() {
        assert_eq!(weights(1, "dense"), weights(1, "dense"));
        assert_ne!(weights(1, "dense"), weights(2, "dense"));
        assert_ne!(weights(1, "dense"), weights(1, "dense_1"));
    }

    /// A change here changes every result that was reported for a seed.
    #[test]
    fn weights_of_a_seed_never_change_between_releases() {
        let bytes: Vec<u8> = weights(1, "dense").into_iter().flat_map(f32::to_le_bytes).collect();
        let expected = "f216c486336875630a3da916263e6bcb3474f99326da95acd0743085f84e44bb";
        assert_eq!(format!("{:x}", Sha256::digest(bytes)), expected);
    }

    #[test]
    fn weights_fill_glorots_interval_evenly() {
        let limit = (6.0f32 / 50.0).sqrt();
        let weights = weights(1, "dense");
        assert!(weights.iter().all(|weight| weight.abs() <= limit));
        let mean = weights.iter().sum::<f32>() / weights.len() as f32;
        let variance = weights.iter().map(|w| w * w).sum::<f32>() / weights.len() as f32;
        assert!(mean.abs() < 0.1 * limit, "{mean}");
        assert!((variance / (limit * limit / 3.0) - 1.0).abs() < 0.15, "{variance}");
    }
}
