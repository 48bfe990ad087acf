//! The metrics of one trial.

use pool_metrics::{TestResults, TrialRecord, TrialStatus};

use super::{Metric, Metrics};
use crate::figures::errors_by_class;

pub(super) fn metrics(record: &TrialRecord) -> Vec<Metric> {
    let mut metrics = Metrics::default();
    let (diverged, stopped_early) = match record.status {
        TrialStatus::Finished => (false, false),
        TrialStatus::StoppedEarly => (false, true),
        TrialStatus::Diverged => (true, false),
    };
    metrics.flag("diverged", diverged);
    metrics.flag("stopped_early", stopped_early);
    let test = record.test.as_ref().map(|test| test.evaluation);
    for (part, evaluation) in [("test", test), ("validation", record.validation), ("train", record.train)] {
        metrics.add(format!("{part}_error"), "fraction", evaluation.map(|found| found.error_rate()));
        metrics.add(format!("{part}_loss"), "nat", evaluation.map(|found| found.loss));
    }
    let gap = record.generalisation_gap();
    metrics.add("generalisation_gap_loss", "nat", gap.map(|(loss, _)| loss));
    metrics.add("generalisation_gap_error", "fraction", gap.map(|(_, error)| error));
    metrics.add("parameters", "count", Some(record.model.parameters as f64));
    metrics.add("epochs", "count", Some(record.epochs.len() as f64));
    metrics.add("best_epoch", "epoch", record.best_epoch.map(f64::from));
    let lowest = record.epoch_of_lowest_validation_loss();
    metrics.add("epoch_of_lowest_validation_loss", "epoch", lowest.map(f64::from));
    metrics.add("train_time", "s", Some(record.train_s()));
    metrics.flag("times_contended", record.contention.is_contended());
    for estimate in &record.model.memory {
        metrics.add(format!("memory_{}", estimate.model), "byte", Some(estimate.total_bytes() as f64));
    }
    metrics.add("resident_peak", "byte", record.resident_peak_bytes.map(|bytes| bytes as f64));
    if let Some(test) = &record.test {
        of_the_test_set(test, &mut metrics);
    }
    metrics.0
}

fn of_the_test_set(test: &TestResults, metrics: &mut Metrics) {
    let calibration = &test.calibration;
    metrics.add("calibration_error_expected", "fraction", Some(calibration.expected_calibration_error()));
    metrics.add("calibration_error_maximum", "fraction", Some(calibration.maximum_calibration_error()));
    for (class, error) in errors_by_class(test).into_iter().enumerate() {
        metrics.add(format!("class_error_{class}"), "fraction", error);
    }
    for row in test.robustness.iter().filter(|row| row.images > 0) {
        let of = |what: &str| format!("{what}_{}_{}", row.kind, row.strength);
        metrics.add(of("robustness_error"), "fraction", Some(row.error_rate()));
        metrics.add(of("robustness_consistency"), "fraction", Some(row.consistency()));
    }
}
