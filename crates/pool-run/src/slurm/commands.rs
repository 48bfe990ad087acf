//! Slurm's commands, and what they answer.

use std::collections::{BTreeSet, HashMap};
use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

use super::job::Place;
use crate::local_processes::{last_words, noted_failure};
use crate::task::LaunchError;

/// A command of Slurm's that did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages name the fields")]
pub enum SlurmError {
    /// It cannot be started.
    #[error("cannot start {command}: {cause}; --launcher slurm needs Slurm's commands on this machine")]
    Missing { command: &'static str, cause: std::io::Error },
    /// It refused.
    #[error("{command} failed: {said}")]
    Failed { command: &'static str, said: String },
    /// Its answer makes no sense.
    #[error("{command} answered {said:?}, which is no job's number")]
    Answer { command: &'static str, said: String },
}

/// Slurm's usual limit, for clusters that do not report theirs.
const USUAL_ARRAY: usize = 1_001;

fn run<A: AsRef<OsStr>>(
    command: &'static str,
    arguments: impl IntoIterator<Item = A>,
) -> Result<String, SlurmError> {
    let output = Command::new(command)
        .args(arguments)
        .output()
        .map_err(|cause| SlurmError::Missing { command, cause })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    Err(SlurmError::Failed { command, said: lines.join("; ") })
}

/// Submits a script and gives the number of its job.
pub(super) fn submit(arguments: &[String], script: &Path) -> Result<u64, SlurmError> {
    let command = "sbatch";
    let words = arguments.iter().map(AsRef::as_ref).chain([script.as_os_str()]);
    let said = run(command, words)?;
    // `JOB`, or `JOB;CLUSTER` where there are several.
    let job = said.trim().split(';').next().unwrap_or_default().parse();
    job.map_err(|_| SlurmError::Answer { command, said: said.trim().to_owned() })
}

/// Tasks that one array may have: indices are below the cluster's `MaxArraySize`.
pub(super) fn longest_array() -> Result<usize, SlurmError> {
    let said = run("scontrol", ["show", "config"])?;
    let limit = said.lines().find_map(|line| line.strip_prefix("MaxArraySize")?.trim().strip_prefix('='));
    let limit = limit.and_then(|limit| limit.trim().parse().ok()).unwrap_or(USUAL_ARRAY);
    Ok(limit.max(2) - 1)
}

/// Cancels these tasks, array by array.
pub(super) fn cancel(places: impl Iterator<Item = Place>) -> Result<(), SlurmError> {
    let mut jobs = HashMap::<u64, Vec<String>>::new();
    for Place { job, index } in places {
        jobs.entry(job).or_default().push(index.to_string());
    }
    for (job, indices) in jobs {
        run("scancel", [format!("{job}_[{}]", indices.join(","))])?;
    }
    Ok(())
}

/// The state of a task that has not ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Waiting,
    Running,
}

/// The tasks of some jobs that have not ended.
#[derive(Debug, Default)]
pub(super) struct Queue(HashMap<Place, State>);

impl Queue {
    /// Looks at the queue.
    pub(super) fn read(jobs: impl Iterator<Item = u64>) -> Result<Self, SlurmError> {
        let jobs: BTreeSet<u64> = jobs.collect();
        if jobs.is_empty() {
            return Ok(Self::default());
        }
        // All of the user's: asked for by number, one job that Slurm has forgotten would hide the others.
        let said = run("squeue", ["--me", "--noheader", "--array", "--format=%F|%K|%T"])?;
        let queue = said.lines().filter_map(parse_line).filter(|(place, _)| jobs.contains(&place.job));
        Ok(Self(queue.collect()))
    }

    /// Whether any task of this job waits or runs.
    pub(super) fn holds(&self, job: u64) -> bool {
        self.0.keys().any(|place| place.job == job)
    }

    /// `None` once it has ended.
    pub(super) fn state(&self, place: Place) -> Option<State> {
        self.0.get(&place).copied()
    }
}

/// `JOB|INDEX|STATE`; squeue shows no task that has ended unless it is asked to.
fn parse_line(line: &str) -> Option<(Place, State)> {
    let mut fields = line.trim().split('|');
    let place = Place { job: fields.next()?.parse().ok()?, index: fields.next()?.parse().ok()? };
    let state = match fields.next()? {
        "RUNNING" | "COMPLETING" | "STAGE_OUT" | "SIGNALING" | "STOPPED" => State::Running,
        _ => State::Waiting,
    };
    Some((place, state))
}

/// Why a task that left no record has ended: what its process noted, or else what Slurm reports and its last words.
pub(super) fn why_ended(place: Place, folder: &Path) -> LaunchError {
    if let Some(noted) = noted_failure(folder) {
        return noted;
    }
    let Place { job, index } = place;
    let answer = run("scontrol", ["--oneliner", "show", "job", &format!("{job}_{index}")]);
    let answer = answer.unwrap_or_default();
    classify(
        field(&answer, "JobState"),
        field(&answer, "ExitCode"),
        field(&answer, "NodeList"),
        &last_words(folder),
    )
}

/// The value of `NAME=` in a line of `scontrol --oneliner`.
fn field<'a>(line: &'a str, name: &str) -> &'a str {
    let value = line.split_whitespace().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
    value.unwrap_or_default()
}

