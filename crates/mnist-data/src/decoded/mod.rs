//! Sets that were decoded before, mapped instead of decoded again.
//!
//! A sweep runs every trial in a process of its own. The first process that loads a set keeps what came of it in a file,
//! `decoded/SOURCE-STATE` in the folder for data sets; the others map that file, so that its images are in memory once,
//! however many trials run. `SOURCE` is a hash of what was asked for and `STATE` one of what lies there, so that nothing stale
//! is read: see [`state`]. The file is written under another name and renamed. One that cannot be written, or is damaged, costs
//! the time to decode and nothing else.

mod file;
mod state;
#[cfg(test)]
mod tests;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use pool_spec::{DataSource, PictureSettings};
use sha2::{Digest, Sha256};

use crate::data_dir::DataDir;
use crate::dataset::Dataset;
use crate::error::DataError;
use crate::unpacked::hex;
pub(crate) use state::{SourceFile, Stamp};

/// The folder of these files, next to those of the public sets.
const FOLDER: &str = "decoded";

/// The set that lies in `place`, or what `decode` makes, which is then kept there. `None` is a source that is not kept. `place`
/// is asked twice: files that have changed meanwhile are not kept, as nobody knows what was read of them.
///
/// # Errors
/// Those of `decode`.
pub(crate) fn kept(
    place: impl Fn() -> Option<Place>,
    decode: impl FnOnce() -> Result<Dataset, DataError>,
) -> Result<Dataset, DataError> {
    let start = Instant::now();
    let Some(before) = place() else { return decode() };
    if let Some(data) = before.read() {
        let elapsed_ms = start.elapsed().as_millis();
        tracing::debug!(file = %before.path().display(), elapsed_ms, "mapped decoded images");
        return Ok(data);
    }
    let data = decode()?;
    if place().as_ref() == Some(&before) {
        before.write(&data);
    }
    Ok(data)
}

/// Where a source's images are kept, as its files are now.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Place {
    folder: PathBuf,
    source: String,
    state: String,
}

impl Place {
    /// `None` for images that are made without files, without a folder for data sets, or where files cannot be looked at.
    pub(crate) fn of(
        source: &DataSource,
        pictures: &PictureSettings,
        files: Result<Vec<SourceFile>, DataError>,
        data_dir: &DataDir,
    ) -> Option<Self> {
        let files = files.ok().filter(|files| !files.is_empty())?;
        let folder = data_dir.path().ok()?.join(FOLDER);
        let source = match source.path() {
            Some(path) => source.clone().at(std::path::absolute(path).ok()?),
            None => source.clone(),
        };
        let mut hash = Sha256::new_with_prefix(serde_json::to_string(&source).ok()?);
        if let DataSource::Folder(_) = source {
            hash.update(serde_json::to_string(pictures).ok()?);
        }
        let source = hex(&hash.finalize()[..8]);
        Some(Self { folder, source, state: state::of(&files) })
    }

    fn path(&self) -> PathBuf {
        self.folder.join(format!("{}-{}", self.source, self.state))
    }

    fn read(&self) -> Option<Dataset> {
        let path = self.path();
        match file::read(&path, &self.state) {
            Ok(data) => Some(data),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => {
                tracing::warn!(file = %path.display(), %error, "cannot use decoded images, decoding them again");
                None
            }
        }
    }

    /// A full disk, or a folder that may not be written to, is no reason to stop.
    fn write(&self, data: &Dataset) {
        let path = self.path();
        let written = fs::create_dir_all(&self.folder).and_then(|()| file::write(&path, &self.state, data));
        match written {
            Ok(()) => {
                tracing::debug!(file = %path.display(), "kept the decoded images");
                self.remove_others(&path);
            }
            Err(error) => tracing::warn!(file = %path.display(), %error, "cannot keep the decoded images"),
        }
    }

    /// Removes what the source was before. Processes that have it mapped keep it.
    fn remove_others(&self, path: &Path) {
        let of_source = |entry: &fs::DirEntry| {
            let name = entry.file_name();
            name.to_str()
                .and_then(|name| name.split_once('-'))
                .is_some_and(|(source, _)| source == self.source)
        };
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            if of_source(&entry) && entry.path() != path {
                let removed = fs::remove_file(entry.path());
                tracing::debug!(file = %entry.path().display(), ?removed, "images that a source had before");
            }
        }
    }
}
