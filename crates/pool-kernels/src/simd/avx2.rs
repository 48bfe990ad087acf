//! Eight lanes: AVX2 and FMA.

#![expect(unsafe_code, reason = "intrinsics, behind a proof that the processor has them")]

use std::arch::x86_64::*;

use super::{MOST_LANES, Simd};

/// Proof that the processor has AVX2 and FMA.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Avx2(());

impl Avx2 {
    /// The proof, if the processor has the instructions.
    pub(crate) fn detect() -> Option<Self> {
        (is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")).then_some(Self(()))
    }
}

/// The bits of an `f32`: the bias of its exponent, and the bits below it.
const EXPONENT_BIAS: i32 = 127;
const MANTISSA_BITS: i32 = 23;
const ODD_LANES: i32 = 0b1010_1010;

impl Simd for Avx2 {
    const LANES: usize = 8;
    const ACCUMULATORS: usize = 12;
    type F = __m256;
    type I = __m256i;
    /// All bits of a lane are set, or none is.
    type M = __m256;

    instructions! {
        fn splat(value: f32) -> __m256 { _mm256_set1_ps(value) }
        fn add(a: __m256, b: __m256) -> __m256 { _mm256_add_ps(a, b) }
        fn sub(a: __m256, b: __m256) -> __m256 { _mm256_sub_ps(a, b) }
        fn mul(a: __m256, b: __m256) -> __m256 { _mm256_mul_ps(a, b) }
        fn div(a: __m256, b: __m256) -> __m256 { _mm256_div_ps(a, b) }
        fn mul_add(a: __m256, b: __m256, c: __m256) -> __m256 { _mm256_fmadd_ps(a, b, c) }
        fn sqrt(a: __m256) -> __m256 { _mm256_sqrt_ps(a) }
        fn abs(a: __m256) -> __m256 { _mm256_andnot_ps(_mm256_set1_ps(-0.0), a) }
        fn max(a: __m256, b: __m256) -> __m256 { _mm256_max_ps(a, b) }
        fn min(a: __m256, b: __m256) -> __m256 { _mm256_min_ps(a, b) }
        fn round_to_bf16(a: __m256) -> __m256 {{
            let bits = _mm256_castps_si256(a);
            let odd = _mm256_and_si256(_mm256_srli_epi32::<16>(bits), _mm256_set1_epi32(1));
            let half = _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff));
            let nan = _mm256_castps_si256(_mm256_cmp_ps::<_CMP_UNORD_Q>(a, a));
            let quiet = _mm256_or_si256(bits, _mm256_set1_epi32(1 << 22));
            let rounded = _mm256_blendv_epi8(_mm256_add_epi32(bits, half), quiet, nan);
            _mm256_castsi256_ps(_mm256_and_si256(rounded, _mm256_set1_epi32(!0xffff)))
        }}
        fn round(a: __m256) -> __m256 {
            _mm256_round_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(a)
        }
        fn power_of_two(n: __m256) -> __m256 {
            _mm256_castsi256_ps(_mm256_slli_epi32::<MANTISSA_BITS>(_mm256_add_epi32(
                _mm256_cvtps_epi32(n),
                _mm256_set1_epi32(EXPONENT_BIAS),
            )))
        }
        fn mantissa_and_exponent(a: __m256) -> (__m256, __m256) {{
            let bits = _mm256_castps_si256(a);
            let exponent = _mm256_sub_epi32(
                _mm256_srli_epi32::<MANTISSA_BITS>(bits),
                _mm256_set1_epi32(EXPONENT_BIAS),
            );
            let one = _mm256_set1_epi32(EXPONENT_BIAS << MANTISSA_BITS);
            let fraction = _mm256_and_si256(bits, _mm256_set1_epi32((1 << MANTISSA_BITS) - 1));
            (_mm256_castsi256_ps(_mm256_or_si256(fraction, one)), _mm256_cvtepi32_ps(exponent))
        }}
        fn gt(a: __m256, b: __m256) -> __m256 { _mm256_cmp_ps::<_CMP_GT_OQ>(a, b) }
        fn eq(a: __m256, b: __m256) -> __m256 { _mm256_cmp_ps::<_CMP_EQ_OQ>(a, b) }
        fn any(mask: __m256) -> bool { _mm256_movemask_ps(mask) != 0 }
        fn is_nan(a: __m256) -> __m256 { _mm256_cmp_ps::<_CMP_UNORD_Q>(a, a) }
        fn or(a: __m256, b: __m256) -> __m256 { _mm256_or_ps(a, b) }
        fn and(a: __m256, b: __m256) -> __m256 { _mm256_and_ps(a, b) }
        fn and_not(a: __m256, not: __m256) -> __m256 { _mm256_andnot_ps(not, a) }
        fn select(mask: __m256, yes: __m256, no: __m256) -> __m256 { _mm256_blendv_ps(no, yes, mask) }
        fn mask(bits: u32) -> __m256 {{
            let each = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
            let found = _mm256_and_si256(_mm256_set1_epi32(bits as i32), each);
            _mm256_castsi256_ps(_mm256_cmpeq_epi32(found, each))
        }}
        fn splat_int(value: i32) -> __m256i { _mm256_set1_epi32(value) }
        fn select_int(mask: __m256, yes: __m256i, no: __m256i) -> __m256i {
            _mm256_blendv_epi8(no, yes, _mm256_castps_si256(mask))
        }
        fn or_int(a: __m256i, b: __m256i) -> __m256i { _mm256_or_si256(a, b) }
        fn xor_int(a: __m256i, b: __m256i) -> __m256i { _mm256_xor_si256(a, b) }
        fn multiply_wide(a: __m256i, factor: u32) -> (__m256i, __m256i) {{
            // Products of every other lane, 64 bits each.
            let factor = _mm256_set1_epi32(factor as i32);
            let even = _mm256_mul_epu32(a, factor);
            let odd = _mm256_mul_epu32(_mm256_srli_epi64::<32>(a), factor);
            (
                _mm256_blend_epi32::<ODD_LANES>(_mm256_srli_epi64::<32>(even), odd),
                _mm256_blend_epi32::<ODD_LANES>(even, _mm256_slli_epi64::<32>(odd)),
            )
        }}
        fn halves(a: __m256i) -> [__m256i; 2] {
            [_mm256_and_si256(a, _mm256_set1_epi32(0xffff)), _mm256_srli_epi32::<16>(a)]
        }
        fn upper_24_bits(a: __m256i) -> __m256 { _mm256_cvtepi32_ps(_mm256_srli_epi32::<8>(a)) }
        fn at_least(a: __m256i, least: u16) -> u32 {{
            let more = _mm256_cmpgt_epi32(a, _mm256_set1_epi32(i32::from(least) - 1));
            _mm256_movemask_ps(_mm256_castsi256_ps(more)) as u32
        }}
        fn test(a: __m256i, b: __m256i) -> __m256 {{
            let none = _mm256_cmpeq_epi32(_mm256_and_si256(a, b), _mm256_setzero_si256());
            _mm256_castsi256_ps(_mm256_xor_si256(none, _mm256_set1_epi32(-1)))
        }}
    }

    #[inline(always)]
    unsafe fn load(self, from: *const f32) -> __m256 {
        // SAFETY: the caller's promise, and `self`.
        unsafe { _mm256_loadu_ps(from) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32, value: __m256) {
        // SAFETY: the caller's promise, and `self`.
        unsafe { _mm256_storeu_ps(to, value) }
    }

    #[inline(always)]
    unsafe fn load_int(self, from: *const u32) -> __m256i {
        // SAFETY: the caller's promise, and `self`.
        unsafe { _mm256_loadu_si256(from.cast()) }
    }

    #[inline(always)]
    unsafe fn load_bytes(self, from: *const u8) -> __m256i {
        // SAFETY: the caller's promise, and `self`.
        unsafe { _mm256_cvtepu8_epi32(_mm_loadl_epi64(from.cast())) }
    }

    #[inline(always)]
    unsafe fn store_bytes(self, to: *mut u8, value: __m256i) {
        // SAFETY: the caller's promise, and `self`.
        unsafe {
            let bytes = _mm256_shuffle_epi8(
                value,
                _mm256_setr_epi8(
                    0, 4, 8, 12, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, //
                    0, 4, 8, 12, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
                ),
            );
            let (low, high) = (_mm256_castsi256_si128(bytes), _mm256_extracti128_si256::<1>(bytes));
            _mm_storel_epi64(to.cast(), _mm_unpacklo_epi32(low, high));
        }
    }

    /// 4 by 4 in each half, then the halves.
    #[inline(always)]
    fn transpose(self, block: &mut [__m256; MOST_LANES]) {
        // SAFETY: `self` proves that the processor has these instructions; they touch no memory.
        unsafe {
            let mut fours = *block;
            for group in 0..2 {
                let [a, b, c, d] =
                    [block[group * 4], block[group * 4 + 1], block[group * 4 + 2], block[group * 4 + 3]];
                let (ab_low, ab_high) = (_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
                let (cd_low, cd_high) = (_mm256_unpacklo_ps(c, d), _mm256_unpackhi_ps(c, d));
                fours[group * 4] = _mm256_shuffle_ps::<0b01_00_01_00>(ab_low, cd_low);
                fours[group * 4 + 1] = _mm256_shuffle_ps::<0b11_10_11_10>(ab_low, cd_low);
                fours[group * 4 + 2] = _mm256_shuffle_ps::<0b01_00_01_00>(ab_high, cd_high);
                fours[group * 4 + 3] = _mm256_shuffle_ps::<0b11_10_11_10>(ab_high, cd_high);
            }
            for i in 0..4 {
                block[i] = _mm256_permute2f128_ps::<0x20>(fours[i], fours[4 + i]);
                block[4 + i] = _mm256_permute2f128_ps::<0x31>(fours[i], fours[4 + i]);
            }
        }
    }
}
