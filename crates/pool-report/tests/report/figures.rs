//! The figures of an arm, against numbers computed without this crate.
use pool_metrics::Calibration;
use pool_records::EnergyMissing;
use pool_report::{Analysis, ArmFigures, TimeSource, markdown_report};
use pool_spec::PerturbationKind;

use crate::synthetic::{Synthetic, costs, diverged, err, trial};

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
        err(&mut record, errors, seed);
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
    assert_near(error.sd.unwrap(), 0.07_f64.sqrt() / 100.0);
    assert_eq!((figures.trials.len(), error.seeds), (3, 3));
}

#[test]
fn times_and_peaks_are_medians_that_one_slow_trial_does_not_move() {
    let mut study = Synthetic::study("slow");
    for seed in 1..=3 {
        let mut record = trial("maximum", "\"max\"", seed, 2);
        if seed == 3 {
            record.epochs[0].train_s = 300.0;
            record.resident_peak_bytes = Some(1 << 40);
        }
        study.finish(record);
    }
    let figures = ArmFigures::of(&study.read().arms[0]);
    assert_near(figures.costs.epoch_s.unwrap().median, 7.5);
    assert_near(figures.costs.resident_peak_bytes.unwrap().median, (250 << 20) as f64);
    // The training time is a mean: (15 + 15 + 307.5) / 3.
    assert_near(figures.costs.train_s.unwrap().mean, 112.5);
}

#[test]
fn times_come_from_the_measurement_where_there_is_one_and_in_passing_otherwise() {
    let mut study = Synthetic::published(1, 2);
    let mut record = costs("none", "\"none\"");
    record.training.step_s = (1..=101).map(f64::from).collect();
    study.measure(record);
    let run = study.read();
    let figures: Vec<ArmFigures> = run.arms.iter().map(ArmFigures::of).collect();
    let (average, none) = (&figures[0].costs, &figures[2].costs);
    assert_eq!((average.source, none.source), (TimeSource::InPassing, TimeSource::Measured));
    assert_near(average.epoch_s.unwrap().median, 7.5);
    // Twice 7.2, four times, the fifth and ninety-fifth percentile at the ends.
    assert_near(none.epoch_s.unwrap().median, 14.4);
    let step = none.step_s.unwrap();
    // The percentiles of 1, 2, ... 101, numbered from 0: 0.05 * 100 = 5 is the value 6.
    assert_eq!((step.p05, step.median, step.p95, step.repetitions), (6.0, 51.0, 96.0, 101));
    assert_eq!(none.smallest_batch().unwrap().batch_size, 1);
    let peak = none.training_peak().unwrap();
    let ratio = peak.model_bytes as f64 / (peak.model_bytes + (8 << 20)) as f64;
    assert_near(peak.model_over_measured.unwrap(), ratio);
    assert!(!average.may_be_compared() && none.may_be_compared());
}

#[test]
fn the_calibration_error_is_a_mean_over_seeds() {
    let mut study = Synthetic::study("too sure");
    for (seed, confidence) in [(1, 0.9), (2, 0.8)] {
        let mut record = trial("maximum", "\"max\"", seed, 2);
        let test = record.test.as_mut().unwrap();
        test.calibration =
            Calibration::from_confidences(&[confidence; 4], &[true, true, true, false]).unwrap();
        study.finish(record);
    }
    let figures = ArmFigures::of(&study.read().arms[0]);
    // Three of four are right.
    assert_near(figures.calibration_error.unwrap().mean, (0.15 + 0.05) / 2.0);
}

#[test]
fn classes_and_changed_images_are_summarised_over_seeds() {
    let figures = ArmFigures::of(&Synthetic::published(2, 2).read().arms[0]);
    // 110 and 120 errors, spread over the classes by their numbers.
    let errors: f64 = figures.class_errors.iter().map(|class| class.unwrap().mean).sum();
    assert_near(errors / 10.0, 0.0115);
    let shift = &figures.robustness[0];
    assert_eq!((shift.kind, shift.strength), (PerturbationKind::Shift, 1.0));
    // Of 40,000 shifted images 2 % and the seed's number.
    assert_near(shift.error.unwrap().mean, 0.02 + 1.5 / 40_000.0);
    assert_near(shift.consistency.unwrap().mean, 0.98);
}

#[test]
fn one_seed_has_a_mean_and_no_interval() {
    let error = ArmFigures::of(&Synthetic::published(1, 2).read().arms[0]).test_error.unwrap();
    assert_near(error.mean, 0.011);
    assert_eq!(error.interval, None);
}

#[test]
fn diverged_trials_are_counted_and_excluded_from_the_means() {
    let mut study = Synthetic::study("diverging");
    study.finish(trial("maximum", "\"max\"", 1, 2));
    study.finish(diverged("maximum", 2));
    let run = study.read();
    let figures = ArmFigures::of(&run.arms[0]);
    assert_eq!((figures.trials.len(), figures.diverged), (2, 1));
    assert_near(figures.test_error.unwrap().mean, 0.011);
    assert!(
        markdown_report(&Analysis::of(&run), &[])
            .contains("1 trial of arm maximum diverged and is excluded from the means.")
    );
}

