//! Tasks as processes of this machine.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use super::launcher::{Job, LaunchError, Launcher};
use super::stop::StopFlag;
use super::supervise::{Ending, supervise};
use crate::{TrialEvent, machine};

/// glibc gives large freed blocks back to the kernel, or not, depending on what happens to lie above them in the heap:
/// the page faults that follow made the same prediction take 0.3 s in one trial and 0.8 s in the next. Kept pages make
/// times comparable. (mallopt(3); 32 MiB is the greatest threshold that glibc accepts. Other systems ignore these.)
pub(crate) const KEEP_FREED_PAGES: [(&str, &str); 2] =
    [("MALLOC_MMAP_THRESHOLD_", "33554432"), ("MALLOC_TRIM_THRESHOLD_", "4294967296")];
/// Lines of a dead trial's standard error that are worth showing.
const LAST_WORDS: usize = 3;
const MOST_LAST_BYTES: u64 = 64 << 10;

/// Starts `PROGRAM trial FOLDER --threads T --jobs J --stop-with-stdin` for each trial, and the same with `measure` for
/// each measurement of costs.
///
/// The process is asked to stop by closing its standard input, which the kernel also does when this process dies, by
/// whatever signal: no trial outlives its sweep.
#[derive(Debug, Clone)]
pub struct LocalProcesses {
    program: PathBuf,
    arguments: Vec<String>,
}

impl LocalProcesses {
    /// Trials are run by this program.
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self { program: program.into(), arguments: Vec::new() }
    }

    /// Further arguments for every trial.
    #[must_use]
    pub fn with_arguments(mut self, arguments: impl IntoIterator<Item = String>) -> Self {
        self.arguments.extend(arguments);
        self
    }

    fn spawn(&self, job: &Job<'_>) -> std::io::Result<Child> {
        let mut command = Command::new(&self.program);
        command
            .arg(job.task.command())
            .arg(job.folder)
            .args(["--threads", &job.threads.to_string(), "--jobs", &job.jobs.to_string()])
            .args(until_epoch(job))
            .arg("--stop-with-stdin")
            .args(&self.arguments)
            .envs(KEEP_FREED_PAGES)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(File::create(stderr_of(job.folder))?);
        // Ctrl-C reaches every process of a terminal's group; it is for the sweep to decide what becomes of its trials.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        command.spawn()
    }
}

impl Launcher for LocalProcesses {
    fn run(
        &self,
        job: &Job<'_>,
        stop: &StopFlag,
        on_event: &mut dyn FnMut(TrialEvent),
    ) -> Result<(), LaunchError> {
        let kills = machine::out_of_memory_kills();
        let mut child = self.spawn(job).map_err(|error| {
            LaunchError::Failed(format!("cannot start {}: {error}", self.program.display()))
        })?;
        let mut told = None;
        let ended = supervise(&mut child, job.timeout, stop, &mut |event| match event {
            TrialEvent::Failed { reason } => told = Some(reason),
            event => on_event(event),
        });
        let (status, ending) =
            ended.map_err(|error| LaunchError::Died(format!("the process cannot be waited for: {error}")))?;
        match (ending, told) {
            _ if status.success() => Ok(()),
            (Some(Ending::Stopped), _) => Err(LaunchError::Stopped),
            (Some(Ending::TimedOut), _) => Err(LaunchError::Died(timed_out(job.timeout))),
            (None, Some(reason)) if is_lack_of_memory(&reason) => Err(LaunchError::OutOfMemory(reason)),
            (None, Some(reason)) => Err(LaunchError::Failed(reason)),
            (None, None) if is_kill(status) && machine::out_of_memory_kills() > kills => {
                Err(LaunchError::OutOfMemory("killed by the system for lack of memory".to_owned()))
            }
            (None, None) => Err(LaunchError::Died(obituary(status, job.folder))),
        }
    }
}

fn until_epoch(job: &Job<'_>) -> impl Iterator<Item = String> {
    job.until_epoch.into_iter().flat_map(|epoch| ["--until-epoch".to_owned(), epoch.to_string()])
}

fn timed_out(timeout: Option<Duration>) -> String {
    let allowed = timeout.map_or(String::new(), |timeout| format!(" of {timeout:?}"));
    format!("ended because it took longer than its time limit{allowed}; give a longer --timeout")
}

/// What libtorch says when it is refused memory, of the processor or of a CUDA device.
fn is_lack_of_memory(reason: &str) -> bool {
    ["can't allocate memory", "CUDA out of memory"].iter().any(|words| reason.contains(words))
}

#[cfg(unix)]
fn is_kill(status: ExitStatus) -> bool {
    std::os::unix::process::ExitStatusExt::signal(&status) == Some(9)
}

#[cfg(not(unix))]
fn is_kill(_: ExitStatus) -> bool {
    false
}

/// How a process ended that could not say so itself, and its last words.
fn obituary(status: ExitStatus, folder: &Path) -> String {
    let (end, words) = (describe(status), last_words(folder));
    if words.is_empty() { end } else { format!("{end}: {words}") }
}

/// The last lines that a task's process wrote to its standard error.
pub(super) fn last_words(folder: &Path) -> String {
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
