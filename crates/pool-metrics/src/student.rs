//! The paired t-test, and Student's t distribution as far as the test and its power need it.

use serde::{Deserialize, Serialize};
use statrs::function::beta::checked_beta_reg;
use statrs::function::gamma::ln_gamma;

use super::interval::{Interval, t_interval};
use super::summary::{mean, sample_sd};

/// Result of the paired t-test between two arms `a` and `b`; everything but `t` and `p_value` in the unit of the
/// values.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PairedT {
    /// Mean of the differences `a - b`.
    pub mean: f64,
    /// Sample standard deviation of the differences.
    pub sd: f64,
    /// `mean / (sd sqrt(1/n + r))`; `None` if all differences are equal, which leaves nothing to divide by.
    pub t: Option<f64>,
    /// Probability of a `t` at least this far from 0 if the arms do not differ, in `[0, 1]`.
    pub p_value: f64,
    /// Confidence interval for the mean difference.
    pub interval: Interval,
}

/// Tests whether the values of two arms, paired by seed (`a[i]` and `b[i]` share one), differ on average.
///
/// With the differences' mean `d`, their sample standard deviation `s` and Student's distribution of `n - 1` degrees
/// of freedom ("The Probable Error of a Mean", Biometrika 6(1), 1908), the two-sided p-value is
/// `P(|T| >= |d| / (s sqrt(1/n + r)))`, and the interval is [`t_interval`] of the differences. It treats the seeds as a
/// sample of all seeds and assumes their differences to be roughly normal; which images were tested is taken as
/// given.
///
/// `held_out_ratio` is `r`: 0 where every seed is trained with the same images, and the plain t-test. Where each seed holds
/// out other images for validation, the seeds' training images overlap, their results are alike, and the plain test finds
/// differences too often; `r` is then the number of images held out over the number trained with, the correction of
/// C. Nadeau and Y. Bengio, "Inference for the Generalization Error", Machine Learning 52(3), 2003.
///
/// Differences that are all equal have no spread to compare their mean with. Their p-value is the limit of an ever
/// smaller spread: 1 if they are 0, and 0 otherwise. That 0 says that these seeds vary less than can be seen, not that
/// the arms are sure to differ, and needs a second test next to it. A spread or mean no larger than what subtracting
/// rounded numbers leaves (`4 EPSILON` of the largest value) counts as 0.
///
/// The relative error of the p-value is below 1e-10 up to a thousand seeds.
///
/// `None` if the slices differ in length or hold fewer than two values, if the differences' mean or spread is not
/// finite, if `level` is not strictly between 0 and 1, or if `held_out_ratio` is negative or not finite (as in
/// [`t_interval`]).
pub fn paired_t(a: &[f64], b: &[f64], level: f64, held_out_ratio: f64) -> Option<PairedT> {
    if a.len() != b.len() {
        return None;
    }
    let differences: Vec<f64> = a.iter().zip(b).map(|(a, b)| a - b).collect();
    let interval = t_interval(&differences, level, held_out_ratio)?;
    let (mean, sd) = (mean(&differences)?, sample_sd(&differences)?);

    let largest = a.iter().chain(b).fold(0.0_f64, |largest, value| largest.max(value.abs()));
    let rounding = 4.0 * f64::EPSILON * largest;
    if sd <= rounding {
        let mean = if mean.abs() <= rounding { 0.0 } else { mean };
        let p_value = if mean == 0.0 { 1.0 } else { 0.0 };
        return Some(PairedT {
            mean,
            sd: 0.0,
            t: None,
            p_value,
            interval: Interval { low: mean, high: mean },
        });
    }
    let n = differences.len() as f64;
    let t = mean / (sd * (1.0 / n + held_out_ratio).sqrt());
    Some(PairedT { mean, sd, t: Some(t), p_value: two_sided_tail(t, n - 1.0)?, interval })
}

