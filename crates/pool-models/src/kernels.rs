//! Which implementation computes a layer.

/// Which implementation computes a layer. Both give the same to rounding, and draw the same random numbers on the CPU.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kernels {
    /// This project's own kernels (`pool-kernels`) for what they can compute, which is `f32` on the CPU; libtorch's
    /// functions for the rest.
    #[default]
    Fast,
    /// libtorch's functions alone.
    Reference,
}
