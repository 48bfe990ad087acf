//! What is not in the figures, and why.

use pool_metrics::Failure;
use serde::Serialize;

use crate::Run;
use crate::cells::{counted, listed};

/// Trials and measurements that left no record.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Absences {
    /// Those that died, and records that cannot be read.
    pub failed: Vec<Failure>,
    /// Ids of trials that have not run yet, or are running.
    pub missing: Vec<String>,
    /// Arms whose costs the plan asks for and nobody has measured yet.
    pub unmeasured: Vec<String>,
    /// All of it in sentences; empty when nothing is absent.
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

fn sentences(run: &Run) -> Vec<String> {
    let nothing = run.records().next().is_none().then(|| "No trial of this run has finished.".to_owned());
    let failures = run.failures.iter().map(|Failure { id, seed, reason, .. }| {
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
        format!(
            "Time and memory of {} have not been measured yet; run the same sweep again to measure them.",
            listed(&run.unmeasured)
        )
    });
    nothing.into_iter().chain(failures).chain(missing).chain(unmeasured).collect()
}
