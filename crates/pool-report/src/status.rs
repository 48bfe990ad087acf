//! How far a run is, from its directory alone: whoever runs it is not asked.

use pool_records::{
    CostRecord, EpochRecord, PausedTrial, Record, RunLayout, TaskState, TrialRecord, epochs_so_far,
    lock_holder,
};
use pool_spec::Trial;
use rayon::prelude::*;
use serde::Serialize;
use std::collections::HashSet;
use std::path::Path;

use crate::ReportError;
use crate::read::read_plan;

/// How far a run is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunStatus {
    /// The study's name.
    pub study: String,
    /// The sweep that owns the run directory now, as process and machine; none where nobody does.
    pub sweep: Option<String>,
    /// Every trial of the plan, in its order.
    pub trials: Vec<TaskStatus>,
    /// Every measurement of costs.
    pub costs: Vec<TaskStatus>,
    /// Seconds until the trials are over, if as many go on running as run now; none where that cannot be told, as with
    /// the rungs of a search.
    pub seconds_to_go: Option<f64>,
    /// Trials of the last rung of successive halving; none where every trial is trained to its end.
    pub finals: Option<usize>,
}

/// How far a trial or a measurement is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TaskStatus {
    /// Its folder's name.
    pub id: String,
    /// Its arm.
    pub arm: String,
    /// The trial's seed; costs have none.
    pub seed: Option<u64>,
    /// What it does.
    pub state: TaskProgress,
    /// Epochs that are behind it.
    pub epochs: u32,
    /// Epochs at most.
    pub of_epochs: Option<u32>,
    /// Share of validation images misclassified after the last epoch; after the best one of a paused trial.
    pub validation_error: Option<f64>,
}

/// What a task does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskProgress {
    /// It has its record, and that can be used.
    Finished,
    /// A process works on it: which one, on which machine.
    Running(String),
    /// A search has stopped it, to go on with the best or not at all.
    Paused,
    /// It died, or its record cannot be used, and this is why.
    Failed(String),
    /// It was begun, and nobody works on it.
    Interrupted,
    /// It was not begun.
    Waiting,
}

/// Histories that the time of an epoch is taken from, beside those of the trials that run.
const SAMPLE: usize = 50;

impl RunStatus {
    /// Looks at a run directory: at the record of each task, as a report does, or at what stands there in its place.
    ///
    /// # Errors
    /// A folder that is no run directory, or a plan that cannot be read.
    pub fn read(root: &Path) -> Result<Self, ReportError> {
        Self::read_after(root, None)
    }

    /// As [`RunStatus::read`], a moment after `last`: a record that could be used then is not read again.
    ///
    /// # Errors
    /// As there.
    pub fn read_after(root: &Path, last: Option<&Self>) -> Result<Self, ReportError> {
        let tasks = last.into_iter().flat_map(|last| last.trials.iter().chain(&last.costs));
        let finished = tasks.filter(|task| task.state == TaskProgress::Finished).map(|task| task.id.as_str());
        let usable: HashSet<&str> = finished.collect();
        let layout = RunLayout::new(root);
        let plan = read_plan(&layout)?;
        let mut clock = Clock::default();
        // Records are read in full, by every processor: whether one can be used is judged as a report judges it.
        let planned: Vec<&Trial> = plan.every_trial().collect();
        let looked: Vec<Looked> = planned
            .par_iter()
            .map(|trial| Looked::at::<TrialRecord>(&layout.trial(trial.id()), trial.id(), &usable))
            .collect();
        let trials: Vec<TaskStatus> = planned
            .into_iter()
            .zip(looked)
            .map(|(trial, looked)| trial_status(&layout, trial, looked, &mut clock))
            .collect();
        let costs = plan.costs.iter().map(|costs| {
            let Looked { state, .. } =
                Looked::at::<CostRecord>(&layout.costs(costs.id()), costs.id(), &usable);
            TaskStatus {
                id: costs.id().to_owned(),
                arm: costs.spec().arm.clone(),
                seed: None,
                state,
                epochs: 0,
                of_epochs: None,
                validation_error: None,
            }
        });
        let costs = costs.collect();
        let sweep = lock_holder(&layout.sweep_lock());
        let finals = plan.rungs.last().map(|last| last.arms * last.seeds);
        let seconds_to_go = if finals.is_none() { clock.seconds_to_go(&trials) } else { None };
        Ok(Self { study: plan.study, sweep, trials, costs, seconds_to_go, finals })
    }

