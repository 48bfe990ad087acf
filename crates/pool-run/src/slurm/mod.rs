//! Tasks as array jobs of a Slurm cluster, on a file system that all its machines share.
//!
//! The run directory is the only channel: a task's process is started by Slurm, leaves its record in its folder, and is
//! never contacted. Slurm answers two questions only: which tasks wait and run, and why one ended without a record.

mod commands;
mod job;

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use pool_records::{EpochRecord, RunError, RunLayout, TrialEvent};
use pool_spec::Task;

use crate::ScheduleError;
use crate::executor::{Executor, Stage, SweepContext, SweepEvent};
use crate::local_processes::TaskOptions;
use crate::task::{Attempt, AttemptOutcome, TaskOutcome};

pub use commands::SlurmError;
use commands::{Queue, State};
use job::{JobScript, Place, Submission, key_of};

/// How a sweep uses a cluster.
#[derive(Debug, Clone, Default)]
pub struct SlurmOptions {
    /// Tasks that may run at once; `None` is as many as the cluster gives.
    pub jobs: Option<u32>,
    /// Processors, and threads, of each task.
    pub threads: u32,
    /// How long a task may take; `None` is as long as the partition allows.
    pub timeout: Option<Duration>,
    /// Retries for a task whose machine failed, that was preempted, or that crashed.
    pub retries: u32,
    /// Further arguments for sbatch, after ours, so that they win.
    pub sbatch_arguments: Vec<String>,
    /// Submit and return.
    pub detach: bool,
}

/// Runs `PROGRAM trial FOLDER ...` for each task of an array job.
#[derive(Debug)]
pub struct Slurm {
    program: PathBuf,
    task_options: TaskOptions,
    options: SlurmOptions,
}

/// The shortest and the longest time between two looks at the queue: soon while something happens, rarely while nothing
/// does, as every look is work for the whole cluster's controller.
const POLL: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(15));
/// How long a finished task's record may take to be seen here: a network file system shows old listings for a while.
const FILE_SYSTEM_PATIENCE: Duration = Duration::from_secs(10);
/// How often Slurm may fail to answer in a row before the sweep gives up; controllers are restarted, too.
const QUEUE_PATIENCE: u32 = 20;

impl Slurm {
    /// Tasks are run by this program.
    pub fn new(program: impl Into<PathBuf>, task_options: TaskOptions, options: SlurmOptions) -> Self {
        Self { program: program.into(), task_options, options }
    }

