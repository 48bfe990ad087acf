//! The precision of products.

/// The precision of the products of a layer, forward and backward. Sums are `f32` in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ProductPrecision {
    /// Factors of 24 bits.
    #[default]
    F32,
    /// Factors of 8 bits, rounded from `f32` to the nearest, ties to even.
    Bf16,
}
