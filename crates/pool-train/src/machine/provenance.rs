//! Where and how a record came to be.

use pool_models::describe_kernels;
use pool_records::{ComputedWith, Provenance};
use pool_spec::ComputeDevice;
use pool_spec::Kernels;

use crate::TrialContext;

/// The libtorch that tch was written against; torch-sys refuses to build with another.
pub const LIBTORCH_VERSION: &str = "2.11.0";

/// Now, in RFC 3339, UTC, to the second.
pub(crate) fn now() -> String {
    let second = jiff::Timestamp::now().as_second();
    jiff::Timestamp::from_second(second).map(|time| time.to_string()).unwrap_or_default()
}

/// What this process computes with.
pub(crate) fn computed_with(context: &TrialContext) -> ComputedWith {
    ComputedWith {
        threads: context.threads,
        kernels: describe_kernels(kernels_of(context)),
        device: context.device.to_string(),
    }
}

pub(crate) fn describe(context: &TrialContext, started: String) -> Provenance {
    let ComputedWith { threads, kernels, device } = computed_with(context);
    Provenance {
        program: context.program.clone(),
        git_revision: context.git_revision.clone(),
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

/// What really computed the layers: own kernels, however much they are asked for, exist for the processor alone.
fn kernels_of(context: &TrialContext) -> Kernels {
    match context.device {
        ComputeDevice::Cpu => context.kernels,
        ComputeDevice::Cuda(_) => Kernels::Reference,
    }
}

/// The processor's name, from Linux's `/proc/cpuinfo`; none where the system has no such file.
pub fn cpu_name() -> Option<String> {
    let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = cpuinfo.lines().find(|line| line.starts_with("model name"))?;
    line.split_once(':').map(|(_, name)| name.trim().to_owned())
}