/// `P(T >= t)` for Student's t; `None` as for both tails.
pub(super) fn upper_tail(t: f64, freedom: f64) -> Option<f64> {
    let both = two_sided_tail(t, freedom)?;
    Some(if t > 0.0 { both / 2.0 } else { 1.0 - both / 2.0 })
}

/// `P(|T| >= |t|)` for Student's t with `freedom` degrees of freedom; `None` unless `freedom` is positive and `t` is a
/// number.
///
/// With `y = freedom / (freedom + t²)` it is the regularised incomplete beta function `I_y(freedom/2, 1/2)`. That is
/// never formed as 1 minus something where it is small, so a p-value of 1e-75 keeps its digits.
fn two_sided_tail(t: f64, freedom: f64) -> Option<f64> {
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
    // the tail is indistinguishable from 0, the bracket is halved. At its upper end the square of t overflows.
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
    fn two_seeds_equal_the_arc_tangent_done_by_hand() {
        let test = paired_t(&[3.0, 2.0], &[1.0, 1.0], 0.5, 0.0).unwrap();
        // Differences 2 and 1: mean 3/2, sd 1/sqrt(2), so t = 3; one degree of freedom is Cauchy's distribution.
        let p_value = 1.0 - 2.0 / std::f64::consts::PI * 3.0_f64.atan();
        assert_eq!((test.mean, test.sd), (1.5, 0.5_f64.sqrt()));
        assert!((test.t.unwrap() - 3.0).abs() < 1e-15);
        assert!((test.p_value - p_value).abs() < 1e-15);
        // The quartiles of Cauchy's distribution are -1 and 1, times sd / sqrt(2) = 1/2.
        assert!((test.interval.low - 1.0).abs() < 1e-14 && (test.interval.high - 2.0).abs() < 1e-14);
    }

    #[test]
    fn equal_differences_are_certain_or_absent() {
        for (a, b, mean, p_value, why) in [
            (&[0.5, 0.25][..], &[0.5, 0.25][..], 0.0, 1.0, "the same values"),
            (&[0.5, 0.75], &[0.25, 0.5], 0.25, 0.0, "the same difference every time"),
            (&[0.0, 0.0], &[0.0, 0.0], 0.0, 1.0, "no errors at all"),
            (&[0.1 + 0.2, 0.7], &[0.3, 0.7], 0.0, 1.0, "nothing but the rounding of 0.1 + 0.2"),
        ] {
            let test = paired_t(a, b, 0.95, 0.0).unwrap();
            assert_eq!((test.mean, test.sd, test.t, test.p_value), (mean, 0.0, None, p_value), "{why}");
            assert_eq!(test.interval, Interval { low: mean, high: mean }, "{why}");
        }
        // 1.19 - 1.10 and 1.23 - 1.14 differ in their last bits only.
        let test = paired_t(&[1.19, 1.23], &[1.10, 1.14], 0.95, 0.0).unwrap();
        assert_eq!((test.sd, test.p_value), (0.0, 0.0));
    }

    #[test]
    fn values_that_make_no_test_are_refused() {
        for (a, b, level, why) in [
            (&[][..], &[][..], 0.95, "no seeds"),
            (&[1.0], &[2.0], 0.95, "one seed has no spread"),
            (&[1.0, 2.0], &[1.0], 0.95, "a seed without a partner"),
            (&[1.0, f64::NAN], &[1.0, 2.0], 0.95, "no number"),
            (&[1.0, f64::INFINITY], &[1.0, 2.0], 0.95, "no finite number"),
            (&[f64::INFINITY; 2], &[f64::INFINITY; 2], 0.95, "the difference of two infinities"),
            (&[f64::MAX, 1.0], &[f64::MIN, 2.0], 0.95, "a difference beyond the largest number"),
            (&[1.0, 2.0], &[2.0, 1.0], 1.0, "a level of certainty"),
            (&[1.0, 2.0], &[2.0, 1.0], f64::NAN, "no level at all"),
        ] {
            assert_eq!(paired_t(a, b, level, 0.0), None, "{why}");
        }
    }

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
