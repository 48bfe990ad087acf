//! The numbers that a network's products are computed with.

use std::fmt;

use serde::{Deserialize, Serialize};
use tch::{Kind, TchError, Tensor};

/// The numbers that a network's products are computed with: those of convolutions and dense layers, which are nearly all
/// of its arithmetic. Weights, sums, pooling and everything else stay `f32`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// 32 bits.
    #[default]
    F32,
    /// bfloat16 (Kalamkar et al. 2019): the range of `f32` with 8 bits of mantissa. Products are summed in `f32`. A first
    /// convolution that own kernels compute stays `f32`.
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

    /// Whether this machine's processor has instructions for it; without them libtorch computes it more slowly than
    /// `f32`.
    pub fn is_native_here(self) -> bool {
        match self {
            Self::F32 => true,
            #[cfg(target_arch = "x86_64")]
            Self::Bf16 => is_x86_feature_detected!("avx512bf16"),
            #[cfg(target_arch = "aarch64")]
            Self::Bf16 => std::arch::is_aarch64_feature_detected!("bf16"),
            #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
            Self::Bf16 => false,
        }
    }

    /// Computes a product of `factors` in this precision; the result is of the first factor's own type. Differentiable.
    pub(crate) fn product<const FACTORS: usize>(
        self,
        factors: [&Tensor; FACTORS],
        product: impl FnOnce([&Tensor; FACTORS]) -> Result<Tensor, TchError>,
    ) -> Result<Tensor, TchError> {
        match self {
            Self::F32 => product(factors),
            Self::Bf16 => {
                let kind = factors[0].kind();
                let mut rounded = Vec::with_capacity(FACTORS);
                for factor in factors {
                    rounded.push(factor.f_to_kind(Kind::BFloat16)?);
                }
                product(std::array::from_fn(|index| &rounded[index]))?.f_to_kind(kind)
            }
        }
    }
}
