//! How a network is computed: by which implementation, in which precision.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Which implementation computes a layer. Both give the same to rounding, and draw the same random numbers on the CPU;
/// stochastic pooling may pick another value where a draw falls on the edge between two.
///
/// On a CUDA device both are libtorch's functions. Dropout's masks are then drawn by the device's own generator;
/// pooling layers that draw keep theirs, so that what they draw is made on the CPU and copied for every batch, and the
/// host waits for that copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kernels {
    /// This project's own kernels (`pool-kernels`) for what they can compute, which is `f32` on the CPU; libtorch's
    /// functions for the rest.
    #[default]
    Fast,
    /// libtorch's functions alone, except for the random numbers, which are the same.
    Reference,
}

impl fmt::Display for Kernels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fast => "fast",
            Self::Reference => "reference",
        })
    }
}

impl FromStr for Kernels {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "fast" => Ok(Self::Fast),
            "reference" => Ok(Self::Reference),
            other => Err(format!("kernels = {other:?}: give \"fast\" or \"reference\"")),
        }
    }
}

/// The numbers that a network's products are computed with: those of convolutions and dense layers, which are nearly all
/// of its arithmetic. Weights, sums, pooling and everything else stay `f32`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// 32 bits.
    #[default]
    F32,
    /// bfloat16 (Kalamkar et al. 2019): the range of `f32` with 8 bits of mantissa. Products are summed in `f32`. A first
    /// convolution stays `f32` where it is computed by this project's kernels. It saves time on processors that multiply such
    /// numbers faster; others round the factors and take as long as in `f32`.
    Bf16,
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::F32 => "f32",
            Self::Bf16 => "bf16",
        })
    }
}

impl Precision {
    /// Whether it is the default, which settings leave out.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}
