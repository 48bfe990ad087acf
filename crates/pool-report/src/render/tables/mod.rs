//! The tables of a report.

mod costs;
mod errors;
mod published;

pub(super) use super::table::{Table, row};
use crate::{ArmFigures, Run};

/// Every table of a run, in reading order; none before the first trial has finished.
pub(super) fn tables(run: &Run) -> Vec<Table> {
    if run.records().next().is_none() {
        return Vec::new();
    }
    let figures: Vec<ArmFigures> = run.arms.iter().map(ArmFigures::of).collect();
    let mut tables =
        vec![errors::errors(run, &figures), errors::losses(&figures), errors::training(&figures)];
    tables.extend(costs::tables(&figures));
    tables.extend(published::beside_the_published(run, &figures));
    tables
}

/// What else a reader must know: trials that are not in the tables.
pub(super) fn absences(run: &Run) -> Vec<String> {
    let failures = run.failures.iter().map(|failure| {
        let what = if failure.seed.is_some() { "Trial" } else { "Measurement" };
        format!("{what} {} failed: {}.", failure.id, failure.reason.trim_end_matches('.'))
    });
    let nothing = run.records().next().is_none().then(|| "No trial of this run has finished.".to_owned());
    let missing = match run.missing.len() {
        0 => None,
        1 => Some("One trial of the plan has".to_owned()),
        count => Some(format!("{count} trials of the plan have")),
    };
    let missing = missing
        .map(|trials| format!("{trials} no record yet; run the same sweep again to add what is missing."));
    let unmeasured = (!run.unmeasured.is_empty()).then(|| {
        format!(
            "Time and memory of {} have not been measured yet; run the same sweep again to measure them.",
            run.unmeasured.join(", ")
        )
    });
    nothing.into_iter().chain(failures).chain(missing).chain(unmeasured).collect()
}
