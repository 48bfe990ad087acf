//! Every trial in a line: how a large run is looked through, and what is left of the trials that a report does not show.

use pool_records::{EpochRecord, Evaluation, PausedTrial, Record, RunLayout, TrialRecord, TrialStatus};
use pool_spec::Trial;
use rayon::prelude::*;
use serde::Deserialize;
use std::collections::{HashMap, HashSet};
use std::fs;

use super::Run;

/// One trial in a line.
#[derive(Debug, Clone, PartialEq)]
pub struct TrialOverview {
    /// Its folder's name.
    pub id: String,
    /// Its arm.
    pub arm: String,
    /// Its seed.
    pub seed: u64,
    /// How it ended: `finished`, `stopped_early`, `diverged`, or `paused` by a search.
    pub status: &'static str,
    /// Epochs that ran.
    pub epochs: usize,
    /// Share of validation images misclassified: in the end, or at best in the epochs of a paused trial.
    pub validation_error: Option<f64>,
    /// Share of test images misclassified.
    pub test_error: Option<f64>,
    /// Seconds of training.
    pub train_s: f64,
}

/// The lines of all trials that have one, and the arms whose mean validation error is lowest.
pub(super) fn best_arms(
    layout: &RunLayout,
    trials: &[Trial],
    most: usize,
) -> (Vec<TrialOverview>, HashSet<String>) {
    let lines: Vec<TrialOverview> =
        trials.par_iter().filter_map(|trial| overview_of(layout, trial)).collect();
    let mut errors = HashMap::<&str, (f64, usize)>::new();
    for line in lines.iter().filter(|line| line.status != PAUSED) {
        let (sum, count) = errors.entry(&line.arm).or_default();
        *sum += line.validation_error.unwrap_or(f64::INFINITY);
        *count += 1;
    }
    let mut means: Vec<(&str, f64)> =
        errors.into_iter().map(|(arm, (sum, count))| (arm, sum / count as f64)).collect();
    means.sort_by(|(a, first), (b, second)| first.total_cmp(second).then(a.cmp(b)));
    let kept = means.into_iter().take(most).map(|(arm, _)| arm.to_owned()).collect();
    (lines, kept)
}

/// The lines of a run that was read in full.
pub(super) fn of_run(run: &Run) -> Vec<TrialOverview> {
    let finished = run.records().map(|record| {
        let TrialRecord { id, spec, status, epochs, validation, test, .. } = record;
        let test = test.as_ref().map(|test| test.evaluation);
        finished(id, &spec.arm, spec.seed, *status, epochs, *validation, test)
    });
    finished.chain(run.paused.iter().cloned()).collect()
}

const PAUSED: &str = "paused";

fn overview_of(layout: &RunLayout, trial: &Trial) -> Option<TrialOverview> {
    /// What a line needs of a record; the rest is passed over.
    #[derive(Deserialize)]
    struct Brief {
        status: TrialStatus,
        epochs: Vec<EpochRecord>,
        validation: Option<Evaluation>,
        test: Option<BriefTest>,
    }
    #[derive(Deserialize)]
    struct BriefTest {
        evaluation: Evaluation,
    }
    let folder = layout.trial(trial.id());
    let Ok(text) = fs::read(RunLayout::record_in(&folder)) else {
        let text = fs::read_to_string(RunLayout::paused_in(&folder)).ok()?;
        return PausedTrial::from_json(&text)
            .ok()
            .map(|found| paused(&trial.spec().arm, trial.spec().seed, &found));
    };
    let Brief { status, epochs, validation, test } = serde_json::from_slice(&text).ok()?;
    let test = test.map(|test| test.evaluation);
    Some(finished(trial.id(), &trial.spec().arm, trial.spec().seed, status, &epochs, validation, test))
}

fn finished(
    id: &str,
    arm: &str,
    seed: u64,
    status: TrialStatus,
    epochs: &[EpochRecord],
    validation: Option<Evaluation>,
    test: Option<Evaluation>,
) -> TrialOverview {
    TrialOverview {
        id: id.to_owned(),
        arm: arm.to_owned(),
        seed,
        status: match status {
            TrialStatus::Finished => "finished",
            TrialStatus::StoppedEarly => "stopped_early",
            TrialStatus::Diverged => "diverged",
        },
        epochs: epochs.len(),
        validation_error: validation.as_ref().map(Evaluation::error_rate),
        test_error: test.as_ref().map(Evaluation::error_rate),
        train_s: epochs.iter().map(|epoch| epoch.train_s).sum(),
    }
}

/// The line of a trial that a search has stopped.
pub(super) fn paused(arm: &str, seed: u64, trial: &PausedTrial) -> TrialOverview {
    let PausedTrial { id, epochs, .. } = trial;
    TrialOverview {
        id: id.clone(),
        arm: arm.to_owned(),
        seed,
        status: PAUSED,
        epochs: epochs.len(),
        validation_error: trial.best_validation_error(),
        test_error: None,
        train_s: epochs.iter().map(|epoch| epoch.train_s).sum(),
    }
}
