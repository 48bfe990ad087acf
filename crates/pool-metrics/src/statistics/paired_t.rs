//! The paired t-test: do two arms differ, judged on how their difference varies from seed to seed?

use serde::{Deserialize, Serialize};

use super::interval::{Interval, t_interval};
use super::student::two_sided_tail;
use super::summary::{mean, sample_sd};

/// Result of the paired t-test between two arms `a` and `b`; everything but `t` and `p_value` in the unit of the values.
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
/// With the differences' mean `d`, their sample standard deviation `s` and Student's distribution of `n - 1` degrees of
/// freedom ("The Probable Error of a Mean", Biometrika 6(1), 1908), the two-sided p-value is
/// `P(|T| >= |d| sqrt(n) / s)`, and the interval is [`t_interval`] of the differences. It treats the seeds as a sample of
/// all seeds and assumes their differences to be roughly normal; which images were tested is taken as given.
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
