//! Runs what has no record yet: trials, some at a time, and then the measurements of costs, one by one.

use std::path::Path;
use std::sync::Mutex;
use std::sync::mpsc::{self, Sender};

use pool_metrics::Failure;

use super::dir::RunDir;
use super::launcher::{Job, LaunchError, Launcher};
use super::stop::StopFlag;
use super::task::{Fate, Task};
use crate::{Selection, TrainError, TrialEvent};

/// How the trials share the machine. A measurement of costs always has it to itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SweepOptions {
    /// Trials that may run at once; none means one per processor thread.
    pub jobs: Option<u32>,
    /// Threads of each; none divides the processor's among the trials that run at once.
    pub threads: Option<u32>,
}

impl SweepOptions {
    /// Jobs and threads for this many trials: no more jobs than trials, and no thread left idle for them.
    fn share(self, trials: usize) -> Share {
        let processors = std::thread::available_parallelism().map_or(1, |count| count.get() as u32);
        let trials = u32::try_from(trials).unwrap_or(u32::MAX);
        let jobs = self.jobs.unwrap_or(processors).min(trials).max(1);
        Share { jobs, threads: self.threads.unwrap_or((processors / jobs).max(1)) }
    }
}

#[derive(Clone, Copy)]
struct Share {
    jobs: u32,
    threads: u32,
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
    /// A task's process is started.
    Started(Task<'a>),
    /// A task tells something.
    Progress(Task<'a>, TrialEvent),
    /// A task has ended.
    Ended(Task<'a>, &'a Fate),
}

/// What came of a sweep.
#[derive(Debug, Default)]
pub struct SweepSummary {
    /// Trials that ran and left a record.
    pub finished: usize,
    /// Trials that had a record before.
    pub kept: usize,
    /// Measurements that ran and left a record.
    pub measured: usize,
    /// Trials and measurements that died.
    pub failed: Vec<Failure>,
    /// Whether the sweep was stopped on request.
    pub stopped: bool,
}

/// Runs every trial and every measurement that has no record yet. One that fails does not stop the others.
///
/// # Errors
/// A record that is there cannot be read, before anything is started; or a task's folder cannot be prepared: tasks that
/// run are then let finish, and no more are started.
pub fn run_sweep(
    selection: &Selection<'_>,
    dir: &RunDir,
    launcher: &dyn Launcher,
    options: SweepOptions,
    stop: &StopFlag,
    on_event: &mut dyn FnMut(SweepEvent<'_>),
) -> Result<SweepSummary, TrainError> {
    let mut trials = Vec::new();
    for &trial in &selection.trials {
        if dir.record(trial.id())?.is_none() {
            trials.push(Task::Trial(trial));
        }
    }
    let mut measurements = Vec::new();
    for &measurement in &selection.measurements {
        if dir.cost_record(measurement.id())?.is_none() {
            measurements.push(Task::Costs(measurement));
        }
    }
    let kept = selection.trials.len() - trials.len();
    on_event(SweepEvent::Planned {
        trials: selection.trials.len(),
        measurements: selection.measurements.len(),
        finished: kept + selection.measurements.len() - measurements.len(),
    });

    let mut summary = SweepSummary { kept, ..SweepSummary::default() };
    let alone = SweepOptions { jobs: Some(1), ..options };
    for (tasks, options) in [(trials, options), (measurements, alone)] {
        let share = options.share(tasks.len());
        let team = Team { dir, launcher, share, stop };
        team.run(tasks, &mut summary, on_event)?;
    }
    summary.stopped = stop.is_set();
    Ok(summary)
}

/// The threads that take tasks from one queue.
struct Team<'a> {
    dir: &'a RunDir,
    launcher: &'a dyn Launcher,
    share: Share,
    stop: &'a StopFlag,
}

impl Team<'_> {
    fn run(
        &self,
        tasks: Vec<Task<'_>>,
        summary: &mut SweepSummary,
        on_event: &mut dyn FnMut(SweepEvent<'_>),
    ) -> Result<(), TrainError> {
        let mut broken = None;
        let queue = Mutex::new(tasks.into_iter());
        let (sender, messages) = mpsc::channel();
        std::thread::scope(|scope| {
            for _ in 0..self.share.jobs {
                let worker = Worker { team: self, sender: sender.clone() };
                let queue = &queue;
                scope.spawn(move || worker.work(queue));
            }
            drop(sender);
            for message in messages {
                match message {
                    Message::Started(task) => on_event(SweepEvent::Started(task)),
                    Message::Progress(task, event) => on_event(SweepEvent::Progress(task, event)),
                    Message::Ended(task, fate) => {
                        on_event(SweepEvent::Ended(task, &fate));
                        match fate {
                            Fate::Finished(_) => summary.finished += 1,
                            Fate::Measured(_) => summary.measured += 1,
                            Fate::Failed(failure) => summary.failed.push(failure),
                            Fate::Stopped => {}
                        }
                    }
                    Message::Broken(error) => {
                        broken.get_or_insert(error);
                    }
                }
            }
        });
        broken.map_or(Ok(()), Err)
    }

    fn run_task(&self, task: Task<'_>, folder: &Path, on_event: &mut dyn FnMut(TrialEvent)) -> Fate {
        let Share { jobs, threads } = self.share;
        let job = Job { task, folder, threads, jobs };
        let ended = self.launcher.run(&job, self.stop, on_event);
        let reason = match (ended, self.record(task)) {
            // A record counts, however its process ended afterwards.
            (_, Ok(Some(fate))) => return fate,
            (_, Err(error)) => error.to_string(),
            (Err(LaunchError::Stopped), Ok(None)) => return Fate::Stopped,
            (Err(LaunchError::Died(reason)), Ok(None)) => reason,
            (Ok(()), Ok(None)) => "the process ended without a record".to_owned(),
        };
        let failure =
            Failure { id: task.id().to_owned(), arm: task.arm().to_owned(), seed: task.seed(), reason };
        RunDir::store_failure(folder, &failure);
        Fate::Failed(failure)
    }

    fn record(&self, task: Task<'_>) -> Result<Option<Fate>, TrainError> {
        Ok(match task {
            Task::Trial(trial) => self.dir.record(trial.id())?.map(|record| Fate::Finished(Box::new(record))),
            Task::Costs(measurement) => {
                self.dir.cost_record(measurement.id())?.map(|record| Fate::Measured(Box::new(record)))
            }
        })
    }
}

enum Message<'a> {
    Started(Task<'a>),
    Progress(Task<'a>, TrialEvent),
    Ended(Task<'a>, Fate),
    Broken(TrainError),
}

/// One thread of a team.
struct Worker<'t, 'a> {
    team: &'t Team<'t>,
    sender: Sender<Message<'a>>,
}

impl<'a> Worker<'_, 'a> {
    fn work(&self, queue: &Mutex<impl Iterator<Item = Task<'a>>>) {
        let next = || queue.lock().unwrap_or_else(std::sync::PoisonError::into_inner).next();
        while let Some(task) = next() {
            if self.team.stop.is_set() {
                return;
            }
            match self.team.dir.prepare(task) {
                Ok(folder) => {
                    tracing::info!(task = task.id(), folder = %folder.display(), "starting");
                    self.tell(Message::Started(task));
                    let fate = self.team.run_task(task, &folder, &mut |event| {
                        self.tell(Message::Progress(task, event));
                    });
                    tracing::info!(task = task.id(), fate = fate.name(), "ended");
                    self.tell(Message::Ended(task, fate));
                }
                Err(error) => {
                    self.tell(Message::Broken(error));
                    // What one folder lacks (space, permission), the next will lack too.
                    while next().is_some() {}
                }
            }
        }
    }

    fn tell(&self, message: Message<'a>) {
        // The receiver outlives every worker.
        let _ = self.sender.send(message);
    }
}
