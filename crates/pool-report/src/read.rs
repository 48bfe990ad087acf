//! A run, read from its directory: every record, or of a large run the best arms and a line for each trial.

use pool_records::{
    CostRecord, EpochRecord, Evaluation, Failure, FailureCause, PausedTrial, RunLayout, SeedsOfReport,
    TaskState, TrialRecord, TrialStatus, TrialSummary, TunedArm,
};
use pool_spec::{
    ArmOverrides, Claim, ComparisonSpec, DrawnArms, Measurement, PlanFile, Reported, Rung, Trial, Tuning,
    one_per_arm,
};
use rayon::prelude::*;
use std::collections::{BTreeMap, HashMap, HashSet};
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
    /// How its arms are compared, as planned before the first trial.
    pub comparison: ComparisonSpec,
    /// What is claimed of them.
    pub claims: Vec<Claim>,
    /// What a publication reported of them, by their names.
    pub reported: BTreeMap<String, Reported>,
    /// The search that arms come from; `None` where the sweep file lists them all, and in plans that do not say it.
    pub search: Option<DrawnArms>,
    /// The rungs of successive halving; empty where every trial is trained to its end.
    pub rungs: Vec<Rung>,
    /// Arms of the plan, those included that `arms` does not have.
    pub planned_arms: usize,
    /// Seeds of each arm that the plan has.
    pub seeds: SeedsOfReport,
    /// Those that earlier reports were written for.
    pub seeds_of_reports: Vec<SeedsOfReport>,
    /// The arms in the plan's order, those without a finished trial included. Arms that were tuned are here with the trials
    /// of the setting that was chosen.
    pub arms: Vec<ArmResults>,
    /// What they were tuned with, and how they fare without; `None` where nothing was tuned.
    pub tuning: Option<TuningResults>,
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
    /// Its time and memory, measured apart, one record for each process that did; none if the sweep asked for none, or before
    /// they were measured.
    pub costs: Vec<CostRecord>,
}

/// What tuning left behind.
#[derive(Debug, Clone)]
pub struct TuningResults {
    /// The settings that every arm was tried with.
    pub settings: Vec<ArmOverrides>,
    /// What was found with them, and what was chosen, in the plan's order of arms.
    pub tried: Vec<TunedArm>,
    /// The arms with the sweep file's settings; their costs are in [`Run::arms`].
    pub untuned: Vec<ArmResults>,
}

impl ArmResults {
    fn empty(name: &str) -> Self {
        Self { name: name.to_owned(), records: Vec::new(), costs: Vec::new() }
    }

    /// The trials that did not diverge, which are those that enter a mean.
    pub fn healthy(&self) -> impl Iterator<Item = &TrialRecord> {
        self.records.iter().filter(|record| record.is_healthy())
    }

    /// The measurements during which the machine had no other work.
    pub fn quiet_costs(&self) -> impl Iterator<Item = &CostRecord> {
        self.costs.iter().filter(|record| !record.contention.is_contended())
    }
}

impl Run {
    /// Reads the plan, and every record that is there. A record that cannot be read is listed as a failure.
    ///
    /// # Errors
    /// A folder that is no run directory, or a plan that cannot be read.
    pub fn read(root: &Path) -> Result<Self, ReportError> {
        Self::read_best(root, usize::MAX, &[])
    }

