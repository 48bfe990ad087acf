//! Where tensors are computed: on the processor, or on a CUDA device.

use std::fmt;
use std::str::FromStr;

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
}
