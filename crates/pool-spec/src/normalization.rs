//! Pictures whose channels have mean 0 and standard deviation 1: whether, and by what figures.

use serde::{Deserialize, Serialize};

/// What is done to the channels of every picture before a network sees them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Normalize {
    /// Nothing: 0 is black and 1 is white.
    #[default]
    None,
    /// The mean of the channel is taken off and the rest divided by its standard deviation, both of the images that the
    /// trial trains with.
    PerChannel,
}

impl Normalize {
    /// Whether nothing is done.
    pub fn is_none(&self) -> bool {
        *self == Self::None
    }
}

/// Mean and standard deviation of a channel over all pixels of some pictures, where 0 is black and 1 is white.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChannelStatistics {
    /// Mean.
    pub mean: f64,
    /// Standard deviation of these pixels, not an estimate of others': numpy's `std`.
    pub sd: f64,
}

impl ChannelStatistics {
    /// From the number of pixels of each value, 0 to 255. Without any pixel, both are 0.
    pub fn of_counts(counts: &[u64; 256]) -> Self {
        let pixels = counts.iter().sum::<u64>().max(1) as f64;
        let over_all = |value: &dyn Fn(f64) -> f64| -> f64 {
            let weighted =
                counts.iter().enumerate().map(|(byte, &count)| count as f64 * value(byte as f64 / 255.0));
            weighted.sum::<f64>() / pixels
        };
        let mean = over_all(&|value| value);
        Self { mean, sd: over_all(&|value| (value - mean).powi(2)).sqrt() }
    }

    /// What normalization divides by: a channel of one value has no deviation, and is only shifted.
    pub fn divisor(self) -> f64 {
        if self.sd > 0.0 { self.sd } else { 1.0 }
    }
}
