//! Getting a public data set onto this machine: what is intact is kept, what is missing or damaged is downloaded.

mod archive;
mod downloads;
mod http;
mod partial;
#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::slice;
use std::time::Duration;

use pool_spec::PublicSet;

use crate::catalogue::{Delivery, FileSpec, most_packed, published};
use crate::data_dir::DataDir;
use crate::error::DataError;
use crate::folder;
use crate::unpacked::Unpacked;
use crate::verify::{FileState, verify_files};
use http::Request;
use partial::Partial;

/// How to fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchOptions {
    /// Base addresses to use instead of [`Published::mirrors`](crate::Published::mirrors), in order; each must serve
    /// what [`Delivery`](crate::Delivery) says.
    pub mirrors: Option<Vec<String>>,
    /// Never use the network: succeed if everything is there, else fail.
    pub offline: bool,
    /// How long to wait for the next bytes of an answer before the connection counts as cut.
    pub read_timeout: Duration,
}

impl Default for FetchOptions {
    fn default() -> Self {
        Self { mirrors: None, offline: false, read_timeout: Duration::from_secs(30) }
    }
}

/// What [`fetch`] reports while it works. Files are named as they are stored, downloads as they are served, mirrors by
/// their base address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "file and mirror are explained once, above")]
pub enum FetchProgress<'a> {
    /// A file was there already, and intact.
    Intact { file: &'a str },
    /// Compressed bytes of a file or of a download arrived; their total is known if the mirror announces it.
    Downloading { file: &'a str, mirror: &'a str, received_bytes: u64, total_bytes: Option<u64> },
    /// A mirror did not deliver a file or a download; the next one is tried.
    MirrorFailed { file: &'a str, mirror: &'a str, reason: &'a str },
    /// A file was unpacked and stored, and it or its download has the published checksum.
    Stored { file: &'a str },
}

/// What [`fetch`] did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchReport {
    /// Where the set is.
    pub folder: PathBuf,
    /// What happened to each file, in the order of the set's [`Delivery`](crate::Delivery).
    pub files: Vec<FetchedFile>,
}

/// One file of a [`FetchReport`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchedFile {
    /// Its name as it is stored.
    pub name: String,
    /// What was done for it.
    pub outcome: FetchOutcome,
}

/// How a file came to be intact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FetchOutcome {
    /// It was.
    AlreadyIntact,
    /// It was downloaded.
    Downloaded {
        /// The base address of the mirror that delivered it.
        mirror: String,
        /// The size of the compressed file, or of the download that it was unpacked from.
        received_bytes: u64,
    },
    /// It was unpacked from a download that somebody had put into the folder.
    Unpacked {
        /// The download, which stays there.
        archive: PathBuf,
    },
}

