//! Centre and spread of a few numbers, such as one arm's test error over its seeds.

/// Arithmetic mean, in the unit of the values; `None` without values.
pub fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// Sample standard deviation `sqrt(sum (x - mean)^2 / (n - 1))`, in the unit of the values; `None` under two values.
///
/// `n - 1`, because the seeds that were run are a sample of all seeds that could have been.
pub fn sample_sd(values: &[f64]) -> Option<f64> {
    if values.len() < 2 {
        return None;
    }
    // Two passes: the one-pass sum of squares cancels when the spread is small next to the mean, as test errors are.
    let centre = mean(values)?;
    let squares: f64 = values.iter().map(|value| (value - centre).powi(2)).sum();
    Some((squares / (values.len() - 1) as f64).sqrt())
}

/// Middle value, or the mean of the two middle ones, in the unit of the values.
///
/// `None` without values, or if one is NaN and so has no place in the order.
pub fn median(values: &[f64]) -> Option<f64> {
    quantile(values, 0.5)
}

/// The value below which the fraction `q` of the values lies, in the unit of the values.
///
/// With the values sorted and numbered from 0, this is the one at position `h = (n - 1) q`, linearly interpolated
/// between its neighbours: definition 7 of Hyndman and Fan, "Sample Quantiles in Statistical Packages", The American
/// Statistician 50(4), 1996, and the default of NumPy and R.
///
/// `None` without values, if one is NaN, or if `q` is outside `[0, 1]`.
pub fn quantile(values: &[f64], q: f64) -> Option<f64> {
    if values.is_empty() || !(0.0..=1.0).contains(&q) || values.iter().any(|value| value.is_nan()) {
        return None;
    }
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let position = (sorted.len() - 1) as f64 * q;
    let below = sorted[position.floor() as usize];
    let above = sorted[position.ceil() as usize];
    // Equal neighbours skip the arithmetic, in which two equal infinities would make a NaN.
    if below == above { Some(below) } else { Some(below + (above - below) * position.fract()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_few_values_have_no_summary() {
        assert_eq!(mean(&[]), None);
        assert_eq!(sample_sd(&[]), None);
        assert_eq!(sample_sd(&[1.0]), None);
        assert_eq!(median(&[]), None);
        assert_eq!(quantile(&[], 0.5), None);
    }

    #[test]
    fn one_value_is_its_own_mean_median_and_quantile() {
        assert_eq!(mean(&[1.19]), Some(1.19));
        assert_eq!(median(&[1.19]), Some(1.19));
        assert_eq!(quantile(&[1.19], 0.95), Some(1.19));
    }

    #[test]
    fn standard_deviation_divides_by_n_minus_one() {
        assert_eq!(sample_sd(&[1.0, 2.0, 3.0]), Some(1.0));
        assert_eq!(sample_sd(&[4.0, 4.0]), Some(0.0));
    }

    #[test]
    fn standard_deviation_survives_a_mean_that_dwarfs_it() {
        assert_eq!(sample_sd(&[1e9 + 1.0, 1e9 + 2.0, 1e9 + 3.0]), Some(1.0));
    }

    #[test]
    fn quantile_interpolates_between_sorted_neighbours() {
        let values = [40.0, 10.0, 30.0, 20.0];
        for (q, expected, why) in [
            (0.0, Some(10.0), "the minimum"),
            (1.0, Some(40.0), "the maximum"),
            (0.5, Some(25.0), "between the middle two"),
            (0.25, Some(17.5), "three quarters of the way from 10 to 20"),
            (-0.1, None, "below the range"),
            (1.1, None, "above the range"),
            (f64::NAN, None, "no fraction at all"),
        ] {
            assert_eq!(quantile(&values, q), expected, "q = {q}: {why}");
        }
    }

    #[test]
    fn values_without_an_order_have_no_quantile() {
        assert_eq!(median(&[1.0, f64::NAN, 2.0]), None);
    }

    #[test]
    fn equal_infinities_stay_what_they_are() {
        assert_eq!(median(&[f64::INFINITY, f64::INFINITY]), Some(f64::INFINITY));
    }
}
