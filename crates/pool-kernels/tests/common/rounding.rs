//! Numbers in bfloat16, for the tests that round.

/// The nearest number of 8 bits, ties to even.
pub(crate) fn nearest_bf16(number: f64) -> f64 {
    if number == 0.0 {
        return 0.0;
    }
    let last_bit = (number.abs().log2().floor() - 7.0).exp2();
    (number / last_bit).round_ties_even() * last_bit
}
