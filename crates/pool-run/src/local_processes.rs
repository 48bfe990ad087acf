//! Tasks as processes of this machine: started, watched until they end, and why they ended.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use pool_records::{
    FailureCause, ProcessOptions, RunDir, RunError, StopFlag, TaskCommand, TrialEvent, free_disk_bytes,
};
use pool_spec::{DeviceChoice, Kernels, Task};

use crate::resources::out_of_memory_kills;
use crate::task::{LaunchError, LaunchRequest, Launcher};
use crate::waiting::waiting;

/// glibc gives large freed blocks back to the kernel, or not, depending on what happens to lie above them in the heap:
/// the page faults that follow made the same prediction take 0.3 s in one trial and 0.8 s in the next. Kept pages make
/// times comparable. (mallopt(3); 32 MiB is the greatest threshold that glibc accepts. Other systems ignore these.)
pub(crate) const KEEP_FREED_PAGES: [(&str, &str); 2] =
    [("MALLOC_MMAP_THRESHOLD_", "33554432"), ("MALLOC_TRIM_THRESHOLD_", "4294967296")];
/// Lines of a dead trial's standard error that are worth showing.
const LAST_WORDS: usize = 3;
const MOST_LAST_BYTES: u64 = 64 << 10;

/// Less than this left on the disk is why a process could write nothing.
const FULL_DISK_BYTES: u64 = 64 << 10;

/// How the processes of a sweep compute: what is the same for all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaskOptions {
    /// Which implementation computes the layers.
    pub kernels: Kernels,
    /// Where to compute.
    pub device: DeviceChoice,
    /// How much is logged: 0 is only what is wrong.
    pub verbose: u8,
    /// The shortest time between two checkpoints of a trial.
    pub checkpoint_every: Duration,
}

impl TaskOptions {
    /// How the process of one task computes.
    pub(crate) fn process(self, threads: u32, jobs: u32, stop_with_stdin: bool) -> ProcessOptions {
        let Self { kernels, device, verbose, .. } = self;
        ProcessOptions { threads, jobs, kernels, device, stop_with_stdin, verbose }
    }

    /// The command of one task.
    pub(crate) fn command(
        self,
        task: Task<'_>,
        folder: PathBuf,
        until_epoch: Option<u32>,
        options: ProcessOptions,
    ) -> TaskCommand {
        match task {
            Task::Trial(_) => {
                let checkpoint_every = self.checkpoint_every;
                TaskCommand::Trial { folder, until_epoch, checkpoint_every, options }
            }
            Task::Costs(_) => TaskCommand::Measure { folder, options },
        }
    }
}

/// Starts this program's [`TaskCommand`] for each task.
///
/// The process is asked to stop by closing its standard input, which the kernel also does when this process dies, by
/// whatever signal: no trial outlives its sweep.
#[derive(Debug, Clone)]
pub struct LocalProcesses {
    program: PathBuf,
    options: TaskOptions,
    /// How the threads of trials wait, decided before the first one: trials of one sweep are timed alike.
    waiting: OnceLock<Option<(&'static str, &'static str)>>,
}

impl LocalProcesses {
    /// Tasks are run by this program.
    pub fn new(program: impl Into<PathBuf>, options: TaskOptions) -> Self {
        Self { program: program.into(), options, waiting: OnceLock::new() }
    }

    fn spawn(&self, request: &LaunchRequest<'_>) -> std::io::Result<Child> {
        let &LaunchRequest { task, until_epoch, folder, threads, jobs, .. } = request;
        let process = self.options.process(threads, jobs, true);
        let mut command = Command::new(&self.program);
        command
            .args(self.options.command(task, folder.to_owned(), until_epoch, process).to_args())
            .envs(KEEP_FREED_PAGES)
            .envs(match task {
                Task::Trial(_) => *self.waiting.get_or_init(|| waiting(threads, jobs)),
                // Costs are those of a machine of one's own, and are always measured the same way.
                Task::Costs(_) => None,
            })
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(File::create(stderr_of(folder))?);
        // Ctrl-C reaches every process of a terminal's group; it is for the sweep to decide what becomes of its trials.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        command.spawn()
    }
}

impl Launcher for LocalProcesses {
    fn run(
        &self,
        request: &LaunchRequest<'_>,
        stop: &StopFlag,
        on_event: &mut dyn FnMut(TrialEvent),
    ) -> Result<(), LaunchError> {
        let kills = out_of_memory_kills();
        let mut child = self.spawn(request).map_err(|error| {
            LaunchError::Failed(format!("cannot start {}: {error}", self.program.display()))
        })?;
        let (status, ending) = supervise(&mut child, request.timeout, stop, on_event)
            .map_err(|error| LaunchError::Died(format!("the process cannot be waited for: {error}")))?;
        match ending {
            _ if status.success() => Ok(()),
            Some(ProcessEnd::Stopped) => Err(LaunchError::Stopped),
            Some(ProcessEnd::TimedOut) => Err(LaunchError::Died(timed_out(request.timeout))),
            None => Err(noted_failure(request.folder).unwrap_or_else(|| {
                if is_kill(status) && out_of_memory_kills() > kills {
                    LaunchError::OutOfMemory("killed by the system for lack of memory".to_owned())
                } else {
                    silent_end(status, request.folder)
                }
            })),
        }
    }
}

