//! From a partial download to the file under its final name: whole and verified, or not at all.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use crate::catalogue::FileSpec;
use crate::error::DataError;
use crate::unpacked::Unpacked;

/// What became of a partial download.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unpacking {
    /// It was the published file and is stored; the partial download is gone.
    Stored,
    /// It ends too early, and may be the beginning of the published file.
    Incomplete(String),
    /// It is not the published file.
    Damaged(String),
}

/// Where the compressed bytes are collected.
pub(super) fn partial_path(spec: &FileSpec, folder: &Path) -> PathBuf {
    folder.join(format!("{}.gz.partial", spec.name))
}

pub(super) fn remove_partial(spec: &FileSpec, folder: &Path) -> Result<(), DataError> {
    remove(&partial_path(spec, folder))
}

/// Stores what an earlier run had downloaded whole. Keeps a beginning that can be continued, removes anything else.
pub(super) fn complete_partial(spec: &FileSpec, folder: &Path) -> Result<bool, DataError> {
    if !partial_path(spec, folder).is_file() {
        return Ok(false);
    }
    match unpack(spec, folder)? {
        Unpacking::Stored => Ok(true),
        Unpacking::Incomplete(_) => Ok(false),
        Unpacking::Damaged(reason) => {
            tracing::debug!(file = spec.name, reason, "removing a partial download");
            remove_partial(spec, folder)?;
            Ok(false)
        }
    }
}

/// Unpacks the partial download beside its final place, compares it with the table, and renames it into place.
pub(super) fn unpack(spec: &FileSpec, folder: &Path) -> Result<Unpacking, DataError> {
    let unpacking = folder.join(format!("{}.unpacking", spec.name));
    let result = unpack_into(&unpacking, spec, folder);
    match &result {
        Ok(Unpacking::Stored) => remove_partial(spec, folder)?,
        Ok(Unpacking::Incomplete(_) | Unpacking::Damaged(_)) | Err(_) => remove(&unpacking)?,
    }
    result
}

fn unpack_into(unpacking: &Path, spec: &FileSpec, folder: &Path) -> Result<Unpacking, DataError> {
    let partial = partial_path(spec, folder);
    let write_failed = || DataError::io(unpacking, "write");
    let packed = File::open(&partial).map_err(DataError::io(&partial, "open"))?;
    let mut stream =
        Unpacked::hashing(packed, spec.raw_bytes + 1).map_err(DataError::io(&partial, "read"))?;
    let mut file = File::create(unpacking).map_err(write_failed())?;
    let mut piece = vec![0; 128 * 1024];
    let mut found: u64 = 0;
    loop {
        let read = match stream.read(&mut piece) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) if stream.is_broken_gzip(&error) => return Ok(broken(&error)),
            Err(error) => return Err(DataError::io(&partial, "read")(error)),
        };
        file.write_all(&piece[..read]).map_err(write_failed())?;
        found += read as u64;
    }
    if let Some(problem) = judge(spec, found, &stream.into_sha256()) {
        return Ok(problem);
    }
    file.sync_all().map_err(write_failed())?;
    let stored = folder.join(spec.name);
    fs::rename(unpacking, &stored).map_err(DataError::io(&stored, "rename the unpacked file to it"))?;
    sync_folder(folder);
    Ok(Unpacking::Stored)
}

fn broken(error: &io::Error) -> Unpacking {
    let reason = format!("broken gzip stream: {error}");
    match error.kind() {
        io::ErrorKind::UnexpectedEof => Unpacking::Incomplete(reason),
        _ => Unpacking::Damaged(reason),
    }
}

fn judge(spec: &FileSpec, found: u64, sha256: &str) -> Option<Unpacking> {
    let expected = spec.raw_bytes;
    if found > expected {
        Some(Unpacking::Damaged(format!("size: expected {expected} bytes, found more")))
    } else if found < expected {
        Some(Unpacking::Incomplete(format!("size: expected {expected} bytes, found {found}")))
    } else if sha256 != spec.sha256 {
        Some(Unpacking::Damaged(format!("SHA-256: expected {}, found {sha256}", spec.sha256)))
    } else {
        None
    }
}

/// Makes the rename survive a power cut where the system can; the file's content is safe without it.
fn sync_folder(folder: &Path) {
    if let Err(error) = File::open(folder).and_then(|folder| folder.sync_all()) {
        tracing::debug!(folder = %folder.display(), %error, "cannot sync the folder");
    }
}

/// Removes a file that may not be there.
pub(super) fn remove(path: &Path) -> Result<(), DataError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(DataError::io(path, "remove")(error)),
        _ => Ok(()),
    }
}