#[test]
fn reported_figures_stand_next_to_ours_where_a_sweep_file_has_some() {
    const REPORTED: &str = "Comparison with the reported figures";
    let mut study = Synthetic::published(3, 10);
    study.finish(trial("wide", "{ reduce = \"max\", size = 3 }", 1, 10));
    let text = markdown_report(&study.analysis(), &[]);
    let (_, table) = text.split_once(REPORTED).unwrap();
    let (table, _) = table.split_once("## ").unwrap();
    for row in [
        "| average: reported | 1.19 | 10 | 58.84 | 0.72 | 0.46 |",
        "| maximum: reported | 1.19 | 10 | 58.22 | 0.71 | 0.46 |",
        "| none: reported | 1.10 | 10 | 77.24 | 0.70 | 1.80 |",
        "| none: ours | 1.20 [0.95, 1.45] | 10.0 | 75.00 | - | 1.801 |",
    ] {
        assert!(table.contains(row), "{row} is not in {table}");
    }
    assert!(!table.contains("wide"), "{table}");
    let mut other = Synthetic::study("other");
    other.finish(trial("lp", "\"lp\"", 1, 2));
    assert!(!markdown_report(&other.analysis(), &[]).contains(REPORTED));
}

/// Student's t with four degrees of freedom leaves 2.5 % above 2.7764451051977987 (`scipy.stats.t.ppf(0.975, 4)`).
const CRITICAL_VALUE_OF_FIVE: f64 = 2.776_445_105_197_798_7;

#[test]
fn times_over_processes_have_the_median_of_medians_and_an_interval_of_their_logarithms() {
    let mut study = Synthetic::study("five processes");
    study.finish(trial("maximum", "\"max\"", 1, 2));
    // Powers of 2 from process to process, so that the logarithms are multiples of ln 2: 0, 1, 2, 3 and 4.
    for (process, factor) in (1..).zip([4.0, 1.0, 16.0, 2.0, 8.0]) {
        let mut record = costs("maximum", "\"max\"");
        (record.spec.process, record.spec.processes) = (process, 5);
        record.training.epoch_s = vec![factor, factor, 1_000.0];
        record.training.energy_j = Some(100.0 * factor);
        record.latency[0].seconds.iter_mut().for_each(|seconds| *seconds = 0.001 * factor);
        study.measure(record);
    }
    let figures = ArmFigures::of(&study.read().arms[0]).costs;
    let half = CRITICAL_VALUE_OF_FIVE * (2.5_f64 / 5.0).sqrt();
    let (low, high) = ((2.0 - half).exp2(), (2.0 + half).exp2());
    let epoch = figures.epoch_s.unwrap();
    assert_eq!((epoch.median, epoch.processes, epoch.repetitions), (4.0, 5, 15));
    let energy = figures.energy_j.unwrap();
    assert_near(energy.median, 400.0);
    let latency = figures.smallest_batch().unwrap();
    assert_near(latency.p50_s, 0.004);
    for (found, scale) in [(epoch.interval, 1.0), (energy.interval, 100.0), (latency.p50_interval, 0.001)] {
        let found = found.unwrap();
        assert_near(found.low / scale, low);
        assert_near(found.high / scale, high);
    }
}

#[test]
fn processes_that_were_disturbed_are_in_no_interval() {
    let mut study = Synthetic::study("one disturbed");
    study.finish(trial("maximum", "\"max\"", 1, 2));
    for (process, seconds, jobs) in [(1, 5.0, 1), (2, 5.0, 1), (3, 50.0, 2)] {
        let mut record = costs("maximum", "\"max\"");
        (record.spec.process, record.spec.processes) = (process, 3);
        record.training.epoch_s = vec![seconds];
        record.contention.jobs = jobs;
        study.measure(record);
    }
    let epoch = ArmFigures::of(&study.read().arms[0]).costs.epoch_s.unwrap();
    assert_eq!((epoch.median, epoch.processes), (5.0, 2));
    assert_near(epoch.interval.unwrap().high, 5.0);
}

#[test]
fn energy_has_a_column_where_it_was_measured_and_a_reason_where_it_was_not() {
    const COLUMN: &str = "energy, J/epoch";
    let report = |energies: [Option<f64>; 2], missing: Option<EnergyMissing>| {
        let mut study = Synthetic::study("energy");
        for (arm, energy_j) in ["average", "maximum"].into_iter().zip(energies) {
            let mut record = costs(arm, "\"max\"");
            record.training.energy_j = energy_j;
            record.training.energy_missing = missing.filter(|_| energy_j.is_none());
            study.finish(trial(arm, "\"max\"", 1, 2));
            study.measure(record);
        }
        markdown_report(&study.analysis(), &[])
    };
    let one = report([Some(251.24), None], Some(EnergyMissing::NotReadable));
    assert!(one.contains(&format!("| {COLUMN} |")), "{one}");
    assert!(one.contains("7.20 [7.20, 7.20] | 0.380 [0.380, 0.401] | 251.2 |"), "{one}");
    assert!(one.contains("whatever else ran on them") && !one.contains("counters of energy"), "{one}");
    for (missing, part) in [
        (Some(EnergyMissing::NotReported), "The machine reports no energy."),
        (Some(EnergyMissing::NotReadable), "The machine does not let its counters of energy be read."),
        (Some(EnergyMissing::OnDevice), "reports no energy of the device that the networks were on."),
    ] {
        let none = report([None; 2], missing);
        assert!(none.contains(part) && !none.contains(COLUMN), "{none}");
    }
    let before = report([None; 2], None);
    assert!(!before.contains(COLUMN) && !before.contains("no energy"), "{before}");
}
