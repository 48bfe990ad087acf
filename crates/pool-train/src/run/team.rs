//! Tasks on this machine: some at a time, within its memory, each tried again where chance may have ended it.

use std::collections::VecDeque;
use std::sync::mpsc::{self, Sender};
use std::time::Duration;

use serde::Serialize;

use super::attempt::{Attempt, End};
use super::dir::RunDir;
use super::executor::{Executor, Ongoing, Stage, SweepEvent};
use super::launcher::{Job, Launcher};
use super::stop::StopFlag;
use super::task::Work;
use crate::{TrainError, machine};

/// How tasks share this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TeamOptions {
    /// Tasks that may run at once; `None` is as many as the processor has threads for.
    pub jobs: Option<u32>,
    /// Threads of each; `None` divides the processor's among the tasks that run at once.
    pub threads: Option<u32>,
    /// Memory for all that run at once; none means what is free when they begin.
    pub memory_bytes: Option<u64>,
    /// How long a task may take.
    pub timeout: Option<Duration>,
    /// How often a task is started again that ended without a word.
    pub retries: u32,
}

impl TeamOptions {
    /// Jobs and threads for this many tasks: no more jobs than tasks, and no thread left idle for them.
    pub(crate) fn share(self, tasks: usize) -> Share {
        let processors = std::thread::available_parallelism().map_or(1, |count| count.get() as u32);
        let tasks = u32::try_from(tasks).unwrap_or(u32::MAX);
        let fitting = (processors / self.threads.unwrap_or(1)).max(1);
        let jobs = self.jobs.unwrap_or(fitting).min(tasks).max(1);
        Share { jobs, threads: self.threads.unwrap_or((processors / jobs).max(1)) }
    }

    /// The memory that tasks share, in bytes.
    pub(crate) fn memory_bytes(self) -> u64 {
        self.memory_bytes.or_else(machine::free_memory_bytes).unwrap_or(u64::MAX)
    }
}

/// How tasks divide this machine's processor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Share {
    /// Tasks at once.
    pub jobs: u32,
    /// Threads of each.
    pub threads: u32,
}

/// Runs tasks on this machine through a [`Launcher`].
pub struct Team<'a> {
    launcher: &'a dyn Launcher,
    options: TeamOptions,
}

impl<'a> Team<'a> {
    /// Tasks are started by this launcher.
    pub fn new(launcher: &'a dyn Launcher, options: TeamOptions) -> Self {
        Self { launcher, options }
    }
}

impl Executor for Team<'_> {
    fn run(&self, stage: Stage<'_>, sweep: &mut Ongoing<'_>) -> Result<(), TrainError> {
        let options = if stage.alone { TeamOptions { jobs: Some(1), ..self.options } } else { self.options };
        let share = options.share(stage.of);
        let memory_bytes = options.memory_bytes();
        let site = Site { dir: sweep.dir, launcher: self.launcher, options, share, stop: sweep.stop };
        let mut queue: VecDeque<Attempt<'_>> = stage.work.into_iter().map(Attempt::first).collect();
        let mut running = Running { jobs: share.jobs, memory_bytes, attempts: Vec::new() };
        let mut broken = None;
        let (sender, messages) = mpsc::channel();
        std::thread::scope(|scope| {
            loop {
                while broken.is_none() && sweep.goes_on() {
                    let Some(attempt) = running.admit(&mut queue) else { break };
                    let worker = Worker { site: &site, attempt, sender: sender.clone() };
                    scope.spawn(move || worker.work());
                }
                if running.attempts.is_empty() {
                    break;
                }
                // Somebody is running, and so will send.
                let Ok(message) = messages.recv() else { break };
                let (attempt, end) = match message {
                    Message::Event(event) => {
                        (sweep.on_event)(event);
                        continue;
                    }
                    Message::Over(attempt, end) => (attempt, end),
                };
                running.leave(attempt);
                match end {
                    Ok(End::Fate(fate)) => sweep.ended(attempt.work.task, &fate),
                    Ok(End::Again { reason, alone }) => {
                        let task = attempt.work.task;
                        (sweep.on_event)(SweepEvent::Retrying { task, reason: &reason, alone });
                        queue.push_back(attempt.next(alone));
                    }
                    // What one folder lacks (space, permission), the next will lack too.
                    Err(error) => {
                        broken.get_or_insert(error);
                    }
                }
            }
        });
        broken.map_or(Ok(()), Err)
    }
}