/// `exit_code` is `CODE:SIGNAL`.
fn classify(state: &str, exit_code: &str, node: &str, last_words: &str) -> LaunchError {
    let place = if node.is_empty() || node == "(null)" { String::new() } else { format!(" on {node}") };
    let (code, signal) = exit_code.split_once(':').unwrap_or((exit_code, "0"));
    match state {
        "OUT_OF_MEMORY" => LaunchError::OutOfMemory(format!("killed{place} for lack of memory")),
        "TIMEOUT" => LaunchError::Died(format!("ended{place} at its time limit; give a longer --timeout")),
        "NODE_FAIL" | "BOOT_FAIL" => LaunchError::Died(format!("its machine failed{place}")),
        "PREEMPTED" => LaunchError::Died(format!("preempted{place}")),
        "CANCELLED" => LaunchError::Failed("cancelled".to_owned()),
        // What the kernel kills within a cluster is killed for its memory, or by a person.
        _ if signal == "9" || code == "137" => {
            LaunchError::OutOfMemory(format!("killed{place} (signal 9), by a person or for lack of memory"))
        }
        "" => LaunchError::Died("it ended, and Slurm no longer knows why".to_owned()),
        _ => {
            let words = if last_words.is_empty() { String::new() } else { format!(": {last_words}") };
            let end = format!("{}{place}, exit code {exit_code}", state.to_lowercase());
            LaunchError::Died(end + &words)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_queue_is_read_by_its_fields() {
        let place = |job, index| Place { job, index };
        for (line, expected) in [
            ("17|3|RUNNING", Some((place(17, 3), State::Running))),
            ("17|4|PENDING", Some((place(17, 4), State::Waiting))),
            ("17|5|COMPLETING", Some((place(17, 5), State::Running))),
            ("17|6|REQUEUED", Some((place(17, 6), State::Waiting))),
            ("18|N/A|RUNNING", None),
            ("", None),
        ] {
            assert_eq!(parse_line(line), expected, "{line}");
        }
    }

    #[test]
    fn what_is_worth_another_try_is_distinguished_from_what_is_not() {
        let described = |ended: LaunchError| match ended {
            LaunchError::OutOfMemory(reason) => format!("memory: {reason}"),
            LaunchError::Died(reason) => format!("again: {reason}"),
            LaunchError::Failed(reason) => format!("no more: {reason}"),
            LaunchError::Stopped => "stopped".to_owned(),
        };
        for (state, exit_code, node, words, expected) in [
            ("NODE_FAIL", "0:0", "n1", "", "again: its machine failed on n1"),
            ("PREEMPTED", "0:15", "n1", "", "again: preempted on n1"),
            ("TIMEOUT", "0:15", "n2", "", "again: ended on n2 at its time limit; give a longer --timeout"),
            ("OUT_OF_MEMORY", "0:125", "n1", "", "memory: killed on n1 for lack of memory"),
            ("FAILED", "0:9", "n1", "", "memory: killed on n1 (signal 9), by a person or for lack of memory"),
            ("CANCELLED", "0:15", "(null)", "", "no more: cancelled"),
            (
                "FAILED",
                "0:6",
                "n1",
                "terminate called",
                "again: failed on n1, exit code 0:6: terminate called",
            ),
            ("", "", "", "", "again: it ended, and Slurm no longer knows why"),
        ] {
            assert_eq!(described(classify(state, exit_code, node, words)), expected);
        }
    }

    #[test]
    fn fields_of_a_job_are_found_by_their_names() {
        let line = "JobId=7 JobState=FAILED Reason=NonZeroExitCode ExitCode=4:0 NodeList=n1 BatchHost=n1";
        assert_eq!(
            (field(line, "JobState"), field(line, "ExitCode"), field(line, "NodeList")),
            ("FAILED", "4:0", "n1")
        );
        assert_eq!(field(line, "Missing"), "");
    }
}
