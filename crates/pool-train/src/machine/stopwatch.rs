//! Durations of what a device does.

use std::time::Instant;

use pool_spec::ComputeDevice;

use super::synchronize;

/// Measures from its start until it is read. What a CUDA device is given runs on behind the host's back, so that the
/// device is waited for at both ends: work from before is not counted, and all work from between is.
pub(crate) struct Stopwatch {
    device: ComputeDevice,
    start: Instant,
}

impl Stopwatch {
    pub(crate) fn start(device: ComputeDevice) -> Self {
        synchronize(device);
        Self { device, start: Instant::now() }
    }

    /// Seconds since the start.
    pub(crate) fn read_s(&self) -> f64 {
        synchronize(self.device);
        self.start.elapsed().as_secs_f64()
    }
}
