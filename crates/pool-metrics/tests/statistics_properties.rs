//! What the statistics promise for any input, not only for the golden cases.

use pool_metrics::{
    ConfusionMatrix, error_rate, holm, mcnemar_exact, mcnemar_from_predictions, mean, pareto_front, quantile,
    t_interval, wilson_interval,
};
use proptest::collection::vec;
use proptest::prelude::*;

/// Few distinct values, so that ties and equal points are common.
fn coarse_points() -> impl Strategy<Value = Vec<Vec<f64>>> {
    (1..5_usize).prop_flat_map(|objectives| vec(vec((0..6_u8).prop_map(f64::from), objectives), 1..40))
}

fn dominates(a: &[f64], b: &[f64]) -> bool {
    a != b && a.iter().zip(b).all(|(a, b)| a <= b)
}

proptest! {
    #[test]
    fn holm_never_lowers_a_p_value_and_keeps_their_order(p_values in vec(0.0..=1.0_f64, 0..40)) {
        let adjusted = holm(&p_values).unwrap();
        prop_assert_eq!(adjusted.len(), p_values.len());
        for (i, &p) in p_values.iter().enumerate() {
            prop_assert!(p <= adjusted[i] && adjusted[i] <= 1.0, "{p} became {}", adjusted[i]);
            for (j, &q) in p_values.iter().enumerate() {
                prop_assert!(p > q || adjusted[i] <= adjusted[j], "order of {i} and {j}");
            }
        }
    }

    #[test]
    fn holm_is_never_stricter_than_bonferroni(p_values in vec(0.0..=1.0_f64, 1..40)) {
        for (&p, adjusted) in p_values.iter().zip(holm(&p_values).unwrap()) {
            prop_assert!(adjusted <= (p * p_values.len() as f64).min(1.0));
        }
    }

    #[test]
    fn mcnemar_does_not_care_which_classifier_comes_first(a in 0..20_000_u64, b in 0..20_000_u64) {
        let (ab, ba) = (mcnemar_exact(a, b), mcnemar_exact(b, a));
        prop_assert_eq!(ab.p_value, ba.p_value);
        prop_assert_eq!((ab.only_a_wrong, ab.only_b_wrong), (ba.only_b_wrong, ba.only_a_wrong));
        prop_assert!((0.0..=1.0).contains(&ab.p_value));
    }

    #[test]
    fn mcnemar_finds_a_more_uneven_split_less_probable(a in 0..2_000_u64, b in 1..2_000_u64) {
        let (fewer, more) = (a.min(b), a.max(b));
        prop_assume!(fewer > 0);
        prop_assert!(mcnemar_exact(fewer - 1, more + 1).p_value <= mcnemar_exact(fewer, more).p_value);
    }

    #[test]
    fn discordant_counts_differ_by_as_much_as_the_errors(samples in vec((0..4_u8, 0..4_u8, 0..4_u8), 1..200)) {
        let labels: Vec<u8> = samples.iter().map(|sample| sample.0).collect();
        let a: Vec<u8> = samples.iter().map(|sample| sample.1).collect();
        let b: Vec<u8> = samples.iter().map(|sample| sample.2).collect();
        let errors = |predictions| ConfusionMatrix::from_predictions(&labels, predictions, 4).unwrap().errors();
        let test = mcnemar_from_predictions(&labels, &a, &b).unwrap();
        prop_assert_eq!(test.only_a_wrong + errors(&b), test.only_b_wrong + errors(&a));
    }

    #[test]
    fn wilson_contains_the_estimate_and_stays_a_probability(
        trials in 1..2_000_000_u64, share in 0.0..=1.0_f64, level in 0.001..0.9999_f64,
    ) {
        let successes = ((trials as f64 * share) as u64).min(trials);
        let estimate = successes as f64 / trials as f64;
        let interval = wilson_interval(successes, trials, level).unwrap();
        prop_assert!(0.0 <= interval.low && interval.high <= 1.0, "{interval:?}");
        prop_assert!(interval.low <= estimate && estimate <= interval.high, "{estimate} in {interval:?}");
    }

    #[test]
    fn wilson_of_failures_mirrors_wilson_of_successes(trials in 1..10_000_u64, share in 0.0..=1.0_f64) {
        let successes = ((trials as f64 * share) as u64).min(trials);
        let interval = wilson_interval(successes, trials, 0.95).unwrap();
        let mirrored = wilson_interval(trials - successes, trials, 0.95).unwrap();
        prop_assert!((interval.low + mirrored.high - 1.0).abs() < 1e-15);
    }

    #[test]
    fn t_interval_is_centred_on_the_mean(values in vec(-1e6..1e6_f64, 2..30), level in 0.01..0.999_f64) {
        let interval = t_interval(&values, level).unwrap();
        let centre = mean(&values).unwrap();
        prop_assert!(interval.low <= centre && centre <= interval.high);
        let half = interval.high - interval.low;
        prop_assert!(((interval.low + interval.high) / 2.0 - centre).abs() <= 1e-12 * (half + centre.abs()));
    }

    #[test]
    fn quantiles_rise_with_q_and_stay_within_the_values(
        values in vec(-1e6..1e6_f64, 1..50), p in 0.0..=1.0_f64, q in 0.0..=1.0_f64,
    ) {
        let at = |q| quantile(&values, q).unwrap();
        // The last bit of an interpolation may go either way.
        prop_assert!(at(p.min(q)) <= at(p.max(q)) + 1e-9);
        prop_assert!(at(0.0) <= at(q) && at(q) <= at(1.0));
    }

    #[test]
    fn error_rate_and_confusion_matrix_agree(samples in vec((0..10_u8, 0..10_u8), 1..300)) {
        let (labels, predictions): (Vec<u8>, Vec<u8>) = samples.into_iter().unzip();
        let matrix = ConfusionMatrix::from_predictions(&labels, &predictions, 10).unwrap();
        prop_assert_eq!(error_rate(&labels, &predictions).unwrap(), matrix.error_rate());
        prop_assert_eq!(matrix.per_class().iter().map(|class| class.support).sum::<u64>(), matrix.total());
        prop_assert!((matrix.error_rate() + matrix.accuracy() - 1.0).abs() < 1e-15);
    }

    #[test]
    fn pareto_front_is_never_empty_and_holds_no_dominated_point(points in coarse_points()) {
        let on_front = pareto_front(&points).unwrap();
        prop_assert_eq!(on_front.len(), points.len());
        prop_assert!(on_front.contains(&true));
        let front: Vec<_> = points.iter().zip(&on_front).filter(|(_, on)| **on).map(|(point, _)| point).collect();
        for (point, on) in points.iter().zip(&on_front) {
            let dominated_from_the_front = front.iter().any(|other| dominates(other, point));
            prop_assert_eq!(*on, !dominated_from_the_front, "{:?}", point);
        }
    }
}
