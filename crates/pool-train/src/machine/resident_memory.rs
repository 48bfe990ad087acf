//! Peak resident memory of this process, as the kernel counts it.

use pool_spec::ComputeDevice;

/// Follows the peak from the moment it is started. Gives nothing where the system does not tell (outside Linux), nor
/// for a network on a CUDA device: its memory is there, tch cannot ask libtorch how much of it is taken, and what the
/// process takes of the host's memory would be a number that means something else.
pub(crate) struct PeakMemory {
    before_bytes: Option<u64>,
}

impl PeakMemory {
    /// Forgets earlier peaks, such as those of loading data, and notes what is resident now.
    pub(crate) fn start(device: ComputeDevice) -> Self {
        if !Self::is_told(device) {
            return Self { before_bytes: None };
        }
        // Writing 5 resets the kernel's high-water mark (proc(5), clear_refs). Where that is refused, the mark of
        // loading stays, and the peak can only come out too high.
        if let Err(error) = std::fs::write("/proc/self/clear_refs", "5") {
            tracing::debug!(%error, "the peak of resident memory cannot be reset");
        }
        Self { before_bytes: status_bytes("VmRSS:") }
    }

    /// Whether the memory of a network on this device can be followed.
    pub(crate) fn is_told(device: ComputeDevice) -> bool {
        device == ComputeDevice::Cpu
    }

    /// The highest resident memory since the start, minus that at the start.
    pub(crate) fn peak_bytes(&self) -> Option<u64> {
        Some(status_bytes("VmHWM:")?.saturating_sub(self.before_bytes?))
    }
}

/// The highest resident memory of this process since it began, where a network on this device can be followed.
pub(crate) fn resident_peak_bytes(device: ComputeDevice) -> Option<u64> {
    PeakMemory::is_told(device).then(|| status_bytes("VmHWM:")).flatten()
}

/// A field of `/proc/self/status`, which counts in KiB.
fn status_bytes(field: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with(field))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1024)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_block_that_is_written_and_freed_shows_in_the_peak() {
        const BLOCK: usize = 64 << 20;
        let memory = PeakMemory::start(ComputeDevice::Cpu);
        let block = std::hint::black_box(vec![1u8; BLOCK]);
        drop(block);
        let peak = memory.peak_bytes().unwrap();
        assert!(peak >= BLOCK as u64 * 9 / 10, "{peak}");
    }

    #[test]
    fn the_hosts_memory_is_not_told_as_that_of_a_cuda_device() {
        assert_eq!(PeakMemory::start(ComputeDevice::Cuda(0)).peak_bytes(), None);
    }
}
