//! Keeps two sweeps from one run directory, and two processes from one task's folder.
//!
//! The locks are advisory and belong to open files: the kernel releases them when a process ends, however it ends, so
//! none can be stale. A lock's file says who holds it, or held it last. A file system without locks is used without
//! them.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use crate::{TrainError, machine};

/// A lock, held for as long as this exists.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// Who holds a lock that could not be had, as far as its file tells.
pub(super) type Holder = String;

/// How often a lock that another process holds is tried again.
const POLL: Duration = Duration::from_millis(20);

/// Takes the lock of this file, or says who has it.
fn try_take(path: &Path) -> Result<Result<Lock, Holder>, TrainError> {
    let write = |error| TrainError::io("write", path)(error);
    let mut file =
        OpenOptions::new().create(true).truncate(false).read(true).write(true).open(path).map_err(write)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::Error(error)) => tracing::warn!(%error, "this file system has no locks"),
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            let _ = file.read_to_string(&mut holder);
            return Ok(Err(if holder.is_empty() { "another process".to_owned() } else { holder }));
        }
    }
    let me = format!("process {} on {}", std::process::id(), machine::host());
    // For people; the lock is held without it.
    let _ = file.set_len(0).and_then(|()| file.write_all(me.as_bytes()));
    Ok(Ok(Lock { _file: file }))
}

/// Takes the lock of this file as soon as it is free; gives up when `give_up` returns an error.
pub(super) fn take_when_free(
    path: &Path,
    mut give_up: impl FnMut(&Holder, Duration) -> Result<(), TrainError>,
) -> Result<Lock, TrainError> {
    let start = Instant::now();
    loop {
        match try_take(path)? {
            Ok(lock) => return Ok(lock),
            Err(holder) => give_up(&holder, start.elapsed())?,
        }
        std::thread::sleep(POLL);
    }
}
