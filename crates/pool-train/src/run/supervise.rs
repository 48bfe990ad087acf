//! Watching one process of a task until it has ended, by itself or not.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, ExitStatus};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use super::stop::StopFlag;
use crate::TrialEvent;

/// How long a process that was asked to stop may take before it is killed.
const GRACE: Duration = Duration::from_secs(5);
/// How often the stop flag and the clock are looked at while a task is silent.
const POLL: Duration = Duration::from_millis(50);

/// Why a process was ended that had not ended yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// Stopping was asked for.
    Stopped,
    /// It took too long.
    TimedOut,
}

/// Passes events on until the process has ended. It is asked to end, by closing its standard input, when stopping is
/// asked for or its time is over, and killed when it does not heed that.
pub(super) fn supervise(
    child: &mut Child,
    timeout: Option<Duration>,
    stop: &StopFlag,
    on_event: &mut dyn FnMut(TrialEvent),
) -> std::io::Result<(ExitStatus, Option<Ending>)> {
    let mut stdin = child.stdin.take();
    let lines = lines_of(child.stdout.take());
    let start = Instant::now();
    let mut asked: Option<(Ending, Instant)> = None;
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
                    Some(Ending::Stopped)
                } else if timeout.is_some_and(|timeout| start.elapsed() >= timeout) {
                    Some(Ending::TimedOut)
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
