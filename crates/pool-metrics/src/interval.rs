//! Confidence intervals: Student's t for a mean over seeds and, by logarithms, for a duration over processes, Welch's for
//! the difference of two means, Wilson's score for an error rate over images.

use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

use super::summary::{mean, sample_sd};

/// A two-sided confidence interval, in the unit of what it bounds; `low <= high`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Interval {
    /// Whether the two share a value.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.low <= other.high && other.low <= self.high
    }
}

/// Interval for the mean of the population that `values` were drawn from: `mean ± t sd sqrt(1/n + r)`.
///
/// `t` is the `(1 + level) / 2` quantile of Student's distribution with `n - 1` degrees of freedom ("The Probable
/// Error of a Mean", Biometrika 6(1), 1908); `level` is a probability such as 0.95. Unlike the normal interval it
/// holds for a handful of seeds, if their results are roughly normal.
///
/// `held_out_ratio` is `r`, 0 for values that were drawn independently; see [`paired_t`](super::paired_t()).
///
/// `None` under two values, if the values' mean or spread is not finite, if `level` is not strictly between 0 and
/// 1 (or so near an end that the quantile is not a positive number), or if `held_out_ratio` is negative or not finite.
pub fn t_interval(values: &[f64], level: f64, held_out_ratio: f64) -> Option<Interval> {
    if !(held_out_ratio >= 0.0 && held_out_ratio.is_finite()) {
        return None;
    }
    let standard_error = sample_sd(values)? * (1.0 / values.len() as f64 + held_out_ratio).sqrt();
    around(mean(values)?, standard_error, (values.len() - 1) as f64, level)
}

/// Interval for the median of the population that positive `values` were drawn from, such as durations: [`t_interval`] of
/// their logarithms, taken back.
///
/// The mean of the logarithms is their median where they lie alike on both sides of it, and the median goes along with the
/// logarithm. Durations are skewed to the right, their logarithms less so; and the interval of a ratio of two is that of
/// a difference of logarithms, as [`MeanDifference`](super::MeanDifference) has it. The interval between two order
/// statistics needs no such assumption, but five values give it no more than the level `1 - 2 (1/2)^5`, 93.75 %, and three
/// no more than 75 %.
///
/// `None` under two values, if one is not positive and finite, if the interval does not end at a finite number, or for a
/// `level` that [`t_interval`] refuses.
pub fn log_t_interval(values: &[f64], level: f64) -> Option<Interval> {
    let logarithms: Vec<f64> = values.iter().map(|value| value.ln()).collect();
    let Interval { low, high } = t_interval(&logarithms, level, 0.0)?;
    let interval = Interval { low: low.exp(), high: high.exp() };
    interval.high.is_finite().then_some(interval)
}

/// `centre ± t standard_error`, if that is finite, with Student's `t` of this many degrees of freedom.
fn around(centre: f64, standard_error: f64, freedom: f64, level: f64) -> Option<Interval> {
    let half = critical_value(&StudentsT::new(0.0, 1.0, freedom).ok()?, level)? * standard_error;
    (centre.is_finite() && half.is_finite()).then_some(Interval { low: centre - half, high: centre + half })
}

/// Interval for the probability behind `successes` out of `trials`, within `[0, 1]`.
///
/// The score interval of E. B. Wilson, "Probable Inference, the Law of Succession, and Statistical Inference",
/// Journal of the American Statistical Association 22(158), 1927: with `f = successes / trials` and `z` the
/// `(1 + level) / 2` quantile of the normal distribution,
///
/// ```text
/// (f + z²/2n ± z sqrt(f (1 - f)/n + z²/4n²)) / (1 + z²/n)
/// ```
///
/// It keeps its level for rates near 0, where `f ± z sqrt(f (1 - f)/n)` reaches below 0 or shrinks to a point: an
/// error of 1 % is such a rate.
///
/// `None` without trials, with more successes than trials, or if `level` is not strictly between 0 and 1 (or so near
/// an end that `z` is not a positive number).
pub fn wilson_interval(successes: u64, trials: u64, level: f64) -> Option<Interval> {
    if trials == 0 || successes > trials {
        return None;
    }
    let z = critical_value(&Normal::standard(), level)?;
    Some(Interval {
        low: wilson_low(successes, trials, z),
        high: 1.0 - wilson_low(trials - successes, trials, z),
    })
}

/// The two ends are the roots of a quadratic whose product is `f² / (1 + z²/n)`; dividing it by the upper end instead
/// of subtracting keeps every digit of a small lower end, and makes it exactly 0 for no successes.
fn wilson_low(successes: u64, trials: u64, z: f64) -> f64 {
    let n = trials as f64;
    let f = successes as f64 / n;
    let spread = z * (f * (1.0 - f) / n + (z / (2.0 * n)).powi(2)).sqrt();
    f * (f / (f + z * z / (2.0 * n) + spread))
}

