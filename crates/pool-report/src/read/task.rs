//! What a task has left behind, judged once for reports and for the status of a run.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use pool_metrics::{Failure, PausedTrial, RecordError, RunLayout};

/// What a task has left in its folder.
pub(crate) enum Found<R> {
    /// A record that can be used.
    Record(Box<R>),
    /// There is one, and it is not wanted.
    SetAside,
    /// Why there is no record, or none that can be used.
    Failure(String),
    /// How far a search has let it come.
    Paused(PausedTrial),
    /// Nothing that says how it ended.
    Nothing,
}

/// The record of the trial or measurement `id`, or why there is none, from its folder.
pub(crate) fn look_for<R>(
    folder: &Path,
    id: &str,
    read: fn(&str) -> Result<R, RecordError>,
    id_of: fn(&R) -> &str,
) -> Found<R> {
    match fs::read(RunLayout::record_in(folder)) {
        // What is no text is no record either.
        Ok(bytes) => match read(&String::from_utf8_lossy(&bytes)) {
            Ok(record) if id_of(&record) == id => Found::Record(Box::new(record)),
            Ok(record) => Found::Failure(format!("its record is that of {}", id_of(&record))),
            Err(error) => Found::Failure(format!("its record is unusable: {error}")),
        },
        Err(error) if error.kind() == ErrorKind::NotFound => look_for_failure(folder),
        Err(error) => Found::Failure(format!("its record cannot be read: {error}")),
    }
}

fn look_for_failure<R>(folder: &Path) -> Found<R> {
    match fs::read_to_string(RunLayout::failure_in(folder)) {
        Ok(text) => Found::Failure(match serde_json::from_str::<Failure>(&text) {
            Ok(failure) => failure.reason,
            Err(error) => format!("what happened cannot be read from its failure.json: {error}"),
        }),
        Err(_) => look_for_paused(folder),
    }
}

fn look_for_paused<R>(folder: &Path) -> Found<R> {
    let text = fs::read_to_string(RunLayout::paused_in(folder)).ok();
    text.and_then(|text| PausedTrial::from_json(&text).ok()).map_or(Found::Nothing, Found::Paused)
}
