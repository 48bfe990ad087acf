//! Tasks as array jobs of a Slurm cluster, on a file system that all its machines share.
//!
//! The run directory is the only channel: a task's process is started by Slurm, leaves its record in its folder, and is
//! never spoken to. Slurm is asked for nothing but which tasks wait and run, and why one ended without a record.

mod commands;
mod job;
mod submission;

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use pool_metrics::{EpochRecord, RunLayout};

use super::attempt::{Attempt, End};
use super::executor::{Executor, Ongoing, Stage, SweepEvent};
use super::task::{Fate, Task};
use crate::{TrainError, TrialEvent};
pub use commands::SlurmError;
use commands::{Queue, State};
use job::JobScript;
use submission::{Place, Submission};

/// How a sweep uses a cluster.
#[derive(Debug, Clone, Default)]
pub struct SlurmOptions {
    /// Tasks that may run at once; none is as many as the cluster gives.
    pub jobs: Option<u32>,
    /// Processors, and threads, of each task.
    pub threads: u32,
    /// How long a task may take; none is as long as the partition allows.
    pub timeout: Option<Duration>,
    /// How often a task is submitted again that ended without a word: its machine failed, it was preempted or crashed.
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
    arguments: Vec<String>,
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
    /// Tasks are run by this program, with these arguments beside our own.
    pub fn new(program: impl Into<PathBuf>, arguments: Vec<String>, options: SlurmOptions) -> Self {
        Self { program: program.into(), arguments, options }
    }

