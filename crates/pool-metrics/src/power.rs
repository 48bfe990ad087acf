//! How many seeds a comparison needs: the power of the paired t-test.

use statrs::function::gamma::checked_gamma_lr;

use super::student::{tail_slope, two_sided_critical};

/// More seeds than anybody trains; what would need more is reported as out of reach.
const MOST_SEEDS: u32 = 1_000_000;

/// Noncentrality beyond which the series' half million terms give way to an integral that is smooth by then.
const SERIES_UP_TO: f64 = 1_000.0;

/// Probability, in `[0, 1]`, that the two-sided paired t-test at `alpha` finds a true difference of `effect_size`
/// standard deviations (of the differences, of either sign) with `n` paired seeds.
///
/// The statistic of the test then has the noncentral t distribution with `v = n - 1` degrees of freedom and
/// noncentrality `delta = effect_size / sqrt(1/n + r)`, where `r` is the `held_out_ratio` of
/// [`paired_t`](super::paired_t()). With `c` the two-sided critical value at `alpha` and
/// `y = v / (v + c²)`,
///
/// ```text
/// P(|T| >= c) = sum over j >= 0 of Poisson(j; delta²/2) I_y(v/2, j + 1/2)
/// ```
///
/// which are the even terms of the series of R. V. Lenth, "Algorithm AS 243: Cumulative Distribution Function of the
/// Non-Central t Distribution", Applied Statistics 38(1), 1989; the odd ones cancel between the two tails. All terms
/// are positive and the first beta function is `alpha` itself, so nothing is lost to cancellation: the relative error
/// is below 1e-10 up to 100,000 seeds and below 1e-9 up to a million.
///
/// `None` under two seeds, if `effect_size` is NaN, if `alpha` is not strictly between 0 and 1, or if it is so small
/// (below 1e-150 with two seeds) that no critical value can be written down. An infinite effect is always found.
pub fn paired_t_power(effect_size: f64, n: u32, alpha: f64, held_out_ratio: f64) -> Option<f64> {
    if n < 2 || effect_size.is_nan() || !(held_out_ratio >= 0.0 && held_out_ratio.is_finite()) {
        return None;
    }
    let freedom = f64::from(n - 1);
    let critical = two_sided_critical(alpha, freedom)?;
    let noncentrality = effect_size.abs() / (1.0 / f64::from(n) + held_out_ratio).sqrt();
    if noncentrality <= SERIES_UP_TO {
        Some(power_by_series(noncentrality, freedom, critical, alpha))
    } else {
        power_by_integral(noncentrality, freedom, critical)
    }
}

/// Each beta function follows from the one before: `I_y(a, b + 1) = I_y(a, b) + y^a (1 - y)^b / (b B(a, b))`.
fn power_by_series(noncentrality: f64, freedom: f64, critical: f64, alpha: f64) -> f64 {
    let rate = noncentrality * noncentrality / 2.0;
    let share = critical * critical / (freedom + critical * critical);
    // Poisson weights further below their mean add less than 1e-21 in all. The first one that counts is called 1, and
    // what they add up to is divided out at the end: exp(-rate) would be 0.
    let first = (rate - 10.0 * rate.sqrt() - 10.0).max(0.0).floor();
    let (mut beta, mut rise) = (alpha, tail_slope(critical, freedom));
    let (mut weight, mut weights, mut power) = (1.0, 0.0, 0.0);
    let mut j = 0.0;
    loop {
        if j >= first {
            weights += weight;
            power += weight * beta.min(1.0);
            weight *= rate / (j + 1.0);
            if j > rate && weight <= 1e-18 * weights {
                return (power / weights).min(1.0);
            }
        }
        beta += rise;
        rise *= share * (0.5 * freedom + j + 0.5) / (j + 1.5);
        j += 1.0;
    }
}

/// The mean over a standard normal `z` of `P(chi²_v <= v (delta + z)² / c²)`. Where it is neither 0 nor 1 for so
/// large a `delta`, it changes over many units of `z`, and the trapezoidal rule is exact to the last digits.
fn power_by_integral(noncentrality: f64, freedom: f64, critical: f64) -> Option<f64> {
    const STEP: f64 = 0.25;
    let (mut weights, mut power) = (0.0, 0.0);
    for i in -40..=40 {
        let z = STEP * f64::from(i);
        let weight = (-0.5 * z * z).exp();
        let ratio = (noncentrality + z) / critical;
        let chi_square = freedom * ratio * ratio;
        let probability = if chi_square.is_finite() {
            checked_gamma_lr(freedom / 2.0, chi_square / 2.0).ok()?
        } else {
            1.0
        };
        weights += weight;
        power += weight * probability;
    }
    Some((power / weights).clamp(0.0, 1.0))
}

