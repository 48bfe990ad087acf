//! One line per trial and metric, for other programs.

mod costs;
mod trial;

use crate::{Run, TrialOverview};

/// Tidy CSV with the columns study, arm, pool, seed, trial, metric, unit, value. Every value is a number; trial and
/// metric together are a key. A measurement of costs has no seed, and its id in the column of trials.
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
            let seed = record.seed.to_string();
            write(&arm.name, &record.model.pool, &seed, &record.id, trial::metrics(record));
        }
        if let Some(record) = &arm.costs {
            write(&arm.name, &record.model.pool, "", &record.id, costs::metrics(record));
        }
    }
    let bytes = writer.into_inner().expect("writing to memory cannot fail");
    String::from_utf8(bytes).expect("made of strings")
}

/// One line per trial, for runs of which a report shows a part: trial, arm, seed, status, epochs, validation error, test
/// error, training time in seconds. Nothing where the report shows every trial.
pub fn trials_csv(run: &Run) -> Option<String> {
    if run.overview.is_empty() {
        return None;
    }
    let mut writer = csv::Writer::from_writer(Vec::new());
    let header =
        ["trial", "arm", "seed", "status", "epochs", "validation_error", "test_error", "train_time_s"];
    writer.write_record(header).expect("writing to memory cannot fail");
    let number = |value: Option<f64>| value.map_or(String::new(), |value| value.to_string());
    for TrialOverview { id, arm, seed, status, epochs, validation_error, test_error, train_s } in
        &run.overview
    {
        let line = [
            id.clone(),
            arm.clone(),
            seed.to_string(),
            (*status).to_owned(),
            epochs.to_string(),
            number(*validation_error),
            number(*test_error),
            train_s.to_string(),
        ];
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

/// Metrics in the order of the file. What was not measured, or is no number, has no line.
#[derive(Default)]
struct Metrics(Vec<Metric>);

impl Metrics {
    fn add(&mut self, name: impl Into<String>, unit: &'static str, value: Option<f64>) {
        if let Some(value) = value.filter(|value| value.is_finite()) {
            self.0.push(Metric { name: name.into(), unit, value });
        }
    }

    /// 1 where it holds.
    fn flag(&mut self, name: impl Into<String>, value: bool) {
        self.add(name, "flag", Some(f64::from(u8::from(value))));
    }
}
