//! What the statistics promise for any input, not only for the golden cases.

use pool_metrics::{
    Calibration, ConfusionMatrix, PairedPredictions, Resampling, error_rate, holm, mcnemar_exact,
    mcnemar_from_predictions, mean, paired_bootstrap, paired_t, paired_t_power, pareto_front, quantile,
    seeds_needed, t_interval, wilson_interval,
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
    fn discordant_counts_differ_by_as_much_as_the_errors(samples in vec((0..4_u16, 0..4_u16, 0..4_u16), 1..200)) {
        let labels: Vec<u16> = samples.iter().map(|sample| sample.0).collect();
        let a: Vec<u16> = samples.iter().map(|sample| sample.1).collect();
        let b: Vec<u16> = samples.iter().map(|sample| sample.2).collect();
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
        let interval = t_interval(&values, level, 0.0).unwrap();
        let centre = mean(&values).unwrap();
        prop_assert!(interval.low <= centre && centre <= interval.high);
        let half = interval.high - interval.low;
        prop_assert!(((interval.low + interval.high) / 2.0 - centre).abs() <= 1e-12 * (half + centre.abs()));
    }

    #[test]
    fn paired_t_mirrors_when_the_arms_change_places(
        pairs in vec((0.0..1.0_f64, 0.0..1.0_f64), 2..12), level in 0.01..0.999_f64,
    ) {
        let (a, b): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
        let (ab, ba) = (paired_t(&a, &b, level, 0.0).unwrap(), paired_t(&b, &a, level, 0.0).unwrap());
        prop_assert_eq!((ab.mean, ab.sd, ab.p_value), (-ba.mean, ba.sd, ba.p_value));
        prop_assert_eq!((ab.interval.low, ab.interval.high), (-ba.interval.high, -ba.interval.low));
    }

    #[test]
    fn paired_t_rejects_just_when_its_interval_leaves_zero_out(
        pairs in vec((0.0..1.0_f64, 0.2..1.2_f64), 2..12), level in 0.01..0.999_f64,
    ) {
        let (a, b): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
        let test = paired_t(&a, &b, level, 0.0).unwrap();
        // On the very edge the last bits decide.
        prop_assume!((test.p_value - (1.0 - level)).abs() > 1e-9);
        let zero_is_out = test.interval.low > 0.0 || test.interval.high < 0.0;
        prop_assert_eq!(test.p_value < 1.0 - level, zero_is_out, "{:?}", test);
    }

    #[test]
    fn bootstrap_stays_within_what_the_counts_allow(
        images in vec((0..3_u16, vec((0..3_u16, 0..3_u16), 7)), 1..60), seeds in 1..=7_usize, seed in 0..1_000_u64,
        level in 0.01..0.999_f64,
    ) {
        let labels: Vec<u16> = images.iter().map(|image| image.0).collect();
        let of_seed = |seed: usize| -> (Vec<u16>, Vec<u16>) { images.iter().map(|image| image.1[seed]).unzip() };
        let predictions: Vec<_> = (0..seeds).map(of_seed).collect();
        let pairs: Vec<_> = predictions.iter().map(|(a, b)| PairedPredictions { a, b }).collect();
        let result = paired_bootstrap(&labels, &pairs, &Resampling { level, resamples: 200, seed }, None).unwrap();
        let rates = |arm: &[u16]| error_rate(&labels, arm).unwrap();
        let observed = predictions.iter().map(|(a, b)| rates(a) - rates(b)).sum::<f64>() / seeds as f64;
        prop_assert!((result.difference - observed).abs() < 1e-14);
        prop_assert!(-1.0 <= result.interval.low && result.interval.low <= result.interval.high);
        prop_assert!(result.interval.high <= 1.0);
        let least = if seeds < 5 { 2.0 / 201.0 } else { 1.0 / 201.0 };
        prop_assert!(least <= result.p_value && result.p_value <= 1.0);
    }

    #[test]
    fn power_rises_with_seeds_effect_and_level(
        effect_size in 0.0..5.0_f64, n in 2..500_u32, alpha in 1e-6..0.9_f64,
    ) {
        let power = |effect_size, n, alpha| paired_t_power(effect_size, n, alpha, 0.0).unwrap();
        let here = power(effect_size, n, alpha);
        prop_assert!((0.0..=1.0).contains(&here) && alpha <= here * (1.0 + 1e-12));
        for (there, why) in [
            (power(effect_size, n + 1, alpha), "a seed more"),
            (power(effect_size * 1.1, n, alpha), "a larger effect"),
            (power(effect_size, n, alpha * 1.1), "a more lenient level"),
        ] {
            // The last bits may go either way.
            prop_assert!(here <= there * (1.0 + 1e-11), "{}: {} then {}", why, here, there);
        }
    }

    #[test]
    fn seeds_needed_suffice_and_one_fewer_does_not(
        effect_size in 0.02..5.0_f64, alpha in 1e-4..0.3_f64, power in 0.1..0.99_f64,
    ) {
        let seeds = seeds_needed(effect_size, 1.0, alpha, power, 0.0).unwrap();
        prop_assert!(paired_t_power(effect_size, seeds, alpha, 0.0).unwrap() >= power);
        prop_assert!(seeds == 2 || paired_t_power(effect_size, seeds - 1, alpha, 0.0).unwrap() < power);
    }

    #[test]
    fn calibration_errors_are_ordered_and_no_larger_than_one(
        images in vec((0.0..=1.0_f64, any::<bool>()), 1..200),
    ) {
        let (confidences, correct): (Vec<f64>, Vec<bool>) = images.into_iter().unzip();
        let calibration = Calibration::from_confidences(&confidences, &correct).unwrap();
        let (expected, maximum) =
            (calibration.expected_calibration_error(), calibration.maximum_calibration_error());
        prop_assert_eq!(calibration.total(), confidences.len() as u64);
        prop_assert!(0.0 <= expected && expected <= maximum * (1.0 + 1e-12) && maximum <= 1.0);
        // No bin can hide more than what the means of all images show.
        let hits = correct.iter().filter(|&&correct| correct).count() as f64 / correct.len() as f64;
        prop_assert!((hits - mean(&confidences).unwrap()).abs() <= expected + 1e-12);
        for (bin, end) in calibration.bins().iter().zip(1..) {
            let low = f64::from(end - 1) / 15.0 - 1e-12;
            prop_assert!(bin.mean_confidence.is_none_or(|mean| low <= mean && mean <= low + 1.0 / 15.0 + 1e-11));
        }
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
    fn error_rate_and_confusion_matrix_agree(samples in vec((0..10_u16, 0..10_u16), 1..300)) {
        let (labels, predictions): (Vec<u16>, Vec<u16>) = samples.into_iter().unzip();
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
