//! Trials and measurements that are missing from the figures, and why.
use pool_records::Failure;
use serde::Serialize;

use crate::Run;
use crate::cells::{counted, listed, percent};

/// Trials and measurements that left no record.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Absences {
    /// Tasks that failed, and records that cannot be read.
    pub failed: Vec<Failure>,
    /// Ids of trials that have not run yet, or are running.
    pub missing: Vec<String>,
    /// Arms with planned cost measurements that have not run yet.
    pub unmeasured: Vec<String>,
    /// All of this in sentences; empty if nothing is missing.
    pub sentences: Vec<String>,
}

impl Absences {
    pub(super) fn of(run: &Run) -> Self {
        Self {
            failed: run.failures.clone(),
            missing: run.missing.clone(),
            unmeasured: run.unmeasured.clone(),
            sentences: sentences(run),
        }
    }
}

/// The most arms that are named.
const MOST_NAMES: usize = 6;
/// The most failures that are listed one by one.
const MOST_FAILURES: usize = 20;

fn sentences(run: &Run) -> Vec<String> {
    let nothing = run.records().next().is_none().then(|| "No trial of this run has finished.".to_owned());
    let set_aside = (run.set_aside > 0).then(|| {
        let verb = if run.set_aside == 1 { "is" } else { "are" };
        format!(
            "{} with the highest validation errors {verb} not shown; trials.csv has a line for every trial.",
            counted(run.set_aside, "arm")
        )
    });
    let paused = (!run.paused.is_empty()).then(|| {
        let best = run.paused.iter().filter_map(|trial| trial.validation_error).min_by(f64::total_cmp);
        let best = best.map_or(String::new(), |best| {
            format!("; the best of them had reached a validation error of {}", percent(best))
        });
        let trials = counted(run.paused.len(), "trial");
        format!("The search stopped {trials} early{best}. trials.csv has a line for each.")
    });
    let more = run.failures.len().saturating_sub(MOST_FAILURES);
    let more =
        (more > 0).then(|| format!("{} more failed; results.json lists all reasons.", counted(more, "task")));
    let failures = run.failures.iter().take(MOST_FAILURES).map(|Failure { id, seed, reason, .. }| {
        let what = if seed.is_some() { "Trial" } else { "The measurement" };
        format!("{what} {id} failed: {}.", reason.trim_end_matches('.'))
    });
    let missing = match run.missing.len() {
        0 => None,
        1 => Some("One trial of the plan has".to_owned()),
        count => Some(format!("{} of the plan have", counted(count, "trial"))),
    };
    let missing = missing
        .map(|trials| format!("{trials} no record yet; run the same sweep again to add what is missing."));
    let unmeasured = (!run.unmeasured.is_empty()).then(|| {
        let arms = match run.unmeasured.len() {
            few if few <= MOST_NAMES => listed(&run.unmeasured),
            many => counted(many, "arm"),
        };
        format!(
            "Time and memory of {arms} have not been measured yet; run the same sweep again to measure them."
        )
    });
    let first = nothing.into_iter().chain(set_aside).chain(paused);
    first.chain(failures).chain(more).chain(missing).chain(unmeasured).collect()
}
