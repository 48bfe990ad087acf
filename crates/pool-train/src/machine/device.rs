//! Where tensors are computed: on the processor, or on a CUDA device.

use std::fmt;
use std::str::FromStr;

use tch::{Cuda, Device};

/// Images of a batch without gradients on a CUDA device. Enough work to fill it, where the batches that a network is
/// trained with would leave it waiting for the host; 4,096 images of the study's network without pooling take 0.3 GB.
const EVALUATION_BATCH_ON_CUDA: usize = 4_096;

/// A device that tensors are computed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ComputeDevice {
    /// The processor: the only device that the project's own kernels know.
    #[default]
    Cpu,
    /// The CUDA device of this index. Everything is computed by libtorch's functions there, and dropout's masks are
    /// drawn by the device's own generator.
    Cuda(usize),
}

impl fmt::Display for ComputeDevice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpu => f.write_str("cpu"),
            Self::Cuda(index) => write!(f, "cuda:{index}"),
        }
    }
}

impl ComputeDevice {
    pub(crate) fn torch(self) -> Device {
        match self {
            Self::Cpu => Device::Cpu,
            Self::Cuda(index) => Device::Cuda(index),
        }
    }

    /// Waits until the device has done all that it was given. The processor computes while it is asked to, and has
    /// nothing left to do.
    pub(crate) fn synchronize(self) {
        match self {
            Self::Cpu => {}
            Self::Cuda(index) => Cuda::synchronize(index as i64),
        }
    }

    /// Seeds what the device draws by itself, which is dropout on CUDA. On the processor every layer has a generator of
    /// its own, and libtorch's draws nothing.
    ///
    /// Each epoch is seeded anew, so that one that is begun again after a crash draws what it drew before.
    pub(crate) fn seed(self, seed: u64, epoch: u32) {
        let seed = seed.wrapping_add(u64::from(epoch) << 32);
        match self {
            Self::Cpu => {}
            Self::Cuda(_) => {
                tch::manual_seed(seed.cast_signed());
                Cuda::manual_seed_all(seed);
            }
        }
    }

    /// Images of a batch without gradients, for a network trained with batches of `trained_with`. The processor keeps
    /// to those: it would gain nothing, and larger ones no longer fit into its caches.
    pub(crate) fn evaluation_batch(self, trained_with: usize) -> usize {
        match self {
            Self::Cpu => trained_with,
            Self::Cuda(_) => trained_with.max(EVALUATION_BATCH_ON_CUDA),
        }
    }
}

/// What was asked for: `auto`, `cpu`, `cuda` (which is `cuda:0`) or `cuda:N`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DeviceChoice {
    /// The first CUDA device if libtorch sees one, else the processor.
    #[default]
    Auto,
    /// This device and no other.
    Exactly(ComputeDevice),
}

/// A word that names no device.
#[derive(Debug, thiserror::Error)]
#[error("give auto, cpu, cuda, or a CUDA device by its number, such as cuda:0")]
pub struct UnknownDevice;

/// A device that was asked for and is not there.
#[derive(Debug, thiserror::Error)]
#[error("--device {asked}: {there}", there = there(*.cuda_devices))]
pub struct NoDevice {
    asked: ComputeDevice,
    /// CUDA devices that libtorch sees.
    cuda_devices: usize,
}

impl FromStr for DeviceChoice {
    type Err = UnknownDevice;

    fn from_str(text: &str) -> Result<Self, UnknownDevice> {
        let device = match text {
            "auto" => return Ok(Self::Auto),
            "cpu" => ComputeDevice::Cpu,
            "cuda" => ComputeDevice::Cuda(0),
            _ => {
                let index = text.strip_prefix("cuda:").ok_or(UnknownDevice)?;
                // `parse` would take a sign.
                let digits = index.bytes().all(|byte| byte.is_ascii_digit());
                ComputeDevice::Cuda(index.parse().ok().filter(|_| digits).ok_or(UnknownDevice)?)
            }
        };
        Ok(Self::Exactly(device))
    }
}

impl fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Exactly(device) => device.fmt(f),
        }
    }
}

impl DeviceChoice {
    /// The device that is meant, which libtorch has.
    ///
    /// # Errors
    /// A CUDA device that libtorch does not see.
    pub fn resolve(self) -> Result<ComputeDevice, NoDevice> {
        self.among(usize::try_from(Cuda::device_count()).unwrap_or_default())
    }

    fn among(self, cuda_devices: usize) -> Result<ComputeDevice, NoDevice> {
        match self {
            Self::Auto if cuda_devices > 0 => Ok(ComputeDevice::Cuda(0)),
            Self::Auto => Ok(ComputeDevice::Cpu),
            Self::Exactly(asked @ ComputeDevice::Cuda(index)) if index >= cuda_devices => {
                Err(NoDevice { asked, cuda_devices })
            }
            Self::Exactly(device) => Ok(device),
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    const CPU: DeviceChoice = DeviceChoice::Exactly(ComputeDevice::Cpu);

    fn cuda(index: usize) -> DeviceChoice {
        DeviceChoice::Exactly(ComputeDevice::Cuda(index))
    }

    #[test]
    fn words_become_devices_and_back() {
        for (word, choice, shown) in [
            ("auto", DeviceChoice::Auto, "auto"),
            ("cpu", CPU, "cpu"),
            ("cuda", cuda(0), "cuda:0"),
            ("cuda:0", cuda(0), "cuda:0"),
            ("cuda:12", cuda(12), "cuda:12"),
        ] {
            let found: DeviceChoice = word.parse().unwrap();
            assert_eq!((found, &found.to_string()[..]), (choice, shown));
        }
        for word in ["", "gpu", "CPU", "cuda:", "cuda:-1", "cuda:+1", "cuda: 1", "cuda:99999999999999999999"]
        {
            assert!(word.parse::<DeviceChoice>().is_err(), "{word:?}");
        }
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
            assert_eq!(choice.among(cuda_devices).ok(), expected, "{choice} among {cuda_devices}");
        }
    }

    #[test]
    fn a_device_that_is_missing_says_what_is_there_and_the_cure() {
        for (cuda_devices, part) in [
            (0, "--device cuda:7: libtorch sees no CUDA device, only the cpu; run scripts/setup --cuda"),
            (1, "--device cuda:7: libtorch sees one CUDA device, cuda:0; give that, or --device cpu"),
            (4, "--device cuda:7: libtorch sees cuda:0 to cuda:3; give one of these"),
        ] {
            let said = cuda(7).among(cuda_devices).unwrap_err().to_string();
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
            assert_eq!(device.evaluation_batch(trained_with), expected, "{device}, {trained_with}");
        }
    }
}
