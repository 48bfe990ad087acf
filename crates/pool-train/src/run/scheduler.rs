//! Runs what has no record yet, some trials at a time.

use std::sync::Mutex;
use std::sync::mpsc::{self, Sender};

use pool_metrics::{TrialFailure, TrialRecord};

use super::dir::RunDir;
use super::launcher::{LaunchError, Launcher, TrialJob};
use super::stop::StopFlag;
use crate::{TrainError, Trial, TrialEvent};

/// How the trials share the machine.
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
        /// Those that are finished already.
        finished: usize,
    },
    /// A trial's process is started.
    Started(&'a Trial),
    /// A trial tells something.
    Progress(&'a Trial, TrialEvent),
    /// A trial has ended.
    Ended(&'a Trial, &'a TrialFate),
}

/// How a trial ended.
#[derive(Debug)]
pub enum TrialFate {
    /// With a record.
    Finished(Box<TrialRecord>),
    /// Without one.
    Failed(TrialFailure),
    /// On request, before its end.
    Stopped,
}

impl TrialFate {
    fn name(&self) -> &'static str {
        match self {
            Self::Finished(_) => "finished",
            Self::Failed(_) => "failed",
            Self::Stopped => "stopped",
        }
    }
}

/// What came of a sweep.
#[derive(Debug, Default)]
pub struct SweepSummary {
    /// Trials that ran and left a record.
    pub finished: usize,
    /// Trials that had a record before.
    pub kept: usize,
    /// Trials that died.
    pub failed: Vec<TrialFailure>,
    /// Whether the sweep was stopped on request.
    pub stopped: bool,
}

/// Runs every trial that has no record yet. One failing trial does not stop the others.
///
/// # Errors
/// A record that is there cannot be read, before anything is started; or a trial's folder cannot be prepared: trials that run are then let finish, and no more are started.
pub fn run_sweep(
    trials: &[&Trial],
    dir: &RunDir,
    launcher: &dyn Launcher,
    options: SweepOptions,
    stop: &StopFlag,
    on_event: &mut dyn FnMut(SweepEvent<'_>),
) -> Result<SweepSummary, TrainError> {
    let mut missing = Vec::new();
    for &trial in trials {
        if dir.record(trial.id())?.is_none() {
            missing.push(trial);
        }
    }
    let kept = trials.len() - missing.len();
    on_event(SweepEvent::Planned { trials: trials.len(), finished: kept });

    let mut summary = SweepSummary { kept, ..SweepSummary::default() };
    let mut broken = None;
    let share = options.share(missing.len());
    let queue = Mutex::new(missing.into_iter());
    let (sender, messages) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..share.jobs {
            let worker = Worker { dir, launcher, share, stop, sender: sender.clone() };
            let queue = &queue;
            scope.spawn(move || worker.work(queue));
        }
        drop(sender);
        for message in messages {
            match message {
                Message::Started(trial) => on_event(SweepEvent::Started(trial)),
                Message::Progress(trial, event) => on_event(SweepEvent::Progress(trial, event)),
                Message::Ended(trial, fate) => {
                    on_event(SweepEvent::Ended(trial, &fate));
                    match fate {
                        TrialFate::Finished(_) => summary.finished += 1,
                        TrialFate::Failed(failure) => summary.failed.push(failure),
                        TrialFate::Stopped => {}
                    }
                }
                Message::Broken(error) => {
                    broken.get_or_insert(error);
                }
            }
        }
    });
    summary.stopped = stop.is_set();
    broken.map_or(Ok(summary), Err)
}

enum Message<'a> {
    Started(&'a Trial),
    Progress(&'a Trial, TrialEvent),
    Ended(&'a Trial, TrialFate),
    Broken(TrainError),
}

/// One of the threads that take trials from the queue.
struct Worker<'a> {
    dir: &'a RunDir,
    launcher: &'a dyn Launcher,
    share: Share,
    stop: &'a StopFlag,
    sender: Sender<Message<'a>>,
}

impl<'a> Worker<'a> {
    fn work(&self, queue: &Mutex<impl Iterator<Item = &'a Trial>>) {
        let next = || queue.lock().unwrap_or_else(std::sync::PoisonError::into_inner).next();
        while let Some(trial) = next() {
            if self.stop.is_set() {
                return;
            }
            match self.dir.prepare(trial) {
                Ok(folder) => {
                    tracing::info!(trial = trial.id(), folder = %folder.display(), "starting");
                    self.tell(Message::Started(trial));
                    let fate = self.run(trial, &folder);
                    tracing::info!(trial = trial.id(), fate = fate.name(), "ended");
                    self.tell(Message::Ended(trial, fate));
                }
                Err(error) => {
                    self.tell(Message::Broken(error));
                    // What one folder lacks (space, permission), the next will lack too.
                    while next().is_some() {}
                }
            }
        }
    }

    fn run(&self, trial: &'a Trial, folder: &std::path::Path) -> TrialFate {
        let Share { jobs, threads } = self.share;
        let job = TrialJob { trial, folder, threads, jobs };
        let ended =
            self.launcher.run(&job, self.stop, &mut |event| self.tell(Message::Progress(trial, event)));
        let reason = match (ended, self.dir.record(trial.id())) {
            // A record counts, however its process ended afterwards.
            (_, Ok(Some(record))) => return TrialFate::Finished(Box::new(record)),
            (_, Err(error)) => error.to_string(),
            (Err(LaunchError::Stopped), Ok(None)) => return TrialFate::Stopped,
            (Err(LaunchError::Died(reason)), Ok(None)) => reason,
            (Ok(()), Ok(None)) => "the process ended without a record".to_owned(),
        };
        let spec = trial.spec();
        let failure =
            TrialFailure { id: trial.id().to_owned(), arm: spec.arm.clone(), seed: spec.seed, reason };
        self.dir.store_failure(&failure);
        TrialFate::Failed(failure)
    }

    fn tell(&self, message: Message<'a>) {
        // The receiver outlives every worker.
        let _ = self.sender.send(message);
    }
}
