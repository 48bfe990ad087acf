//! Removing what earlier processes left.

use std::fs;
use std::io::{ErrorKind, Result};
use std::path::Path;

use pool_metrics::PARTIAL_PREFIX;

/// Removes everything in a folder but these, if there is such a folder.
pub(crate) fn empty_but_for(folder: &Path, kept: &[&Path]) -> Result<()> {
    remove_where(folder, |path| !kept.contains(&path))
}

/// Removes the files that a killed process had not given their names yet.
pub(crate) fn remove_partial_files(folder: &Path) -> Result<()> {
    remove_where(folder, |path| path.file_name().is_some_and(|name| is_partial(&name.to_string_lossy())))
}

/// Whether a file of this name is not finished.
pub(crate) fn is_partial(name: &str) -> bool {
    name.starts_with(PARTIAL_PREFIX)
}

fn remove_where(folder: &Path, unwanted: impl Fn(&Path) -> bool) -> Result<()> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let path = entry?.path();
        if unwanted(&path) {
            remove(&path)?;
        }
    }
    Ok(())
}

/// Removes a file, a link or a folder, if it is there.
pub(crate) fn remove(path: &Path) -> Result<()> {
    let removed = match path.symlink_metadata() {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
