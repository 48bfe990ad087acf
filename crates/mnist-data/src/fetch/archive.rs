//! The files that are needed of a download: found by their exact paths, and written under our own names.
//!
//! A download has the published MD5 before it comes here, and is treated as hostile all the same: no path of an archive
//! is used as a path, nothing but regular files is taken, and no more is unpacked than the table says.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use zip::ZipArchive;
use zip::result::ZipError;

use super::Undelivered;
use super::partial::Partial;
use crate::catalogue::{Download, Member, Packing, most_packed};
use crate::error::DataError;
use crate::unpacked::Unpacked;

/// What a tar archive may hold besides the members: its headers, and files that are not needed.
const TAR_EXTRA_BYTES: u64 = 1 << 20;
const PIECE_BYTES: usize = 128 * 1024;
/// The part of a Unix mode that says what a file is, and the value of a regular file.
const MODE_KIND: u32 = 0o170_000;
const MODE_REGULAR: u32 = 0o100_000;

/// A file that was unpacked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StoredFile {
    pub(super) name: &'static str,
    /// In lower-case hex.
    pub(super) sha256: String,
}

/// Unpacks the members of a download into a folder. All of them are written before the first one is renamed.
pub(super) fn unpack(
    download: &Download,
    archive: &Path,
    folder: &Path,
) -> Result<Vec<StoredFile>, Undelivered> {
    let file = File::open(archive).map_err(|cause| failed(DataError::opening(archive)(cause)))?;
    let mut unpacking = Unpacking { members: download.members, folder, written: Vec::new() };
    match download.packing {
        Packing::Gzip => unpacking.take_gzip(&file)?,
        Packing::TarGzip => unpacking.take_tar(file)?,
        Packing::Zip => unpacking.take_zip(file)?,
    }
    if let Some(member) = download.members.iter().find(|member| !unpacking.has(member)) {
        return Err(refused(member, "a file of this path", "none"));
    }
    let mut stored = Vec::new();
    for Written { member, partial, sha256 } in unpacking.written {
        partial.store().map_err(failed)?;
        stored.push(StoredFile { name: member.name, sha256 });
    }
    Ok(stored)
}

/// The members of a download that have been written.
struct Unpacking<'a> {
    members: &'static [Member],
    folder: &'a Path,
    written: Vec<Written>,
}

struct Written {
    member: &'static Member,
    partial: Partial,
    sha256: String,
}

impl Unpacking<'_> {
    fn has(&self, member: &Member) -> bool {
        self.written.iter().any(|written| written.member.path == member.path)
    }

    fn take_gzip(&mut self, file: &File) -> Result<(), Undelivered> {
        self.members.iter().take(1).try_for_each(|member| self.write(member, file))
    }

    fn take_tar(&mut self, file: File) -> Result<(), Undelivered> {
        let members: u64 = self.members.iter().map(|member| member.most_bytes).sum();
        let unpacked = MultiGzDecoder::new(BufReader::with_capacity(PIECE_BYTES, file));
        let most = members.saturating_add(TAR_EXTRA_BYTES);
        let mut archive = tar::Archive::new(AtMost { reader: unpacked, most, read: 0 });
        // Raw: as the headers have it, without long names of any length.
        for entry in archive.entries().map_err(broken)?.raw(true) {
            let mut entry = entry.map_err(broken)?;
            let path = entry.path_bytes();
            let Some(member) = self.members.iter().find(|member| member.path.as_bytes() == &*path) else {
                continue;
            };
            let kind = entry.header().entry_type();
            if !kind.is_file() {
                return Err(refused(member, "a regular file", format!("{kind:?}").to_lowercase()));
            }
            if self.has(member) {
                return Err(refused(member, "one file of this path", "two"));
            }
            self.write(member, &mut entry)?;
            if self.written.len() == self.members.len() {
                break;
            }
        }
        Ok(())
    }

    fn take_zip(&mut self, file: File) -> Result<(), Undelivered> {
        let mut archive = ZipArchive::new(BufReader::new(file)).map_err(broken)?;
        for member in self.members {
            let entry = match archive.by_name(member.path) {
                Ok(entry) => entry,
                Err(ZipError::FileNotFound) => return Ok(()),
                Err(error) => return Err(refused(member, "a file that can be unpacked", error)),
            };
            // A mode without a kind is that of archives from other systems.
            let kind = entry.unix_mode().unwrap_or(MODE_REGULAR) & MODE_KIND;
            if kind != MODE_REGULAR && kind != 0 {
                return Err(refused(member, "a regular file", format!("another kind, mode {kind:o}")));
            }
            self.write(member, entry.take(most_packed(member.most_bytes)))?;
        }
        Ok(())
    }

    /// Writes what is in a member, unpacked if it is packed with gzip itself.
    fn write(&mut self, member: &'static Member, from: impl Read) -> Result<(), Undelivered> {
        let unreadable = |error: io::Error| refused(member, "an intact file", error);
        let most_bytes = member.most_bytes;
        let mut stream = Unpacked::hashing(from, most_bytes.saturating_add(1)).map_err(unreadable)?;
        let mut partial = Partial::create(self.folder, member.name).map_err(failed)?;
        let (mut written, mut piece) = (0, vec![0; PIECE_BYTES]);
        loop {
            match stream.read(&mut piece) {
                Ok(0) => break,
                Ok(read) => {
                    written += read as u64;
                    if written > most_bytes {
                        return Err(refused(member, format!("at most {most_bytes} bytes"), "more"));
                    }
                    partial.write(&piece[..read]).map_err(failed)?;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(unreadable(error)),
            }
        }
        self.written.push(Written { member, partial, sha256: stream.into_sha256() });
        Ok(())
    }
}

/// A reader that fails where it would end later than it may.
struct AtMost<R> {
    reader: R,
    most: u64,
    read: u64,
}

impl<R: Read> Read for AtMost<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.read += read as u64;
        match self.read > self.most {
            true => Err(io::Error::other(format!("it unpacks to more than {} bytes", self.most))),
            false => Ok(read),
        }
    }
}

fn failed(error: DataError) -> Undelivered {
    Undelivered::Failed(error)
}

fn broken(error: impl std::fmt::Display) -> Undelivered {
    Undelivered::Refused(format!("broken archive: {error}"))
}

fn refused(member: &Member, expected: impl std::fmt::Display, found: impl std::fmt::Display) -> Undelivered {
    Undelivered::Refused(format!("member {}: expected {expected}, found {found}", member.path))
}
