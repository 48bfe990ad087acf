//! Tasks on this machine: some at a time, within its memory, each tried again where chance may have ended it.

use std::collections::VecDeque;
use std::sync::mpsc::{self, Sender};
use std::time::Duration;

use pool_files::free_memory_bytes;
use pool_records::{RunDir, StopFlag};
use serde::Serialize;

use crate::ScheduleError;
use crate::executor::{Executor, Stage, SweepContext, SweepEvent};
use crate::task::{Attempt, AttemptOutcome, LaunchRequest, Launcher, QueuedTask, TaskOutcome};

/// How tasks share this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LocalOptions {
    /// Tasks that may run at once; `None` is as many as the processor has threads for.
    pub jobs: Option<u32>,
    /// Threads of each; `None` divides the processor's among the tasks that run at once.
    pub threads: Option<u32>,
    /// Memory for all that run at once; `None` means what is free when they begin.
    pub memory_bytes: Option<u64>,
    /// How long a task may take.
    pub timeout: Option<Duration>,
    /// Retries for a task that crashes, is killed or times out.
    pub retries: u32,
}

impl LocalOptions {
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
        self.memory_bytes.or_else(free_memory_bytes).unwrap_or(u64::MAX)
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
pub struct LocalExecutor<'a> {
    launcher: &'a dyn Launcher,
    options: LocalOptions,
}

impl<'a> LocalExecutor<'a> {
    /// Tasks are started by this launcher.
    pub fn new(launcher: &'a dyn Launcher, options: LocalOptions) -> Self {
        Self { launcher, options }
    }
}

impl Executor for LocalExecutor<'_> {
    fn run(&self, stage: Stage<'_>, sweep: &mut SweepContext<'_>) -> Result<(), ScheduleError> {
        let options =
            if stage.exclusive { LocalOptions { jobs: Some(1), ..self.options } } else { self.options };
        let share = options.share(stage.total_tasks);
        let memory_bytes = options.memory_bytes();
        let context =
            WorkerContext { dir: sweep.dir, launcher: self.launcher, options, share, stop: sweep.stop };
        let mut queue: VecDeque<Attempt<'_>> = stage.tasks.into_iter().map(Attempt::first).collect();
        let mut running = Running { jobs: share.jobs, memory_bytes, attempts: Vec::new() };
        let mut broken = None;
        let (sender, messages) = mpsc::channel();
        std::thread::scope(|scope| {
            loop {
                while broken.is_none() && sweep.goes_on() {
                    let Some(attempt) = running.admit(&mut queue) else { break };
                    let worker = Worker { context: &context, attempt, sender: sender.clone() };
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
                    Ok(AttemptOutcome::Over(outcome)) => sweep.ended(attempt.work.task, &outcome),
                    Ok(AttemptOutcome::Again { reason, exclusive }) => {
                        let task = attempt.work.task;
                        (sweep.on_event)(SweepEvent::Retrying { task, reason: &reason, exclusive });
                        queue.push_back(attempt.next(exclusive));
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

/// What runs now, and what may run next to it.
struct Running<'a> {
    jobs: u32,
    memory_bytes: u64,
    attempts: Vec<Attempt<'a>>,
}

impl<'a> Running<'a> {
    /// Takes the first attempt out of the queue that may run next to the others; it counts as running from then on.
    fn admit(&mut self, queue: &mut VecDeque<Attempt<'a>>) -> Option<Attempt<'a>> {
        let index = queue.iter().position(|attempt| self.has_room_for(attempt))?;
        let attempt = queue.remove(index)?;
        self.attempts.push(attempt);
        Some(attempt)
    }

    /// What needs more than there is runs with nothing next to it: the estimate may be wrong.
    fn has_room_for(&self, attempt: &Attempt<'_>) -> bool {
        if self.attempts.is_empty() {
            return true;
        }
        let taken: u64 = self.attempts.iter().map(|running| running.work.needs.memory_bytes).sum();
        !attempt.exclusive
            && self.attempts.iter().all(|running| !running.exclusive)
            && self.attempts.len() < self.jobs as usize
            && taken.saturating_add(attempt.work.needs.memory_bytes) <= self.memory_bytes
    }

    fn leave(&mut self, attempt: Attempt<'_>) {
        self.attempts.retain(|running| running.work.task.id() != attempt.work.task.id());
    }
}

/// Where all attempts are made.
struct WorkerContext<'a> {
    dir: &'a RunDir,
    launcher: &'a dyn Launcher,
    options: LocalOptions,
    share: Share,
    stop: &'a StopFlag,
}

enum Message<'a> {
    Event(SweepEvent<'a>),
    Over(Attempt<'a>, Result<AttemptOutcome, ScheduleError>),
}

/// Makes one attempt, in a thread of its own.
struct Worker<'s, 'a> {
    context: &'s WorkerContext<'s>,
    attempt: Attempt<'a>,
    sender: Sender<Message<'a>>,
}

impl<'a> Worker<'_, 'a> {
    fn work(self) {
        let task = self.attempt.work.task;
        let end = self.attempt();
        if let Ok(AttemptOutcome::Over(outcome)) = &end {
            tracing::info!(task = task.id(), outcome = outcome.name(), "ended");
        }
        self.send(Message::Over(self.attempt, end));
    }

    fn attempt(&self) -> Result<AttemptOutcome, ScheduleError> {
        let Attempt { work, number, exclusive } = self.attempt;
        let QueuedTask { task, until_epoch, needs } = work;
        let WorkerContext { dir, launcher, options, share, stop } = self.context;
        dir.check_space(needs.disk_bytes)?;
        let folder = dir.prepare(task)?;
        if let Some(outcome) = TaskOutcome::read(dir, task, until_epoch)? {
            return Ok(AttemptOutcome::Over(outcome));
        }
        tracing::info!(task = task.id(), number, folder = %folder.display(), "starting");
        self.send(Message::Event(SweepEvent::Started(task)));
        let jobs = if exclusive { 1 } else { share.jobs };
        let (threads, timeout) = (share.threads, options.timeout);
        let job = LaunchRequest { task, until_epoch, folder: &folder, threads, jobs, timeout };
        let ended = launcher.run(&job, stop, &mut |event| {
            self.send(Message::Event(SweepEvent::Progress(task, event)));
        });
        Ok(self.attempt.end(ended, options.retries, dir, &folder))
    }

    fn send(&self, message: Message<'a>) {
        // The receiver outlives every worker.
        let _ = self.sender.send(message);
    }
}