    /// As [`Run::read`], but of more than `most` arms only those with the lowest mean validation error: what a person
    /// reads and a machine can hold in memory. The others have a line each in `overview`. Of the trials in `known`, which
    /// were read before, only the records that are shown are read again.
    ///
    /// # Errors
    /// As there.
    pub fn read_best(root: &Path, most: usize, known: &[TrialSummary]) -> Result<Self, ReportError> {
        let layout = RunLayout::new(root);
        let plan = read_plan(&layout)?;
        let mut run = Self::unread(layout, &plan);
        if let Some(tuning) = &plan.tuning {
            run.look_at_tuning(&plan, tuning);
        }
        // What an arm is judged by; a tuned one, by the trials of its setting.
        let judged: Vec<&Trial> = run.judged(&plan.trials, plan.tuning.as_ref()).collect();
        let mut shown: HashSet<String> = plan.trials.iter().map(|trial| trial.spec().arm.clone()).collect();
        run.planned_arms = shown.len();
        if shown.len() > most {
            shown = run.look_through(&judged, known, most);
            run.set_aside = run.planned_arms - shown.len();
        }
        if let Some(tuning) = &mut run.tuning {
            // Every arm has a row, in the plan's order, whether a setting was chosen for it or not.
            let arms = one_per_arm(&plan.trials).map(|trial| &trial.spec().arm);
            run.arms = arms.filter(|arm| shown.contains(*arm)).map(|arm| ArmResults::empty(arm)).collect();
            tuning.untuned = run.arms.clone();
            tuning.tried.retain(|tried| shown.contains(&tried.arm));
        }
        let judged: HashSet<&str> = judged.into_iter().map(Trial::id).collect();
        let tuned = plan.tuning.iter().flat_map(|tuning| &tuning.tuned).map(|tuned| &tuned.trial);
        let tuned = tuned.filter(|trial| judged.contains(trial.id()));
        let trials: Vec<&Trial> =
            plan.trials.iter().chain(tuned).filter(|trial| shown.contains(&trial.spec().arm)).collect();
        let untuned: HashSet<&str> = plan.trials.iter().map(Trial::id).collect();
        // By as many threads as there are processors: a large run has gigabytes of records.
        let states = trials
            .par_iter()
            .map(|trial| TaskState::<TrialRecord>::of(&run.layout.trial(trial.id()), trial.id()));
        let states: Vec<TaskState<TrialRecord>> = states.collect();
        for (trial, state) in trials.into_iter().zip(states) {
            // An arm that a search has given up is no row of a table.
            let has_row = !matches!(state, TaskState::Paused(_));
            let record = run.add_trial(trial, state).map(|record| *record);
            if !has_row {
                continue;
            }
            let (arm, is_judged) = (&trial.spec().arm, judged.contains(trial.id()));
            if let Some(tuning) = &mut run.tuning
                && untuned.contains(trial.id())
            {
                results_of(&mut tuning.untuned, arm).records.extend(record.clone());
            }
            results_of(&mut run.arms, arm).records.extend(record.filter(|_| is_judged));
        }
        for costs in plan.costs.iter().filter(|costs| shown.contains(&costs.spec().arm)) {
            run.add_costs(costs);
        }
        if run.overview.is_empty() && !run.paused.is_empty() {
            run.overview = lines_of(&run);
        }
        Ok(run)
    }

    /// A run with this plan before any of its records is read.
    pub fn unread(layout: RunLayout, plan: &PlanFile) -> Self {
        Self {
            seeds: SeedsOfReport::planned(plan),
            seeds_of_reports: SeedsOfReport::read(&layout),
            sweep_text: fs::read_to_string(layout.sweep_file()).unwrap_or_default(),
            layout,
            study: plan.study.clone(),
            comparison: plan.comparison.clone(),
            claims: plan.claims.clone(),
            reported: plan.reported.clone(),
            search: plan.search,
            rungs: plan.rungs.clone(),
            planned_arms: 0,
            arms: Vec::new(),
            tuning: None,
            failures: Vec::new(),
            missing: Vec::new(),
            unmeasured: Vec::new(),
            set_aside: 0,
            paused: Vec::new(),
            overview: Vec::new(),
        }
    }

    /// Every record, in the plan's order of arms.
    pub fn records(&self) -> impl Iterator<Item = &TrialRecord> {
        self.arms.iter().flat_map(|arm| &arm.records)
    }

    /// The records' [`TrialRecord::held_out_ratio`], which is one for all trials of a run.
    pub fn held_out_ratio(&self) -> f64 {
        self.records().next().map_or(0.0, TrialRecord::held_out_ratio)
    }

