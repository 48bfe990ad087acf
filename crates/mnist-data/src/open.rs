//! Opening the files of a data set.

use std::fs::{self, File};
use std::io;
use std::path::Path;

/// As [`File::open`], for files alone: a pipe would be waited for, and a device may never end.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    let metadata = fs::metadata(path)?;
    if metadata.is_file() {
        return File::open(path);
    }
    let found = if metadata.is_dir() { "a folder" } else { "a pipe or a device" };
    Err(io::Error::other(format!("expected a file, found {found}")))
}
