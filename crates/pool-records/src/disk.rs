//! The disk under a run: locks, what earlier processes left, and free space.
//!
//! A lock keeps two sweeps from one run directory, and two processes from one task's folder. The locks are advisory and
//! belong to open files: the kernel releases them when a process ends, however it ends, so no lock can be stale. A lock's
//! file names its holder, or its last one. On a file system without locks, runs do without them.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use pool_files::PARTIAL_PREFIX;

use crate::RunError;

/// A lock, held for as long as this exists.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// How often a lock that another process holds is tried again.
const POLL: Duration = Duration::from_millis(20);

/// Takes the lock of this file, or returns its holder.
fn try_lock(path: &Path) -> Result<Result<Lock, String>, RunError> {
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(path)
        .map_err(RunError::io("write", path))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::Error(error)) => tracing::warn!(%error, "this file system has no locks"),
        Err(TryLockError::WouldBlock) => {
            let holder = text_of(&mut file);
            return Ok(Err(if holder.is_empty() { "another process".to_owned() } else { holder }));
        }
    }
    let me = format!("process {} on {}", std::process::id(), host());
    // For people; the lock is held without it.
    let _ = file.set_len(0).and_then(|()| file.write_all(me.as_bytes()));
    Ok(Ok(Lock { _file: file }))
}

/// Takes the lock of this file as soon as it is free; gives up when `give_up` returns an error.
pub(crate) fn lock_when_free(
    path: &Path,
    mut give_up: impl FnMut(&str, Duration) -> Result<(), RunError>,
) -> Result<Lock, RunError> {
    let start = Instant::now();
    loop {
        match try_lock(path)? {
            Ok(lock) => return Ok(lock),
            Err(holder) => give_up(&holder, start.elapsed())?,
        }
        std::thread::sleep(POLL);
    }
}

/// The holder of this file's lock, as the file names it; `None` if it is free, or the holder is unknown.
pub fn lock_holder(path: &Path) -> Option<String> {
    let mut file = File::open(path).ok()?;
    match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => Some(text_of(&mut file)),
        Ok(()) | Err(TryLockError::Error(_)) => None,
    }
}

fn text_of(file: &mut File) -> String {
    let mut text = String::new();
    let _ = file.read_to_string(&mut text);
    text
}

/// Removes everything in a folder except these, if there is such a folder.
///
/// # Errors
/// Something that cannot be removed.
pub fn empty_but_for(folder: &Path, kept: &[&Path]) -> std::io::Result<()> {
    remove_where(folder, |path| !kept.contains(&path))
}

/// Removes the files that a killed process had not given their names yet.
pub(crate) fn remove_partial_files(folder: &Path) -> std::io::Result<()> {
    remove_where(folder, |path| path.file_name().is_some_and(|name| is_partial(&name.to_string_lossy())))
}

/// Whether a file of this name is not finished.
pub(crate) fn is_partial(name: &str) -> bool {
    name.starts_with(PARTIAL_PREFIX)
}

fn remove_where(folder: &Path, unwanted: impl Fn(&Path) -> bool) -> std::io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let path = entry?.path();
        if unwanted(&path) {
            remove(&path)?;
        }
    }
    Ok(())
}

/// Removes a file, a link or a folder, if it is there.
pub(crate) fn remove(path: &Path) -> std::io::Result<()> {
    let removed = match path.symlink_metadata() {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Bytes that an unprivileged process can still write where this path is, or will be. `None` where the system does
/// not report it.
pub fn free_disk_bytes(path: &Path) -> Option<u64> {
    let absolute = std::path::absolute(path).ok()?;
    let facts = absolute.ancestors().find_map(|existing| rustix::fs::statvfs(existing).ok())?;
    Some(facts.f_bavail.saturating_mul(facts.f_frsize))
}

/// This machine's name in its network.
fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_not_there_yet_has_the_space_of_its_disk() {
        let folder = tempfile::tempdir().unwrap();
        let free = |path: &Path| free_disk_bytes(path).unwrap().checked_ilog2();
        assert_eq!(free(&folder.path().join("to/be/made")), free(folder.path()));
    }
}
