//! Statistics and scores equal those of SciPy, statsmodels and scikit-learn; `scripts/golden/metrics.py` made the
//! values and names the versions.

mod common;

use common::assert_close;
use pool_metrics::{
    ConfusionMatrix, holm, log_t_interval, mcnemar_exact, mean, median, quantile, sample_sd, t_interval,
    welch_interval, wilson_interval,
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    summaries: Vec<Summary>,
    log_t_intervals: Vec<LogT>,
    wilson: Vec<Wilson>,
    welch: Vec<Welch>,
    mcnemar: Vec<Discordant>,
    holm: Vec<Family>,
    classifications: Vec<Classification>,
}

#[derive(Deserialize)]
struct Summary {
    name: String,
    values: Vec<f64>,
    mean: f64,
    sample_sd: f64,
    median: f64,
    quantiles: Vec<Quantile>,
    t_intervals: Vec<AtLevel>,
}

#[derive(Deserialize)]
struct Quantile {
    q: f64,
    value: f64,
}

#[derive(Deserialize)]
struct AtLevel {
    level: f64,
    low: f64,
    high: f64,
}

#[derive(Deserialize)]
struct LogT {
    values: Vec<f64>,
    level: f64,
    low: f64,
    high: f64,
}

#[derive(Deserialize)]
struct Welch {
    a: Vec<f64>,
    b: Vec<f64>,
    level: f64,
    low: f64,
    high: f64,
}

#[derive(Deserialize)]
struct Wilson {
    successes: u64,
    trials: u64,
    level: f64,
    low: f64,
    high: f64,
}

#[derive(Deserialize)]
struct Discordant {
    only_a_wrong: u64,
    only_b_wrong: u64,
    p_value: f64,
}

#[derive(Deserialize)]
struct Family {
    name: String,
    p_values: Vec<f64>,
    adjusted: Vec<f64>,
}

#[derive(Deserialize)]
struct Classification {
    name: String,
    labels: Vec<u16>,
    predictions: Vec<u16>,
    classes: usize,
    counts: Vec<Vec<u64>>,
    accuracy: f64,
    precision: Vec<Option<f64>>,
    recall: Vec<Option<f64>>,
    f1: Vec<Option<f64>>,
    support: Vec<u64>,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("golden/statistics.json")).unwrap()
}

#[test]
fn summaries_equal_numpy() {
    for case in golden().summaries {
        let name = &case.name;
        assert_close(mean(&case.values).unwrap(), case.mean, 1e-14, &format!("mean of {name}"));
        assert_close(sample_sd(&case.values).unwrap(), case.sample_sd, 1e-12, &format!("sd of {name}"));
        assert_close(median(&case.values).unwrap(), case.median, 1e-14, &format!("median of {name}"));
        for Quantile { q, value } in case.quantiles {
            assert_close(
                quantile(&case.values, q).unwrap(),
                value,
                1e-13,
                &format!("{q} quantile of {name}"),
            );
        }
    }
}

#[test]
fn t_intervals_equal_scipy() {
    for case in golden().summaries {
        for AtLevel { level, low, high } in case.t_intervals {
            let ours = t_interval(&case.values, level, 0.0).unwrap();
            let what = format!("{level} interval of {}", case.name);
            assert_close(ours.low, low, 1e-11, &what);
            assert_close(ours.high, high, 1e-11, &what);
        }
    }
}

#[test]
fn t_intervals_of_logarithms_equal_scipy() {
    for LogT { values, level, low, high } in golden().log_t_intervals {
        let ours = log_t_interval(&values, level).unwrap();
        let what = format!("{level} of {values:?}");
        assert_close(ours.low, low, 1e-10, &what);
        assert_close(ours.high, high, 1e-10, &what);
    }
}

#[test]
fn wilson_intervals_equal_statsmodels() {
    for Wilson { successes, trials, level, low, high } in golden().wilson {
        let ours = wilson_interval(successes, trials, level).unwrap();
        let what = format!("{level} interval of {successes}/{trials}");
        // Near 0 statsmodels subtracts two almost equal numbers and is itself only good to this.
        assert_close(ours.low, low, 1e-10, &what);
        assert_close(ours.high, high, 1e-10, &what);
    }
}

#[test]
fn mcnemar_p_values_equal_statsmodels_from_certainty_to_the_far_tail() {
    for Discordant { only_a_wrong, only_b_wrong, p_value } in golden().mcnemar {
        let ours = mcnemar_exact(only_a_wrong, only_b_wrong);
        let tolerance = match only_a_wrong + only_b_wrong {
            // Logarithms of the factorials of thousands cancel, which leaves 10 of the 16 digits ...
            0..=10_000 => 1e-10,
            // ... and fewer as they grow,
            10_001..=100_000 => 1e-8,
            // until ours is the normal distribution's approximation.
            _ => 1e-3,
        };
        assert_close(ours.p_value, p_value, tolerance, &format!("({only_a_wrong}, {only_b_wrong})"));
    }
}

#[test]
fn holm_equals_statsmodels() {
    for case in golden().holm {
        let ours = holm(&case.p_values).unwrap();
        assert_eq!(ours.len(), case.adjusted.len());
        for (position, (&ours, &theirs)) in ours.iter().zip(&case.adjusted).enumerate() {
            assert_close(ours, theirs, 1e-15, &format!("{}, position {position}", case.name));
        }
    }
}

#[test]
fn confusion_matrices_equal_scikit_learn() {
    for case in golden().classifications {
        let matrix =
            ConfusionMatrix::from_predictions(&case.labels, &case.predictions, case.classes).unwrap();
        assert_eq!(matrix, case.counts.try_into().unwrap(), "{}", case.name);
        assert_close(matrix.accuracy(), case.accuracy, 1e-15, &case.name);
    }
}

#[test]
fn class_scores_equal_scikit_learn_and_are_absent_where_it_says_nan() {
    for case in golden().classifications {
        let matrix =
            ConfusionMatrix::from_predictions(&case.labels, &case.predictions, case.classes).unwrap();
        for (class, ours) in matrix.per_class().into_iter().enumerate() {
            let what = format!("class {class} of {}", case.name);
            assert_eq!(ours.support, case.support[class], "{what}");
            for (ours, theirs) in [
                (ours.precision, case.precision[class]),
                (ours.recall, case.recall[class]),
                (ours.f1, case.f1[class]),
            ] {
                assert_eq!(ours.is_some(), theirs.is_some(), "{what}");
                assert_close(ours.unwrap_or_default(), theirs.unwrap_or_default(), 1e-15, &what);
            }
        }
    }
}

#[test]
fn welch_intervals_equal_scipy() {
    for Welch { a, b, level, low, high } in golden().welch {
        let ours = welch_interval(&a, &b, level).unwrap();
        let what = format!("{level} of {a:?} and {b:?}");
        assert_close(ours.low, low, 1e-9, &what);
        assert_close(ours.high, high, 1e-9, &what);
    }
}
