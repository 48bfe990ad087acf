//! Getting a public data set onto this machine: what is intact is kept, what is missing or damaged is downloaded.

mod download;
mod mirror;
mod store;
#[cfg(test)]
mod test_server;
#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::catalogue::{FileSpec, PublicSet};
use crate::data_dir::DataDir;
use crate::error::DataError;
use crate::folder;
use crate::verify::{FileState, verify_files};
use mirror::FromMirror;

/// How to fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchOptions {
    /// Base addresses to use instead of [`PublicSet::mirrors`], in order; each must serve `<name>.gz`.
    pub mirrors: Option<Vec<String>>,
    /// Never touch the network: succeed if everything is there, else fail.
    pub offline: bool,
    /// How long to wait for the name's address, and again for a connection.
    pub connect_timeout: Duration,
    /// How long to wait for the next bytes of an answer before the connection counts as cut.
    pub read_timeout: Duration,
    /// How often one mirror is asked for one file; from the second time on, a cut download is resumed.
    pub attempts_per_mirror: u32,
}

impl Default for FetchOptions {
    fn default() -> Self {
        Self {
            mirrors: None,
            offline: false,
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_secs(30),
            attempts_per_mirror: 3,
        }
    }
}

/// What [`fetch`] tells its caller while it works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FetchProgress<'a> {
    /// A file was there already, and intact.
    Intact {
        /// Its name, without `.gz`.
        file: &'a str,
    },
    /// Bytes came in.
    Downloading {
        /// The file's name, without `.gz`.
        file: &'a str,
        /// The mirror's base address.
        mirror: &'a str,
        /// Compressed bytes on disk, those of an earlier, interrupted run included.
        received_bytes: u64,
        /// The size of the compressed file, if the mirror says it.
        total_bytes: Option<u64>,
    },
    /// A mirror was given up for a file.
    MirrorFailed {
        /// The file's name, without `.gz`.
        file: &'a str,
        /// The mirror's base address.
        mirror: &'a str,
        /// Why.
        reason: &'a str,
    },
    /// A file was unpacked, found to be the published one, and stored.
    Stored {
        /// Its name, without `.gz`.
        file: &'a str,
    },
}

/// What [`fetch`] did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchReport {
    /// Where the set is.
    pub folder: PathBuf,
    /// What happened to each file, in the order of [`PublicSet::files`].
    pub files: Vec<FetchedFile>,
}

/// One file of a [`FetchReport`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchedFile {
    /// Its name, without `.gz`.
    pub name: String,
    /// What was done for it.
    pub outcome: FetchOutcome,
}

/// How a file came to be intact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FetchOutcome {
    /// It was.
    AlreadyIntact,
    /// An earlier run had downloaded it whole and was interrupted before it was unpacked.
    CompletedFromPartial,
    /// It was downloaded.
    Downloaded {
        /// The base address of the mirror that delivered it.
        mirror: String,
        /// Compressed bytes that this run received for it from that mirror.
        received_bytes: u64,
    },
}

/// Makes a public data set complete and intact in its folder.
///
/// A download goes to `<name>.gz.partial`, is unpacked, compared with the published SHA-256, and renamed to `<name>`:
/// the file is there whole or not at all. An interrupted download is resumed, by this run or the next. Two fetches
/// into one folder take turns.
///
/// # Errors
///
/// [`DataError::NoDataDir`], [`DataError::AllMirrorsFailed`] with every mirror's reason, [`DataError::Offline`] if files are missing and
/// `offline` is set, [`DataError::Io`] if the folder cannot be written.
pub fn fetch(
    set: PublicSet,
    dir: &DataDir,
    options: &FetchOptions,
    on_progress: &mut dyn FnMut(FetchProgress<'_>),
) -> Result<FetchReport, DataError> {
    let located = folder::of_set(set, dir)?;
    let intact_in_system = set.system_folder() == Some(&located) && all_intact(set.files(), &located);
    let folder = if intact_in_system { located } else { dir.set_folder(set)? };
    fetch_files(set.name(), set.files(), set.mirrors(), &folder, options, on_progress)
}

/// As [`fetch`], for any table of files.
fn fetch_files(
    set: &str,
    files: &[FileSpec],
    mirrors: &[&str],
    folder: &Path,
    options: &FetchOptions,
    on_progress: &mut dyn FnMut(FetchProgress<'_>),
) -> Result<FetchReport, DataError> {
    let mut report = FetchReport { folder: folder.to_path_buf(), files: Vec::new() };
    if all_intact(files, folder) {
        // Checked before anything is created: a system folder may not be writable.
        for spec in files {
            on_progress(FetchProgress::Intact { file: spec.name });
            report.add(spec, FetchOutcome::AlreadyIntact);
        }
        return Ok(report);
    }
    fs::create_dir_all(folder).map_err(DataError::io(folder, "create the folder"))?;
    let _lock = lock(folder);

    let mirrors =
        options.mirrors.clone().unwrap_or_else(|| mirrors.iter().map(ToString::to_string).collect());
    let mut absent = Vec::new();
    for (spec, file) in files.iter().zip(verify_files(files, folder)) {
        let outcome = if file.state == FileState::Intact {
            on_progress(FetchProgress::Intact { file: spec.name });
            FetchOutcome::AlreadyIntact
        } else if store::complete_partial(spec, folder)? {
            on_progress(FetchProgress::Stored { file: spec.name });
            FetchOutcome::CompletedFromPartial
        } else if options.offline {
            absent.push(spec.name.to_owned());
            continue;
        } else {
            let outcome = from_any_mirror(spec, folder, &mirrors, options, on_progress)?;
            on_progress(FetchProgress::Stored { file: spec.name });
            outcome
        };
        report.add(spec, outcome);
    }
    if !absent.is_empty() {
        return Err(DataError::Offline { set: set.to_owned(), folder: folder.to_path_buf(), files: absent });
    }
    Ok(report)
}

fn from_any_mirror(
    spec: &FileSpec,
    folder: &Path,
    mirrors: &[String],
    options: &FetchOptions,
    on_progress: &mut dyn FnMut(FetchProgress<'_>),
) -> Result<FetchOutcome, DataError> {
    let mut attempts = Vec::new();
    for mirror in mirrors {
        match mirror::fetch_file(spec, folder, mirror, options, on_progress)? {
            FromMirror::Stored { received_bytes } => {
                return Ok(FetchOutcome::Downloaded { mirror: mirror.clone(), received_bytes });
            }
            FromMirror::Failed(reason) => {
                tracing::debug!(file = spec.name, mirror, reason, "mirror failed");
                on_progress(FetchProgress::MirrorFailed { file: spec.name, mirror, reason: &reason });
                attempts.push((mirror.clone(), reason));
            }
        }
    }
    Err(DataError::AllMirrorsFailed { file: spec.name.to_owned(), folder: folder.to_path_buf(), attempts })
}

impl FetchReport {
    fn add(&mut self, spec: &FileSpec, outcome: FetchOutcome) {
        self.files.push(FetchedFile { name: spec.name.to_owned(), outcome });
    }
}

fn all_intact(files: &[FileSpec], folder: &Path) -> bool {
    verify_files(files, folder).iter().all(|file| file.state == FileState::Intact)
}

/// Waits until no other process fetches into this folder. Some network file systems have no locks; then there is none.
fn lock(folder: &Path) -> Option<File> {
    let file = File::create(folder.join(".fetch.lock")).ok()?;
    match file.lock() {
        Ok(()) => Some(file),
        Err(error) => {
            tracing::debug!(folder = %folder.display(), %error, "fetching without a lock");
            None
        }
    }
}
