//! How far a run is, from its directory alone: whoever runs it is not asked.

use std::fs::{self, File, TryLockError};
use std::io::Read;
use std::path::Path;

use pool_metrics::{EpochRecord, Failure, PausedTrial, PlannedTrial, RunLayout};
use serde::{Deserialize, Serialize};

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
    pub state: TaskState,
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
pub enum TaskState {
    /// It has its record.
    Finished,
    /// A process works on it: which one, on which machine.
    Running(String),
    /// A search has stopped it, to go on with the best or not at all.
    Paused,
    /// It died, and this is why.
    Failed(String),
    /// It was begun, and nobody works on it.
    Interrupted,
    /// It was not begun.
    Waiting,
}

/// Histories that the time of an epoch is taken from, beside those of the trials that run.
const SAMPLE: usize = 50;

impl RunStatus {
    /// Looks at a run directory, at no more than a few small files of each task.
    ///
    /// # Errors
    /// A folder that is no run directory, or a plan that cannot be read.
    pub fn read(root: &Path) -> Result<Self, ReportError> {
        let layout = RunLayout::new(root);
        let plan = read_plan(&layout)?;
        let mut clock = Clock::default();
        let trials: Vec<TaskStatus> =
            plan.trials.iter().map(|trial| trial_status(&layout, trial, &mut clock)).collect();
        let costs = plan.costs.into_iter().map(|costs| {
            let state = state_of(&layout.costs(&costs.id));
            TaskStatus {
                id: costs.id,
                arm: costs.arm,
                seed: None,
                state,
                epochs: 0,
                of_epochs: None,
                validation_error: None,
            }
        });
        let costs = costs.collect();
        let sweep = holder_of(&layout.sweep_lock());
        let finals = plan.rungs.last().map(|last| last.arms * last.seeds);
        let seconds_to_go = if finals.is_none() { clock.seconds_to_go(&trials) } else { None };
        Ok(Self { study: plan.study, sweep, trials, costs, seconds_to_go, finals })
    }

    /// Whether nothing is left to do but to try again what failed.
    pub fn is_over(&self) -> bool {
        let is_over = |task: &TaskStatus| {
            matches!(task.state, TaskState::Finished | TaskState::Paused | TaskState::Failed(_))
        };
        let is_at_its_end =
            |task: &&TaskStatus| matches!(task.state, TaskState::Finished | TaskState::Failed(_));
        // Before its last rung, a search may have paused all that there is.
        let finals = self.finals.unwrap_or(0);
        self.sweep.is_none()
            && self.trials.iter().chain(&self.costs).all(is_over)
            && self.trials.iter().filter(is_at_its_end).count() >= finals
    }
}

fn trial_status(layout: &RunLayout, trial: &PlannedTrial, clock: &mut Clock) -> TaskStatus {
    let folder = layout.trial(&trial.id);
    let state = state_of(&folder);
    let (epochs, validation_error) = match state {
        TaskState::Waiting => (Vec::new(), None),
        TaskState::Finished if clock.has_seen_enough() => (Vec::new(), None),
        TaskState::Paused => {
            let paused = paused_in(&folder);
            let best = paused.as_ref().and_then(PausedTrial::best_validation_error);
            (paused.map_or(Vec::new(), |paused| paused.epochs), best)
        }
        _ => {
            let epochs = epochs_of(&folder);
            let last = epochs.last().map(|last| last.validation_error);
            (epochs, last)
        }
    };
    clock.see(&epochs);
    TaskStatus {
        id: trial.id.clone(),
        arm: trial.arm.clone(),
        seed: Some(trial.seed),
        state,
        epochs: epochs.len() as u32,
        of_epochs: trial.epochs(),
        validation_error,
    }
}

fn state_of(folder: &Path) -> TaskState {
    if RunLayout::record_in(folder).exists() {
        return TaskState::Finished;
    }
    if !folder.exists() {
        return TaskState::Waiting;
    }
    if let Some(holder) = holder_of(&RunLayout::lock_in(folder)) {
        return TaskState::Running(holder);
    }
    if let Ok(text) = fs::read_to_string(RunLayout::failure_in(folder)) {
        let reason = serde_json::from_str::<Failure>(&text).map(|failure| failure.reason);
        return TaskState::Failed(reason.unwrap_or_else(|_| "its failure.json cannot be read".to_owned()));
    }
    if RunLayout::paused_in(folder).exists() {
        TaskState::Paused
    } else if RunLayout::checkpoint_in(folder).exists() || RunLayout::history_in(folder).exists() {
        TaskState::Interrupted
    } else {
        TaskState::Waiting
    }
}

/// Who holds a lock, as its file says; none where it is free, or nobody can tell.
fn holder_of(lock: &Path) -> Option<String> {
    let mut file = File::open(lock).ok()?;
    match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            let _ = file.read_to_string(&mut holder);
            Some(holder)
        }
        Ok(()) | Err(TryLockError::Error(_)) => None,
    }
}

/// The epochs in `history.jsonl`, whose last line may be half written; those of the checkpoint where there is none yet.
fn epochs_of(trial: &Path) -> Vec<EpochRecord> {
    #[derive(Deserialize)]
    struct State {
        epochs: Vec<EpochRecord>,
    }
    let Ok(text) = fs::read_to_string(RunLayout::history_in(trial)) else {
        let state =
            fs::read_to_string(RunLayout::checkpoint_in(trial).join("state.json")).unwrap_or_default();
        return serde_json::from_str(&state).map(|State { epochs }| epochs).unwrap_or_default();
    };
    EpochRecord::history(&text)
}

fn paused_in(trial: &Path) -> Option<PausedTrial> {
    let text = fs::read_to_string(RunLayout::paused_in(trial)).ok()?;
    PausedTrial::from_json(&text).ok()
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
        let running = trials.iter().filter(|trial| matches!(trial.state, TaskState::Running(_))).count();
        if self.epochs == 0 || running == 0 {
            return None;
        }
        let left = |trial: &TaskStatus| match trial.state {
            TaskState::Running(_) | TaskState::Interrupted | TaskState::Waiting => {
                Some(u64::from(trial.of_epochs?.saturating_sub(trial.epochs)))
            }
            TaskState::Finished | TaskState::Paused | TaskState::Failed(_) => None,
        };
        let epochs: u64 = trials.iter().filter_map(left).sum();
        Some(epochs as f64 * self.seconds / self.epochs as f64 / running as f64)
    }
}
