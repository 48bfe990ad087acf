//! The paired t-test: do two arms differ, judged on how their difference varies from seed to seed?

use serde::{Deserialize, Serialize};

use super::interval::{Interval, t_interval};
use super::student::two_sided_tail;
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
    /// `mean / (sd / sqrt(n))`; none if all differences are equal, which leaves nothing to divide by.
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
/// `P(|T| >= |d| sqrt(n) / s)`, and the interval is [`t_interval`] of the differences. It treats the seeds as a
/// sample of all seeds and assumes their differences to be roughly normal; which images were tested is taken as
/// given.
///
/// Differences that are all equal have no spread to compare their mean with. Their p-value is the limit of an ever
/// smaller spread: 1 if they are 0, and 0 otherwise. That 0 says that these seeds vary less than can be seen, not that
/// the arms are sure to differ, and wants a second test beside it. A spread or mean no larger than what subtracting
/// rounded numbers leaves (`4 EPSILON` of the largest value) counts as 0.
///
/// The relative error of the p-value is below 1e-10 up to a thousand seeds.
///
/// `None` if the slices differ in length or hold fewer than two values, if the differences' mean or spread is not
/// finite, or if `level` is not strictly between 0 and 1 (as in [`t_interval`]).
pub fn paired_t(a: &[f64], b: &[f64], level: f64) -> Option<PairedT> {
    if a.len() != b.len() {
        return None;
    }
    let differences: Vec<f64> = a.iter().zip(b).map(|(a, b)| a - b).collect();
    let interval = t_interval(&differences, level)?;
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
    let t = mean / (sd / n.sqrt());
    Some(PairedT { mean, sd, t: Some(t), p_value: two_sided_tail(t, n - 1.0)?, interval })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_seeds_equal_the_arc_tangent_done_by_hand() {
        let test = paired_t(&[3.0, 2.0], &[1.0, 1.0], 0.5).unwrap();
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
            let test = paired_t(a, b, 0.95).unwrap();
            assert_eq!((test.mean, test.sd, test.t, test.p_value), (mean, 0.0, None, p_value), "{why}");
            assert_eq!(test.interval, Interval { low: mean, high: mean }, "{why}");
        }
        // 1.19 - 1.10 and 1.23 - 1.14 differ in their last bits only.
        let test = paired_t(&[1.19, 1.23], &[1.10, 1.14], 0.95).unwrap();
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
            assert_eq!(paired_t(a, b, level), None, "{why}");
        }
    }
}
