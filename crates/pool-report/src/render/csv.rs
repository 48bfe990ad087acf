//! One line per trial and metric, for other programs.

use pool_metrics::{TrialRecord, TrialStatus};

use crate::Run;

/// Tidy CSV with the columns study, arm, seed, trial, status, metric, value, unit.
pub fn results_csv(run: &Run) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let header = ["study", "arm", "seed", "trial", "status", "metric", "value", "unit"];
    writer.write_record(header).expect("writing to memory cannot fail");
    for record in run.records() {
        for Metric { name, value, unit } in metrics(record) {
            let seed = record.seed.to_string();
            let line = [
                run.study.as_str(),
                &record.arm,
                &seed,
                &record.id,
                status(record.status),
                &name,
                &value,
                unit,
            ];
            writer.write_record(line).expect("writing to memory cannot fail");
        }
    }
    let bytes = writer.into_inner().expect("writing to memory cannot fail");
    String::from_utf8(bytes).expect("made of strings")
}

/// As the record spells it.
fn status(status: TrialStatus) -> &'static str {
    match status {
        TrialStatus::Finished => "finished",
        TrialStatus::StoppedEarly => "stopped_early",
        TrialStatus::Diverged => "diverged",
    }
}

struct Metric {
    name: String,
    value: String,
    unit: &'static str,
}

fn metrics(record: &TrialRecord) -> Vec<Metric> {
    let mut metrics = Vec::new();
    let mut add = |name: String, value: Option<f64>, unit| {
        if let Some(value) = value {
            metrics.push(Metric { name, value: value.to_string(), unit });
        }
    };
    for (part, evaluation) in
        [("test", record.test), ("validation", record.validation), ("train", record.train)]
    {
        add(format!("{part}_error"), evaluation.map(|found| found.error_rate()), "fraction");
        add(format!("{part}_loss"), evaluation.map(|found| found.loss), "nat");
    }
    add("parameters".to_owned(), Some(record.model.parameters as f64), "count");
    add("epochs".to_owned(), Some(record.epochs.len() as f64), "count");
    add("best_epoch".to_owned(), record.best_epoch.map(f64::from), "epoch");
    add("train_time".to_owned(), Some(record.train_s()), "s");
    for (repeat, seconds) in record.timing.prediction_s.iter().enumerate() {
        add(format!("prediction_time_{}", repeat + 1), Some(*seconds), "s");
    }
    // 1 marks times that were taken while other trials ran, which must not be compared.
    add("times_contended".to_owned(), Some(f64::from(u8::from(record.timing.contended))), "flag");
    for estimate in &record.model.memory {
        add(format!("memory_{}", estimate.model), Some(estimate.total_bytes() as f64), "byte");
    }
    add("memory_measured_peak".to_owned(), record.measured_peak_bytes.map(|bytes| bytes as f64), "byte");
    metrics
}
