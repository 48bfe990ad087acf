//! Memory that may not be there: vectors whose length an input decides.

use std::sync::atomic::{AtomicU64, Ordering};

/// Memory that the system did not give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutOfMemory {
    /// How many bytes were asked for.
    pub bytes: u64,
}

impl std::fmt::Display for OutOfMemory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "can't allocate memory: {} bytes were asked for", self.bytes)
    }
}

impl std::error::Error for OutOfMemory {}

/// An empty vector with room for this many entries, to be used where an input says how many they are: running out of
/// memory is an error then, and not the end of the process.
///
/// # Errors
/// The system does not have that much.
pub fn with_room<T>(entries: usize) -> Result<Vec<T>, OutOfMemory> {
    let mut vector = Vec::new();
    let bytes = (entries as u64).saturating_mul(size_of::<T>() as u64);
    vector.try_reserve_exact(entries).map_err(|_| OutOfMemory { bytes })?;
    Ok(vector)
}

/// What threads that share work were refused, if one of them was.
#[derive(Debug, Default)]
pub(crate) struct Refused(AtomicU64);

impl Refused {
    /// Takes note of how one thread's part ended.
    pub(crate) fn note(&self, part: Result<(), OutOfMemory>) {
        if let Err(OutOfMemory { bytes }) = part {
            self.0.fetch_max(bytes.max(1), Ordering::Relaxed);
        }
    }

    /// How the whole ended, once all threads have.
    pub(crate) fn whole(self) -> Result<(), OutOfMemory> {
        match self.0.into_inner() {
            0 => Ok(()),
            bytes => Err(OutOfMemory { bytes }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_given_or_its_size_is_said() {
        assert!(with_room::<u32>(100).unwrap().capacity() >= 100);
        let error = with_room::<u64>(1 << 60).unwrap_err();
        assert_eq!(error.to_string(), "can't allocate memory: 9223372036854775808 bytes were asked for");
    }
}
