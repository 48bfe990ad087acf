//! Memory for what a file asks for, which may be more than there is.

use std::fmt;

/// Memory that the system does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutOfMemory {
    /// How many bytes were asked for.
    pub bytes: u64,
    /// How many are free; `None` if the system refused without that being looked at.
    pub free_bytes: Option<u64>,
}

impl fmt::Display for OutOfMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "can't allocate memory: {} bytes were asked for", self.bytes)?;
        self.free_bytes.map_or(Ok(()), |free| write!(f, ", and {free} are free"))
    }
}

impl std::error::Error for OutOfMemory {}

/// From this size on, a system that promises more memory than it has is not believed. To look at what is free takes longer
/// than a smaller allocation does.
const LARGE_BYTES: u64 = 64 << 20;

/// Memory that can be used without swapping: the machine's, or what the container's control group leaves, whichever is
/// less. `None` on a system that does not say.
pub fn free_memory_bytes() -> Option<u64> {
    let mut system = sysinfo::System::new().ok()?;
    system.refresh_memory();
    let machine = Some(system.available_memory()).filter(|&bytes| bytes > 0)?;
    // Files that the system keeps in memory count as used there, and give way when memory is needed.
    let group = system.cgroup_limits().map(|limits| limits.total_memory.saturating_sub(limits.rss));
    Some(group.map_or(machine, |group| machine.min(group)))
}

/// Makes room for this many more entries, and doubles a vector that grows piece by piece. Running out of memory is then
/// an error, and not the end of the process.
///
/// # Errors
/// The system does not have that much memory.
pub fn make_room<T>(vector: &mut Vec<T>, entries: usize) -> Result<(), OutOfMemory> {
    let bytes_of = |entries: usize| (entries as u64).saturating_mul(size_of::<T>() as u64);
    let bytes = bytes_of(vector.len().saturating_add(entries));
    let refused = |_| OutOfMemory { bytes, free_bytes: None };
    if entries <= vector.capacity() - vector.len() {
        return Ok(());
    }
    // As Vec grows: a system may promise the whole of it, and end the process that fills it.
    let doubled = bytes_of(entries.max(vector.capacity()));
    if doubled >= LARGE_BYTES
        && let Some(free) = free_memory_bytes()
        && free < doubled
    {
        if free < bytes_of(entries).max(LARGE_BYTES) {
            return Err(OutOfMemory { bytes, free_bytes: Some(free) });
        }
        return vector.try_reserve_exact(entries).map_err(refused);
    }
    vector.try_reserve(entries).map_err(refused)
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
        let free = error.free_bytes.expect("what is free");
        assert!(free < 1 << 50, "{free}");
        let expected =
            format!("can't allocate memory: 9223372036854775808 bytes were asked for, and {free} are free");
        assert_eq!(error.to_string(), expected);
        let mut some = vec![0u8; 10];
        assert_eq!(make_room(&mut some, usize::MAX - 10).unwrap_err().bytes, u64::MAX);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_system_that_promises_more_than_it_has_is_not_believed() {
        let Some(free) = free_memory_bytes() else { return };
        assert!(free < 1 << 50, "{free}");
        // Linux would give this: none of it is touched.
        let error = with_room::<u8>(4 * free as usize + (1 << 30)).unwrap_err();
        assert!(error.to_string().ends_with(" are free"), "{error}");
    }
}
