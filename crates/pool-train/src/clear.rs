//! Removing what earlier processes left.

use std::fs;
use std::io::{ErrorKind, Result};
use std::path::Path;

/// Removes everything in a folder but these, if there is such a folder.
pub(crate) fn empty_but_for(folder: &Path, kept: &[&Path]) -> Result<()> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let path = entry?.path();
        if !kept.contains(&path.as_path()) {
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