/// What the process itself has noted, in `failure.json`.
pub(crate) fn noted_failure(folder: &Path) -> Option<LaunchError> {
    let failure = RunDir::noted_failure(folder)?;
    Some(match failure.cause {
        FailureCause::OutOfMemory => LaunchError::OutOfMemory(failure.reason),
        FailureCause::Error => LaunchError::Failed(failure.reason),
    })
}

/// How a process ended that left no note: it crashed, or its disk was full.
fn silent_end(status: ExitStatus, folder: &Path) -> LaunchError {
    match free_disk_bytes(folder) {
        Some(free_bytes) if free_bytes < FULL_DISK_BYTES => {
            let (path, needed_bytes) = (folder.to_owned(), FULL_DISK_BYTES);
            LaunchError::Failed(RunError::DiskSpace { path, needed_bytes, free_bytes }.to_string())
        }
        _ => LaunchError::Died(obituary(status, folder)),
    }
}

fn timed_out(timeout: Option<Duration>) -> String {
    let allowed = timeout.map_or(String::new(), |timeout| format!(" of {timeout:?}"));
    format!("ended because it took longer than its time limit{allowed}; give a longer --timeout")
}

#[cfg(unix)]
fn is_kill(status: ExitStatus) -> bool {
    std::os::unix::process::ExitStatusExt::signal(&status) == Some(9)
}

#[cfg(not(unix))]
fn is_kill(_: ExitStatus) -> bool {
    false
}

/// The exit of a process that left no note, and its last words.
fn obituary(status: ExitStatus, folder: &Path) -> String {
    let (end, words) = (describe(status), last_words(folder));
    if words.is_empty() { end } else { format!("{end}: {words}") }
}

/// The last lines that a task's process wrote to its standard error.
pub(crate) fn last_words(folder: &Path) -> String {
    let text = last_bytes(&stderr_of(folder)).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(LAST_WORDS)..].join("; ")
}

fn stderr_of(folder: &Path) -> PathBuf {
    folder.join("stderr.log")
}

/// The end of a file that may be of any size.
fn last_bytes(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(MOST_LAST_BYTES)))?;
    let mut bytes = Vec::new();
    file.take(MOST_LAST_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn describe(status: ExitStatus) -> String {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return match signal {
            9 => "killed (signal 9), by a person or for lack of memory".to_owned(),
            6 => "aborted (signal 6)".to_owned(),
            other => format!("ended by signal {other}"),
        };
    }
    match status.code() {
        Some(code) => format!("exit code {code}"),
        None => status.to_string(),
    }
}

/// How long a process that was asked to stop may take before it is killed.
const GRACE: Duration = Duration::from_secs(5);
/// How often the stop flag and the clock are looked at while a task writes nothing.
const POLL: Duration = Duration::from_millis(50);

/// Why a process was ended that had not ended yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ProcessEnd {
    /// Stopping was asked for.
    Stopped,
    /// It took too long.
    TimedOut,
}

/// Passes events on until the process has ended. It is asked to end, by closing its standard input, when stopping is
/// asked for or its time is over, and killed when it does not.
fn supervise(
    child: &mut Child,
    timeout: Option<Duration>,
    stop: &StopFlag,
    on_event: &mut dyn FnMut(TrialEvent),
) -> std::io::Result<(ExitStatus, Option<ProcessEnd>)> {
    let mut stdin = child.stdin.take();
    let lines = lines_of(child.stdout.take());
    let start = Instant::now();
    let mut asked: Option<(ProcessEnd, Instant)> = None;
    let mut is_silent = false;
    loop {
        if is_silent {
            std::thread::sleep(POLL);
        }
        match lines.recv_timeout(POLL) {
            Ok(line) => pass_on(&line, on_event),
            Err(RecvTimeoutError::Disconnected) => is_silent = true,
            Err(RecvTimeoutError::Timeout) => {}
        }
        if let Some(status) = child.try_wait()? {
            // What it said last. The pipe may be held open by somebody it started.
            while let Ok(line) = lines.recv_timeout(POLL) {
                pass_on(&line, on_event);
            }
            return Ok((status, asked.map(|(ending, _)| ending)));
        }
        match asked {
            None => {
                let ending = if stop.is_set() {
                    Some(ProcessEnd::Stopped)
                } else if timeout.is_some_and(|timeout| start.elapsed() >= timeout) {
                    Some(ProcessEnd::TimedOut)
                } else {
                    None
                };
                if let Some(ending) = ending {
                    drop(stdin.take());
                    asked = Some((ending, Instant::now()));
                }
            }
            Some((_, since)) if since.elapsed() >= GRACE => child.kill()?,
            Some(_) => {}
        }
    }
}

fn pass_on(line: &str, on_event: &mut dyn FnMut(TrialEvent)) {
    match serde_json::from_str(line) {
        Ok(event) => on_event(event),
        Err(error) => tracing::warn!(%error, line, "a task wrote something that is no event"),
    }
}

/// Reads lines in a thread of its own, so that waiting for one can be given up.
fn lines_of(stdout: Option<ChildStdout>) -> Receiver<String> {
    let (sender, lines) = mpsc::channel();
    std::thread::spawn(move || {
        for line in stdout.into_iter().flat_map(|stdout| BufReader::new(stdout).lines()) {
            let Ok(line) = line else { break };
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    lines
}
