//! What the tests of this crate share.

use mnist_data::DataDir;
use pool_models::Kernels;
use pool_spec::ComputeDevice;
use pool_train::TrialContext;

/// Of a process that computes on the processor, finds no data set, and stores a checkpoint after every epoch.
pub(crate) fn context(threads: u32) -> TrialContext {
    TrialContext {
        data_dir: DataDir::at("no-data"),
        threads,
        jobs: 1,
        kernels: Kernels::Fast,
        device: ComputeDevice::Cpu,
        checkpoint_every: std::time::Duration::ZERO,
        until_epoch: None,
        program: "test".to_owned(),
        git_revision: None,
    }
}
