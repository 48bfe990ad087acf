//! Arguments about sweep files: which trials run, where and how.

use std::path::PathBuf;
use std::time::Duration;

use bytesize::ByteSize;
use clap::{Args, ValueEnum};
use pool_records::{TaskCommand, parse_duration};
use pool_spec::{DeviceChoice, Kernels};

#[derive(Debug, Args)]
pub(crate) struct SweepArgs {
    /// The sweep file
    pub(crate) file: PathBuf,
    /// The run directory [default: runs/STUDY]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Trials to run at once; auto is one per processor thread, one on a CUDA device, and with Slurm as many as the
    /// cluster allows. Costs are measured afterwards, one arm at a time
    #[arg(long, value_name = "N|auto", default_value = "auto", value_parser = parse_jobs)]
    pub(crate) jobs: Jobs,
    /// Threads of each trial [default: the processor's, divided by the jobs; with Slurm 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=TaskCommand::MOST_THREADS))]
    pub(crate) threads: Option<u32>,
    /// Implementation of the layers: fast uses our kernels where they fit and libtorch's functions elsewhere, reference
    /// uses libtorch's functions alone, which are slower
    #[arg(long, value_name = "fast|reference", default_value_t)]
    pub(crate) kernels: Kernels,
    /// Where to compute: auto is the first CUDA device that libtorch sees, or else the processor. Trials that run at
    /// once share the device and its memory
    #[arg(long, value_name = "auto|cpu|cuda|cuda:N", default_value_t)]
    pub(crate) device: DeviceChoice,
    /// Shortest time between two checkpoints of a trial, from which an interrupted trial resumes: 30s, 5m; 0s is after
    /// every epoch
    #[arg(long, value_name = "DURATION", default_value = TaskCommand::USUAL_CHECKPOINT_EVERY, value_parser = parse_duration)]
    pub(crate) checkpoint_every: Duration,
    /// Memory for the trials that run at once; a trial waits while its estimate exceeds what is left [default: the
    /// memory that is free]
    #[arg(long, value_name = "SIZE", value_parser = parse_bytes)]
    pub(crate) memory: Option<u64>,
    /// Time limit for each attempt at a trial: 90m, 2h [default: no limit]
    #[arg(long, value_name = "DURATION", value_parser = parse_timeout)]
    pub(crate) timeout: Option<Duration>,
    /// Retries for a trial that crashes, is killed or times out
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(..=MOST_RETRIES))]
    pub(crate) retries: u32,
    /// Where the trials run
    #[arg(long, value_enum, default_value_t)]
    pub(crate) launcher: LauncherArg,
    /// A further argument for sbatch, such as --sbatch-arg=--partition=long; may be given more than once
    #[arg(long, value_name = "ARG", allow_hyphen_values = true)]
    pub(crate) sbatch_arg: Vec<String>,
    /// With Slurm: submit the trials and return; status and report show their progress later
    #[arg(long)]
    pub(crate) detach: bool,
    /// Make the folders of the missing trials and list them in tasks.txt, for another launcher to start
    /// (docs/clusters.md), and stop
    #[arg(long, conflicts_with_all = ["dry_run", "detach", "json"])]
    pub(crate) prepare: bool,
    /// Train with seeds 1 to N instead of those of the file
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub(crate) seeds: Option<u32>,
    /// Only this arm; may be given more than once
    #[arg(long, value_name = "ARM")]
    pub(crate) only: Vec<String>,
    /// Show what would be trained, and stop
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Print every table in the end, as report does, instead of the verdict and one table
    #[arg(long, conflicts_with_all = ["dry_run", "prepare", "detach", "json"])]
    pub(crate) details: bool,
    /// Print the results as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Where the processes of trials are started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum LauncherArg {
    /// This machine
    #[default]
    Local,
    /// A Slurm cluster, as array jobs; the run directory must lie where all of its machines see it
    Slurm,
}

/// How many trials run at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Jobs {
    /// As many as there is room for.
    Auto,
    Count(u32),
}

impl Jobs {
    /// The number that was given.
    pub(crate) fn count(self) -> Option<u32> {
        match self {
            Self::Auto => None,
            Self::Count(count) => Some(count),
        }
    }
}

const MOST_RETRIES: i64 = 100;

fn parse_timeout(text: &str) -> Result<Duration, String> {
    let duration = parse_duration(text).ok().filter(|duration| !duration.is_zero());
    duration.ok_or_else(|| "write a duration such as 90s, 90m or 2h".to_owned())
}

/// A size such as `64MB` or `64MiB`, in bytes.
pub(super) fn parse_bytes(text: &str) -> Result<u64, String> {
    const MOST: ByteSize = ByteSize::pib(1);
    let size = text.parse::<ByteSize>().ok().filter(|&size| (ByteSize::b(1)..=MOST).contains(&size));
    size.map(|size| size.as_u64()).ok_or_else(|| "write a size such as 64MB, 64MiB or 1.5GiB".to_owned())
}

fn parse_jobs(text: &str) -> Result<Jobs, String> {
    if text == "auto" {
        return Ok(Jobs::Auto);
    }
    match text.parse() {
        Ok(count) if (1..=TaskCommand::MOST_THREADS).contains(&i64::from(count)) => Ok(Jobs::Count(count)),
        _ => Err(format!("give a whole number from 1 to {}, or auto", TaskCommand::MOST_THREADS)),
    }
}

#[derive(Debug, Args)]
pub(crate) struct PlanArgs {
    /// The sweep file
    pub(crate) file: PathBuf,
    /// Do not time any steps: no estimate of how long the trials will take
    #[arg(long)]
    pub(crate) no_timing: bool,
    /// Trials that the sweep will run at once, as its --jobs. Steps are timed on the processor, whatever the device
    #[arg(long, value_name = "N|auto", default_value = "auto", value_parser = parse_jobs)]
    pub(crate) jobs: Jobs,
    /// Threads of each trial [default: the processor's, divided by the jobs]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=TaskCommand::MOST_THREADS))]
    pub(crate) threads: Option<u32>,
    /// Train with seeds 1 to N instead of those of the file
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub(crate) seeds: Option<u32>,
    /// Only this arm; may be given more than once
    #[arg(long, value_name = "ARM")]
    pub(crate) only: Vec<String>,
    /// Print the plan as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct SummaryArgs {
    /// The sweep file
    pub(crate) file: PathBuf,
    /// Only this arm; may be given more than once
    #[arg(long, value_name = "ARM")]
    pub(crate) only: Vec<String>,
}
