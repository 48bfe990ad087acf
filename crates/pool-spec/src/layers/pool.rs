//! A pooling layer within a network.

use super::describe::{BackwardReads, Describe, LayerShape};
use crate::pool::PoolCost;
use crate::sizes::count;
use crate::{Geometry, Pool, Reducer, SettingError};

impl Describe for Pool {
    fn base_name(&self, spatial_rank: usize) -> String {
        let (prefix, word) = match self {
            Self::None => return "none".to_owned(),
            Self::StridedConv(_) => return format!("strided_conv{spatial_rank}d"),
            Self::Blur(_) => ("", "blur"),
            Self::Haar => ("", "haar"),
            Self::Spectral { .. } => ("", "spectral"),
            Self::Reduce { reducer, geometry } => {
                let prefix = match geometry {
                    Geometry::Window(_) => "",
                    Geometry::Adaptive(_) => "adaptive_",
                    Geometry::Global { .. } => "global_",
                    Geometry::Fractional(_) => "fractional_",
                    Geometry::Pyramid(_) => "pyramid_",
                };
                // Keras's word.
                (prefix, if *reducer == Reducer::Avg { "average" } else { reducer.name() })
            }
        };
        format!("{prefix}{word}_pooling{spatial_rank}d")
    }

    fn shape(&self, input: &[usize]) -> Result<LayerShape, SettingError> {
        let output = self.output_shape(input)?;
        count("output elements", &output)?;
        let PoolCost { parameters, multiply_adds, .. } = PoolCost::of(self, input, &output);
        Ok(LayerShape { output, parameters, fixed_parameters: 0, multiply_adds })
    }

    fn backward_reads(&self, input: &[usize], output: &[usize]) -> BackwardReads {
        PoolCost::of(self, input, output).backward
    }

    fn output_tensors(&self) -> u64 {
        u64::from(*self != Self::None)
    }
}
