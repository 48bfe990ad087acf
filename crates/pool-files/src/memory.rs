//! Memory for what a file asks for, which may be more than there is.

/// Memory that the system did not give.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("can't allocate memory: {bytes} bytes were asked for")]
pub struct OutOfMemory {
    /// How many bytes were asked for.
    pub bytes: u64,
}

/// Makes room for this many more entries, and doubles a vector that grows piece by piece. Running out of memory is then
/// an error, and not the end of the process.
///
/// # Errors
/// The system does not have that much memory.
pub fn make_room<T>(vector: &mut Vec<T>, entries: usize) -> Result<(), OutOfMemory> {
    let bytes = (vector.len() as u64).saturating_add(entries as u64).saturating_mul(size_of::<T>() as u64);
    vector.try_reserve(entries).map_err(|_| OutOfMemory { bytes })
}

/// An empty vector with room for this many entries.
///
/// # Errors
/// The system does not have that much memory.
pub fn with_room<T>(entries: usize) -> Result<Vec<T>, OutOfMemory> {
    let mut vector = Vec::new();
    make_room(&mut vector, entries)?;
    Ok(vector)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_given_or_its_size_is_in_the_error() {
        assert!(with_room::<u32>(100).unwrap().capacity() >= 100);
        let error = with_room::<u64>(1 << 60).unwrap_err();
        assert_eq!(error.to_string(), "can't allocate memory: 9223372036854775808 bytes were asked for");
        let mut some = vec![0u8; 10];
        assert_eq!(make_room(&mut some, usize::MAX - 10), Err(OutOfMemory { bytes: u64::MAX }));
    }
}
