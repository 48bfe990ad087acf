//! A file that is not finished: `<name>.partial` until it is renamed, and gone where that does not happen.

use std::fs::{self, File};
use std::io::{Seek, Write};
use std::path::{Path, PathBuf};

use crate::error::DataError;

/// It is removed when it is dropped.
pub(super) struct Partial {
    path: PathBuf,
    stored: PathBuf,
    file: File,
}

impl Partial {
    /// An empty file that is to have this name in this folder. What a fetch left there that was killed is replaced.
    pub(super) fn create(folder: &Path, name: &str) -> Result<Self, DataError> {
        let path = folder.join(format!("{name}.partial"));
        let file = File::options().read(true).write(true).create(true).truncate(true).open(&path);
        let file = file.map_err(DataError::io(&path, "write"))?;
        Ok(Self { path, stored: folder.join(name), file })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), DataError> {
        self.file.write_all(bytes).map_err(DataError::io(&self.path, "write"))
    }

    /// Makes it empty again.
    pub(super) fn clear(&mut self) -> Result<(), DataError> {
        let cleared = self.file.set_len(0).and_then(|()| self.file.rewind());
        cleared.map_err(DataError::io(&self.path, "write"))
    }

    /// Gives it its name, with all its bytes on the disk.
    pub(super) fn store(self) -> Result<(), DataError> {
        self.file.sync_all().map_err(DataError::io(&self.path, "write"))?;
        fs::rename(&self.path, &self.stored).map_err(DataError::io(&self.stored, "rename the download to it"))
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        // Not there any more if it has been stored; on a full disk the first error is the one to report.
        let _ = fs::remove_file(&self.path);
    }
}
