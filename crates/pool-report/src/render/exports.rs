//! The results for other programs, as CSV and JSON.
use pool_metrics::quantile;
use pool_records::{CostRecord, TestResults, TrialRecord, TrialStatus};

use crate::figures::errors_by_class;
use crate::{Analysis, Run, TrialOverview};

/// The whole analysis: figures in fractions, nats, seconds and bytes, and every sentence of the report.
pub fn json_results(analysis: &Analysis) -> serde_json::Value {
    // Keys are strings, and figures that JSON cannot express (NaN, infinity) become null.
    serde_json::to_value(analysis).expect("an analysis has string keys only")
}

/// Tidy CSV: one line per trial and metric, with the columns study, arm, pool, seed, trial, metric, unit, value.
///
/// Every value is a number; trial and metric together are a key. A measurement of costs has an empty seed, and its id
/// stands in the column `trial`.
pub fn results_csv(run: &Run) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let header = ["study", "arm", "pool", "seed", "trial", "metric", "unit", "value"];
    writer.write_record(header).expect("writing to memory cannot fail");
    let mut write = |arm: &str, pool: &str, seed: &str, id: &str, metrics: Vec<Metric>| {
        for Metric { name, unit, value } in metrics {
            let line = [&run.study, arm, pool, seed, id, &name, unit, &value.to_string()];
            writer.write_record(line).expect("writing to memory cannot fail");
        }
    };
    for arm in &run.arms {
        for record in &arm.records {
            let seed = record.spec.seed.to_string();
            write(&arm.name, &record.spec.fillings().to_string(), &seed, &record.id, trial_metrics(record));
        }
        for record in &arm.costs {
            write(&arm.name, &record.spec.fillings().to_string(), "", &record.id, cost_metrics(record));
        }
    }
    let bytes = writer.into_inner().expect("writing to memory cannot fail");
    String::from_utf8(bytes).expect("made of strings")
}

/// One line per finished or paused trial, for runs of which a report shows only a part: trial, arm, seed, status, epochs, validation
/// error, test error, training time in seconds; of a run that tunes, every trial with its setting. `None` if the report shows
/// every trial.
pub fn trials_csv(run: &Run) -> Option<String> {
    if run.overview.is_empty() {
        return None;
    }
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut header =
        vec!["trial", "arm", "seed", "status", "epochs", "validation_error", "test_error", "train_time_s"];
    header.extend(run.tuning.as_ref().map(|_| "setting"));
    writer.write_record(header).expect("writing to memory cannot fail");
    let number = |value: Option<f64>| value.map_or(String::new(), |value| value.to_string());
    for TrialOverview { id, arm, seed, status, epochs, validation_error, test_error, train_s, setting } in
        &run.overview
    {
        let mut line = vec![
            id.clone(),
            arm.clone(),
            seed.to_string(),
            (*status).to_owned(),
            epochs.to_string(),
            number(*validation_error),
            number(*test_error),
            train_s.to_string(),
        ];
        line.extend(run.tuning.as_ref().map(|_| setting.clone().unwrap_or_default()));
        writer.write_record(line).expect("writing to memory cannot fail");
    }
    let bytes = writer.into_inner().expect("writing to memory cannot fail");
    Some(String::from_utf8(bytes).expect("made of strings"))
}

/// One number with its name, in base units.
struct Metric {
    name: String,
    unit: &'static str,
    value: f64,
}

/// Metrics in the order of the file. A figure that was not measured or is not finite has no line.
#[derive(Default)]
struct Metrics(Vec<Metric>);

impl Metrics {
    fn add(&mut self, name: impl Into<String>, unit: &'static str, value: Option<f64>) {
        if let Some(value) = value.filter(|value| value.is_finite()) {
            self.0.push(Metric { name: name.into(), unit, value });
        }
    }

    /// 1 if true, 0 if not.
    fn flag(&mut self, name: impl Into<String>, value: bool) {
        self.add(name, "flag", Some(f64::from(u8::from(value))));
    }
}

fn trial_metrics(record: &TrialRecord) -> Vec<Metric> {
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
        add_test_results(test, &mut metrics);
    }
    metrics.0
}

fn add_test_results(test: &TestResults, metrics: &mut Metrics) {
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

fn cost_metrics(record: &CostRecord) -> Vec<Metric> {
    let mut metrics = Metrics::default();
    metrics.add("parameters", "count", Some(record.model.parameters as f64));
    for (what, seconds) in [
        ("step_time", &record.training.step_s),
        ("epoch_time", &record.training.epoch_s),
        ("prediction_time", &record.prediction.seconds),
    ] {
        for (percentile, q) in [("p05", 0.05), ("p50", 0.5), ("p95", 0.95)] {
            metrics.add(format!("{what}_{percentile}"), "s", quantile(seconds, q));
        }
    }
    for latency in record.latencies() {
        for (percentile, q) in [("p50", 0.5), ("p95", 0.95), ("p99", 0.99)] {
            let name = format!("latency_batch_{}_{percentile}", latency.batch_size);
            metrics.add(name, "s", quantile(&latency.seconds, q));
        }
    }
    metrics.add("epoch_energy", "J", record.training.energy_j);
    metrics.flag("times_contended", record.contention.is_contended());
    for peak in &record.memory {
        let of = |what: &str| format!("{what}_{}_batch_{}", peak.estimate.model, peak.estimate.batch_size);
        metrics.add(of("memory_measured"), "byte", peak.bytes.map(|bytes| bytes as f64));
        metrics.add(of("memory_model"), "byte", Some(peak.estimate.total_bytes() as f64));
        metrics.add(of("memory_model_over_measured"), "fraction", peak.model_over_measured());
    }
    metrics.0
}