/// Smallest number of paired seeds (at least 2) with which the two-sided paired t-test at `alpha` finds a true
/// difference of `mean_difference` with a probability of at least `power`, if the differences vary from seed to seed
/// with the standard deviation `sd`, in the same unit.
///
/// Exact, by [`paired_t_power`]; but only as good as its inputs: the difference and the spread of a few seeds are
/// themselves uncertain, and a difference that happened to come out large asks for too few.
///
/// `None` without a difference, beyond 1,000,000 seeds (where training images overlap, more seeds do not help without
/// limit), if the difference or `sd` is not finite or `sd` is negative,
/// or if `alpha` or `power` is not strictly between 0 and 1 (or `alpha` too small, as above).
pub fn seeds_needed(
    mean_difference: f64,
    sd: f64,
    alpha: f64,
    power: f64,
    held_out_ratio: f64,
) -> Option<u32> {
    let measured = mean_difference.is_finite() && sd.is_finite() && sd >= 0.0;
    let within_reach = mean_difference != 0.0 && power > 0.0 && power < 1.0;
    if !(measured && within_reach) {
        return None;
    }
    let enough =
        |n| paired_t_power(mean_difference / sd, n, alpha, held_out_ratio).map(|reached| reached >= power);
    let (mut too_few, mut seeds) = (1, 2);
    while !enough(seeds)? {
        if seeds == MOST_SEEDS {
            return None;
        }
        too_few = seeds;
        seeds = (2 * seeds).min(MOST_SEEDS);
    }
    while seeds - too_few > 1 {
        let middle = too_few + (seeds - too_few) / 2;
        if enough(middle)? { seeds = middle } else { too_few = middle }
    }
    Some(seeds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_an_effect_the_power_is_the_level() {
        for n in [2, 3, 5, 30, 1_000_000] {
            for alpha in [1e-12, 0.001, 0.05, 0.999] {
                assert_eq!(paired_t_power(0.0, n, alpha, 0.0), Some(alpha), "{n} seeds at {alpha}");
            }
        }
    }

    #[test]
    fn the_sign_of_the_effect_does_not_matter() {
        assert_eq!(paired_t_power(-0.7, 8, 0.05, 0.0), paired_t_power(0.7, 8, 0.05, 0.0));
        assert_eq!(seeds_needed(-0.001, 0.002, 0.05, 0.8, 0.0), seeds_needed(0.001, 0.002, 0.05, 0.8, 0.0));
    }

    #[test]
    fn the_integral_takes_over_from_the_series_without_a_step() {
        for (freedom, alpha) in
            [(1.0, 0.05), (1.0, 1e-3), (1.0, 1e-6), (2.0, 1e-6), (4.0, 1e-12), (9.0, 1e-25)]
        {
            let critical = two_sided_critical(alpha, freedom).unwrap();
            let series = power_by_series(SERIES_UP_TO, freedom, critical, alpha);
            let integral = power_by_integral(SERIES_UP_TO, freedom, critical).unwrap();
            let step = (series / integral - 1.0).abs();
            assert!(step < 1e-10, "{freedom} degrees of freedom at {alpha} step by {step:e}");
        }
    }

    #[test]
    fn questions_without_an_answer_have_no_power() {
        for (effect_size, n, alpha, why) in [
            (1.0, 0, 0.05, "no seeds"),
            (1.0, 1, 0.05, "one seed has no spread"),
            (f64::NAN, 5, 0.05, "no effect size at all"),
            (1.0, 5, 0.0, "a level that rejects nothing"),
            (1.0, 5, 1.0, "a level that rejects everything"),
            (1.0, 5, f64::NAN, "no level at all"),
            (1.0, 2, 1e-200, "a critical value beyond the square root of the largest number"),
        ] {
            assert_eq!(paired_t_power(effect_size, n, alpha, 0.0), None, "{why}");
        }
    }

    #[test]
    fn effects_of_any_size_give_a_probability() {
        for effect_size in
            [f64::MIN_POSITIVE, 1e-200, 1e-9, 706.0, 708.0, 1e9, 1e200, f64::MAX, f64::INFINITY]
        {
            for (n, alpha) in [(2, 0.05), (2, 1e-100), (5, 1e-300), (1_000_000, 0.05)] {
                let power = paired_t_power(effect_size, n, alpha, 0.0).unwrap();
                assert!((alpha..=1.0).contains(&power), "{effect_size:e}, {n}, {alpha:e} gave {power:e}");
            }
        }
        assert_eq!(paired_t_power(f64::INFINITY, 2, 0.05, 0.0), Some(1.0));
    }

    #[test]
    fn seeds_are_counted_from_two_to_a_million() {
        for (mean_difference, sd, alpha, power, expected, why) in [
            (1.0, 1.0, 0.05, 0.8, Some(10), "one standard deviation, the textbook's answer"),
            (1.0, 0.0, 0.05, 0.8, Some(2), "no spread at all"),
            (1e9, 1.0, 0.05, 0.8, Some(2), "a spread that hardly shows"),
            (1.0, 1.0, 0.05, 0.01, Some(2), "less power than the level itself"),
            (0.0, 1.0, 0.05, 0.8, None, "no difference to find"),
            (0.0, 0.0, 0.05, 0.8, None, "no difference and no spread"),
            (1e-4, 1.0, 0.05, 0.8, None, "beyond a million"),
            (f64::MIN_POSITIVE, 1.0, 0.05, 0.8, None, "far beyond a million"),
            (f64::INFINITY, 1.0, 0.05, 0.8, None, "not a number of images"),
            (1.0, f64::NAN, 0.05, 0.8, None, "no spread known"),
            (1.0, -1.0, 0.05, 0.8, None, "a negative spread"),
            (1.0, 1.0, 0.0, 0.8, None, "a level that rejects nothing"),
            (1.0, 1.0, 0.05, 1.0, None, "certainty"),
            (1.0, 1.0, 0.05, f64::NAN, None, "no power asked for"),
        ] {
            assert_eq!(seeds_needed(mean_difference, sd, alpha, power, 0.0), expected, "{why}");
        }
    }
}
