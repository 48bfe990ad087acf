//! What state a task is in, judged from its folder: the one answer for the scheduler, for `status` and for the report.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use pool_spec::reading::one_line;
use serde::{Deserialize, Serialize};

use crate::{EpochRecord, Record, RecordError, RunLayout};

/// What a task has left in its folder, with its record as `R`.
#[derive(Debug)]
pub enum TaskState<R> {
    /// A record that can be used.
    Finished(Box<R>),
    /// A record that cannot.
    Unusable(UnusableRecord),
    /// It died, and this is why.
    Failed(Failure),
    /// A search has stopped it after some epochs.
    Paused(PausedTrial),
    /// It was begun. Whether a process works on it now, [`lock_holder`](crate::lock_holder) says.
    Begun,
    /// It was not begun.
    Waiting,
}

/// A record that is there and cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnusableRecord {
    /// What is wrong with it.
    pub reason: String,
    /// Whether it is torn, which only a broken disk can leave: as good as none. Any other may be whole, of another
    /// version or on a disk that does not answer, and must not be replaced.
    pub is_torn: bool,
}

/// Why a trial or a measurement of costs left no record: `failure.json`, written by the task's own process, or by whoever
/// started it where that could not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failure {
    /// Its folder's name in the run directory.
    pub id: String,
    /// Its arm.
    pub arm: String,
    /// The trial's seed; `None` for a measurement of costs, which has no seed.
    pub seed: Option<u64>,
    /// What happened, in words.
    pub reason: String,
    /// What kind of thing happened.
    #[serde(default)]
    pub cause: FailureCause,
}

/// What kept a task from its record, as far as it decides whether another attempt is worth it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureCause {
    /// It would happen again.
    #[default]
    Error,
    /// There was not enough memory for it and what ran next to it.
    OutOfMemory,
}

/// A trial that a search has stopped before its last epoch, to go on with the best of them: what it showed until then.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PausedTrial {
    /// Format of this file, [`RECORD_VERSION`](crate::RECORD_VERSION).
    pub version: u32,
    /// The trial's name in its run directory.
    pub id: String,
    /// One row per epoch that ran, in order.
    pub epochs: Vec<EpochRecord>,
}

impl PausedTrial {
    /// What is in a trial's folder, if it can be read.
    pub(crate) fn of(folder: &Path) -> Option<Self> {
        let text = fs::read_to_string(RunLayout::paused_in(folder)).ok()?;
        Self::from_json(&text).ok()
    }

    /// The lowest share of validation images misclassified after any of its epochs, by which a search judges it.
    pub fn best_validation_error(&self) -> Option<f64> {
        let errors = self.epochs.iter().map(|epoch| epoch.validation_error);
        errors.filter(|error| error.is_finite()).min_by(f64::total_cmp)
    }
}

impl<R> TaskState<R> {
    /// The record of a task that is finished.
    pub fn finished(self) -> Option<Box<R>> {
        match self {
            Self::Finished(record) => Some(record),
            Self::Unusable(_) | Self::Failed(_) | Self::Paused(_) | Self::Begun | Self::Waiting => None,
        }
    }
}

impl<R: Record> TaskState<R> {
    /// Reads the folder of the task `id`.
    pub fn of(folder: &Path, id: &str) -> Self {
        let unusable = |reason: String, is_torn| Self::Unusable(UnusableRecord { reason, is_torn });
        match fs::read(RunLayout::record_in(folder)) {
            // What is no text is no record either.
            Ok(bytes) => match R::from_json(&text_of(bytes)) {
                Ok(record) if record.id() == id => Self::Finished(Box::new(record)),
                Ok(record) => unusable(
                    format!(
                        "its record is that of {}; move its folder away and run the sweep again",
                        one_line(record.id())
                    ),
                    false,
                ),
                Err(error) => {
                    let is_torn = matches!(error, RecordError::Json(_));
                    unusable(format!("its record is unusable: {error}"), is_torn)
                }
            },
            Err(error) if error.kind() == ErrorKind::NotFound => Self::without_record(folder, id),
            Err(error) => unusable(format!("its record cannot be read: {error}"), false),
        }
    }

