//! Getting a public data set onto this machine: what is intact is kept, what is missing or damaged is downloaded.

#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::slice;
use std::time::Duration;

use ureq::Agent;
use ureq::http::StatusCode;

use crate::catalogue::{FileSpec, PublicSet};
use crate::data_dir::DataDir;
use crate::error::DataError;
use crate::folder;
use crate::unpacked::Unpacked;
use crate::verify::{FileState, verify_files};

/// How long to wait for the address of a mirror's name, and again for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How often a file is requested from one mirror if the connection is cut.
const ATTEMPTS: u32 = 3;

/// How to fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchOptions {
    /// Base addresses to use instead of [`PublicSet::mirrors`], in order; each must serve `<name>.gz`.
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

/// What [`fetch`] reports while it works. Files are named without `.gz`, mirrors by their base address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "file and mirror are explained once, above")]
pub enum FetchProgress<'a> {
    /// A file was there already, and intact.
    Intact { file: &'a str },
    /// Compressed bytes arrived; their total is known if the mirror announces it.
    Downloading { file: &'a str, mirror: &'a str, received_bytes: u64, total_bytes: Option<u64> },
    /// A mirror did not deliver a file; the next one is tried.
    MirrorFailed { file: &'a str, mirror: &'a str, reason: &'a str },
    /// A file was unpacked, compared with the published checksum, and stored.
    Stored { file: &'a str },
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
    /// It was downloaded.
    Downloaded {
        /// The base address of the mirror that delivered it.
        mirror: String,
        /// The size of the compressed file.
        received_bytes: u64,
    },
}

/// Makes a public data set complete and intact in its folder.
///
/// A file is downloaded whole, from the first mirror that delivers it, and compared with the published SHA-256 in
/// memory (47 MB for the largest). Only then does it replace what had its name: the file is there whole or not at all.
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
    let located = folder::of_set(set, dir)?;
    let is_complete_system =
        set.system_folder() == Some(&located) && set.files().iter().all(|spec| is_intact(spec, &located));
    let folder = if is_complete_system { located } else { dir.set_folder(set)? };
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
        fs::create_dir_all(folder).map_err(DataError::io(folder, "create the folder"))?;
        lock(folder)
    };
    let mirrors: Vec<&str> = match &options.mirrors {
        Some(mirrors) => mirrors.iter().map(String::as_str).collect(),
        None => mirrors.to_vec(),
    };
    let mut report = FetchReport { folder: folder.to_owned(), files: Vec::new() };
    for spec in files {
        // Another fetch may have stored it while this one waited for the lock.
        let outcome = if is_intact(spec, folder) {
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

/// Waits until no other process fetches into this folder; `None` on network file systems that have no locks.
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

fn from_any_mirror(
    spec: &FileSpec,
    folder: &Path,
    mirrors: &[&str],
    options: &FetchOptions,
    on_progress: &mut dyn FnMut(FetchProgress<'_>),
) -> Result<FetchOutcome, DataError> {
    let file = spec.name;
    let mut attempts = Vec::new();
    for &mirror in mirrors {
        let mut on_bytes = |received_bytes, total_bytes| {
            on_progress(FetchProgress::Downloading { file, mirror, received_bytes, total_bytes });
        };
        let url = format!("{}/{file}.gz", mirror.trim_end_matches('/'));
        let downloaded = download(&url, spec, options, &mut on_bytes);
        match downloaded.and_then(|packed| Ok((unpack(spec, &packed)?, packed.len() as u64))) {
            Ok((content, received_bytes)) => {
                store(spec, folder, &content)?;
                on_progress(FetchProgress::Stored { file });
                return Ok(FetchOutcome::Downloaded { mirror: mirror.to_owned(), received_bytes });
            }
            Err(reason) => {
                tracing::debug!(file, mirror, reason, "mirror failed");
                on_progress(FetchProgress::MirrorFailed { file, mirror, reason: &reason });
                attempts.push((mirror.to_owned(), reason));
            }
        }
    }
    Err(DataError::AllMirrorsFailed { file: file.to_owned(), folder: folder.to_owned(), attempts })
}

/// Why a transfer did not end with all bytes.
enum Failure {
    /// The same mirror is worth another request.
    Cut(String),
    /// This mirror does not deliver the file.
    Refused(String),
}

/// The compressed file from one mirror, or the reason why there is none; `on_bytes` gets the bytes received and the
/// total, if known.
fn download(
    url: &str,
    spec: &FileSpec,
    options: &FetchOptions,
    on_bytes: &mut dyn FnMut(u64, Option<u64>),
) -> Result<Vec<u8>, String> {
    let mut attempt = 1;
    loop {
        tracing::debug!(url, attempt, "downloading");
        match receive(url, spec, options, on_bytes) {
            Ok(packed) => return Ok(packed),
            Err(Failure::Cut(_)) if attempt < ATTEMPTS => attempt += 1,
            Err(Failure::Cut(reason) | Failure::Refused(reason)) => return Err(reason),
        }
    }
}

fn receive(
    url: &str,
    spec: &FileSpec,
    options: &FetchOptions,
    on_bytes: &mut dyn FnMut(u64, Option<u64>),
) -> Result<Vec<u8>, Failure> {
    let response = agent(url, options).get(url).call();
    let response = response.map_err(|error| Failure::Refused(error.to_string()))?;
    if response.status() != StatusCode::OK {
        return Err(Failure::Refused(format!("HTTP status {}", response.status().as_u16())));
    }
    let body = response.into_body();
    let total = body.content_length();
    // More than any gzip file of this content has: a compressor that finds nothing to compress adds 5 bytes to each
    // block of at least 16 KiB, and a header.
    let limit = spec.raw_bytes + spec.raw_bytes / 1024 + 4096;
    let mut reader = body.into_reader();
    let (mut packed, mut piece) = (Vec::new(), vec![0; 64 * 1024]);
    loop {
        on_bytes(packed.len() as u64, total);
        match reader.read(&mut piece) {
            Ok(0) => return Ok(packed),
            Ok(read) => packed.extend_from_slice(&piece[..read]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                let expected = total.map_or("an unknown number of".to_owned(), |total| total.to_string());
                let found = packed.len();
                let reason = format!("connection cut: expected {expected} bytes, found {found}: {error}");
                return Err(Failure::Cut(reason));
            }
        }
        if packed.len() as u64 > limit {
            return Err(Failure::Refused(format!("sends more than {limit} bytes")));
        }
    }
}

fn agent(url: &str, options: &FetchOptions) -> Agent {
    let mut config = Agent::config_builder()
        .http_status_as_error(false)
        .timeout_resolve(Some(CONNECT_TIMEOUT))
        .timeout_connect(Some(CONNECT_TIMEOUT))
        .timeout_per_read(Some(options.read_timeout))
        .user_agent(concat!("mnist-data/", env!("CARGO_PKG_VERSION")));
    if url.starts_with("http://127.0.0.1") {
        // A proxy from the environment would look for the mirror on its own machine.
        config = config.proxy(None);
    }
    config.build().into()
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
fn store(spec: &FileSpec, folder: &Path, content: &[u8]) -> Result<(), DataError> {
    let (partial, stored) = (folder.join(format!("{}.partial", spec.name)), folder.join(spec.name));
    let written = File::create(&partial).and_then(|mut file| {
        file.write_all(content)?;
        file.sync_all()
    });
    let result = written.map_err(DataError::io(&partial, "write")).and_then(|()| {
        fs::rename(&partial, &stored).map_err(DataError::io(&stored, "rename the download to it"))
    });
    if result.is_err() {
        // On a full disk the beginning of a file helps nobody; the first error is the one to report.
        let _ = fs::remove_file(&partial);
    }
    result
}
