//! The devices that libtorch sees: which one is meant, and how it is seeded, fed, waited for and timed.

use std::time::Instant;

use pool_spec::{ComputeDevice, DeviceChoice};
use tch::{Cuda, Device};

/// Images of a batch without gradients on a CUDA device. Enough work to fill it, where the batches that a network is
/// trained with would leave it waiting for the host; 4,096 images of the study's network without pooling take 0.3 GB.
const EVALUATION_BATCH_ON_CUDA: usize = 4_096;

/// The device as libtorch names it.
pub(crate) fn torch(device: ComputeDevice) -> Device {
    match device {
        ComputeDevice::Cpu => Device::Cpu,
        ComputeDevice::Cuda(index) => Device::Cuda(index),
    }
}

/// Waits until the device has done all that it was given. The processor computes while it is asked to, and has nothing
/// left to do.
fn synchronize(device: ComputeDevice) {
    match device {
        ComputeDevice::Cpu => {}
        ComputeDevice::Cuda(index) => Cuda::synchronize(index as i64),
    }
}

/// Seeds what the device draws by itself, which is dropout on CUDA. On the processor every layer has a generator of its
/// own, and libtorch's draws nothing.
///
/// Each epoch is seeded anew, so that one that is begun again after a crash draws what it drew before.
pub(crate) fn seed_device(device: ComputeDevice, seed: u64, epoch: u32) {
    let seed = seed.wrapping_add(u64::from(epoch) << 32);
    match device {
        ComputeDevice::Cpu => {}
        ComputeDevice::Cuda(_) => {
            tch::manual_seed(seed.cast_signed());
            Cuda::manual_seed_all(seed);
        }
    }
}

/// Images of a batch without gradients, for a network trained with batches of `trained_with`. The processor keeps to
/// those: it would gain nothing, and larger ones no longer fit into its caches.
pub(crate) fn evaluation_batch(device: ComputeDevice, trained_with: usize) -> usize {
    match device {
        ComputeDevice::Cpu => trained_with,
        ComputeDevice::Cuda(_) => trained_with.max(EVALUATION_BATCH_ON_CUDA),
    }
}

/// A device that was asked for and is not there.
#[derive(Debug, thiserror::Error)]
#[error("--device {asked}: {there}", there = there(*.cuda_devices))]
pub struct NoDevice {
    asked: ComputeDevice,
    /// CUDA devices that libtorch sees.
    cuda_devices: usize,
}

/// The device that is meant, which libtorch has.
///
/// # Errors
/// A CUDA device that libtorch does not see.
pub fn resolve_device(choice: DeviceChoice) -> Result<ComputeDevice, NoDevice> {
    among(choice, usize::try_from(Cuda::device_count()).unwrap_or_default())
}

fn among(choice: DeviceChoice, cuda_devices: usize) -> Result<ComputeDevice, NoDevice> {
    match choice {
        DeviceChoice::Auto if cuda_devices > 0 => Ok(ComputeDevice::Cuda(0)),
        DeviceChoice::Auto => Ok(ComputeDevice::Cpu),
        DeviceChoice::Exactly(asked @ ComputeDevice::Cuda(index)) if index >= cuda_devices => {
            Err(NoDevice { asked, cuda_devices })
        }
        DeviceChoice::Exactly(device) => Ok(device),
    }
}

/// What libtorch sees instead, and what to do.
fn there(cuda_devices: usize) -> String {
    match cuda_devices {
        0 => "libtorch sees no CUDA device, only the cpu; run scripts/setup --cuda and build again if it is a libtorch \
              without CUDA (pool-cli doctor tells), or give --device cpu"
            .to_owned(),
        1 => "libtorch sees one CUDA device, cuda:0; give that, or --device cpu".to_owned(),
        count => {
            format!("libtorch sees cuda:0 to cuda:{}; give one of these, or --device cpu", count - 1)
        }
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    const CPU: DeviceChoice = DeviceChoice::Exactly(ComputeDevice::Cpu);

    fn cuda(index: usize) -> DeviceChoice {
        DeviceChoice::Exactly(ComputeDevice::Cuda(index))
    }

    #[test]
    fn a_device_is_taken_if_it_is_there() {
        for (choice, cuda_devices, expected) in [
            (DeviceChoice::Auto, 0, Some(ComputeDevice::Cpu)),
            (DeviceChoice::Auto, 2, Some(ComputeDevice::Cuda(0))),
            (CPU, 0, Some(ComputeDevice::Cpu)),
            (CPU, 2, Some(ComputeDevice::Cpu)),
            (cuda(1), 2, Some(ComputeDevice::Cuda(1))),
            (cuda(0), 0, None),
            (cuda(2), 2, None),
        ] {
            assert_eq!(among(choice, cuda_devices).ok(), expected, "{choice} among {cuda_devices}");
        }
    }

    #[test]
    fn a_device_that_is_missing_says_what_is_there_and_the_cure() {
        for (cuda_devices, part) in [
            (0, "--device cuda:7: libtorch sees no CUDA device, only the cpu; run scripts/setup --cuda"),
            (1, "--device cuda:7: libtorch sees one CUDA device, cuda:0; give that, or --device cpu"),
            (4, "--device cuda:7: libtorch sees cuda:0 to cuda:3; give one of these"),
        ] {
            let said = among(cuda(7), cuda_devices).unwrap_err().to_string();
            assert!(said.contains(part), "{said}");
        }
    }

    #[test]
    fn evaluation_takes_larger_batches_on_cuda_alone() {
        for (device, trained_with, expected) in [
            (ComputeDevice::Cpu, 200, 200),
            (ComputeDevice::Cpu, 8_000, 8_000),
            (ComputeDevice::Cuda(0), 200, 4_096),
            (ComputeDevice::Cuda(0), 8_000, 8_000),
        ] {
            assert_eq!(evaluation_batch(device, trained_with), expected, "{device}, {trained_with}");
        }
    }
}
