//! bfloat16: the upper half of an `f32`.

use super::Simd;

/// The nearest bfloat16, ties to even. NaN stays NaN.
pub(crate) fn bf16_bits(value: f32) -> u16 {
    let bits = value.to_bits();
    let rounded = if value.is_nan() { bits | 1 << 22 } else { bits + 0x7fff + (bits >> 16 & 1) };
    (rounded >> 16) as u16
}

/// Two of them in the bits of one number, the first in the lower half.
pub(crate) fn bf16_pair(low: f32, high: f32) -> f32 {
    f32::from_bits(u32::from(bf16_bits(high)) << 16 | u32::from(bf16_bits(low)))
}

/// The nearest bfloat16 as an `f32`.
pub(crate) fn round_to_bf16(value: f32) -> f32 {
    f32::from_bits(u32::from(bf16_bits(value)) << 16)
}

/// Writes numbers as the nearest ones in bfloat16, where they are or elsewhere.
///
/// # Safety
/// This many numbers can be read, and written to a place that is the same or does not overlap.
#[inline(always)]
#[expect(unsafe_code, reason = "reading and writing vectors")]
pub(crate) unsafe fn round_numbers<S: Simd>(s: S, from: *const f32, to: *mut f32, numbers: usize) {
    for first in (0..numbers).step_by(S::LANES) {
        // SAFETY: the caller's promise.
        unsafe {
            let rounded = s.round_to_bf16(s.load_up_to(from.add(first), numbers - first));
            s.store_up_to(to.add(first), rounded, numbers - first);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::isa::{Isa, Kernel};
    use crate::simd::MOST_LANES;

    /// The numbers of Intel's definition of the format: what lies halfway goes to the even neighbour.
    #[test]
    fn halves_round_to_even() {
        for (bits, expected, why) in [
            (0x3f80_0000, 0x3f80, "1"),
            (0x3f80_7fff, 0x3f80, "below halfway"),
            (0x3f80_8000, 0x3f80, "halfway, to even"),
            (0x3f80_8001, 0x3f81, "above halfway"),
            (0x3f81_8000, 0x3f82, "halfway, to even"),
            (0xbf81_8000, 0xbf82, "negative"),
            (0x7f7f_ffff, 0x7f80, "the greatest number becomes infinite"),
            (0x7f80_0000, 0x7f80, "infinite"),
            (0x0000_0000, 0x0000, "zero"),
        ] {
            assert_eq!(bf16_bits(f32::from_bits(bits)), expected, "{why}");
        }
        for nan in [0x7f80_0001, 0x7fff_ffff, 0xffc0_0000] {
            assert!(round_to_bf16(f32::from_bits(nan)).is_nan());
        }
    }

    struct Rounded([f32; MOST_LANES]);

    impl Kernel for Rounded {
        type Output = [f32; MOST_LANES];

        #[inline(always)]
        fn run<S: Simd>(self, s: S) -> Self::Output {
            let mut rounded = self.0;
            for vector in rounded.chunks_exact_mut(S::LANES) {
                // SAFETY: a whole vector.
                #[expect(unsafe_code, reason = "reading and writing vectors")]
                unsafe {
                    s.store(vector.as_mut_ptr(), s.round_to_bf16(s.load(vector.as_ptr())));
                }
            }
            rounded
        }
    }

    #[test]
    fn vectors_round_as_numbers_do() {
        let mut bits = 0x1234_5678u32;
        for _ in 0..2_000 {
            let numbers = std::array::from_fn(|_| {
                bits = bits.wrapping_mul(0x0019_660d).wrapping_add(0x3c6e_f35f);
                // Halfway in one case out of four.
                f32::from_bits(if bits & 3 == 0 { bits & 0xffff_0000 | 0x8000 } else { bits })
            });
            for isa in Isa::ALL.into_iter().filter(|isa| isa.is_available()) {
                let found = isa.run(Rounded(numbers));
                for (found, number) in found.into_iter().zip(numbers) {
                    assert_eq!(found.to_bits(), round_to_bf16(number).to_bits(), "{isa}: {number:e}");
                }
            }
        }
    }
}