    /// Submits these attempts, in as many arrays as the cluster needs, and notes where each has gone.
    fn submit<'a>(
        &self,
        mut attempts: Vec<Attempt<'a>>,
        exclusive: bool,
        after_trials: Vec<u64>,
        sweep: &mut SweepContext<'_>,
    ) -> Result<Vec<Pending<'a>>, ScheduleError> {
        if attempts.is_empty() {
            return Ok(Vec::new());
        }
        let most = commands::longest_array()?;
        // Tasks of one array get one amount of memory.
        attempts.sort_by_key(|attempt| attempt.exclusive);
        let mut pending = Vec::with_capacity(attempts.len());
        for attempt in attempts {
            if sweep.stop.is_set() {
                return Ok(Vec::new());
            }
            let task = attempt.work.task;
            let folder = match sweep.dir.prepare(task) {
                // A machine that is only cut off still works in it: the new process will wait for that one.
                Err(RunError::Running { folder, .. }) => folder,
                prepared => prepared?,
            };
            match TaskOutcome::read(sweep.dir, task, attempt.work.until_epoch)? {
                Some(outcome) => sweep.ended(task, &outcome),
                None => pending.push(Pending::new(attempt, folder)),
            }
        }
        let mut after = after_trials;
        for alike in pending.chunk_by_mut(|a, b| a.attempt.exclusive == b.attempt.exclusive) {
            for array in alike.chunks_mut(most) {
                let script = JobScript {
                    slurm: self,
                    layout: sweep.dir.layout(),
                    exclusive,
                    after: after.clone(),
                    attempts: array.iter().map(|pending| pending.attempt).collect(),
                };
                let Submission { job, .. } = script.submit()?;
                // Each array has a limit of tasks at once of its own.
                if self.options.jobs.is_some() {
                    after = vec![job];
                }
                tracing::info!(job, tasks = array.len(), "submitted");
                for (pending, index) in array.iter_mut().zip(0..) {
                    pending.place = Place { job, index };
                }
            }
        }
        Ok(pending)
    }

    /// Looks at the queue until every task has ended.
    fn follow(
        &self,
        mut pending: Vec<Pending<'_>>,
        exclusive: bool,
        sweep: &mut SweepContext<'_>,
    ) -> Result<(), ScheduleError> {
        let mut wait = POLL.0;
        let mut failures = 0;
        let mut owed = Vec::new();
        while !(pending.is_empty() && owed.is_empty()) {
            if sweep.stop.is_set() {
                return self.cancel(pending, sweep);
            }
            let before = pending.len();
            match self.round(&mut pending, &mut owed, exclusive, sweep) {
                Ok(()) => failures = 0,
                Err(ScheduleError::Slurm(error)) if failures < QUEUE_PATIENCE => {
                    tracing::warn!(%error, "Slurm does not answer; trying again");
                    failures += 1;
                }
                Err(error) => return Err(error),
            }
            wait = if failures == 0 && pending.len() < before { POLL.0 } else { (wait * 3 / 2).min(POLL.1) };
            if !(pending.is_empty() && owed.is_empty()) {
                pause(wait, sweep);
            }
        }
        Ok(())
    }

    /// Looks at the queue once, and submits the attempts that are owed to tasks that have died.
    fn round<'a>(
        &self,
        pending: &mut Vec<Pending<'a>>,
        owed: &mut Vec<Attempt<'a>>,
        exclusive: bool,
        sweep: &mut SweepContext<'_>,
    ) -> Result<(), ScheduleError> {
        let queue = Queue::read(pending.iter().map(|pending| pending.place.job))?;
        if !sweep.goes_on() {
            // The hours are used up: what runs may end.
            let waits = |pending: &Pending<'_>| queue.state(pending.place) == Some(State::Waiting);
            let (waiting, others) = std::mem::take(pending).into_iter().partition(waits);
            *pending = others;
            owed.clear();
            self.cancel(waiting, sweep)?;
        }
        for mut task in std::mem::take(pending) {
            match task.look(&queue, self.options.retries, sweep)? {
                None => pending.push(task),
                Some(AttemptOutcome::Over(outcome)) => sweep.ended(task.attempt.work.task, &outcome),
                Some(AttemptOutcome::Again { reason, exclusive }) => {
                    let event =
                        SweepEvent::Retrying { task: task.attempt.work.task, reason: &reason, exclusive };
                    (sweep.on_event)(event);
                    owed.push(task.attempt.next(exclusive));
                }
            }
        }
        pending.extend(self.submit(owed.clone(), exclusive, Vec::new(), sweep)?);
        owed.clear();
        Ok(())
    }

    fn cancel(&self, pending: Vec<Pending<'_>>, sweep: &mut SweepContext<'_>) -> Result<(), ScheduleError> {
        // What has just ended cannot be cancelled, and Slurm says so.
        if let Err(error) = commands::cancel(pending.iter().map(|pending| pending.place)) {
            tracing::warn!(%error, "not every task could be cancelled");
        }
        for pending in pending {
            let Attempt { work, .. } = pending.attempt;
            let outcome =
                TaskOutcome::read(sweep.dir, work.task, work.until_epoch)?.unwrap_or(TaskOutcome::Stopped);
            sweep.ended(work.task, &outcome);
        }
        Ok(())
    }
}

