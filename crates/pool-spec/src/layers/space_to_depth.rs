//! Space to depth: every block of a picture becomes one place with more channels.

use serde::{Deserialize, Serialize};

use super::describe::{BackwardReads, Describe, LayerShape, check_positive};
use crate::SettingError;
use crate::pool::split_channels;

/// Moves each block of `block` entries along every spatial axis into the channels: half the height and width make four
/// times the channels, and nothing is lost. Followed by a convolution, it downsamples (SPD-Conv: Sunkara & Luo 2022).
/// Channel `c` gives the channels from `c * block^axes` on, the last axis running fastest. PyTorch: `PixelUnshuffle`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SpaceToDepth {
    /// Entries of a block along each spatial axis.
    pub block: usize,
}

impl SpaceToDepth {
    /// Blocks of this many entries along each spatial axis.
    pub fn new(block: usize) -> Self {
        Self { block }
    }
}

impl Describe for SpaceToDepth {
    fn base_name(&self, _: usize) -> String {
        "space_to_depth".to_owned()
    }

    fn shape(&self, input: &[usize]) -> Result<LayerShape, SettingError> {
        let (channels, spatial) = split_channels(input)?;
        check_positive("space_to_depth", self.block)?;
        if let Some(axis) = spatial.iter().position(|size| !size.is_multiple_of(self.block)) {
            let rule = format!(
                "must divide every spatial size, but {} along spatial axis {axis} is no multiple; choose another block \
                 or another input size",
                spatial[axis]
            );
            let value = self.block.to_string();
            return Err(SettingError::Rule { field: "space_to_depth", value, rule });
        }
        let deeper = spatial.iter().fold(channels, |channels, _| channels.saturating_mul(self.block));
        let output = std::iter::once(deeper).chain(spatial.iter().map(|size| size / self.block)).collect();
        Ok(LayerShape { output, ..LayerShape::unchanged(input) })
    }

    fn backward_reads(&self, _: &[usize], _: &[usize]) -> BackwardReads {
        BackwardReads::default()
    }

    fn output_tensors(&self) -> u64 {
        1
    }
}