    /// Gives every trial its line, and the arms whose mean validation error is lowest. Of the others, what has no record
    /// is noted here; nobody looks at them again.
    fn look_through(&mut self, trials: &[&Trial], known: &[TrialSummary], most: usize) -> HashSet<String> {
        let known: HashMap<&str, &TrialSummary> =
            known.iter().map(|summary| (summary.id.as_str(), summary)).collect();
        let state_of = |trial: &Trial| match known.get(trial.id()) {
            Some(&summary) => TaskState::Finished(Box::new(summary.clone())),
            None => TaskState::of(&self.layout.trial(trial.id()), trial.id()),
        };
        let states: Vec<TaskState<TrialSummary>> = trials.par_iter().map(|trial| state_of(trial)).collect();
        let lines = trials.iter().zip(&states).filter_map(|(trial, state)| line_of(trial, state));
        let lines: Vec<TrialOverview> = lines.collect();
        let shown = best_arms(&lines, most);
        // Of a run that tunes, every trial has its line already.
        if self.tuning.is_none() {
            self.overview = lines;
        }
        for (trial, state) in trials.iter().zip(states) {
            if !shown.contains(&trial.spec().arm) {
                self.add_trial(trial, state);
            }
        }
        shown
    }

    /// Notes why a trial has no record that can be used; gives the record of one that has it.
    fn add_trial<R>(&mut self, trial: &Trial, state: TaskState<R>) -> Option<Box<R>> {
        let (id, arm, seed) = (trial.id().to_owned(), &trial.spec().arm, trial.spec().seed);
        match state {
            TaskState::Finished(record) => return Some(record),
            TaskState::Unusable(record) => self.failures.push(failure(id, arm, Some(seed), record.reason)),
            TaskState::Failed(found) => self.failures.push(failure(id, arm, Some(seed), found.reason)),
            TaskState::Paused(paused) => self.paused.push(paused_line(arm, seed, &paused)),
            TaskState::Begun | TaskState::Waiting => self.missing.push(id),
        }
        None
    }

    fn add_costs(&mut self, costs: &Measurement) {
        let (id, arm) = (costs.id().to_owned(), &costs.spec().arm);
        let state = TaskState::<CostRecord>::of(&self.layout.costs(&id), &id);
        self.arm(arm);
        match state {
            TaskState::Finished(record) => self.arm(arm).costs.push(*record),
            TaskState::Unusable(record) => self.failures.push(failure(id, arm, None, record.reason)),
            TaskState::Failed(found) => self.failures.push(failure(id, arm, None, found.reason)),
            TaskState::Begun | TaskState::Waiting | TaskState::Paused(_) => {
                if !self.unmeasured.contains(arm) {
                    self.unmeasured.push(arm.clone());
                }
            }
        }
    }

    /// Gives every trial of a run that tunes its line with its setting, and chooses the settings.
    fn look_at_tuning(&mut self, plan: &PlanFile, tuning: &Tuning) {
        let with_setting = tuning.trials.iter().chain(&tuning.tuned);
        let settings: HashMap<&str, usize> =
            with_setting.map(|tried| (tried.trial.id(), tried.setting)).collect();
        let setting_of =
            |trial: &Trial| tuning.settings.get(*settings.get(trial.id())?).map(ToString::to_string);
        let trials: Vec<&Trial> = plan.every_trial().collect();
        let states = trials.par_iter().map(|trial| TaskState::of(&self.layout.trial(trial.id()), trial.id()));
        let states: Vec<TaskState<TrialSummary>> = states.collect();
        let lines = trials.iter().zip(&states).filter_map(|(trial, state)| {
            Some(TrialOverview { setting: setting_of(trial), ..line_of(trial, state)? })
        });
        self.overview = lines.collect();
        let mut finished = HashMap::new();
        // The trials of tuning are the first ones. The others are read in full where they are shown.
        for (trial, state) in trials.into_iter().zip(states).take(tuning.trials.len()) {
            if let Some(record) = self.add_trial(trial, state) {
                finished.insert(trial.id().to_owned(), *record);
            }
        }
        self.tuning = Some(TuningResults {
            tried: TunedArm::all(tuning.settings.len(), &tuning.trials, &finished),
            settings: tuning.settings.clone(),
            untuned: Vec::new(),
        });
    }

