//! What a process computes with, and how its records say so.

use std::time::Duration;

use mnist_data::DataDir;
use pool_models::{Net, describe_kernels};
use pool_records::{ComputedWith, Provenance};
use pool_spec::{ComputeDevice, Kernels, Precision, Sequential};
use tch::nn;

use crate::TrainError;
use crate::device::torch;

/// The libtorch that tch was written against; torch-sys refuses to build with another.
pub const LIBTORCH_VERSION: &str = "2.11.0";

/// Runtime options that are not part of a trial's identity. They change results by rounding at most, except that CUDA
/// draws its own dropout masks. Our kernels round alike on any number of threads; libtorch's convolutions and sums do not.
#[derive(Debug, Clone)]
pub struct TrialContext {
    /// Where the data sets lie.
    pub data_dir: DataDir,
    /// Threads for libtorch.
    pub threads: u32,
    /// Tasks that may run at once, this one included.
    pub jobs: u32,
    /// Which implementation computes the layers.
    pub kernels: Kernels,
    /// Where the data lie and everything is computed.
    pub device: ComputeDevice,
    /// The shortest time between two checkpoints; they are written between epochs.
    pub checkpoint_every: Duration,
    /// Pause after this epoch. `None` trains to the end.
    pub until_epoch: Option<u32>,
    /// The program and its version, for the record.
    pub program: String,
    /// Git revision that the program was built from.
    pub git_revision: Option<String>,
}

impl TrialContext {
    /// The network as it is computed here, and its variables on the device.
    pub(crate) fn build(
        &self,
        model: &Sequential,
        precision: Precision,
    ) -> Result<(nn::VarStore, Net), TrainError> {
        let variables = nn::VarStore::new(torch(self.device));
        let net = model.build(&variables.root())?.with_kernels(self.kernels).with_precision(precision);
        Ok((variables, net))
    }

    /// Limits libtorch to this many threads.
    pub(crate) fn set_threads(&self) {
        tch::set_num_threads(i32::try_from(self.threads).unwrap_or(i32::MAX));
    }

    /// What this process computes with.
    pub(crate) fn computed_with(&self) -> ComputedWith {
        ComputedWith {
            threads: self.threads,
            kernels: describe_kernels(self.effective_kernels()),
            device: self.device.to_string(),
        }
    }

    /// What the process of a task that began at this time is, when the task ends.
    pub(crate) fn provenance(&self, started: String) -> Provenance {
        let ComputedWith { threads, kernels, device } = self.computed_with();
        Provenance {
            program: self.program.clone(),
            git_revision: self.git_revision.clone(),
            libtorch: LIBTORCH_VERSION.to_owned(),
            device,
            cpu: cpu_name(),
            os: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            threads,
            kernels: Some(kernels),
            started,
            ended: now(),
        }
    }

    /// The kernels that really compute the layers: ours exist for the processor alone, whatever is asked for.
    fn effective_kernels(&self) -> Kernels {
        match self.device {
            ComputeDevice::Cpu => self.kernels,
            ComputeDevice::Cuda(_) => Kernels::Reference,
        }
    }
}

/// Now, in RFC 3339, UTC, to the second.
pub(crate) fn now() -> String {
    let second = jiff::Timestamp::now().as_second();
    jiff::Timestamp::from_second(second).map(|time| time.to_string()).unwrap_or_default()
}

/// The processor's name, from Linux's `/proc/cpuinfo`; `None` where there is no such file.
pub fn cpu_name() -> Option<String> {
    let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = cpuinfo.lines().find(|line| line.starts_with("model name"))?;
    line.split_once(':').map(|(_, name)| name.trim().to_owned())
}