impl Executor for Slurm {
    fn run(&self, stage: Stage<'_>, sweep: &mut SweepContext<'_>) -> Result<(), ScheduleError> {
        let stored = Submission::read_all(sweep.dir.layout())?;
        let queue = Queue::read(stored.iter().map(|submission| submission.job))?;
        let waiting: HashMap<String, Place> =
            stored.iter().flat_map(|submission| submission.places(&queue)).collect();
        let (mut pending, mut missing) = (Vec::new(), Vec::new());
        for work in stage.tasks {
            let attempt = Attempt::first(work);
            match waiting.get(&key_of(&work)) {
                Some(&place) => {
                    let folder = sweep.dir.layout().task(work.task);
                    pending.push(Pending { place, ..Pending::new(attempt, folder) });
                }
                None => missing.push(attempt),
            }
        }
        sweep
            .dir
            .check_space(missing.iter().map(|attempt| attempt.work.needs.disk_bytes).max().unwrap_or(0))?;
        // Nobody waits for the trials when all is submitted at once, so the measurements must.
        let trials = stored.iter().map(|submission| submission.job).filter(|&job| queue.holds(job));
        let after_trials = if stage.exclusive && self.options.detach { trials.collect() } else { Vec::new() };
        pending.extend(self.submit(missing, stage.exclusive, after_trials, sweep)?);
        if self.options.detach {
            for pending in &pending {
                let Place { job, .. } = pending.place;
                (sweep.on_event)(SweepEvent::Submitted { task: pending.attempt.work.task, job });
            }
            return Ok(());
        }
        self.follow(pending, stage.exclusive, sweep)
    }
}

/// Waits, but not for long once a stop is requested.
fn pause(time: Duration, sweep: &SweepContext<'_>) {
    let start = Instant::now();
    while start.elapsed() < time && !sweep.stop.is_set() {
        std::thread::sleep(Duration::from_millis(50).min(time));
    }
}

/// A task that Slurm has.
struct Pending<'a> {
    attempt: Attempt<'a>,
    folder: PathBuf,
    place: Place,
    /// Epochs that were reported, once it has been seen running.
    reported: Option<usize>,
    /// When it was first missed in the queue.
    missed: Option<Instant>,
}

impl<'a> Pending<'a> {
    fn new(attempt: Attempt<'a>, folder: PathBuf) -> Self {
        Self { attempt, folder, place: Place { job: 0, index: 0 }, reported: None, missed: None }
    }

    /// Its outcome, if it has ended; `None` while it waits or runs.
    fn look(
        &mut self,
        queue: &Queue,
        retries: u32,
        sweep: &mut SweepContext<'_>,
    ) -> Result<Option<AttemptOutcome>, ScheduleError> {
        let work = self.attempt.work;
        match queue.state(self.place) {
            Some(State::Waiting) => {
                // Slurm requeues by itself what a failed machine ran.
                (self.reported, self.missed) = (None, None);
                return Ok(None);
            }
            Some(State::Running) => {
                self.missed = None;
                self.report_progress(sweep);
                return Ok(None);
            }
            None => {}
        }
        let since = *self.missed.get_or_insert_with(Instant::now);
        if let Some(outcome) = TaskOutcome::read(sweep.dir, work.task, work.until_epoch)? {
            return Ok(Some(AttemptOutcome::Over(outcome)));
        }
        if since.elapsed() < FILE_SYSTEM_PATIENCE {
            return Ok(None);
        }
        let ended = commands::why_ended(self.place, &self.folder);
        Ok(Some(self.attempt.end(Err(ended), retries, sweep.dir, &self.folder)))
    }

    /// Reports that it runs, and the epochs that it has finished since the last report.
    fn report_progress(&mut self, sweep: &mut SweepContext<'_>) {
        let task = self.attempt.work.task;
        let reported = match self.reported {
            Some(reported) => reported,
            None => {
                (sweep.on_event)(SweepEvent::Started(task));
                if let Task::Trial(trial) = task {
                    let epochs = trial.spec().train.epochs;
                    (sweep.on_event)(SweepEvent::Progress(task, TrialEvent::Started { epochs, steps: 1 }));
                }
                0
            }
        };
        let history = std::fs::read_to_string(RunLayout::history_in(&self.folder)).unwrap_or_default();
        let epochs = EpochRecord::history(&history);
        for epoch in epochs.iter().skip(reported) {
            (sweep.on_event)(SweepEvent::Progress(task, TrialEvent::Epoch(*epoch)));
        }
        self.reported = Some(epochs.len().max(reported));
    }
}
