//! What the files of a source are known by without reading them: names, sizes and times.
//!
//! A checksum of the files would have to read them, which for many is as long as decoding them. The time of the last change of
//! the inode is there because programs that copy or unpack files set the time of their content back: two tables of equal size
//! from two archives may well claim to be as old as each other.

use std::fs::Metadata;
use std::path::Path;
use std::time::UNIX_EPOCH;

use sha2::{Digest, Sha256};

use crate::unpacked::hex;

/// A file that images come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SourceFile {
    /// Where it lies, and what it must hold if that is known.
    pub(crate) name: String,
    /// `None` if it is not there, or cannot be looked at.
    pub(crate) stamp: Option<Stamp>,
}

/// A file's size and times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    bytes: u64,
    /// When its content was last changed, nanoseconds since 1970; 0 where that is unknown.
    modified_ns: u128,
    /// When anything about it was last changed, seconds and nanoseconds since 1970; 0 where that is unknown.
    changed: [i64; 2],
}

impl Stamp {
    pub(crate) fn of(metadata: &Metadata) -> Self {
        let modified = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        #[cfg(unix)]
        let changed = {
            use std::os::unix::fs::MetadataExt;
            [metadata.ctime(), metadata.ctime_nsec()]
        };
        #[cfg(not(unix))]
        let changed = [0, 0];
        let modified_ns = modified.map_or(0, |since| since.as_nanos());
        Self { bytes: metadata.len(), modified_ns, changed }
    }
}

impl SourceFile {
    pub(crate) fn at(path: &Path) -> Self {
        Self::known_by(path, "")
    }

    /// A file that must have this checksum.
    pub(crate) fn known_by(path: &Path, sha256: &str) -> Self {
        let stamp = path.metadata().ok().as_ref().map(Stamp::of);
        Self { name: format!("{}\n{sha256}", path.display()), stamp }
    }
}

/// A hash of these files, of this version of the program, which may decode otherwise than another, and of the format in which
/// images are kept.
pub(super) fn of(files: &[SourceFile]) -> String {
    let mut hash = Sha256::new_with_prefix(super::file::MAGIC);
    hash.update(env!("CARGO_PKG_VERSION"));
    for SourceFile { name, stamp } in files {
        hash.update((name.len() as u64).to_le_bytes());
        hash.update(name);
        hash.update([u8::from(stamp.is_some())]);
        if let Some(Stamp { bytes, modified_ns, changed: [seconds, nanoseconds] }) = stamp {
            hash.update(bytes.to_le_bytes());
            hash.update(modified_ns.to_le_bytes());
            hash.update(seconds.to_le_bytes());
            hash.update(nanoseconds.to_le_bytes());
        }
    }
    hex(&hash.finalize()[..16])
}