    /// Whether nothing is left to do but to try again what failed.
    pub fn is_over(&self) -> bool {
        let is_over = |task: &TaskStatus| {
            matches!(task.state, TaskProgress::Finished | TaskProgress::Paused | TaskProgress::Failed(_))
        };
        let is_at_its_end =
            |task: &&TaskStatus| matches!(task.state, TaskProgress::Finished | TaskProgress::Failed(_));
        // Before its last rung, a search may have paused all that there is.
        let finals = self.finals.unwrap_or(0);
        self.sweep.is_none()
            && self.trials.iter().chain(&self.costs).all(is_over)
            && self.trials.iter().filter(is_at_its_end).count() >= finals
    }
}

/// What a task's folder says of it.
struct Looked {
    state: TaskProgress,
    /// How far a search has let it come.
    paused: Option<PausedTrial>,
}

impl Looked {
    fn at<R: Record>(folder: &Path, id: &str, usable: &HashSet<&str>) -> Self {
        if usable.contains(id) && RunLayout::record_in(folder).exists() {
            return Self { state: TaskProgress::Finished, paused: None };
        }
        let found = TaskState::<R>::of(folder, id);
        if matches!(found, TaskState::Finished(_)) {
            return Self { state: TaskProgress::Finished, paused: None };
        }
        // A process that runs says more than what an earlier one has left.
        if let Some(holder) = lock_holder(&RunLayout::lock_in(folder)) {
            return Self { state: TaskProgress::Running(holder), paused: None };
        }
        let (state, paused) = match found {
            TaskState::Finished(_) => (TaskProgress::Finished, None),
            TaskState::Unusable(record) => (TaskProgress::Failed(record.reason), None),
            TaskState::Failed(failure) => (TaskProgress::Failed(failure.reason), None),
            TaskState::Paused(paused) => (TaskProgress::Paused, Some(paused)),
            TaskState::Begun => (TaskProgress::Interrupted, None),
            TaskState::Waiting => (TaskProgress::Waiting, None),
        };
        Self { state, paused }
    }
}

fn trial_status(
    layout: &RunLayout,
    trial: &Trial,
    Looked { state, paused }: Looked,
    clock: &mut Clock,
) -> TaskStatus {
    let (epochs, validation_error) = match (&state, paused) {
        (TaskProgress::Waiting, _) => (Vec::new(), None),
        (TaskProgress::Finished, _) if clock.has_seen_enough() => (Vec::new(), None),
        (_, Some(paused)) => {
            let best = paused.best_validation_error();
            (paused.epochs, best)
        }
        (_, None) => {
            let epochs = epochs_so_far(&layout.trial(trial.id()));
            let last = epochs.last().map(|last| last.validation_error);
            (epochs, last)
        }
    };
    clock.see(&epochs);
    TaskStatus {
        id: trial.id().to_owned(),
        arm: trial.spec().arm.clone(),
        seed: Some(trial.spec().seed),
        state,
        epochs: epochs.len() as u32,
        of_epochs: Some(trial.spec().train.epochs),
        validation_error,
    }
}

/// How long epochs take.
#[derive(Default)]
struct Clock {
    epochs: usize,
    seconds: f64,
    histories: usize,
}

impl Clock {
    fn see(&mut self, epochs: &[EpochRecord]) {
        self.epochs += epochs.len();
        self.seconds += epochs.iter().map(|epoch| epoch.train_s + epoch.validation_s).sum::<f64>();
        self.histories += usize::from(!epochs.is_empty());
    }

    fn has_seen_enough(&self) -> bool {
        self.histories >= SAMPLE
    }

    fn seconds_to_go(&self, trials: &[TaskStatus]) -> Option<f64> {
        let running = trials.iter().filter(|trial| matches!(trial.state, TaskProgress::Running(_))).count();
        if self.epochs == 0 || running == 0 {
            return None;
        }
        let left = |trial: &TaskStatus| match trial.state {
            TaskProgress::Running(_) | TaskProgress::Interrupted | TaskProgress::Waiting => {
                Some(u64::from(trial.of_epochs?.saturating_sub(trial.epochs)))
            }
            TaskProgress::Finished | TaskProgress::Paused | TaskProgress::Failed(_) => None,
        };
        let epochs: u64 = trials.iter().filter_map(left).sum();
        Some(epochs as f64 * self.seconds / self.epochs as f64 / running as f64)
    }
}
