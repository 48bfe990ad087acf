//! Which implementation computes a layer.

use std::fmt;

use pool_kernels::{Isa, UnknownIsa};

/// Which implementation computes a layer. Both give the same to rounding, and draw the same random numbers on the CPU;
/// stochastic pooling may pick another value where a draw falls on the edge between two.
///
/// On a CUDA device both are libtorch's functions. Dropout's masks are then drawn by the device's own generator;
/// pooling layers that draw keep theirs, so that what they draw is made on the CPU and copied for every batch, and the
/// host waits for that copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kernels {
    /// This project's own kernels (`pool-kernels`) for what they can compute, which is `f32` on the CPU; libtorch's
    /// functions for the rest.
    #[default]
    Fast,
    /// libtorch's functions alone, but for the random numbers, which are the same.
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

impl Kernels {
    /// Whether `POOL_KERNELS_ISA`, the variable that forbids instructions, names one; kernels ignore what it misspells.
    ///
    /// # Errors
    /// The name that is none, and those that are.
    pub fn check_environment() -> Result<(), UnknownIsa> {
        Isa::allowed().map(drop)
    }

    /// The implementation, and the instructions that it was compiled for: `fast (avx512)`.
    pub fn describe(self) -> String {
        match self {
            Self::Fast => format!("{self} ({})", Isa::best()),
            Self::Reference => self.to_string(),
        }
    }
}