    fn without_record(folder: &Path, id: &str) -> Self {
        if let Ok(text) = fs::read_to_string(RunLayout::failure_in(folder)) {
            return Self::Failed(serde_json::from_str(&text).unwrap_or_else(|error| Failure {
                id: id.to_owned(),
                arm: String::new(),
                seed: None,
                reason: format!("what happened cannot be read from its failure.json: {error}"),
                cause: FailureCause::Error,
            }));
        }
        if let Some(paused) = PausedTrial::of(folder) {
            return Self::Paused(paused);
        }
        let begun = RunLayout::checkpoint_in(folder).exists() || RunLayout::history_in(folder).exists();
        if begun { Self::Begun } else { Self::Waiting }
    }
}

/// The files of a task's folder that decide whether it is finished, failed or paused, and what is then known of it.
pub(crate) fn files_that_decide(folder: &Path) -> [PathBuf; 3] {
    [RunLayout::record_in(folder), RunLayout::failure_in(folder), RunLayout::paused_in(folder)]
}

/// As UTF-8, or as near as it comes.
fn text_of(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// The epochs that a trial has behind it, from `history.jsonl`, whose last line may be half written; from its checkpoint
/// where there is none yet.
pub fn epochs_so_far(trial: &Path) -> Vec<EpochRecord> {
    #[derive(Deserialize)]
    struct State {
        epochs: Vec<EpochRecord>,
    }
    let Ok(text) = fs::read_to_string(RunLayout::history_in(trial)) else {
        let state =
            fs::read_to_string(RunLayout::checkpoint_in(trial).join("state.json")).unwrap_or_default();
        return serde_json::from_str(&state).map(|State { epochs }| epochs).unwrap_or_default();
    };
    EpochRecord::history(&text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{RECORD_VERSION, RecordSummary};

    fn state_with(files: &[(&str, &str)]) -> TaskState<RecordSummary> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        TaskState::of(folder.path(), "max-s1")
    }

    #[test]
    fn a_folder_says_in_which_state_its_task_is() {
        let whole = format!(r#"{{"version": {RECORD_VERSION}, "id": "max-s1", "more": [1, 2]}}"#);
        let failure =
            r#"{"id": "max-s1", "arm": "max", "seed": 1, "reason": "no memory", "cause": "out_of_memory"}"#;
        let paused = format!(r#"{{"version": {RECORD_VERSION}, "id": "max-s1", "epochs": []}}"#);
        assert!(matches!(state_with(&[]), TaskState::Waiting));
        assert!(matches!(state_with(&[("history.jsonl", "")]), TaskState::Begun));
        assert!(matches!(state_with(&[("paused.json", &paused)]), TaskState::Paused(_)));
        let TaskState::Failed(found) = state_with(&[("failure.json", failure), ("paused.json", &paused)])
        else {
            panic!("a failure says more than where a search had stopped it before")
        };
        assert_eq!((found.reason.as_str(), found.cause), ("no memory", FailureCause::OutOfMemory));
        let finished = state_with(&[("record.json", &whole), ("failure.json", failure)]);
        assert!(matches!(finished, TaskState::Finished(_)), "a record counts, whatever else is there");
    }

    #[test]
    fn a_torn_record_is_as_good_as_none_and_one_of_another_version_is_not() {
        for (record, is_torn, reason) in [
            (r#"{"version": 3, "id": "ma"#, true, "its record is unusable: not a record: EOF while parsing"),
            (
                r#"{"version": 2, "id": "max-s1"}"#,
                false,
                "its record is unusable: record format 2, but this program",
            ),
            (r#"{"version": 3, "id": "avg-s1"}"#, false, "its record is that of avg-s1"),
        ] {
            let TaskState::Unusable(found) = state_with(&[("record.json", record)]) else {
                panic!("{record} can be used")
            };
            assert!(found.is_torn == is_torn && found.reason.starts_with(reason), "{found:?}");
        }
    }
}
