//! What processes take of this machine: the processor's time that others took, and this one's resident memory.

use std::fs;

use pool_records::Contention;
use pool_spec::ComputeDevice;

/// Follows the processor's use from the moment it is started. Knows nothing where there is no Linux `/proc`.
pub(crate) struct ProcessorUse {
    start: Option<Ticks>,
}

/// Processor time since the machine started, in the kernel's ticks.
#[derive(Debug, Clone, Copy)]
struct Ticks {
    /// Of all processors together, idle time included.
    all: u64,
    /// Of all processors together, at work.
    busy: u64,
    /// Of this process.
    own: u64,
}

impl ProcessorUse {
    pub(crate) fn start() -> Self {
        Self { start: Ticks::read() }
    }

    /// What happened since the start, in a run of this many trials at once.
    pub(crate) fn contention(&self, jobs: u32) -> Contention {
        let others_share = self.start.zip(Ticks::read()).and_then(|(start, end)| end.others_since(start));
        Contention { jobs, others_share }
    }
}

impl Ticks {
    fn read() -> Option<Self> {
        let machine = fs::read_to_string("/proc/stat").ok()?;
        let process = fs::read_to_string("/proc/self/stat").ok()?;
        Self::parse(&machine, &process)
    }

    /// Both files are described in proc(5).
    fn parse(machine: &str, process: &str) -> Option<Self> {
        let numbers: Vec<u64> = machine
            .lines()
            .next()?
            .strip_prefix("cpu ")?
            .split_whitespace()
            .map_while(|word| word.parse().ok())
            .collect();
        // user, nice, system, idle, iowait, irq, softirq, steal; what guests take is in user already.
        let counted = &numbers[..numbers.len().min(8)];
        let all = counted.iter().sum();
        let idle: u64 = counted.get(3..5)?.iter().sum();
        // The name, in brackets, may hold anything; utime and stime are the 14th and 15th field, the 12th and 13th
        // after it.
        let (_, after_name) = process.rsplit_once(')')?;
        let mut fields = after_name.split_whitespace().skip(11);
        let (user, system): (u64, u64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
        Some(Self { all, busy: all - idle, own: user + system })
    }

    /// `None` over a time too short for the kernel's ticks.
    fn others_since(self, start: Self) -> Option<f64> {
        let all = self.all.checked_sub(start.all).filter(|&ticks| ticks > 0)?;
        let busy = self.busy.saturating_sub(start.busy);
        let own = self.own.saturating_sub(start.own);
        Some((busy.saturating_sub(own) as f64 / all as f64).min(1.0))
    }
}

/// Follows the peak from the moment it is started. `None` outside Linux, where the system does not report it,
/// and for a network on a CUDA device: its memory is there, tch cannot ask libtorch how much of it is taken, and what the
/// process takes of the host's memory would be a number that means something else.
pub(crate) struct PeakMemory {
    before_bytes: Option<u64>,
}

impl PeakMemory {
    /// Forgets earlier peaks, such as those of loading data, and notes what is resident now.
    pub(crate) fn start(device: ComputeDevice) -> Self {
        if !Self::is_known(device) {
            return Self { before_bytes: None };
        }
        // Writing 5 resets the kernel's high-water mark (proc(5), clear_refs). Where that is refused, the mark of
        // loading stays, and the peak can only come out too high.
        if let Err(error) = fs::write("/proc/self/clear_refs", "5") {
            tracing::debug!(%error, "the peak of resident memory cannot be reset");
        }
        Self { before_bytes: status_bytes("VmRSS:") }
    }

    /// Whether the memory of a network on this device can be followed.
    pub(crate) fn is_known(device: ComputeDevice) -> bool {
        device == ComputeDevice::Cpu
    }

    /// The highest resident memory since the start, minus that at the start.
    pub(crate) fn peak_bytes(&self) -> Option<u64> {
        Some(status_bytes("VmHWM:")?.saturating_sub(self.before_bytes?))
    }
}

/// The highest resident memory of this process since it began, where a network on this device can be followed.
pub(crate) fn resident_peak_bytes(device: ComputeDevice) -> Option<u64> {
    PeakMemory::is_known(device).then(|| status_bytes("VmHWM:")).flatten()
}

/// A field of `/proc/self/status`, which counts in KiB.
fn status_bytes(field: &str) -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with(field))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROCESS: &str = "42 (a ) b) R 1 42 42 0 -1 4194304 100 0 0 0 300 50 0 0 20 0 3 0 100 1000 10";

    fn ticks(machine: &str) -> Option<Ticks> {
        Ticks::parse(machine, PROCESS)
    }

    #[test]
    fn what_others_took_is_what_was_busy_and_not_ours() {
        let start = Ticks { all: 1_000, busy: 100, own: 50 };
        for (all, busy, own, expected, why) in [
            (2_000, 600, 550, Some(0.0), "all of it ours"),
            (2_000, 600, 50, Some(0.5), "none of it ours"),
            (2_000, 600, 250, Some(0.3), "500 busy, 200 ours"),
            (2_000, 600, 560, Some(0.0), "ticks are counted at different moments"),
            (1_000, 100, 50, None, "no time has passed"),
        ] {
            assert_eq!(Ticks { all, busy, own }.others_since(start), expected, "{why}");
        }
    }

    #[test]
    fn the_kernels_files_are_read_by_their_fields() {
        let found = ticks("cpu  10 20 30 400 50 6 7 8 1000 2000\ncpu0 1 2 3 4 5 6 7 8 0 0\n").unwrap();
        assert_eq!((found.all, found.busy, found.own), (531, 81, 350));
        for (machine, why) in [("", "empty"), ("cpu0 1 2 3 4 5", "no sum"), ("cpu  1 2 3", "too short")] {
            assert!(ticks(machine).is_none(), "{why}");
        }
        assert!(Ticks::parse("cpu  1 2 3 4 5 6 7 8", "42 (x) R 1").is_none(), "a process without times");
    }

    #[cfg(target_os = "linux")]
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
    fn the_hosts_memory_is_not_reported_as_that_of_a_cuda_device() {
        assert_eq!(PeakMemory::start(ComputeDevice::Cuda(0)).peak_bytes(), None);
    }
}