/// The quantile that leaves `(1 - level) / 2` above it.
fn critical_value(distribution: &impl ContinuousCDF<f64, f64>, level: f64) -> Option<f64> {
    if !(level > 0.0 && level < 1.0) {
        return None;
    }
    let value = distribution.inverse_cdf(0.5 + 0.5 * level);
    // A level within rounding of 0 or 1 becomes exactly the median or the end of the distribution.
    (value.is_finite() && value > 0.0).then_some(value)
}

/// Confidence interval for the mean of what `a` was drawn from minus that of what `b` was drawn from, in the unit of the
/// values.
///
/// With the squared standard errors `u = s_a²/n_a` and `v = s_b²/n_b`, it is the difference of the means plus and minus
/// `t sqrt(u + v)`, where `t` is the `(1 + level) / 2` quantile of Student's distribution with
/// `(u + v)² / (u²/(n_a - 1) + v²/(n_b - 1))` degrees of freedom: B. L. Welch, "The Generalization of 'Student's' Problem
/// when Several Different Population Variances Are Involved", Biometrika 34(1/2), 1947. The two need not spread alike. For
/// values that belong together pair by pair, [`paired_t`](super::paired_t()) is sharper.
///
/// `None` if either slice holds fewer than two values, if a mean or spread is not finite, or if `level` is not strictly
/// between 0 and 1.
pub fn welch_interval(a: &[f64], b: &[f64], level: f64) -> Option<Interval> {
    let squared_error = |values: &[f64]| Some(sample_sd(values)?.powi(2) / values.len() as f64);
    let difference = mean(a)? - mean(b)?;
    let (u, v) = (squared_error(a)?, squared_error(b)?);
    // Without any spread every number of degrees gives the same interval, which is a point.
    let freedom = match u + v {
        0.0 => 1.0,
        both => both.powi(2) / (u.powi(2) / (a.len() - 1) as f64 + v.powi(2) / (b.len() - 1) as f64),
    };
    around(difference, (u + v).sqrt(), freedom, level)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MeanDifference;

    const BAD_LEVELS: [f64; 7] = [0.0, 1.0, -0.5, 1.5, 95.0, f64::NAN, f64::INFINITY];

    #[test]
    fn one_seed_proves_nothing() {
        assert_eq!(t_interval(&[], 0.95, 0.0), None);
        assert_eq!(t_interval(&[1.19], 0.95, 0.0), None);
    }

    #[test]
    fn equal_values_leave_no_doubt() {
        assert_eq!(t_interval(&[1.25; 4], 0.95, 0.0), Some(Interval { low: 1.25, high: 1.25 }));
    }

    #[test]
    fn values_that_are_not_positive_have_no_interval_by_logarithms() {
        for value in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(log_t_interval(&[value, 1.0, 2.0], 0.95), None, "{value}");
        }
        assert_eq!(log_t_interval(&[5.8], 0.95), None, "one value has no spread");
        assert_eq!(
            log_t_interval(&[1e-300, 1e300], 0.95),
            None,
            "the upper end is beyond the largest number"
        );
    }

    /// One degree of freedom is Cauchy's distribution, whose quartiles are -1 and 1. The logarithms of 2 and 8 have the mean
    /// `ln 4` and the standard error `ln 2`.
    #[test]
    fn the_quartiles_of_two_values_lie_a_factor_apart() {
        let found = log_t_interval(&[2.0, 8.0], 0.5).unwrap();
        assert!((found.low - 2.0).abs() < 1e-12 && (found.high - 8.0).abs() < 1e-12, "{found:?}");
    }

    #[test]
    fn the_interval_of_ratios_is_that_of_the_difference_of_logarithms() {
        let (a, b) = ([5.81_f64, 5.79, 5.84, 5.80, 5.90], [5.31_f64, 5.42, 5.33, 5.35, 5.38]);
        let ratios: Vec<f64> = a.iter().zip(&b).map(|(a, b)| a / b).collect();
        let by_ratios = log_t_interval(&ratios, 0.95).unwrap();
        let difference = MeanDifference::paired(&a.map(f64::ln), &b.map(f64::ln), 0.0).unwrap();
        let by_difference = difference.interval(0.05).unwrap();
        assert!((by_ratios.low - by_difference.low.exp()).abs() < 1e-9);
        assert!((by_ratios.high - by_difference.high.exp()).abs() < 1e-9);
    }

    #[test]
    fn intervals_that_touch_overlap() {
        let middle = Interval { low: 2.0, high: 3.0 };
        for (low, high, expected, why) in [
            (0.0, 1.0, false, "below"),
            (1.0, 2.0, true, "up to its lower end"),
            (2.2, 2.8, true, "within"),
            (3.0, 4.0, true, "from its upper end"),
            (3.1, 4.0, false, "above"),
        ] {
            let other = Interval { low, high };
            assert_eq!([middle.overlaps(&other), other.overlaps(&middle)], [expected; 2], "{why}");
        }
    }

    #[test]
    fn a_higher_level_is_a_wider_interval() {
        let values = [1.10, 1.19, 1.31];
        let narrow = t_interval(&values, 0.90, 0.0).unwrap();
        let wide = t_interval(&values, 0.99, 0.0).unwrap();
        assert!(wide.low < narrow.low && narrow.high < wide.high, "{narrow:?} in {wide:?}");
    }

    #[test]
    fn values_that_are_not_finite_have_no_interval() {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX] {
            assert_eq!(t_interval(&[value, value, 1.0], 0.95, 0.0), None, "{value}");
        }
    }

    #[test]
    fn levels_outside_the_open_unit_interval_are_refused() {
        for level in BAD_LEVELS {
            assert_eq!(t_interval(&[1.0, 2.0], level, 0.0), None, "t at {level}");
            assert_eq!(wilson_interval(1, 2, level), None, "Wilson at {level}");
        }
    }

    #[test]
    fn levels_within_rounding_of_an_end_give_no_nan() {
        for level in [f64::MIN_POSITIVE, 1e-16, 1.0 - f64::EPSILON, 1.0_f64.next_down()] {
            for interval in
                [t_interval(&[1.0, 2.0], level, 0.0), wilson_interval(0, 3, level)].into_iter().flatten()
            {
                assert!(interval.low <= interval.high, "{level}: {interval:?}");
            }
        }
    }

    #[test]
    fn no_errors_at_all_start_the_interval_exactly_at_zero() {
        let none = wilson_interval(0, 10_000, 0.95).unwrap();
        assert_eq!(none.low, 0.0);
        assert!(none.high > 0.0);
        let all = wilson_interval(10_000, 10_000, 0.95).unwrap();
        assert_eq!(all.high, 1.0);
        assert!(all.low < 1.0);
    }

    #[test]
    fn impossible_counts_have_no_interval() {
        assert_eq!(wilson_interval(0, 0, 0.95), None);
        assert_eq!(wilson_interval(3, 2, 0.95), None);
    }

    #[test]
    fn too_few_values_have_no_welch_interval() {
        for (a, b) in [
            (&[][..], &[][..]),
            (&[1.0], &[1.0, 2.0]),
            (&[1.0, 2.0], &[1.0]),
            (&[1.0, f64::NAN], &[1.0, 2.0]),
        ] {
            assert_eq!(welch_interval(a, b, 0.95), None, "{a:?} and {b:?}");
        }
        assert_eq!(welch_interval(&[1.0, 2.0], &[1.0, 2.0], 1.0), None);
    }

    #[test]
    fn values_without_spread_differ_by_a_point() {
        let found = welch_interval(&[3.0; 3], &[1.0; 2], 0.95);
        assert_eq!(found, Some(Interval { low: 2.0, high: 2.0 }));
    }

    /// With `v = 0` the degrees of freedom are `n_a - 1`, and what is left is the interval of one mean.
    #[test]
    fn beside_values_without_spread_it_is_the_t_interval_of_the_others() {
        let values = [1.0, 2.0, 4.0, 9.0];
        let alone = t_interval(&values, 0.95, 0.0).unwrap();
        let found = welch_interval(&values, &[1.0; 3], 0.95).unwrap();
        assert!(
            (found.low - (alone.low - 1.0)).abs() < 1e-12 && (found.high - (alone.high - 1.0)).abs() < 1e-12
        );
    }

    /// Equal spreads and sizes give `2 (n - 1)` degrees of freedom: with two values each that is 2, whose 97.5 % quantile
    /// is 4.302652729696142 (closed form `0.95 sqrt(2 / (4 · 0.975 · 0.025))`).
    #[test]
    fn equal_spreads_pool_their_degrees_of_freedom() {
        let found = welch_interval(&[0.0, 2.0], &[10.0, 12.0], 0.95).unwrap();
        // Each variance is 2, each squared standard error 1.
        let half = 0.95 * (2.0 / (4.0 * 0.975 * 0.025_f64)).sqrt() * 2.0_f64.sqrt();
        assert!(
            (found.low - (-10.0 - half)).abs() < 1e-9 && (found.high - (-10.0 + half)).abs() < 1e-9,
            "{found:?}"
        );
    }
}