    /// Submits these attempts, in as many arrays as the cluster needs, and notes where each has gone.
    fn submit<'a>(
        &self,
        mut attempts: Vec<Attempt<'a>>,
        alone: bool,
        after_trials: Vec<u64>,
        sweep: &mut Ongoing<'_>,
    ) -> Result<Vec<Pending<'a>>, TrainError> {
        if attempts.is_empty() {
            return Ok(Vec::new());
        }
        let most = commands::longest_array()?;
        // Tasks of one array get one amount of memory.
        attempts.sort_by_key(|attempt| attempt.alone);
        let mut pending = Vec::with_capacity(attempts.len());
        for attempt in attempts {
            if sweep.stop.is_set() {
                return Ok(Vec::new());
            }
            let task = attempt.work.task;
            let folder = match sweep.dir.prepare(task) {
                // A machine that is only cut off still works in it: the new process will wait for that one.
                Err(TrainError::Running { folder, .. }) => folder,
                prepared => prepared?,
            };
            match sweep.dir.fate(task, attempt.work.until_epoch)? {
                Some(fate) => sweep.ended(task, &fate),
                None => pending.push(Pending::new(attempt, folder)),
            }
        }
        let mut after = after_trials;
        for alike in pending.chunk_by_mut(|a, b| a.attempt.alone == b.attempt.alone) {
            for array in alike.chunks_mut(most) {
                let script = JobScript {
                    slurm: self,
                    layout: sweep.dir.layout(),
                    alone,
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
        alone: bool,
        sweep: &mut Ongoing<'_>,
    ) -> Result<(), TrainError> {
        let mut wait = POLL.0;
        let mut failures = 0;
        let mut owed = Vec::new();
        while !(pending.is_empty() && owed.is_empty()) {
            if sweep.stop.is_set() {
                return self.cancel(pending, sweep);
            }
            let before = pending.len();
            match self.round(&mut pending, &mut owed, alone, sweep) {
                Ok(()) => failures = 0,
                Err(TrainError::Slurm(error)) if failures < QUEUE_PATIENCE => {
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

    /// Looks at the queue once, and submits the attempts that are owed to tasks which have died.
    fn round<'a>(
        &self,
        pending: &mut Vec<Pending<'a>>,
        owed: &mut Vec<Attempt<'a>>,
        alone: bool,
        sweep: &mut Ongoing<'_>,
    ) -> Result<(), TrainError> {
        let queue = Queue::of(pending.iter().map(|pending| pending.place.job))?;
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
                Some(End::Fate(fate)) => sweep.ended(task.attempt.work.task, &fate),
                Some(End::Again { reason, alone }) => {
                    let what = task.attempt.work.task;
                    (sweep.on_event)(SweepEvent::Retrying { task: what, reason: &reason, alone });
                    owed.push(task.attempt.next(alone));
                }
            }
        }
        pending.extend(self.submit(owed.clone(), alone, Vec::new(), sweep)?);
        owed.clear();
        Ok(())
    }

    fn cancel(&self, pending: Vec<Pending<'_>>, sweep: &mut Ongoing<'_>) -> Result<(), TrainError> {
        // What has just ended cannot be cancelled, and Slurm says so.
        if let Err(error) = commands::cancel(pending.iter().map(|pending| pending.place)) {
            tracing::warn!(%error, "not every task could be cancelled");
        }
        for pending in pending {
            let Attempt { work, .. } = pending.attempt;
            let fate = sweep.dir.fate(work.task, work.until_epoch)?.unwrap_or(Fate::Stopped);
            sweep.ended(work.task, &fate);
        }
        Ok(())
    }
}

impl Executor for Slurm {
    fn run(&self, stage: Stage<'_>, sweep: &mut Ongoing<'_>) -> Result<(), TrainError> {
        let stored = Submission::read_all(sweep.dir.layout())?;
        let queue = Queue::of(stored.iter().map(|submission| submission.job))?;
        let waiting: HashMap<String, Place> =
            stored.iter().flat_map(|submission| submission.places(&queue)).collect();
        let (mut pending, mut missing) = (Vec::new(), Vec::new());
        for work in stage.work {
            let attempt = Attempt::first(work);
            match waiting.get(&submission::key(&work)) {
                Some(&place) => {
                    let folder = work.task.folder(sweep.dir.layout());
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
        let after_trials = if stage.alone && self.options.detach { trials.collect() } else { Vec::new() };
        pending.extend(self.submit(missing, stage.alone, after_trials, sweep)?);
        if self.options.detach {
            for pending in &pending {
                let Place { job, .. } = pending.place;
                (sweep.on_event)(SweepEvent::Submitted { task: pending.attempt.work.task, job });
            }
            return Ok(());
        }
        self.follow(pending, stage.alone, sweep)
    }
}

/// Waits, but not for long when stopping is asked for.
fn pause(time: Duration, sweep: &Ongoing<'_>) {
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
    /// Epochs that were told, once it has been seen running.
    told: Option<usize>,
    /// When it was first missed in the queue.
    missed: Option<Instant>,
}

impl<'a> Pending<'a> {
    fn new(attempt: Attempt<'a>, folder: PathBuf) -> Self {
        Self { attempt, folder, place: Place { job: 0, index: 0 }, told: None, missed: None }
    }

    /// What has come of it since the last look; none while it waits or runs.
    fn look(
        &mut self,
        queue: &Queue,
        retries: u32,
        sweep: &mut Ongoing<'_>,
    ) -> Result<Option<End>, TrainError> {
        let work = self.attempt.work;
        match queue.state(self.place) {
            Some(State::Waiting) => {
                // Slurm requeues by itself what a failed machine ran.
                (self.told, self.missed) = (None, None);
                return Ok(None);
            }
            Some(State::Running) => {
                self.missed = None;
                self.tell(sweep);
                return Ok(None);
            }
            None => {}
        }
        let since = *self.missed.get_or_insert_with(Instant::now);
        if let Some(fate) = sweep.dir.fate(work.task, work.until_epoch)? {
            return Ok(Some(End::Fate(fate)));
        }
        if since.elapsed() < FILE_SYSTEM_PATIENCE {
            return Ok(None);
        }
        let ended = commands::why_ended(self.place, &self.folder);
        Ok(Some(self.attempt.end(Err(ended), retries, sweep.dir, &self.folder)))
    }

    /// Tells that it runs, and the epochs that it has come to since.
    fn tell(&mut self, sweep: &mut Ongoing<'_>) {
        let task = self.attempt.work.task;
        let told = match self.told {
            Some(told) => told,
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
        for epoch in epochs.iter().skip(told) {
            (sweep.on_event)(SweepEvent::Progress(task, TrialEvent::Epoch(*epoch)));
        }
        self.told = Some(epochs.len().max(told));
    }
}
