//! The seam between a sweep and the machines that it runs on.

use std::collections::HashMap;

use pool_records::{EpochRecord, RunDir, StopFlag, TrialEvent, TunedArm};
use pool_spec::{ArmOverrides, Task};

use crate::ScheduleError;
use crate::task::{QueuedTask, TaskOutcome};

/// Where the tasks of a sweep are run: on this machine, or on a cluster.
pub trait Executor {
    /// Runs tasks. Returns when all have ended, or those that were running when stopping was asked for or the time
    /// budget was used up.
    ///
    /// # Errors
    /// A task's folder cannot be prepared: tasks that run are then let finish, and no more are started.
    fn run(&self, stage: Stage<'_>, sweep: &mut SweepContext<'_>) -> Result<(), ScheduleError>;
}

/// Tasks that do not wait for one another.
#[derive(Debug)]
pub struct Stage<'a> {
    /// The tasks that have not come so far yet.
    pub tasks: Vec<QueuedTask<'a>>,
    /// Tasks that the stage has in all. How they share a machine depends on this, so that a sweep that was interrupted
    /// gives its tasks as many threads as it gave them before: a few sums of libtorch's depend on their number.
    pub total_tasks: usize,
    /// Whether each has its machine to itself, because its times will be reported.
    pub exclusive: bool,
}

/// The sweep that a stage belongs to.
pub struct SweepContext<'s> {
    /// Where records are left.
    pub dir: &'s RunDir,
    /// Set when no more is to be started, and what runs is to stop.
    pub stop: &'s StopFlag,
    /// How long it may go on.
    pub budget: TimeBudget,
    /// Called with every event.
    pub on_event: &'s mut dyn FnMut(SweepEvent<'_>),
}

impl SweepContext<'_> {
    /// Whether another task may be started.
    pub fn goes_on(&self) -> bool {
        !self.stop.is_set() && self.budget.is_left()
    }

    /// Counts the time of a task that has ended, and passes the event on.
    pub fn ended(&mut self, task: Task<'_>, outcome: &TaskOutcome) {
        self.budget.spend(outcome);
        (self.on_event)(SweepEvent::Ended(task, outcome));
    }
}

/// What happens during a sweep.
#[derive(Debug)]
pub enum SweepEvent<'a> {
    /// The run directory has been looked through.
    Planned {
        /// Trials asked for.
        trials: usize,
        /// Measurements of costs asked for.
        measurements: usize,
        /// How many of both are finished already.
        finished: usize,
    },
    /// A rung of successive halving begins.
    Rung {
        /// Which, from 1.
        number: usize,
        /// Arms in it.
        arms: usize,
        /// Epochs until which they are trained.
        epochs: u32,
    },
    /// The arms are trained with further seeds, until the next look of a design.
    Look {
        /// Which look, from 1.
        number: usize,
        /// Looks of the design.
        of: usize,
        /// Arms that are not decided yet.
        arms: usize,
        /// Seeds that each of them has at the look.
        seeds: u32,
    },
    /// Every setting has been tried, and the arms are trained with the one that was chosen for each.
    Tuned {
        /// The settings.
        settings: &'a [ArmOverrides],
        /// What was found for each arm.
        arms: &'a [TunedArm],
    },
    /// Tasks that do not wait for one another begin: all trials, those of a rung, or the measurements. A trial is a task
    /// once in every rung that it takes part in.
    Stage {
        /// Tasks that are done, of this stage and those before it.
        done: usize,
        /// Tasks of all stages; fewer than before where arms have left a search early.
        all: usize,
    },
    /// A task waits in the queue of a cluster, and nobody here waits for it.
    Submitted {
        /// The task.
        task: Task<'a>,
        /// The cluster's number of the job that it belongs to.
        job: u64,
    },
    /// A task's process is started.
    Started(Task<'a>),
    /// An event of a task's process.
    Progress(Task<'a>, TrialEvent),
    /// A task has ended without a record, and will be started again.
    Retrying {
        /// The task.
        task: Task<'a>,
        /// What happened.
        reason: &'a str,
        /// Whether nothing else will run next to it.
        exclusive: bool,
    },
    /// A task has ended.
    Ended(Task<'a>, &'a TaskOutcome),
}

/// Hours of training, added up over all trials: however many run at once, and however often the sweep is interrupted,
/// the same budget buys as much.
#[derive(Debug, Default)]
pub struct TimeBudget {
    /// `None` is unlimited.
    budget_s: Option<f64>,
    spent_s: HashMap<String, f64>,
}

impl TimeBudget {
    pub(crate) fn new(hours: Option<f64>) -> Self {
        Self { budget_s: hours.map(|hours| hours * 3600.0), spent_s: HashMap::new() }
    }

    /// Whether there is time for another trial.
    pub fn is_left(&self) -> bool {
        self.budget_s.is_none_or(|budget_s| self.spent_s.values().sum::<f64>() < budget_s)
    }

    /// Takes what a trial has trained so far.
    pub(crate) fn spend(&mut self, outcome: &TaskOutcome) {
        match outcome {
            TaskOutcome::Finished(record) => self.spend_epochs(&record.id, &record.epochs),
            TaskOutcome::Paused(paused) => self.spend_epochs(&paused.id, &paused.epochs),
            TaskOutcome::Measured(_) | TaskOutcome::Failed(_) | TaskOutcome::Stopped => {}
        }
    }

    /// Takes the time of all epochs that a trial has behind it, which replaces what was taken for it before.
    pub(crate) fn spend_epochs(&mut self, id: &str, epochs: &[EpochRecord]) {
        let seconds = epochs.iter().map(|epoch| epoch.train_s + epoch.validation_s).sum();
        self.spent_s.insert(id.to_owned(), seconds);
    }
}
