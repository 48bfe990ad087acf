//! What the tests of all kernels share.

use pool_kernels::Isa;

/// The instruction sets that this processor has.
pub(crate) fn isas() -> Vec<Isa> {
    Isa::ALL.into_iter().filter(|isa| isa.is_available()).collect()
}

/// Numbers from -5 to 5 in steps of a quarter, so that many are equal and some are zero.
pub(crate) fn values(count: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(2).wrapping_add(1);
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize
    };
    (0..count).map(|_| (next() % 41) as f32 / 4.0 - 5.0).collect()
}