/// What runs now, and what may run beside it.
struct Running<'a> {
    jobs: u32,
    memory_bytes: u64,
    attempts: Vec<Attempt<'a>>,
}

impl<'a> Running<'a> {
    /// Takes the first attempt out of the queue that may run beside the others; it counts as running from then on.
    fn admit(&mut self, queue: &mut VecDeque<Attempt<'a>>) -> Option<Attempt<'a>> {
        let index = queue.iter().position(|attempt| self.has_room_for(attempt))?;
        let attempt = queue.remove(index)?;
        self.attempts.push(attempt);
        Some(attempt)
    }

    /// What needs more than there is runs with nothing beside it: the estimate may be wrong.
    fn has_room_for(&self, attempt: &Attempt<'_>) -> bool {
        if self.attempts.is_empty() {
            return true;
        }
        let taken: u64 = self.attempts.iter().map(|running| running.work.needs.memory_bytes).sum();
        !attempt.alone
            && self.attempts.iter().all(|running| !running.alone)
            && self.attempts.len() < self.jobs as usize
            && taken.saturating_add(attempt.work.needs.memory_bytes) <= self.memory_bytes
    }

    fn leave(&mut self, attempt: Attempt<'_>) {
        self.attempts.retain(|running| running.work.task.id() != attempt.work.task.id());
    }
}

/// Where all attempts are made.
struct Site<'a> {
    dir: &'a RunDir,
    launcher: &'a dyn Launcher,
    options: TeamOptions,
    share: Share,
    stop: &'a StopFlag,
}

enum Message<'a> {
    Event(SweepEvent<'a>),
    Over(Attempt<'a>, Result<End, TrainError>),
}

/// Makes one attempt, in a thread of its own.
struct Worker<'s, 'a> {
    site: &'s Site<'s>,
    attempt: Attempt<'a>,
    sender: Sender<Message<'a>>,
}

impl<'a> Worker<'_, 'a> {
    fn work(self) {
        let task = self.attempt.work.task;
        let end = self.attempt();
        if let Ok(End::Fate(fate)) = &end {
            tracing::info!(task = task.id(), fate = fate.name(), "ended");
        }
        self.tell(Message::Over(self.attempt, end));
    }

    fn attempt(&self) -> Result<End, TrainError> {
        let Attempt { work, number, alone } = self.attempt;
        let Work { task, until_epoch, needs } = work;
        let Site { dir, launcher, options, share, stop } = self.site;
        dir.check_space(needs.disk_bytes)?;
        let folder = dir.prepare(task)?;
        if let Some(fate) = dir.fate(task, until_epoch)? {
            return Ok(End::Fate(fate));
        }
        tracing::info!(task = task.id(), number, folder = %folder.display(), "starting");
        self.tell(Message::Event(SweepEvent::Started(task)));
        let jobs = if alone { 1 } else { share.jobs };
        let (threads, timeout) = (share.threads, options.timeout);
        let job = Job { task, until_epoch, folder: &folder, threads, jobs, timeout };
        let ended = launcher.run(&job, stop, &mut |event| {
            self.tell(Message::Event(SweepEvent::Progress(task, event)));
        });
        Ok(self.attempt.end(ended, options.retries, dir, &folder))
    }

    fn tell(&self, message: Message<'a>) {
        // The receiver outlives every worker.
        let _ = self.sender.send(message);
    }
}
