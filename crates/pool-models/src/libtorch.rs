//! libtorch behind the words of pool-spec: `network.build(&path)`, `pool.forward(&tensor)`.

use std::sync::OnceLock;

use pool_kernels::{Isa, UnknownIsa};
use pool_spec::{Kernels, Pool, PoolTensor, Sequential, VariablePath};
use tch::{Tensor, nn};

use crate::{Mode, ModelError, Net, PoolLayer};

/// Marks the implementations of pool-spec's traits for libtorch; nobody writes it.
#[derive(Debug, Clone, Copy)]
pub struct Libtorch;

impl PoolTensor<Libtorch> for Tensor {
    type Error = ModelError;

    fn pool(&self, pool: &Pool) -> Result<Self, ModelError> {
        PoolLayer::without_variables(pool, Kernels::Fast).forward(self, Mode::Inference)
    }

    fn pool_with_indices(&self, pool: &Pool) -> Result<(Self, Self), ModelError> {
        PoolLayer::without_variables(pool, Kernels::Fast).forward_with_indices(self, Mode::Inference)
    }

    fn pool_masked(&self, pool: &Pool, mask: &Self) -> Result<Self, ModelError> {
        PoolLayer::without_variables(pool, Kernels::Fast).forward_masked(self, mask, Mode::Inference)
    }
}

impl VariablePath<Libtorch> for nn::Path<'_> {
    type Error = ModelError;
    type Layer = PoolLayer;
    type Net = Net;

    fn build_pool(&self, pool: &Pool, sample: &[usize], seed: u64) -> Result<PoolLayer, ModelError> {
        let name = self.components().collect::<Vec<_>>().join(".");
        PoolLayer::build(pool, sample, seed, &name, self)
    }

    fn build_network(&self, network: &Sequential) -> Result<Net, ModelError> {
        Net::build(&network.infer()?, self)
    }
}

/// Whether `POOL_KERNELS_ISA`, the variable that forbids instructions, names one; kernels ignore what it misspells.
///
/// # Errors
/// The name that is none, and those that are.
pub fn check_instructions() -> Result<(), UnknownIsa> {
    Isa::allowed().map(drop)
}

/// Whether convolutions in bfloat16 take less time than in `f32` on this processor, with the instructions that
/// `POOL_KERNELS_ISA` allows: on AMD's processors with AVX512-BF16. Elsewhere a network of
/// [`Precision::Bf16`](crate::Precision::Bf16) rounds the factors, and multiplies them in `f32`.
pub fn has_fast_bf16() -> bool {
    Isa::best().has_fast_bf16()
}

/// The same for libtorch's products, which compute the dense layers: also on Intel's processors with AMX, and on ARM's with BF16.
pub(crate) fn libtorch_has_fast_bf16() -> bool {
    static HAS: OnceLock<bool> = OnceLock::new();
    #[cfg(target_arch = "x86_64")]
    let has_instructions = || {
        const TILES_AND_BF16: u32 = 1 << 24 | 1 << 22;
        std::arch::x86_64::__cpuid_count(7, 0).edx & TILES_AND_BF16 == TILES_AND_BF16
    };
    #[cfg(target_arch = "aarch64")]
    let has_instructions = || std::arch::is_aarch64_feature_detected!("bf16");
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    let has_instructions = || false;
    has_fast_bf16() || *HAS.get_or_init(has_instructions)
}

/// The implementation, and the instructions that it was compiled for: `fast (avx512)`.
pub fn describe_kernels(kernels: Kernels) -> String {
    match kernels {
        Kernels::Fast => format!("{kernels} ({})", Isa::best()),
        Kernels::Reference => kernels.to_string(),
    }
}