    /// The trials that arms are judged by: of arms that were tuned, those with the setting that was chosen, which may be the
    /// sweep file's own.
    fn judged<'p>(
        &self,
        trials: &'p [Trial],
        tuning: Option<&'p Tuning>,
    ) -> impl Iterator<Item = &'p Trial> + use<'p> {
        let tried = self.tuning.iter().flat_map(|tuning| &tuning.tried);
        let chosen: HashMap<String, usize> =
            tried.filter_map(|tried| Some((tried.arm.clone(), tried.chosen?))).collect();
        let tuned = tuning.map_or(&[][..], |tuning| &tuning.tuned).iter();
        let tuned: Vec<&Trial> = tuned
            .filter(|tuned| chosen.get(tuned.arm()) == Some(&tuned.setting))
            .map(|tuned| &tuned.trial)
            .collect();
        // Those of the sweep file's setting, where that was chosen: a trial of tuning is then another seed of it.
        let is_chosen = move |trial: &Trial| {
            let Some(tuning) = tuning else { return true };
            let arm = &trial.spec().arm;
            let mut with_it = tuning
                .trials
                .iter()
                .filter(|tried| tried.arm() == arm && chosen.get(arm) == Some(&tried.setting));
            with_it.next().is_some_and(|tried| tried.trial.spec().is_other_seed_of(trial.spec()))
        };
        trials.iter().filter(move |trial| is_chosen(trial)).chain(tuned)
    }

    fn arm(&mut self, name: &str) -> &mut ArmResults {
        results_of(&mut self.arms, name)
    }
}

/// The results of this arm, which begin empty.
fn results_of<'a>(arms: &'a mut Vec<ArmResults>, name: &str) -> &'a mut ArmResults {
    let index = arms.iter().position(|arm| arm.name == name).unwrap_or_else(|| {
        arms.push(ArmResults::empty(name));
        arms.len() - 1
    });
    &mut arms[index]
}

fn failure(id: String, arm: &str, seed: Option<u64>, reason: String) -> Failure {
    Failure { id, arm: arm.to_owned(), seed, reason, cause: FailureCause::Error }
}

pub(crate) fn read_plan(layout: &RunLayout) -> Result<PlanFile, ReportError> {
    let path = layout.plan();
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            let path = layout.root().to_owned();
            let is_file = path.is_file();
            return Err(if is_file {
                ReportError::NotUnpacked { path }
            } else {
                ReportError::NoRun { path }
            });
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
    /// The setting of tuning that it was trained with; `None` for the sweep file's.
    pub setting: Option<String>,
}

/// The arms whose mean validation error is lowest.
fn best_arms(lines: &[TrialOverview], most: usize) -> HashSet<String> {
    let mut errors = HashMap::<&str, (f64, usize)>::new();
    for line in lines.iter().filter(|line| line.status != PAUSED) {
        let (sum, count) = errors.entry(&line.arm).or_default();
        *sum += line.validation_error.unwrap_or(f64::INFINITY);
        *count += 1;
    }
    let mut means: Vec<(&str, f64)> =
        errors.into_iter().map(|(arm, (sum, count))| (arm, sum / count as f64)).collect();
    means.sort_by(|(a, first), (b, second)| first.total_cmp(second).then(a.cmp(b)));
    means.into_iter().take(most).map(|(arm, _)| arm.to_owned()).collect()
}

/// The line of a trial that has finished, or that a search has stopped.
fn line_of(trial: &Trial, state: &TaskState<TrialSummary>) -> Option<TrialOverview> {
    let (arm, seed) = (&trial.spec().arm, trial.spec().seed);
    match state {
        TaskState::Finished(record) => {
            let TrialSummary { id, status, epochs, validation, test } = &**record;
            let test = test.as_ref().map(|test| test.evaluation);
            Some(finished_line(id, arm, seed, *status, epochs, *validation, test))
        }
        TaskState::Paused(paused) => Some(paused_line(arm, seed, paused)),
        TaskState::Unusable(_) | TaskState::Failed(_) | TaskState::Begun | TaskState::Waiting => None,
    }
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
        setting: None,
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
        setting: None,
    }
}
