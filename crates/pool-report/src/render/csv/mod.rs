//! One line per trial and metric, for other programs.

mod costs;
mod trial;

use crate::Run;

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
