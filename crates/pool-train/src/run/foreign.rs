//! Folders that are somebody else's.

use std::fs;
use std::io::ErrorKind;

use pool_metrics::{PlanFile, RunLayout, check_outside_runs, holds_trials};

use crate::TrainError;
use crate::clear::is_partial;

/// A folder with other things in it is somebody's: nothing is written there. No run is made inside another one.
pub(super) fn refuse(layout: &RunLayout) -> Result<(), TrainError> {
    check_outside_runs(layout.root())?;
    let foreign = || Err(TrainError::ForeignFolder { path: layout.root().to_owned() });
    match fs::read_to_string(layout.plan()) {
        Ok(text) if PlanFile::from_json(&text).is_ok() => return Ok(()),
        // A plan that is torn, or of another version, beside trials that are ours.
        Ok(_) if holds_trials(layout) => return Ok(()),
        Ok(_) => return foreign(),
        Err(_) => {}
    }
    let mut entries = match fs::read_dir(layout.root()) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(TrainError::io("open", layout.root())(error)),
    };
    if entries.all(|entry| is_leftover(layout, entry.as_ref())) { Ok(()) } else { foreign() }
}

/// What a sweep leaves that was killed before its plan was stored.
fn is_leftover(layout: &RunLayout, entry: Result<&fs::DirEntry, &std::io::Error>) -> bool {
    entry.is_ok_and(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        name == "trials" || name == "costs" || entry.path() == layout.sweep_lock() || is_partial(&name)
    })
}
