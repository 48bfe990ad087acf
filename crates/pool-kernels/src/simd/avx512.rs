//! Sixteen lanes: AVX-512 F, BW, DQ and VL.

#![expect(unsafe_code, reason = "intrinsics, behind a proof that the processor has them")]

use std::arch::x86_64::*;
use std::mem::transmute;
use std::sync::OnceLock;

use super::{MOST_LANES, Simd};

/// Proof that the processor has AVX-512 F, BW, DQ and VL.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Avx512(());

impl Avx512 {
    /// The proof, if the processor has the instructions.
    pub(crate) fn detect() -> Option<Self> {
        let there = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("fma");
        there.then_some(Self(()))
    }
}

/// Proof that the processor has AVX512-BF16, and everything that [`Avx512`] proves. A function that uses it must be compiled
/// for these instructions.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bf16(());

impl Bf16 {
    /// The proof, if the processor has the instructions.
    pub(crate) fn detect() -> Option<Self> {
        (Avx512::detect().is_some() && is_x86_feature_detected!("avx512bf16")).then_some(Self(()))
    }

    /// Whether two products in bfloat16 take less time than two in `f32`: on AMD's processors. The crate's own tests take them
    /// wherever there are any.
    pub(crate) fn is_fast() -> bool {
        static IS_AMD: OnceLock<bool> = OnceLock::new();
        let is_amd = || {
            let vendor = __cpuid(0);
            [vendor.ebx, vendor.edx, vendor.ecx].map(u32::to_le_bytes).as_flattened() == b"AuthenticAMD"
        };
        cfg!(test) || *IS_AMD.get_or_init(is_amd)
    }

    instructions! {
        /// To each lane of `sum` the two products of the bfloat16 numbers in the lanes of `a` and `b`.
        pub(crate) fn dot(a: __m512, b: __m512, sum: __m512) -> __m512 {
            _mm512_dpbf16_ps(sum, transmute::<__m512, __m512bh>(a), transmute::<__m512, __m512bh>(b))
        }
        /// The lanes as bfloat16 numbers, `low` in the lower halves.
        pub(crate) fn pair(low: __m512, high: __m512) -> __m512 {{
            let low = _mm512_cvtepu16_epi32(transmute::<__m256bh, __m256i>(_mm512_cvtneps_pbh(low)));
            let high = _mm512_cvtepu16_epi32(transmute::<__m256bh, __m256i>(_mm512_cvtneps_pbh(high)));
            _mm512_castsi512_ps(_mm512_or_si512(low, _mm512_slli_epi32::<16>(high)))
        }}
    }

    /// Writes the first `numbers` lanes, or all if there are fewer, as bfloat16 numbers one after another.
    ///
    /// # Safety
    /// As many can be written.
    #[inline(always)]
    pub(crate) unsafe fn store(self, to: *mut u16, value: __m512, numbers: usize) {
        let mask = if numbers >= 16 { __mmask16::MAX } else { (1 << numbers) - 1 };
        // SAFETY: the caller's promise, and `self`.
        unsafe {
            let numbers = transmute::<__m256bh, __m256i>(_mm512_cvtneps_pbh(value));
            _mm256_mask_storeu_epi16(to.cast(), mask, numbers);
        }
    }
}

const ODD_LANES: __mmask16 = 0b1010_1010_1010_1010;

impl Simd for Avx512 {
    const LANES: usize = 16;
    const ACCUMULATORS: usize = 26;
    type F = __m512;
    type I = __m512i;
    type M = __mmask16;

