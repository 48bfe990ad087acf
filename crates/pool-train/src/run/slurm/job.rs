//! The array job: its script, its list of folders, and what it asks of the cluster.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use pool_metrics::RunLayout;

use super::submission::{Submission, folder_of, key};
use super::{Slurm, commands};
use crate::TrainError;
use crate::run::attempt::Attempt;
use crate::run::local::KEEP_FREED_PAGES;

/// An array job that is about to be submitted.
pub(super) struct JobScript<'s, 'a> {
    pub(super) slurm: &'s Slurm,
    pub(super) layout: &'s RunLayout,
    /// Whether each task has its machine to itself.
    pub(super) alone: bool,
    /// The array jobs that have to end first.
    pub(super) after: Vec<u64>,
    /// Alike in memory, command and epochs.
    pub(super) attempts: Vec<Attempt<'a>>,
}

impl JobScript<'_, '_> {
    /// Writes script and list, submits them, and stores what was submitted.
    pub(super) fn submit(&self) -> Result<Submission, TrainError> {
        let folder = folder_of(self.layout);
        fs::create_dir_all(&folder).map_err(TrainError::io("create", &folder))?;
        let (list, script) = self.new_files(&folder)?;
        let write = |path: &Path, text: &str| fs::write(path, text).map_err(TrainError::io("write", path));
        write(&list, &self.list()?)?;
        write(&script, &self.script(&list)?)?;
        let job = commands::submit(&self.arguments(), &script)?;
        let tasks = self.attempts.iter().map(|attempt| key(&attempt.work)).collect();
        let submission = Submission { job, tasks };
        submission.store(self.layout)?;
        Ok(submission)
    }

    /// Names that no other array of this run has: it may run for days, and Slurm reads the list when a task starts.
    fn new_files(&self, folder: &Path) -> Result<(PathBuf, PathBuf), TrainError> {
        let free =
            (1..).map(|number| folder.join(format!("array-{number}.tasks"))).find(|path| !path.exists());
        let list = free.unwrap_or_else(|| folder.join("array.tasks"));
        let list = std::path::absolute(&list).map_err(TrainError::io("find", &list))?;
        Ok((list.clone(), list.with_extension("sh")))
    }

    /// One folder per line: line `n + 1` is task `n`.
    fn list(&self) -> Result<String, TrainError> {
        let mut list = String::new();
        for attempt in &self.attempts {
            let folder = attempt.work.task.folder(self.layout);
            let folder = std::path::absolute(&folder).map_err(TrainError::io("find", &folder))?;
            writeln!(list, "{}", folder.display()).expect("text can always be written into a string");
        }
        Ok(list)
    }

    fn script(&self, list: &Path) -> Result<String, TrainError> {
        let Slurm { program, arguments, options } = self.slurm;
        let program = std::path::absolute(program).map_err(TrainError::io("find", program))?;
        let first = self.attempts.first();
        let command = first.map_or("trial", |attempt| attempt.work.task.command());
        let jobs = options.jobs.unwrap_or(u32::MAX).min(self.attempts.len() as u32);
        let jobs = if self.alone { 1 } else { jobs };
        let mut words =
            vec![quoted(&program.to_string_lossy()), command.to_owned(), "\"$folder\"".to_owned()];
        words.extend(["--threads".to_owned(), options.threads.to_string()]);
        words.extend(["--jobs".to_owned(), jobs.to_string()]);
        if let Some(epoch) = first.and_then(|attempt| attempt.work.until_epoch) {
            words.extend(["--until-epoch".to_owned(), epoch.to_string()]);
        }
        words.extend(arguments.iter().map(|argument| quoted(argument)));
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

    /// What sbatch is told, but for the script.
    fn arguments(&self) -> Vec<String> {
        let options = &self.slurm.options;
        let last = self.attempts.len().saturating_sub(1);
        let at_once = options.jobs.map_or(String::new(), |jobs| format!("%{jobs}"));
        let factor = if self.attempts.iter().any(|attempt| attempt.alone) { 2 } else { 1 };
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
        if self.alone {
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
