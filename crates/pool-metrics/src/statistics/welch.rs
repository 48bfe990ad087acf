//! Welch's interval: how far may two means differ, when nothing pairs their values?

use statrs::distribution::StudentsT;

use super::interval::{Interval, critical_value};
use super::summary::{mean, sample_sd};

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
    let half = critical_value(&StudentsT::new(0.0, 1.0, freedom).ok()?, level)? * (u + v).sqrt();
    (difference.is_finite() && half.is_finite())
        .then_some(Interval { low: difference - half, high: difference + half })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::t_interval;

    #[test]
    fn too_few_values_have_no_interval() {
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
        let alone = t_interval(&values, 0.95).unwrap();
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
