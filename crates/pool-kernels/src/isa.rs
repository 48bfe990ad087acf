//! The instruction sets that kernels are compiled for, and the choice among them at run time.

#![expect(unsafe_code, reason = "entering functions compiled for instructions that were detected")]

use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;

#[cfg(target_arch = "x86_64")]
use crate::simd::{Avx2, Avx512, Bf16};
use crate::simd::{Portable, Simd};

/// An instruction set that every kernel is compiled for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Isa {
    /// Plain Rust, for every processor.
    Portable,
    /// AVX2 and FMA: eight lanes.
    Avx2,
    /// AVX-512 F, BW, DQ and VL: sixteen lanes.
    Avx512,
}

/// The environment variable that limits the kernels to an instruction set and those below it: `portable`, `avx2` or
/// `avx512`. Another value is an error of [`Isa::allowed`], and limits nothing.
pub const ISA_VARIABLE: &str = "POOL_KERNELS_ISA";

impl Isa {
    /// All instruction sets, the most general first.
    pub const ALL: [Self; 3] = [Self::Portable, Self::Avx2, Self::Avx512];

    /// The best instruction set that this processor has and [`ISA_VARIABLE`] allows; looked up once.
    pub fn best() -> Self {
        static BEST: OnceLock<Isa> = OnceLock::new();
        *BEST.get_or_init(|| {
            let most = Self::allowed().unwrap_or(Self::Avx512);
            let fits = |isa: &Self| isa.is_available() && *isa <= most;
            Self::ALL.into_iter().rfind(fits).unwrap_or(Self::Portable)
        })
    }

    /// The limit that [`ISA_VARIABLE`] sets; none if it is unset or empty.
    ///
    /// # Errors
    /// A value that names no instruction set.
    pub fn allowed() -> Result<Self, UnknownIsa> {
        match std::env::var_os(ISA_VARIABLE) {
            Some(name) if !name.is_empty() => name.to_string_lossy().parse(),
            _ => Ok(Self::Avx512),
        }
    }

    /// Whether this processor has these instructions.
    pub fn is_available(self) -> bool {
        match self {
            Self::Portable => true,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => Avx2::detect().is_some(),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => Avx512::detect().is_some(),
            #[cfg(not(target_arch = "x86_64"))]
            Self::Avx2 | Self::Avx512 => false,
        }
    }

    /// Whether this set has products of bfloat16 numbers that are faster than those of `f32` on this processor: AVX512-BF16
    /// next to AVX-512, on AMD's processors. On Intel's, an instruction with two products per lane takes four times as long as one
    /// product in `f32` (0.74 and 0.18 ns on an Emerald Rapids, November 2026).
    pub fn has_fast_bf16(self) -> bool {
        #[cfg(target_arch = "x86_64")]
        return self == Self::Avx512 && Bf16::detect().is_some() && Bf16::is_fast();
        #[cfg(not(target_arch = "x86_64"))]
        false
    }

    /// The number of lanes of a vector.
    pub(crate) fn lanes(self) -> usize {
        struct Lanes;
        impl Kernel for Lanes {
            type Output = usize;
            #[inline(always)]
            fn run<S: Simd>(self, _: S) -> usize {
                S::LANES
            }
        }
        self.run(Lanes)
    }

    /// Runs a kernel compiled for these instructions, or the portable one if the processor lacks them.
    pub(crate) fn run<K: Kernel>(self, kernel: K) -> K::Output {
        #[cfg(target_arch = "x86_64")]
        {
            if self == Self::Avx512
                && let Some(proof) = Avx512::detect()
            {
                // SAFETY: `proof` exists, so the processor has the instructions that the function is compiled for.
                return unsafe { run_avx512(kernel, proof) };
            }
            if self == Self::Avx2
                && let Some(proof) = Avx2::detect()
            {
                // SAFETY: `proof` exists, so the processor has the instructions that the function is compiled for.
                return unsafe { run_avx2(kernel, proof) };
            }
        }
        kernel.run(Portable)
    }
}

#[cfg(target_arch = "x86_64")]
impl Isa {
    /// Runs a kernel compiled for AVX-512 with AVX512-BF16.
    ///
    /// # Panics
    /// These instructions are missing: see [`Isa::has_fast_bf16`].
    pub(crate) fn run_bf16<K: Bf16Kernel>(self, kernel: K) -> K::Output {
        let proofs = Avx512::detect().zip(Bf16::detect()).filter(|_| self == Self::Avx512);
        let (proof, bf16) = proofs.unwrap_or_else(|| panic!("{self} has no products in bfloat16"));
        // SAFETY: both exist, so the processor has the instructions that the function is compiled for.
        unsafe { run_avx512_bf16(kernel, proof, bf16) }
    }
}

impl fmt::Display for Isa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Portable => "portable",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
        })
    }
}

/// A value of [`ISA_VARIABLE`] that names no instruction set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownIsa(String);

impl fmt::Display for UnknownIsa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{ISA_VARIABLE} = {:?}: write portable, avx2 or avx512", self.0)
    }
}

impl std::error::Error for UnknownIsa {}

impl FromStr for Isa {
    type Err = UnknownIsa;

    fn from_str(name: &str) -> Result<Self, UnknownIsa> {
        let known = Self::ALL.into_iter().find(|isa| isa.to_string() == name);
        known.ok_or_else(|| UnknownIsa(name.to_owned()))
    }
}

/// Work that is compiled once for each instruction set.
pub(crate) trait Kernel {
    /// The result of the work.
    type Output;

    /// Must be inlined, as everything that it calls: only then is it compiled for the instructions that `s` proves.
    fn run<S: Simd>(self, s: S) -> Self::Output;
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn run_avx2<K: Kernel>(kernel: K, proof: Avx2) -> K::Output {
    kernel.run(proof)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
fn run_avx512<K: Kernel>(kernel: K, proof: Avx512) -> K::Output {
    kernel.run(proof)
}

/// Work with products of bfloat16 numbers.
#[cfg(target_arch = "x86_64")]
pub(crate) trait Bf16Kernel {
    /// The result of the work.
    type Output;

    /// Must be inlined, as everything that it calls.
    fn run(self, s: Avx512, bf16: Bf16) -> Self::Output;
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,avx2,fma")]
fn run_avx512_bf16<K: Bf16Kernel>(kernel: K, proof: Avx512, bf16: Bf16) -> K::Output {
    kernel.run(proof, bf16)
}
