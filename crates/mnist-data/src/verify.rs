//! Which files of a data set are there, and whether they are the published ones.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use pool_spec::PublicSet;

use crate::catalogue::{Delivery, Download, FileSpec, Member, published};
use crate::data_dir::DataDir;
use crate::error::DataError;
use crate::folder::{self, find};
use crate::open::open;
use crate::sums::{SUMS_FILE, Sums};
use crate::unpacked::Unpacked;

/// One file of a public data set, and its state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileCheck {
    /// Its name, without `.gz`.
    pub name: String,
    /// Where it is, with `.gz` if it is compressed; where it should be, if it is missing.
    pub path: PathBuf,
    /// Its state.
    pub state: FileState,
}

/// The state of a published file on this machine. Sizes and checksums are those of the decompressed bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileState {
    /// It is the published file.
    Intact,
    /// It is not there, neither raw nor with `.gz`.
    Missing,
    /// It has another size.
    WrongSize {
        /// The published size, in bytes.
        expected: u64,
        /// The size here, in bytes; a compressed file is unpacked no further than one byte beyond `expected`.
        found: u64,
    },
    /// It has the right size, as far as that is known, but other content.
    WrongChecksum {
        /// The published SHA-256, or that of `SHA256SUMS`, in lower-case hex.
        expected: String,
        /// The SHA-256 here.
        found: String,
    },
    /// It cannot be read or unpacked.
    Unreadable {
        /// Why.
        reason: String,
    },
}

impl std::fmt::Display for FileState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Intact => f.write_str("intact"),
            Self::Missing => f.write_str("missing"),
            Self::WrongSize { expected, found } => {
                write!(f, "wrong size: {found} bytes instead of {expected}")
            }
            Self::WrongChecksum { expected, found } => {
                write!(f, "wrong checksum: {found} instead of {expected}")
            }
            Self::Unreadable { reason } => write!(f, "unreadable: {reason}"),
        }
    }
}

/// Checks every file of a set in the folder from which [`Dataset`](crate::Dataset) would load it.
///
/// A file that cannot be read is reported as [`FileState::Unreadable`], and so is one that `SHA256SUMS` has no sum of. That
/// file is checked like the others, where a set has it.
///
/// # Errors
///
/// [`DataError::NoDataDir`] only.
pub fn verify(set: PublicSet, dir: &DataDir) -> Result<Vec<FileCheck>, DataError> {
    let folder = folder::of_set(set, dir)?;
    let row = published(set);
    Ok(match row.delivery {
        Delivery::Files(files) => verify_files(files, &folder),
        Delivery::Downloads(downloads) => verify_unpacked(downloads, &folder, row.cure),
    })
}

/// Checks the files of a table in one folder.
pub(crate) fn verify_files(files: &[FileSpec], folder: &Path) -> Vec<FileCheck> {
    let check = |spec: &FileSpec| {
        let (path, state) = match find(folder, spec.name) {
            None => (folder.join(spec.name), FileState::Missing),
            Some(path) => {
                let state = state_of(&path, spec);
                (path, state)
            }
        };
        tracing::debug!(path = %path.display(), ?state, "verified");
        FileCheck { name: spec.name.to_owned(), path, state }
    };
    files.iter().map(check).collect()
}

/// Checks the files that were unpacked from downloads into one folder, and last their `SHA256SUMS`.
pub(crate) fn verify_unpacked(downloads: &[Download], folder: &Path, cure: &str) -> Vec<FileCheck> {
    let (sums, state) = match Sums::read(folder, cure) {
        Ok(Some(sums)) => (sums, FileState::Intact),
        Ok(None) => (Sums::default(), FileState::Missing),
        Err(error) => (Sums::default(), FileState::Unreadable { reason: error.to_string() }),
    };
    let members = downloads.iter().flat_map(|download| download.members);
    let check = |member: &Member| FileCheck {
        name: member.name.to_owned(),
        path: folder.join(member.name),
        state: state_of_member(member, folder, &sums),
    };
    let sums_file = FileCheck { name: SUMS_FILE.to_owned(), path: folder.join(SUMS_FILE), state };
    members.map(check).chain([sums_file]).collect()
}

/// The state of a file that was unpacked from a download.
pub(crate) fn state_of_member(member: &Member, folder: &Path, sums: &Sums) -> FileState {
    let path = folder.join(member.name);
    if !path.is_file() {
        return FileState::Missing;
    }
    let Some(expected) = sums.of(member.name) else {
        return FileState::Unreadable { reason: format!("{SUMS_FILE} has no sum to compare it with") };
    };
    match size_and_sha256(&path, member.most_bytes.saturating_add(1)) {
        Err(reason) => FileState::Unreadable { reason },
        Ok((_, sha256)) if sha256 == expected => FileState::Intact,
        Ok((_, found)) => FileState::WrongChecksum { expected: expected.to_owned(), found },
    }
}

fn state_of(path: &Path, spec: &FileSpec) -> FileState {
    match size_and_sha256(path, spec.raw_bytes + 1) {
        Err(reason) => FileState::Unreadable { reason },
        Ok((found, _)) if found != spec.raw_bytes => {
            FileState::WrongSize { expected: spec.raw_bytes, found: found_size(path, found) }
        }
        Ok((_, sha256)) if sha256 == spec.sha256 => FileState::Intact,
        Ok((_, found)) => FileState::WrongChecksum { expected: spec.sha256.to_owned(), found },
    }
}

/// The full size of a raw file, of which only a limited part was read.
fn found_size(path: &Path, read: u64) -> u64 {
    let packed = path.extension().is_some_and(|extension| extension == "gz");
    if packed { read } else { fs::metadata(path).map_or(read, |metadata| metadata.len()) }
}

fn size_and_sha256(path: &Path, limit: u64) -> Result<(u64, String), String> {
    let file = open(path).map_err(|error| DataError::opening(path)(error).to_string())?;
    let mut stream = Unpacked::hashing(file, limit).map_err(|error| error.to_string())?;
    let read = io::copy(&mut stream, &mut io::sink()).map_err(|error| error.to_string())?;
    Ok((read, stream.into_sha256()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SHA-256 of "abc": FIPS 180-2, appendix B.1.
    const ABC: FileSpec = FileSpec {
        name: "abc",
        raw_bytes: 3,
        sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    };

    fn state_with(file: &str, content: &[u8]) -> FileState {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(file), content).unwrap();
        verify_files(&[ABC], folder.path()).remove(0).state
    }

    #[test]
    fn tells_intact_missing_and_damaged_files_apart() {
        let checksum_of_abd = "a52d159f262b2c6ddb724a61840befc36eb30c88877a4030b65cbe86298449c9".to_owned();
        let wrong_checksum =
            FileState::WrongChecksum { expected: ABC.sha256.to_owned(), found: checksum_of_abd };
        let table: [(&str, &[u8], FileState); 6] = [
            ("abc", b"abc", FileState::Intact),
            ("abc.gz", b"abc", FileState::Intact),
            ("other", b"abc", FileState::Missing),
            ("abc", b"ab", FileState::WrongSize { expected: 3, found: 2 }),
            ("abc", b"abcdefg", FileState::WrongSize { expected: 3, found: 7 }),
            ("abc", b"abd", wrong_checksum),
        ];
        for (file, content, expected) in table {
            assert_eq!(state_with(file, content), expected, "{file} {content:?}");
        }
    }

    #[test]
    fn a_broken_gzip_file_is_unreadable() {
        assert!(matches!(state_with("abc.gz", &[0x1f, 0x8b, 0]), FileState::Unreadable { .. }));
    }
}
