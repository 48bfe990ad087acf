//! Files that are there whole or not at all.

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::Path;

use crate::TrainError;

/// Writes under a temporary name, flushes to the disk, and renames: a reader, and a machine that loses power, sees the
/// old file or the new one and nothing between.
pub(crate) fn atomic_write(path: &Path, bytes: &[u8]) -> Result<(), TrainError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = new_temporary_file(folder).map_err(TrainError::io("write", path))?;
    file.write_all(bytes).map_err(TrainError::io("write", path))?;
    file.as_file().sync_all().map_err(TrainError::io("write", path))?;
    file.persist(path).map_err(|error| TrainError::io("write", path)(error.error))?;
    // The rename itself lives in the folder. Not every file system can flush one, and none loses the file's content.
    if let Err(error) = File::open(folder).and_then(|folder| folder.sync_all()) {
        tracing::debug!(%error, folder = %folder.display(), "the folder cannot be flushed");
    }
    Ok(())
}

/// A temporary file that others may read once it has its final name, as any file of a run directory.
fn new_temporary_file(folder: &Path) -> std::io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o644));
    }
    builder.prefix(".partial-").tempfile_in(folder)
}

/// Removes a file; that it is not there is fine.
pub(crate) fn remove_if_there(path: &Path) -> Result<(), TrainError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(TrainError::io("remove", path)(error)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_replaces_the_whole_file_and_leaves_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("record.json");
        atomic_write(&path, b"a long first version").unwrap();
        atomic_write(&path, b"second").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"second");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let error = atomic_write(Path::new("/nonexistent/record.json"), b"").unwrap_err().to_string();
        assert!(error.starts_with("cannot write /nonexistent/record.json: "), "{error}");
    }
}
