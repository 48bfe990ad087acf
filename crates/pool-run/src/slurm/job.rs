//! Array jobs: the script, the list of folders and what is asked of the cluster; and what was submitted, in the run
//! directory, so that the same sweep, begun again, finds the tasks that wait or run.

use std::collections::HashMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use pool_files::atomic_write;
use pool_records::{RunError, RunLayout};
use serde::{Deserialize, Serialize};

use super::Slurm;
use super::commands::{Queue, submit};
use crate::ScheduleError;
use crate::local_processes::KEEP_FREED_PAGES;
use crate::task::{Attempt, QueuedTask};

/// An array job that is about to be submitted.
pub(super) struct JobScript<'s, 'a> {
    pub(super) slurm: &'s Slurm,
    pub(super) layout: &'s RunLayout,
    /// Whether each task has its machine to itself.
    pub(super) exclusive: bool,
    /// The array jobs that have to end first.
    pub(super) after: Vec<u64>,
    /// Alike in memory, command and epochs.
    pub(super) attempts: Vec<Attempt<'a>>,
}

impl JobScript<'_, '_> {
    /// Writes script and list, submits them, and stores what was submitted.
    pub(super) fn submit(&self) -> Result<Submission, ScheduleError> {
        let folder = folder_of(self.layout);
        fs::create_dir_all(&folder).map_err(RunError::io("create", &folder))?;
        let (list, script) = self.new_files(&folder)?;
        let write = |path: &Path, text: &str| fs::write(path, text).map_err(RunError::io("write", path));
        write(&list, &self.list()?)?;
        write(&script, &self.script(&list)?)?;
        let job = submit(&self.arguments(), &script)?;
        let tasks = self.attempts.iter().map(|attempt| key_of(&attempt.work)).collect();
        let submission = Submission { job, tasks };
        submission.store(self.layout)?;
        Ok(submission)
    }

    /// Names that no other array of this run has: it may run for days, and Slurm reads the list when a task starts.
    fn new_files(&self, folder: &Path) -> Result<(PathBuf, PathBuf), ScheduleError> {
        let free =
            (1..).map(|number| folder.join(format!("array-{number}.tasks"))).find(|path| !path.exists());
        let list = free.unwrap_or_else(|| folder.join("array.tasks"));
        let list = std::path::absolute(&list).map_err(RunError::io("find", &list))?;
        Ok((list.clone(), list.with_extension("sh")))
    }

    /// One folder per line: line `n + 1` is task `n`.
    fn list(&self) -> Result<String, ScheduleError> {
        let mut list = String::new();
        for attempt in &self.attempts {
            let folder = self.layout.task(attempt.work.task);
            let folder = std::path::absolute(&folder).map_err(RunError::io("find", &folder))?;
            writeln!(list, "{}", folder.display()).expect("text can always be written into a string");
        }
        Ok(list)
    }

    fn script(&self, list: &Path) -> Result<String, ScheduleError> {
        let Slurm { program, task_options, options } = self.slurm;
        let program = std::path::absolute(program).map_err(RunError::io("find", program))?;
        let Some(first) = self.attempts.first().map(|attempt| attempt.work) else { return Ok(String::new()) };
        let jobs = options.jobs.unwrap_or(u32::MAX).min(self.attempts.len() as u32);
        let jobs = if self.exclusive { 1 } else { jobs };
        let process = task_options.process(options.threads, jobs, false);
        let command = task_options.command(first.task, PathBuf::new(), first.until_epoch, process);
        let mut words =
            vec![quoted(&program.to_string_lossy()), command.name().to_owned(), "\"$folder\"".to_owned()];
        words.extend(command.option_words().iter().map(|word| quoted(word)));
        let environment: String =
            KEEP_FREED_PAGES.iter().map(|(name, value)| format!("export {name}={value}\n")).collect();
        Ok(format!(
            "#!/bin/sh\n# Written by pool-cli. Line n + 1 of the list is the folder of array task n.\n\
             folder=$(sed -n \"$((SLURM_ARRAY_TASK_ID + 1))p\" {list})\n\
             {environment}exec {command} >/dev/null 2>\"$folder/stderr.log\"\n",
            list = quoted(&list.to_string_lossy()),
            command = words.join(" "),
        ))
    }

