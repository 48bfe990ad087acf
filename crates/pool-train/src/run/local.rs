//! Tasks as processes of this machine.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use super::launcher::{Job, LaunchError, Launcher};
use super::stop::StopFlag;
use crate::TrialEvent;

/// How long a process that was asked to stop may take before it is killed.
const GRACE: Duration = Duration::from_secs(5);
/// How often the stop flag is looked at while a trial is silent.
const POLL: Duration = Duration::from_millis(50);
/// glibc gives large freed blocks back to the kernel, or not, depending on what happens to lie above them in the heap:
/// the page faults that follow made the same prediction take 0.3 s in one trial and 0.8 s in the next. Kept pages make
/// times comparable. (mallopt(3); 32 MiB is the greatest threshold that glibc accepts. Other systems ignore these.)
const KEEP_FREED_PAGES: [(&str, &str); 2] =
    [("MALLOC_MMAP_THRESHOLD_", "33554432"), ("MALLOC_TRIM_THRESHOLD_", "4294967296")];
/// Lines of a dead trial's standard error that are worth showing.
const LAST_WORDS: usize = 3;

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

    fn spawn(&self, job: &Job<'_>, stderr: &Path) -> std::io::Result<Child> {
        let mut command = Command::new(&self.program);
        command
            .arg(job.task.command())
            .arg(job.folder)
            .args(["--threads", &job.threads.to_string(), "--jobs", &job.jobs.to_string()])
            .arg("--stop-with-stdin")
            .args(&self.arguments)
            .envs(KEEP_FREED_PAGES)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(File::create(stderr)?);
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
        let stderr = job.folder.join("stderr.log");
        let mut child = self.spawn(job, &stderr).map_err(|error| {
            LaunchError::Died(format!("cannot start {}: {error}", self.program.display()))
        })?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(LaunchError::Died("the process has no pipes".to_owned()));
        };
        let mut reason = None;
        let stopped = follow(stdin, stdout, stop, &mut |event| match event {
            TrialEvent::Failed { reason: told } => reason = Some(told),
            event => on_event(event),
        });
        let status = wait(&mut child, stopped)
            .map_err(|error| LaunchError::Died(format!("the process cannot be waited for: {error}")))?;
        match status {
            status if status.success() => Ok(()),
            _ if stopped => Err(LaunchError::Stopped),
            status => Err(LaunchError::Died(reason.unwrap_or_else(|| obituary(status, &stderr)))),
        }
    }
}

/// Passes events on until the process closes its output or stopping is asked for. Returns whether it was.
fn follow(
    stdin: ChildStdin,
    stdout: ChildStdout,
    stop: &StopFlag,
    on_event: &mut dyn FnMut(TrialEvent),
) -> bool {
    let lines = lines_of(stdout);
    loop {
        match lines.recv_timeout(POLL) {
            Ok(line) => match serde_json::from_str(&line) {
                Ok(event) => on_event(event),
                Err(error) => tracing::warn!(%error, line, "a trial wrote something that is no event"),
            },
            Err(RecvTimeoutError::Disconnected) => return false,
            Err(RecvTimeoutError::Timeout) => {}
        }
        if stop.is_set() {
            drop(stdin);
            return true;
        }
    }
}

/// Reads lines in a thread of its own, so that waiting for one can be given up.
fn lines_of(stdout: ChildStdout) -> Receiver<String> {
    let (sender, lines) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    lines
}

/// Waits for the end; a process that was asked to stop is killed when it takes too long.
fn wait(child: &mut Child, stopped: bool) -> std::io::Result<ExitStatus> {
    let asked = Instant::now();
    while stopped && asked.elapsed() < GRACE {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        std::thread::sleep(POLL);
    }
    if stopped {
        child.kill()?;
    }
    child.wait()
}

/// How a process ended that could not say so itself, and its last words.
fn obituary(status: ExitStatus, stderr: &Path) -> String {
    let bytes = fs::read(stderr).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let words = lines[lines.len().saturating_sub(LAST_WORDS)..].join("; ");
    let end = describe(status);
    if words.is_empty() { end } else { format!("{end}: {words}") }
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
