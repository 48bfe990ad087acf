//! A file as memory that every process which reads it shares.

#![expect(unsafe_code, reason = "nothing but the caller's care keeps others from changing a mapped file")]

use std::fs::File;
use std::io;
use std::ops::Deref;
use std::path::Path;

use memmap2::Mmap;

/// The bytes of a file, mapped read-only: they are in memory once, however many processes have them, and the system may
/// drop them when memory is short and read them again.
///
/// For files that are written by [`atomic_write`](crate::atomic_write) or [`atomic_write_with`](crate::atomic_write_with)
/// alone. A file that is replaced or removed stays whole for those that have it mapped. One that somebody else cuts short or
/// overwrites in place does not, see [`MappedFile::open`].
#[derive(Debug)]
pub struct MappedFile(Mmap);

impl MappedFile {
    /// Maps a file, which is to be read whole sooner or later: the system is asked to read ahead.
    ///
    /// If the file is cut short while it is mapped, or its disk or its server fails, the access to a byte that is no longer
    /// there ends the process (`SIGBUS`). On a network file system, removing or replacing the file on another machine can
    /// do the same. So map only what can be made again, in processes that can be started again.
    ///
    /// # Errors
    /// The system's, and a refusal of what is no regular file.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        if !file.metadata()?.is_file() {
            return Err(io::Error::other("it is no regular file"));
        }
        // SAFETY: the bytes of a `&[u8]` must not change while it is there. This program changes no file in place that it
        // maps: it writes under another name and renames, which leaves the mapped file as it was. That other programs leave
        // it alone as well cannot be known. One that truncates it makes later accesses end this process, which is a crash
        // and no unsound read. One that writes into it makes pixels other pixels: the bytes are only ever read as numbers,
        // none of which is invalid, and no length or index is taken from them after they were checked.
        let map = unsafe { Mmap::map(&file) }?;
        #[cfg(unix)]
        let _only_advice = map.advise(memmap2::Advice::WillNeed);
        Ok(Self(map))
    }
}

impl Deref for MappedFile {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::atomic_write;

    #[test]
    fn a_mapped_file_stays_as_it_was_when_it_is_replaced_and_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("some");
        atomic_write(&path, b"first").unwrap();
        let mapped = MappedFile::open(&path).unwrap();
        atomic_write(&path, b"another").unwrap();
        assert_eq!((&mapped[..], &MappedFile::open(&path).unwrap()[..]), (&b"first"[..], &b"another"[..]));
        std::fs::remove_file(&path).unwrap();
        assert_eq!(&mapped[..], b"first");
    }

    #[test]
    fn an_empty_file_is_no_bytes_and_what_is_no_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("empty"), b"").unwrap();
        assert!(MappedFile::open(&folder.path().join("empty")).unwrap().is_empty());
        assert!(MappedFile::open(folder.path()).is_err());
        assert!(MappedFile::open(&folder.path().join("none")).is_err());
    }
}