    /// The arguments of sbatch, except the script.
    fn arguments(&self) -> Vec<String> {
        let options = &self.slurm.options;
        let last = self.attempts.len().saturating_sub(1);
        let at_once = options.jobs.map_or(String::new(), |jobs| format!("%{jobs}"));
        let factor = if self.attempts.iter().any(|attempt| attempt.exclusive) { 2 } else { 1 };
        let memory = self.attempts.iter().map(|attempt| attempt.work.needs.memory_bytes).max().unwrap_or(0);
        let study = self.layout.root().file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut arguments = vec![
            "--parsable".to_owned(),
            format!("--array=0-{last}{at_once}"),
            format!("--job-name=pool-{study}"),
            format!("--cpus-per-task={}", options.threads),
            format!("--mem={}M", (factor * memory).div_ceil(1 << 20)),
            "--requeue".to_owned(),
            "--output=/dev/null".to_owned(),
            "--error=/dev/null".to_owned(),
        ];
        arguments.extend(options.timeout.map(|timeout| format!("--time={}", minutes(timeout))));
        if !self.after.is_empty() {
            let jobs: Vec<String> = self.after.iter().map(u64::to_string).collect();
            arguments.push(format!("--dependency=afterany:{}", jobs.join(":")));
        }
        if self.exclusive {
            arguments.push("--exclusive".to_owned());
        }
        arguments.extend(options.sbatch_arguments.iter().cloned());
        arguments
    }
}

/// Whole minutes, Slurm's unit, at least one.
fn minutes(time: Duration) -> u64 {
    time.as_secs().div_ceil(60).max(1)
}

/// A word that means itself to a shell.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// A task's place in Slurm's queue: the array job, and its index there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) job: u64,
    pub(super) index: u32,
}

/// One array job.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Submission {
    /// Slurm's number of the array job.
    pub(super) job: u64,
    /// [`key_of`] of each task, in the order of the array.
    pub(super) tasks: Vec<String>,
}

/// Identifies a task, and how far it goes.
pub(super) fn key_of(work: &QueuedTask<'_>) -> String {
    let id = work.task.id();
    match work.until_epoch {
        Some(epoch) => format!("{id} until {epoch}"),
        None => id.to_owned(),
    }
}

impl Submission {
    /// Stores it among those of the run directory.
    pub(super) fn store(&self, layout: &RunLayout) -> Result<(), RunError> {
        let path = folder_of(layout).join(format!("{}.json", self.job));
        let text = serde_json::to_string(self).expect("a submission holds only what JSON can express");
        atomic_write(&path, text.as_bytes()).map_err(RunError::io("write", &path))
    }

    /// All that the run directory knows of, the latest last.
    pub(super) fn read_all(layout: &RunLayout) -> Result<Vec<Self>, RunError> {
        let folder = folder_of(layout);
        let mut all = Vec::new();
        for entry in fs::read_dir(&folder).into_iter().flatten() {
            let path = entry.map_err(RunError::io("read", &folder))?.path();
            if path.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            let text = fs::read_to_string(&path).map_err(RunError::io("read", &path))?;
            match serde_json::from_str::<Self>(&text) {
                Ok(submission) => all.push(submission),
                Err(error) => {
                    tracing::warn!(path = %path.display(), %error, "what was submitted cannot be read");
                }
            }
        }
        all.sort_unstable_by_key(|submission| submission.job);
        Ok(all)
    }

    /// The places of its tasks that still wait or run, by [`key_of`].
    pub(super) fn places(&self, queue: &Queue) -> HashMap<String, Place> {
        let places = self.tasks.iter().zip(0..).map(|(task, index)| (task, Place { job: self.job, index }));
        places
            .filter(|&(_, place)| queue.state(place).is_some())
            .map(|(task, place)| (task.clone(), place))
            .collect()
    }
}

/// Where scripts, lists and submissions lie.
pub(super) fn folder_of(layout: &RunLayout) -> PathBuf {
    layout.root().join("slurm")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_reach_the_program_as_they_are() {
        for (word, expected) in [("plain", "'plain'"), ("a b", "'a b'"), ("$(rm) 'x'", r"'$(rm) '\''x'\'''")]
        {
            assert_eq!(quoted(word), expected);
        }
    }

    #[test]
    fn time_limits_are_whole_minutes() {
        for (seconds, expected) in [(1, 1), (60, 1), (61, 2), (7_200, 120)] {
            assert_eq!(minutes(Duration::from_secs(seconds)), expected);
        }
    }
}
