//! The figures of an arm, against numbers computed without this crate.

use pool_report::{ArmFigures, markdown_tables};

use crate::synthetic::{Synthetic, diverged, trial};

/// The 97.5 % quantile of Student's distribution with two degrees of freedom, from its closed form
/// `(2 p - 1) sqrt(2 / (4 p (1 - p)))`.
fn critical_value_of_three() -> f64 {
    let p: f64 = 0.975;
    (2.0 * p - 1.0) * (2.0 / (4.0 * p * (1.0 - p))).sqrt()
}

#[track_caller]
fn assert_near(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
}

#[test]
fn estimates_are_the_mean_over_seeds_and_its_t_interval() {
    let mut study = Synthetic::study("three seeds");
    for (seed, errors) in [(1, 100), (2, 110), (3, 150)] {
        let mut record = trial("maximum", "\"max\"", seed, 2);
        record.test.as_mut().unwrap().errors = errors;
        study.finish(record);
    }
    let figures = ArmFigures::of(&study.read().arms[0]);
    let error = figures.test_error.unwrap();
    // Mean of 1.0, 1.1 and 1.5 %; deviations -0.2, -0.1 and 0.3 give the variance 0.14 / 2.
    assert_near(error.mean, 0.012);
    let half = critical_value_of_three() * (0.07_f64 / 3.0).sqrt() / 100.0;
    let interval = error.interval.unwrap();
    assert_near(interval.low, 0.012 - half);
    assert_near(interval.high, 0.012 + half);
    assert_eq!(figures.trials, 3);
}

#[test]
fn times_and_peaks_are_medians_that_one_slow_trial_does_not_move() {
    let mut study = Synthetic::study("slow");
    for seed in 1..=3 {
        let mut record = trial("maximum", "\"max\"", seed, 2);
        if seed == 3 {
            record.timing.prediction_s = vec![90.0, 91.0];
            record.epochs[0].train_s = 300.0;
            record.measured_peak_bytes = Some(1 << 40);
        }
        study.finish(record);
    }
    let figures = ArmFigures::of(&study.read().arms[0]);
    // 0.37, 0.37, 0.38, 0.38 | 0.39, 0.39, 90, 91: the middle two of eight.
    assert_near(figures.prediction_s.unwrap(), 0.385);
    assert_near(figures.epoch_s.unwrap(), 7.5);
    assert_near(figures.measured_peak_bytes.unwrap(), (250 << 20) as f64);
    // The training time is a mean: (15 + 15 + 307.5) / 3.
    assert_near(figures.train_s.unwrap().mean, 112.5);
}

#[test]
fn one_seed_has_a_mean_and_no_interval() {
    let error = ArmFigures::of(&Synthetic::published(1, 2).read().arms[0]).test_error.unwrap();
    assert_near(error.mean, 0.011);
    assert_eq!(error.interval, None);
}

#[test]
fn diverged_trials_count_as_trials_and_enter_no_mean() {
    let mut study = Synthetic::study("diverging");
    study.finish(trial("maximum", "\"max\"", 1, 2));
    study.finish(diverged("maximum", 2));
    let run = study.read();
    let figures = ArmFigures::of(&run.arms[0]);
    assert_eq!((figures.trials, figures.diverged), (2, 1));
    assert_near(figures.test_error.unwrap().mean, 0.011);
    assert!(markdown_tables(&run).contains("1 trial of arm maximum diverged and enter no mean."));
}

const PUBLISHED: &str = "Beside the published study";

#[test]
fn the_published_figures_stand_beside_the_arms_that_the_study_had() {
    let mut study = Synthetic::published(3, 10);
    study.finish(trial("wide", "{ reduce = \"max\", size = 3 }", 1, 10));
    let mut other_network = trial("other network", "\"max\"", 1, 10);
    other_network.model.parameters += 1;
    study.finish(other_network);
    let text = markdown_tables(&study.read());
    let (_, table) = text.split_once(PUBLISHED).unwrap();
    for row in [
        "| average: study | 1.19 | 10 | 58.84 | 0.72 | 0.46 |",
        "| maximum: study | 1.19 | 10 | 58.22 | 0.71 | 0.46 |",
        "| none: study | 1.10 | 10 | 77.24 | 0.70 | 1.80 |",
        "| none: ours | 1.20 [0.95, 1.45] | 10.0 | 75.00 | 0.38 | 1.801 |",
    ] {
        assert!(table.contains(row), "{row} is not in {table}");
    }
    assert!(!table.contains("wide") && !table.contains("other network"), "{table}");
}

#[test]
fn without_an_arm_of_the_study_or_without_mnist_nothing_published_is_shown() {
    let mut other_arm = Synthetic::study("other arm");
    other_arm.finish(trial("lp", "\"lp\"", 1, 2));
    let mut other_data = Synthetic::study("other data");
    let mut record = trial("maximum", "\"max\"", 1, 2);
    record.settings.dataset = "Fashion-MNIST".to_owned();
    other_data.finish(record);
    for study in [other_arm, other_data] {
        assert!(!markdown_tables(&study.read()).contains(PUBLISHED));
    }
}
