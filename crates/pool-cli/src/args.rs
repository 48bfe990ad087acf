//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use mnist_data::PublicSet;

/// Which pooling layer should a network use, and what does the choice cost?
#[derive(Debug, Parser)]
#[command(name = "pool-cli", version, max_term_width = 100)]
#[command(after_help = "\
Examples:
  pool-cli sweep configs/sweep.toml      train the study's arms and compare them
  pool-cli plan configs/sweep.toml       see what would be trained; trains nothing
  pool-cli report runs/mnist-pooling     make the report of a run again
  pool-cli doctor                        see whether this machine is ready

Exit codes: 0 done, 1 a bug, 2 a wrong command or sweep file, 3 data or libtorch missing, 4 some trials failed \
(the others are kept), 130 interrupted.")]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Say more on standard error (-v: what happens, -vv: details); RUST_LOG overrides it
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Form of the log on standard error
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text)]
    pub(crate) log_format: LogFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people
    Text,
    /// One JSON object per line
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Train every trial of a sweep file that has no record yet, then report
    #[command(after_help = "\
Examples:
  pool-cli sweep configs/sweep.toml
  pool-cli sweep configs/sweep.toml --only max --only none
  pool-cli sweep configs/smoke.toml --out /tmp/smoke --jobs 2

The same command again runs only what is missing: an interrupted sweep loses the trial that was running, no more.")]
    Sweep(SweepArgs),
    /// Show a sweep's trials, shapes, parameters and memory; trains nothing
    #[command(after_help = "Example:\n  pool-cli plan configs/sweep.toml")]
    Plan(PlanArgs),
    /// Make the report of a run again, from its records
    #[command(after_help = "Example:\n  pool-cli report runs/mnist-pooling")]
    Report(ReportArgs),
    /// Print the networks of a sweep file as Keras does: layer, output shape, parameters
    #[command(after_help = "Example:\n  pool-cli summary configs/sweep.toml --only max")]
    Summary(SummaryArgs),
    /// Show every pooling operator: spelling, formula, what it learns
    #[command(after_help = "\
Examples:
  pool-cli operators
  pool-cli operators --json

docs/operators.md has the same list with gradients, costs, papers and the names in Keras, PyTorch and timm.")]
    Operators(OperatorsArgs),
    /// Fetch, verify and describe data sets
    #[command(after_help = "\
Examples:
  pool-cli data fetch mnist
  pool-cli data verify
  pool-cli data info fashion-mnist

Data sets lie in $POOL_DATA_DIR, or in ~/.cache/pooling-study/datasets.")]
    Data(DataArgs),
    /// Check this machine: libtorch, CUDA, threads, processor, data sets
    #[command(after_help = "Example:\n  pool-cli doctor")]
    Doctor(DoctorArgs),
    /// Run one trial from its folder; started by sweep
    #[command(hide = true)]
    Trial(TrialArgs),
}

#[derive(Debug, Args)]
pub(crate) struct SweepArgs {
    /// The sweep file
    pub(crate) file: PathBuf,
    /// The run directory [default: runs/STUDY]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Trials to run at once; with more than one, times are marked as contended
    #[arg(long, value_name = "N|auto", default_value = "1", value_parser = parse_jobs)]
    pub(crate) jobs: Jobs,
    /// Threads of each trial [default: the processor's, divided by the jobs]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=MOST_AT_ONCE))]
    pub(crate) threads: Option<u32>,
    /// Only this arm; may be given more than once
    #[arg(long, value_name = "ARM")]
    pub(crate) only: Vec<String>,
    /// Show what would be trained, and stop
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Print the results as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// How many trials run at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Jobs {
    /// One per processor thread.
    Auto,
    Count(u32),
}

/// More threads or processes than this are a slip of the finger.
const MOST_AT_ONCE: i64 = 1024;

fn parse_jobs(text: &str) -> Result<Jobs, String> {
    if text == "auto" {
        return Ok(Jobs::Auto);
    }
    match text.parse() {
        Ok(count) if (1..=MOST_AT_ONCE).contains(&i64::from(count)) => Ok(Jobs::Count(count)),
        _ => Err(format!("give a whole number from 1 to {MOST_AT_ONCE}, or auto")),
    }
}

#[derive(Debug, Args)]
pub(crate) struct PlanArgs {
    /// The sweep file
    pub(crate) file: PathBuf,
    /// Only this arm; may be given more than once
    #[arg(long, value_name = "ARM")]
    pub(crate) only: Vec<String>,
    /// Print the plan as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// The run directory
    pub(crate) run: PathBuf,
    /// Print the results as JSON
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

#[derive(Debug, Args)]
pub(crate) struct OperatorsArgs {
    /// Print everything about each operator as JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Print docs/operators.md
    #[arg(long, conflicts_with = "json")]
    pub(crate) markdown: bool,
}

#[derive(Debug, Args)]
pub(crate) struct DataArgs {
    #[command(subcommand)]
    pub(crate) action: DataAction,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DataAction {
    /// Download what is missing, resume what was cut off, verify checksums
    #[command(after_help = "Example:\n  pool-cli data fetch mnist")]
    Fetch {
        /// The data set
        set: PublicSet,
        /// Use what is there and never the network
        #[arg(long)]
        offline: bool,
    },
    /// Check every file of the data sets against its checksum
    #[command(after_help = "Example:\n  pool-cli data verify mnist")]
    Verify {
        /// The data sets [default: all]
        sets: Vec<PublicSet>,
        /// Print the findings as JSON
        #[arg(long)]
        json: bool,
    },
    /// Images, sizes and classes of a data set
    #[command(after_help = "Example:\n  pool-cli data info mnist --json")]
    Info {
        /// The data set
        set: PublicSet,
        /// Print as JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// Print the findings as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct TrialArgs {
    /// The trial's folder, with its spec.json
    pub(crate) folder: PathBuf,
    /// Threads for libtorch
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=MOST_AT_ONCE))]
    pub(crate) threads: u32,
    /// Trials that may run at once, this one included
    #[arg(long)]
    pub(crate) jobs: u32,
    /// Stop when standard input is closed, as it is when the parent dies
    #[arg(long)]
    pub(crate) stop_with_stdin: bool,
}
