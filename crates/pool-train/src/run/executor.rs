//! The seam between a sweep and the machines that it runs on.

use super::dir::RunDir;
use super::stop::StopFlag;
use super::task::{Fate, Task, Work};
use super::working_hours::WorkingHours;
use crate::{TrainError, TrialEvent};

/// Where the tasks of a sweep are run: on this machine, or on a cluster.
pub trait Executor {
    /// Runs tasks. Returns when all have ended, or those that were running when stopping was asked for or the hours
    /// were used up.
    ///
    /// # Errors
    /// A task's folder cannot be prepared: tasks that run are then let finish, and no more are started.
    fn run(&self, stage: Stage<'_>, sweep: &mut Ongoing<'_>) -> Result<(), TrainError>;
}

/// Tasks that do not wait for one another.
#[derive(Debug)]
pub struct Stage<'a> {
    /// The tasks that have not come so far.
    pub work: Vec<Work<'a>>,
    /// Tasks that the stage has in all. How they share a machine depends on this, so that a sweep that was interrupted
    /// gives its tasks as many threads as it gave them before: a few sums of libtorch's depend on their number.
    pub of: usize,
    /// Whether each has its machine to itself, because its times will be reported.
    pub alone: bool,
}

/// The sweep that a stage belongs to.
pub struct Ongoing<'s> {
    /// Where records are left.
    pub dir: &'s RunDir,
    /// Set when no more is to be started, and what runs is to stop.
    pub stop: &'s StopFlag,
    /// How long it may go on.
    pub hours: WorkingHours,
    /// Is told what happens.
    pub on_event: &'s mut dyn FnMut(SweepEvent<'_>),
}

impl Ongoing<'_> {
    /// Whether another task may be started.
    pub fn goes_on(&self) -> bool {
        !self.stop.is_set() && self.hours.are_left()
    }

    /// Notes that a task has ended, and tells it.
    pub fn ended(&mut self, task: Task<'_>, fate: &Fate) {
        self.hours.spend(fate);
        (self.on_event)(SweepEvent::Ended(task, fate));
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
    /// Tasks that do not wait for one another begin: all trials, those of a rung, or the measurements. A trial is a task
    /// once in every rung that it takes part in.
    Stage {
        /// Tasks that are done, of this stage and those before it.
        done: usize,
        /// Tasks of all stages; fewer than were said before where arms have left a search early.
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
    /// A task tells something.
    Progress(Task<'a>, TrialEvent),
    /// A task has ended without a record, and will be started again.
    Retrying {
        /// The task.
        task: Task<'a>,
        /// What happened.
        reason: &'a str,
        /// Whether nothing else will run beside it.
        alone: bool,
    },
    /// A task has ended.
    Ended(Task<'a>, &'a Fate),
}