    instructions! {
        fn splat(value: f32) -> __m512 { _mm512_set1_ps(value) }
        fn add(a: __m512, b: __m512) -> __m512 { _mm512_add_ps(a, b) }
        fn sub(a: __m512, b: __m512) -> __m512 { _mm512_sub_ps(a, b) }
        fn mul(a: __m512, b: __m512) -> __m512 { _mm512_mul_ps(a, b) }
        fn div(a: __m512, b: __m512) -> __m512 { _mm512_div_ps(a, b) }
        fn mul_add(a: __m512, b: __m512, c: __m512) -> __m512 { _mm512_fmadd_ps(a, b, c) }
        fn sqrt(a: __m512) -> __m512 { _mm512_sqrt_ps(a) }
        fn abs(a: __m512) -> __m512 { _mm512_abs_ps(a) }
        fn max(a: __m512, b: __m512) -> __m512 { _mm512_max_ps(a, b) }
        fn min(a: __m512, b: __m512) -> __m512 { _mm512_min_ps(a, b) }
        fn round_to_bf16(a: __m512) -> __m512 {{
            let bits = _mm512_castps_si512(a);
            let odd = _mm512_and_si512(_mm512_srli_epi32::<16>(bits), _mm512_set1_epi32(1));
            let half = _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff));
            let quiet = _mm512_or_si512(bits, _mm512_set1_epi32(1 << 22));
            let nan = _mm512_cmp_ps_mask::<_CMP_UNORD_Q>(a, a);
            let rounded = _mm512_mask_blend_epi32(nan, _mm512_add_epi32(bits, half), quiet);
            _mm512_castsi512_ps(_mm512_and_si512(rounded, _mm512_set1_epi32(!0xffff)))
        }}
        fn round(a: __m512) -> __m512 {
            _mm512_roundscale_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(a)
        }
        fn power_of_two(n: __m512) -> __m512 { _mm512_scalef_ps(_mm512_set1_ps(1.0), n) }
        fn mantissa_and_exponent(a: __m512) -> (__m512, __m512) {
            (_mm512_getmant_ps::<_MM_MANT_NORM_1_2, _MM_MANT_SIGN_SRC>(a), _mm512_getexp_ps(a))
        }
        fn gt(a: __m512, b: __m512) -> __mmask16 { _mm512_cmp_ps_mask::<_CMP_GT_OQ>(a, b) }
        fn eq(a: __m512, b: __m512) -> __mmask16 { _mm512_cmp_ps_mask::<_CMP_EQ_OQ>(a, b) }
        fn is_nan(a: __m512) -> __mmask16 { _mm512_cmp_ps_mask::<_CMP_UNORD_Q>(a, a) }
        fn select(mask: __mmask16, yes: __m512, no: __m512) -> __m512 { _mm512_mask_blend_ps(mask, no, yes) }
        fn splat_int(value: i32) -> __m512i { _mm512_set1_epi32(value) }
        fn select_int(mask: __mmask16, yes: __m512i, no: __m512i) -> __m512i {
            _mm512_mask_blend_epi32(mask, no, yes)
        }
        fn or_int(a: __m512i, b: __m512i) -> __m512i { _mm512_or_si512(a, b) }
        fn test(a: __m512i, b: __m512i) -> __mmask16 { _mm512_test_epi32_mask(a, b) }
        fn xor_int(a: __m512i, b: __m512i) -> __m512i { _mm512_xor_si512(a, b) }
        fn multiply_wide(a: __m512i, factor: u32) -> (__m512i, __m512i) {{
            // Products of every other lane, 64 bits each.
            let factor = _mm512_set1_epi32(factor as i32);
            let even = _mm512_mul_epu32(a, factor);
            let odd = _mm512_mul_epu32(_mm512_srli_epi64::<32>(a), factor);
            (
                _mm512_mask_blend_epi32(ODD_LANES, _mm512_srli_epi64::<32>(even), odd),
                _mm512_mask_blend_epi32(ODD_LANES, even, _mm512_slli_epi64::<32>(odd)),
            )
        }}
        fn halves(a: __m512i) -> [__m512i; 2] {
            [_mm512_and_si512(a, _mm512_set1_epi32(0xffff)), _mm512_srli_epi32::<16>(a)]
        }
        fn upper_24_bits(a: __m512i) -> __m512 { _mm512_cvtepi32_ps(_mm512_srli_epi32::<8>(a)) }
        fn at_least(a: __m512i, least: u16) -> u32 {
            u32::from(_mm512_cmpge_epi32_mask(a, _mm512_set1_epi32(i32::from(least))))
        }
    }

    #[inline(always)]
    fn or(self, a: __mmask16, b: __mmask16) -> __mmask16 {
        a | b
    }

    #[inline(always)]
    fn and(self, a: __mmask16, b: __mmask16) -> __mmask16 {
        a & b
    }

    #[inline(always)]
    fn and_not(self, a: __mmask16, not: __mmask16) -> __mmask16 {
        a & !not
    }

    #[inline(always)]
    fn mask(self, bits: u32) -> __mmask16 {
        bits as __mmask16
    }

    #[inline(always)]
    fn any(self, mask: __mmask16) -> bool {
        mask != 0
    }

    #[inline(always)]
    unsafe fn load(self, from: *const f32) -> __m512 {
        // SAFETY: the caller's promise, and `self`.
        unsafe { _mm512_loadu_ps(from) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32, value: __m512) {
        // SAFETY: the caller's promise, and `self`.
        unsafe { _mm512_storeu_ps(to, value) }
    }

    #[inline(always)]
    unsafe fn load_int(self, from: *const u32) -> __m512i {
        // SAFETY: the caller's promise, and `self`.
        unsafe { _mm512_loadu_si512(from.cast()) }
    }

    #[inline(always)]
    unsafe fn load_bytes(self, from: *const u8) -> __m512i {
        // SAFETY: the caller's promise, and `self`.
        unsafe { _mm512_cvtepu8_epi32(_mm_loadu_si128(from.cast())) }
    }

    #[inline(always)]
    unsafe fn store_bytes(self, to: *mut u8, value: __m512i) {
        // SAFETY: the caller's promise, and `self`.
        unsafe { _mm_storeu_si128(to.cast(), _mm512_cvtepi32_epi8(value)) }
    }

    /// 2 by 2, then 4 by 4, then quarters of vectors.
    #[inline(always)]
    fn transpose(self, block: &mut [__m512; MOST_LANES]) {
        // SAFETY: `self` proves that the processor has these instructions; they touch no memory.
        unsafe {
            // In each quarter of a vector: four rows' entries of one column.
            let mut fours = *block;
            for group in 0..4 {
                let [a, b, c, d] =
                    [block[group * 4], block[group * 4 + 1], block[group * 4 + 2], block[group * 4 + 3]];
                let (ab_low, ab_high) = (_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b));
                let (cd_low, cd_high) = (_mm512_unpacklo_ps(c, d), _mm512_unpackhi_ps(c, d));
                fours[group * 4] = _mm512_shuffle_ps::<0b01_00_01_00>(ab_low, cd_low);
                fours[group * 4 + 1] = _mm512_shuffle_ps::<0b11_10_11_10>(ab_low, cd_low);
                fours[group * 4 + 2] = _mm512_shuffle_ps::<0b01_00_01_00>(ab_high, cd_high);
                fours[group * 4 + 3] = _mm512_shuffle_ps::<0b11_10_11_10>(ab_high, cd_high);
            }
            // Quarter `q` of `fours[g * 4 + i]` belongs into quarter `g` of column `q * 4 + i`.
            for i in 0..4 {
                let [a, b, c, d] = [fours[i], fours[4 + i], fours[8 + i], fours[12 + i]];
                let ab_even = _mm512_shuffle_f32x4::<0b10_00_10_00>(a, b);
                let ab_odd = _mm512_shuffle_f32x4::<0b11_01_11_01>(a, b);
                let cd_even = _mm512_shuffle_f32x4::<0b10_00_10_00>(c, d);
                let cd_odd = _mm512_shuffle_f32x4::<0b11_01_11_01>(c, d);
                block[i] = _mm512_shuffle_f32x4::<0b10_00_10_00>(ab_even, cd_even);
                block[4 + i] = _mm512_shuffle_f32x4::<0b10_00_10_00>(ab_odd, cd_odd);
                block[8 + i] = _mm512_shuffle_f32x4::<0b11_01_11_01>(ab_even, cd_even);
                block[12 + i] = _mm512_shuffle_f32x4::<0b11_01_11_01>(ab_odd, cd_odd);
            }
        }
    }
}
