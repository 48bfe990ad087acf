//! The peak of resident memory beyond what is resident at the start, as the kernel counts it.

use std::fs;

/// Follows the peak from the moment it is made. Knows nothing outside Linux.
pub struct PeakMemory {
    before_bytes: Option<u64>,
}

impl PeakMemory {
    pub fn start() -> Self {
        // Writing 5 resets the kernel's high-water mark (proc(5), clear_refs). Where that is refused, the peak can only
        // come out too high.
        let _ = fs::write("/proc/self/clear_refs", "5");
        Self { before_bytes: status_bytes("VmRSS:") }
    }

    pub fn added_bytes(&self) -> Option<u64> {
        Some(status_bytes("VmHWM:")?.saturating_sub(self.before_bytes?))
    }
}

/// A field of `/proc/self/status`, which counts in KiB.
fn status_bytes(field: &str) -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with(field))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib * 1024)
}
