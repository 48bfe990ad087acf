//! Arguments that a sweep gives to the processes it starts.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use pool_train::DeviceChoice;

use super::sweep::{CHECKPOINT_EVERY, KernelsArg, MOST_AT_ONCE, parse_duration};

#[derive(Debug, Args)]
pub(crate) struct TaskArgs {
    /// The task's folder, with its spec.json
    pub(crate) folder: PathBuf,
    /// Threads for libtorch
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=MOST_AT_ONCE))]
    pub(crate) threads: u32,
    /// Tasks that may run at once, this one included
    #[arg(long)]
    pub(crate) jobs: u32,
    /// Which implementation computes the layers
    #[arg(long, value_enum, default_value_t)]
    pub(crate) kernels: KernelsArg,
    /// Where to compute
    #[arg(long, default_value_t)]
    pub(crate) device: DeviceChoice,
    /// The shortest time between two checkpoints
    #[arg(long, default_value = CHECKPOINT_EVERY, value_parser = parse_duration)]
    pub(crate) checkpoint_every: Duration,
    /// The epoch after which a trial pauses
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) until_epoch: Option<u32>,
    /// Stop when standard input is closed, as it is when the parent dies
    #[arg(long)]
    pub(crate) stop_with_stdin: bool,
}

#[derive(Debug, Args)]
pub(crate) struct PeakArgs {
    /// The measurement's folder, with its spec.json
    pub(crate) folder: PathBuf,
    /// What the network does meanwhile
    #[arg(long, value_enum)]
    pub(crate) phase: PhaseArg,
    /// Images of a batch
    #[arg(long)]
    pub(crate) batch_size: usize,
    /// Threads for libtorch
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=MOST_AT_ONCE))]
    pub(crate) threads: u32,
    /// Which implementation computes the layers
    #[arg(long, value_enum, default_value_t)]
    pub(crate) kernels: KernelsArg,
    /// Where to compute
    #[arg(long, default_value_t)]
    pub(crate) device: DeviceChoice,
}

#[derive(Debug, Args)]
pub(crate) struct ProbeArgs {
    /// Threads for libtorch
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=MOST_AT_ONCE))]
    pub(crate) threads: u32,
}

/// What a network does while its memory is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PhaseArg {
    Training,
    Inference,
}
