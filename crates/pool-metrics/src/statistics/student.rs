//! Student's t distribution, as far as the paired t-test and its power need it.

use statrs::function::beta::checked_beta_reg;
use statrs::function::gamma::ln_gamma;

/// `P(|T| >= |t|)` for Student's t with `freedom` degrees of freedom; `None` unless `freedom` is positive and `t` is a
/// number.
///
/// With `y = freedom / (freedom + t²)` it is the regularised incomplete beta function `I_y(freedom/2, 1/2)`. That is
/// never formed as 1 minus something where it is small, so a p-value of 1e-75 keeps its digits.
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

/// How fast [`two_sided_tail`] falls with the logarithm of a positive `t`: `2 t f(t)` with the density `f`, or
/// `y^a sqrt(1 - y) / (B(a, 1/2) / 2)` with `a = freedom / 2`.
pub(super) fn tail_slope(t: f64, freedom: f64) -> f64 {
    let a = freedom / 2.0;
    let square = t * t / freedom;
    let ln_half_beta = ln_gamma(a) + ln_gamma(1.5) - ln_gamma(a + 0.5);
    (square / (1.0 + square)).sqrt() * (-a * square.ln_1p() - ln_half_beta).exp()
}

/// The positive `t` with [`two_sided_tail`] equal to `alpha`; `None` unless `alpha` is strictly between 0 and 1 and has
/// a `t` whose square is a finite number.
pub(super) fn two_sided_critical(alpha: f64, freedom: f64) -> Option<f64> {
    if !(alpha > 0.0 && alpha < 1.0) {
        return None;
    }
    // Newton's method on the logarithms, in which the tail is a concave curve; where a step leaves the bracket, or
    // the tail is too small to be told from 0, the bracket is halved. At its upper end the square of t overflows.
    let (mut low, mut high, mut ln_t) = (-750.0_f64, 355.0_f64, 0.0_f64);
    for _ in 0..100 {
        let t = ln_t.exp();
        let tail = two_sided_tail(t, freedom)?;
        if tail > alpha {
            low = ln_t;
        } else {
            high = ln_t;
        }
        let newton = ln_t + (tail / alpha).ln() * tail / tail_slope(t, freedom);
        let next = if low < newton && newton < high { newton } else { 0.5 * (low + high) };
        let step = (next - ln_t).abs();
        ln_t = next;
        if step <= 1e-15 {
            break;
        }
    }
    let t = ln_t.exp();
    (t > 0.0 && (t * t).is_finite()).then_some(t)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_with_one_and_two_degrees_of_freedom_equal_their_closed_forms() {
        for t in [1e-9_f64, 1e-3, 0.5, 1.0, 2.0, 12.7, 1e3, 1e9] {
            let one = 2.0 / std::f64::consts::PI * (1.0 / t).atan();
            let two = 2.0 / ((2.0 + t * t) * (1.0 + t / (2.0 + t * t).sqrt()));
            for (freedom, expected) in [(1.0, one), (2.0, two)] {
                let tail = two_sided_tail(t, freedom).unwrap();
                assert!(
                    (tail / expected - 1.0).abs() < 1e-14,
                    "t = {t:e}, {freedom}: {tail:e}, {expected:e}"
                );
            }
        }
    }

    #[test]
    fn critical_values_undo_the_tail() {
        for exponent in 0..=20 {
            let freedom = f64::from(1 << exponent);
            let alphas =
                (1..300).map(|digits| 10_f64.powi(-digits)).filter(|alpha| freedom > 2.0 || *alpha > 1e-150);
            for alpha in alphas.chain([0.003, 0.05, 0.25, 0.5, 0.9, 0.999, 0.999_999]) {
                let t = two_sided_critical(alpha, freedom).unwrap();
                let back = two_sided_tail(t, freedom).unwrap();
                // The last bit of y is raised to half the degrees of freedom.
                assert!((back / alpha - 1.0).abs() < 1e-9, "{alpha:e} with {freedom} came back as {back:e}");
            }
        }
    }

    #[test]
    fn what_is_no_tail_is_absent() {
        assert_eq!(two_sided_tail(f64::NAN, 4.0), None);
        assert_eq!(two_sided_tail(1.0, 0.0), None);
        assert_eq!(two_sided_tail(f64::INFINITY, 4.0), Some(0.0));
        for alpha in [0.0, 1.0, -0.1, f64::NAN] {
            assert_eq!(two_sided_critical(alpha, 4.0), None, "{alpha}");
        }
        assert_eq!(two_sided_critical(1e-200, 1.0), None);
    }
}
