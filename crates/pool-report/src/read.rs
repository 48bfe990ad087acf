//! A run, read from its directory: every record, or of a large run the best arms and a line for each trial.

use pool_records::{
    CostRecord, EpochRecord, Evaluation, Failure, FailureCause, PausedTrial, Record, RunLayout, TaskState,
    TrialRecord, TrialStatus,
};
use pool_spec::{Measurement, PlanFile, Trial};
use rayon::prelude::*;
use serde::Deserialize;
use std::collections::{HashMap, HashSet};
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use crate::ReportError;

/// What a run directory holds, arm by arm.
#[derive(Debug, Clone)]
pub struct Run {
    /// Where its files lie.
    pub layout: RunLayout,
    /// The study's name.
    pub study: String,
    /// The sweep file's text; empty when it is gone.
    pub sweep_text: String,
    /// The arms in the plan's order, those without a finished trial included.
    pub arms: Vec<ArmResults>,
    /// Trials and measurements of costs that died, and records that cannot be read.
    pub failures: Vec<Failure>,
    /// Ids of trials that have not run yet, or are running.
    pub missing: Vec<String>,
    /// Arms whose costs the plan asks for and nobody has measured yet.
    pub unmeasured: Vec<String>,
    /// Arms with trials whose records were not read in full; see [`Run::read_best`].
    pub set_aside: usize,
    /// Trials that a search has stopped before their end.
    pub paused: Vec<TrialOverview>,
    /// Every trial in a line, where not all are in `arms`.
    pub overview: Vec<TrialOverview>,
}

/// What one arm left behind.
#[derive(Debug, Clone)]
pub struct ArmResults {
    /// The arm's name.
    pub name: String,
    /// One record per finished trial, in the plan's order.
    pub records: Vec<TrialRecord>,
    /// Its time and memory, measured apart; none if the sweep asked for none, or before they were measured.
    pub costs: Option<CostRecord>,
}

impl ArmResults {
    /// The trials that did not diverge, which are those that enter a mean.
    pub fn healthy(&self) -> impl Iterator<Item = &TrialRecord> {
        self.records.iter().filter(|record| record.status != TrialStatus::Diverged)
    }
}

impl Run {
    /// Reads the plan, and every record that is there. A record that cannot be read is listed as a failure.
    ///
    /// # Errors
    /// A folder that is no run directory, or a plan that cannot be read.
    pub fn read(root: &Path) -> Result<Self, ReportError> {
        Self::read_best(root, usize::MAX)
    }

    /// As [`Run::read`], but of more than `most` arms only those with the lowest mean validation error: what a person
    /// reads and a machine can hold in memory. The others have a line each in `overview`.
    ///
    /// # Errors
    /// As there.
    pub fn read_best(root: &Path, most: usize) -> Result<Self, ReportError> {
        let layout = RunLayout::new(root);
        let plan = read_plan(&layout)?;
        let arms: HashSet<&str> = plan.trials.iter().map(|trial| trial.spec().arm.as_str()).collect();
        let (overview, kept) = if arms.len() > most {
            let (overview, kept) = best_arms(&layout, &plan.trials, most);
            (overview, Some(kept))
        } else {
            (Vec::new(), None)
        };
        let set_aside = kept.as_ref().map_or(0, |kept| arms.len() - kept.len());
        let sweep_text = fs::read_to_string(layout.sweep_file()).unwrap_or_default();
        let mut run = Self {
            layout,
            study: plan.study,
            sweep_text,
            arms: Vec::new(),
            failures: Vec::new(),
            missing: Vec::new(),
            unmeasured: Vec::new(),
            set_aside,
            paused: Vec::new(),
            overview,
        };
        run.add_trials(&plan.trials, kept.as_ref());
        for costs in &plan.costs {
            if kept.as_ref().is_none_or(|kept| kept.contains(&costs.spec().arm)) {
                run.add_costs(costs);
            }
        }
        if run.overview.is_empty() && !run.paused.is_empty() {
            run.overview = lines_of(&run);
        }
        Ok(run)
    }

    /// Every record, in the plan's order of arms.
    pub fn records(&self) -> impl Iterator<Item = &TrialRecord> {
        self.arms.iter().flat_map(|arm| &arm.records)
    }