/// Makes a public data set complete and intact in its folder.
///
/// A file is downloaded whole, from the first mirror that delivers it, and compared with the published SHA-256 in
/// memory (47 MB for the largest). Only then does it replace what had its name: the file is there whole or not at all.
///
/// A download whose MD5 is published goes to a file, and is unpacked if it has that MD5; one that lies in the folder
/// already is used instead of a mirror. The SHA-256 of what was in it is written to `SHA256SUMS` last: from then on the
/// files are compared with that.
///
/// Two fetches into one folder take turns.
///
/// # Errors
///
/// [`DataError::NoDataDir`]; [`DataError::AllMirrorsFailed`] with every mirror's reason; [`DataError::Missing`] if
/// `offline` is set and files are missing or damaged; [`DataError::Io`] if the folder cannot be written.
pub fn fetch(
    set: PublicSet,
    dir: &DataDir,
    options: &FetchOptions,
    on_progress: &mut dyn FnMut(FetchProgress<'_>),
) -> Result<FetchReport, DataError> {
    let row = published(set);
    match row.delivery {
        Delivery::Files(files) => {
            let located = folder::of_set(set, dir)?;
            let is_complete_system = row.system_folder.is_some_and(|system| Path::new(system) == located)
                && files.iter().all(|spec| is_intact(spec, &located));
            let folder = if is_complete_system { located } else { dir.set_folder(set)? };
            fetch_files(set.name(), files, row.mirrors, &folder, options, on_progress)
        }
        Delivery::Downloads(downloads) => {
            let folder = dir.set_folder(set)?;
            downloads::fetch_downloads(set.name(), downloads, row.mirrors, &folder, options, on_progress)
        }
    }
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
    let lacking = files.iter().filter(|spec| !is_intact(spec, folder));
    let lacking: Vec<String> = lacking.map(|spec| spec.name.to_owned()).collect();
    let _lock = if lacking.is_empty() {
        // Nothing is created where nothing is missing: a system's folder may not be writable.
        None
    } else if options.offline {
        let cure = "the network is off (offline): fetch without offline, or copy the files there".to_owned();
        return Err(DataError::Missing {
            set: set.to_owned(),
            folder: folder.to_owned(),
            files: lacking,
            cure,
        });
    } else {
        lock(folder)?
    };
    let mirrors = options.mirrors_or(mirrors);
    let mut report = FetchReport { folder: folder.to_owned(), files: Vec::new() };
    for spec in files {
        // Another fetch may have stored what was lacking, while this one waited for the lock.
        let was_intact = !lacking.iter().any(|name| name == spec.name);
        let outcome = if was_intact || is_intact(spec, folder) {
            on_progress(FetchProgress::Intact { file: spec.name });
            FetchOutcome::AlreadyIntact
        } else {
            from_any_mirror(spec, folder, &mirrors, options, on_progress)?
        };
        report.files.push(FetchedFile { name: spec.name.to_owned(), outcome });
    }
    Ok(report)
}

fn is_intact(spec: &FileSpec, folder: &Path) -> bool {
    verify_files(slice::from_ref(spec), folder).iter().all(|file| file.state == FileState::Intact)
}

impl FetchOptions {
    /// The mirrors of the options, or else these.
    fn mirrors_or<'a>(&'a self, mirrors: &[&'a str]) -> Vec<&'a str> {
        match &self.mirrors {
            Some(mirrors) => mirrors.iter().map(String::as_str).collect(),
            None => mirrors.to_vec(),
        }
    }
}

/// Makes the folder, and waits until no other process fetches into it; `None` on network file systems that have no locks.
fn lock(folder: &Path) -> Result<Option<File>, DataError> {
    fs::create_dir_all(folder).map_err(DataError::io(folder, "create the folder"))?;
    let Ok(file) = File::create(folder.join(".fetch.lock")) else { return Ok(None) };
    match file.lock() {
        Ok(()) => Ok(Some(file)),
        Err(error) => {
            tracing::debug!(folder = %folder.display(), %error, "fetching without a lock");
            Ok(None)
        }
    }
}

fn from_any_mirror(
    spec: &FileSpec,
    folder: &Path,
    mirrors: &[&str],
    options: &FetchOptions,
    on_progress: &mut dyn FnMut(FetchProgress<'_>),
) -> Result<FetchOutcome, DataError> {
    let (file, most_bytes) = (spec.name, most_packed(spec.raw_bytes));
    let from = |mirror: &str, on_bytes: &mut OnBytes<'_>| {
        let mut packed = Vec::new();
        let request = Request { url: address(mirror, &format!("{file}.gz")), most_bytes, options };
        request.receive(&mut packed, on_bytes)?;
        let content = unpack(spec, &packed).map_err(Undelivered::Refused)?;
        store(file, folder, &content).map_err(Undelivered::Failed)?;
        Ok(packed.len() as u64)
    };
    let (mirror, received_bytes) =
        first_delivery(file, folder, mirrors, Refusals::default(), on_progress, from)?;
    on_progress(FetchProgress::Stored { file });
    Ok(FetchOutcome::Downloaded { mirror, received_bytes })
}

/// Gets the bytes received and the total, if known.
type OnBytes<'a> = dyn FnMut(u64, Option<u64>) + 'a;

/// Where a file was looked for in vain, each with the reason.
#[derive(Default)]
struct Refusals(Vec<(String, String)>);

impl Refusals {
    fn add(
        &mut self,
        file: &str,
        mirror: &str,
        reason: String,
        on_progress: &mut dyn FnMut(FetchProgress<'_>),
    ) {
        tracing::debug!(file, mirror, reason, "mirror failed");
        on_progress(FetchProgress::MirrorFailed { file, mirror, reason: &reason });
        self.0.push((mirror.to_owned(), reason));
    }
}

/// The first mirror from which `from` gets a file, and what it got.
fn first_delivery<T>(
    file: &str,
    folder: &Path,
    mirrors: &[&str],
    mut refusals: Refusals,
    on_progress: &mut dyn FnMut(FetchProgress<'_>),
    from: impl Fn(&str, &mut OnBytes<'_>) -> Result<T, Undelivered>,
) -> Result<(String, T), DataError> {
    for &mirror in mirrors {
        let mut on_bytes = |received_bytes, total_bytes| {
            on_progress(FetchProgress::Downloading { file, mirror, received_bytes, total_bytes });
        };
        match from(mirror, &mut on_bytes) {
            Ok(delivered) => return Ok((mirror.to_owned(), delivered)),
            Err(Undelivered::Failed(error)) => return Err(error),
            Err(Undelivered::Refused(reason)) => refusals.add(file, mirror, reason, on_progress),
        }
    }
    let (file, folder) = (file.to_owned(), folder.to_owned());
    Err(DataError::AllMirrorsFailed { file, folder, attempts: refusals.0 })
}

/// Why a mirror was of no use.
enum Undelivered {
    /// It did not deliver what was asked for, for this reason: another mirror may.
    Refused(String),
    /// This machine is at fault: another mirror would not help.
    Failed(DataError),
}

/// What a mirror serves under this name.
fn address(mirror: &str, name: &str) -> String {
    format!("{}/{name}", mirror.trim_end_matches('/'))
}

/// The published content, or the reason why this is not it.
fn unpack(spec: &FileSpec, packed: &[u8]) -> Result<Vec<u8>, String> {
    let expected = spec.raw_bytes;
    let broken = |error: io::Error| format!("broken gzip stream: {error}");
    let mut stream = Unpacked::hashing(packed, expected + 1).map_err(broken)?;
    let mut content = Vec::new();
    stream.read_to_end(&mut content).map_err(broken)?;
    let found = content.len() as u64;
    let sha256 = stream.into_sha256();
    if found > expected {
        Err(format!("size: expected {expected} bytes, found more"))
    } else if found < expected {
        Err(format!("size: expected {expected} bytes, found {found}"))
    } else if sha256 != spec.sha256 {
        Err(format!("SHA-256: expected {}, found {sha256}", spec.sha256))
    } else {
        Ok(content)
    }
}

/// Writes a file next to its place and renames it, so that it is there whole or not at all.
fn store(name: &str, folder: &Path, content: &[u8]) -> Result<(), DataError> {
    let mut partial = Partial::create(folder, name)?;
    partial.write(content)?;
    partial.store()
}
