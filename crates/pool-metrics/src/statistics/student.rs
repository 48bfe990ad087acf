//! Tails of Student's t distribution, for the test and for its power.

use statrs::function::beta::checked_beta_reg;

/// `P(|T| >= |t|)` for Student's t with `freedom` degrees of freedom; `None` unless `freedom` is positive and `t` is a
/// number.
///
/// With `x = freedom / (freedom + t²)` it is the regularised incomplete beta function `I_x(freedom/2, 1/2)`. That is never
/// formed as 1 minus something where it is small, so a p-value of 1e-75 keeps its digits.
pub(super) fn two_sided_tail(t: f64, freedom: f64) -> Option<f64> {
    let square = t * t;
    let tail = if square < 1.0 {
        // Near 0 the other end of the integral is the one whose digits survive.
        1.0 - checked_beta_reg(0.5, freedom / 2.0, square / (freedom + square)).ok()?
    } else if square.is_finite() {
        checked_beta_reg(freedom / 2.0, 0.5, freedom / (freedom + square)).ok()?
    } else {
        0.0
    };
    (!t.is_nan() && freedom > 0.0).then_some(tail.clamp(0.0, 1.0))
}