    /// Records are read by as many threads as there are processors: a large run has gigabytes of them.
    fn add_trials(&mut self, trials: &[Trial], kept: Option<&HashSet<String>>) {
        let layout = &self.layout;
        let states = trials.par_iter().map(|trial| {
            let folder = layout.trial(trial.id());
            let is_set_aside = kept.is_some_and(|kept| !kept.contains(&trial.spec().arm));
            let has_record = || RunLayout::record_in(&folder).exists();
            // A record that there is no room for is not read in full.
            (!is_set_aside || !has_record()).then(|| TaskState::<TrialRecord>::of(&folder, trial.id()))
        });
        let states: Vec<Option<TaskState<TrialRecord>>> = states.collect();
        for (trial, state) in trials.iter().zip(states) {
            let (arm, seed) = (&trial.spec().arm, trial.spec().seed);
            let id = trial.id().to_owned();
            match state {
                None => continue,
                // An arm that a search has given up is no row of a table.
                Some(TaskState::Paused(paused)) => {
                    self.paused.push(paused_line(arm, seed, &paused));
                    continue;
                }
                Some(TaskState::Finished(record)) => {
                    self.arm(arm).records.push(*record);
                    continue;
                }
                Some(TaskState::Unusable(record)) => {
                    self.failures.push(failure(id, arm, Some(seed), record.reason));
                }
                Some(TaskState::Failed(found)) => {
                    self.failures.push(failure(id, arm, Some(seed), found.reason));
                }
                Some(TaskState::Begun | TaskState::Waiting) => self.missing.push(id),
            }
            self.arm(arm);
        }
    }

    fn add_costs(&mut self, costs: &Measurement) {
        let (id, arm) = (costs.id().to_owned(), &costs.spec().arm);
        let state = TaskState::<CostRecord>::of(&self.layout.costs(&id), &id);
        self.arm(arm);
        match state {
            TaskState::Finished(record) => self.arm(arm).costs = Some(*record),
            TaskState::Unusable(record) => self.failures.push(failure(id, arm, None, record.reason)),
            TaskState::Failed(found) => self.failures.push(failure(id, arm, None, found.reason)),
            TaskState::Begun | TaskState::Waiting | TaskState::Paused(_) => {
                self.unmeasured.push(arm.clone());
            }
        }
    }

    /// The results of this arm, which begin empty.
    fn arm(&mut self, name: &str) -> &mut ArmResults {
        let index = self.arms.iter().position(|arm| arm.name == name).unwrap_or_else(|| {
            self.arms.push(ArmResults { name: name.to_owned(), records: Vec::new(), costs: None });
            self.arms.len() - 1
        });
        &mut self.arms[index]
    }
}

fn failure(id: String, arm: &str, seed: Option<u64>, reason: String) -> Failure {
    Failure { id, arm: arm.to_owned(), seed, reason, cause: FailureCause::Error }
}

pub(crate) fn read_plan(layout: &RunLayout) -> Result<PlanFile, ReportError> {
    let path = layout.plan();
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Err(ReportError::NoRun { path: layout.root().to_owned() });
        }
        Err(error) => return Err(ReportError::io("read", &path)(error)),
    };
    PlanFile::from_json(&text).map_err(|cause| ReportError::Plan { path, cause })
}

/// One trial in a line: how a large run is looked through, and what is left of the trials that a report does not show.
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
fn best_arms(layout: &RunLayout, trials: &[Trial], most: usize) -> (Vec<TrialOverview>, HashSet<String>) {
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
fn lines_of(run: &Run) -> Vec<TrialOverview> {
    let finished = run.records().map(|record| {
        let TrialRecord { id, spec, status, epochs, validation, test, .. } = record;
        let test = test.as_ref().map(|test| test.evaluation);
        finished_line(id, &spec.arm, spec.seed, *status, epochs, *validation, test)
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
            .map(|found| paused_line(&trial.spec().arm, trial.spec().seed, &found));
    };
    let Brief { status, epochs, validation, test } = serde_json::from_slice(&text).ok()?;
    let test = test.map(|test| test.evaluation);
    Some(finished_line(trial.id(), &trial.spec().arm, trial.spec().seed, status, &epochs, validation, test))
}

fn finished_line(
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
fn paused_line(arm: &str, seed: u64, trial: &PausedTrial) -> TrialOverview {
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
