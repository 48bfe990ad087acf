//! The command line.

use std::path::PathBuf;

use bytesize::ByteSize;
use clap::{Args, Parser, Subcommand, ValueEnum};
use mnist_data::PublicSet;
use pool_models::Pool;

/// Which pooling layer should a network use, and what does the choice cost?
#[derive(Debug, Parser)]
#[command(name = "pool-cli", version, max_term_width = 100)]
#[command(after_help = "\
Examples:
  pool-cli sweep configs/sweep.toml      train the study's arms and compare them
  pool-cli plan configs/sweep.toml       see what would be trained; trains nothing
  pool-cli report runs/mnist-pooling     make the report of a run again
  pool-cli doctor                        see whether this machine is ready

Exit codes: 0 done, 1 a bug, 2 a wrong command, sweep file or input, 3 a data set or libtorch missing, 4 some trials failed \
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
    #[command(after_help = "\
Examples:
  pool-cli report runs/mnist-pooling
  pool-cli report runs/mnist-pooling --summary-to docs/results")]
    Report(ReportArgs),
    /// Pick the arm of a run with the lowest validation error within a budget
    #[command(after_help = "\
Examples:
  pool-cli recommend runs/mnist-pooling
  pool-cli recommend runs/mnist-pooling --max-memory 64MiB --max-latency 1ms
  pool-cli recommend runs/mnist-pooling --max-parameters 1000000 --json

Sizes are written 64MB (10^6 bytes) or 64MiB (2^20), durations 500us, 1ms or 2s.")]
    Recommend(RecommendArgs),
    /// Put two runs side by side: before and after, one data set and another
    #[command(after_help = "Example:\n  pool-cli compare runs/mnist-pooling runs/fashion-mnist-pooling")]
    Compare(CompareArgs),
    /// Tell what a trained network sees in pictures (.png), of any size and polarity
    #[command(after_help = "\
Example:
  pool-cli predict runs/mnist-pooling/trials/maximum-s1-0de0d558 seven.png

The picture is made to look like those of the data set, and every step is told.")]
    Predict(PredictArgs),
    /// Test a trained network on a data set of the same kind
    #[command(after_help = "\
Examples:
  pool-cli evaluate runs/mnist-pooling/trials/maximum-s1-0de0d558
  pool-cli evaluate runs/mnist-pooling/trials/maximum-s1-0de0d558 --data my/idx/files")]
    Evaluate(EvaluateArgs),
    /// Write a trained network for other programs
    #[command(after_help = "\
Examples:
  pool-cli export runs/mnist-pooling/trials/maximum-s1-0de0d558 --format torchscript
  pool-cli export runs/mnist-pooling/trials/maximum-s1-0de0d558 --format safetensors --output max.safetensors

In Python: torch.jit.load(\"max.pt\")(images), with images [N, 1, height, width] from 0 to 1; it gives logits.")]
    Export(ExportArgs),
    /// Print the networks of a sweep file as Keras does: layer, output shape, parameters
    #[command(after_help = "Example:\n  pool-cli summary configs/sweep.toml --only max")]
    Summary(SummaryArgs),
    /// Run one pooling layer on an array (.npy) or a picture (.png)
    #[command(override_usage = "\
pool-cli apply --pool <TOML> --input <FILE> --output <FILE> [OPTIONS]
       pool-cli apply --gallery <FILE> [--input <FILE>] [--seed <N>]")]
    #[command(after_help = "\
Examples:
  pool-cli apply --pool max --input x.npy --output y.npy
  pool-cli apply --pool '{ blur = { taps = 5 } }' --input in.png --output out.png
  pool-cli apply --pool max --input x.npy --output y.npy --indices i.npy
  pool-cli apply --gallery operators.svg

Arrays are float32 or float64, batch first: [N, C, spatial...], or [N, spatial..., C] with --data-format channels_last, \
Keras's default. Pictures are one sample of 1 or 3 channels from 0 to 1; values outside are stretched from black to \
white. What a layer learns stands where learning starts.")]
    Apply(ApplyArgs),
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
    Trial(TaskArgs),
    /// Measure an arm's costs from their folder; started by sweep
    #[command(hide = true)]
    Measure(TaskArgs),
    /// Measure one peak of memory; started by measure
    #[command(hide = true)]
    Peak(PeakArgs),
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
    /// Write a short version, Markdown and plots, into this folder as well
    #[arg(long, value_name = "DIR")]
    pub(crate) summary_to: Option<PathBuf>,
    /// Print the results as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct RecommendArgs {
    /// The run directory
    pub(crate) run: PathBuf,
    /// Memory that prediction may take
    #[arg(long, value_name = "SIZE")]
    pub(crate) max_memory: Option<ByteSize>,
    /// Memory that training may take
    #[arg(long, value_name = "SIZE")]
    pub(crate) max_train_memory: Option<ByteSize>,
    /// Time that predicting one picture may take
    #[arg(long, value_name = "DURATION", value_parser = parse_seconds)]
    pub(crate) max_latency: Option<f64>,
    /// Time that predicting all test images may take
    #[arg(long, value_name = "DURATION", value_parser = parse_seconds)]
    pub(crate) max_prediction_time: Option<f64>,
    /// Time that a whole training may take
    #[arg(long, value_name = "DURATION", value_parser = parse_seconds)]
    pub(crate) max_train_time: Option<f64>,
    /// Parameters that the network may have
    #[arg(long, value_name = "N")]
    pub(crate) max_parameters: Option<u64>,
    /// Print the recommendation as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// A duration such as `1ms` or `2s`, in seconds.
fn parse_seconds(text: &str) -> Result<f64, String> {
    let seconds = text.parse::<jiff::SignedDuration>().ok().map(|duration| duration.as_secs_f64());
    seconds
        .filter(|&seconds| seconds > 0.0)
        .ok_or_else(|| "write a duration such as 500us, 1ms or 2s".to_owned())
}

#[derive(Debug, Args)]
pub(crate) struct CompareArgs {
    /// The first run directory
    pub(crate) first: PathBuf,
    /// The second run directory
    pub(crate) second: PathBuf,
    /// Print the comparison as JSON
    #[arg(long, conflicts_with = "markdown")]
    pub(crate) json: bool,
    /// Print the comparison as Markdown
    #[arg(long)]
    pub(crate) markdown: bool,
}

#[derive(Debug, Args)]
pub(crate) struct PredictArgs {
    /// The trial's folder, RUN/trials/ID
    pub(crate) trial: PathBuf,
    /// The pictures
    #[arg(required = true)]
    pub(crate) images: Vec<PathBuf>,
    /// Print classes, probabilities and steps as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct EvaluateArgs {
    /// The trial's folder, RUN/trials/ID
    pub(crate) trial: PathBuf,
    /// A folder with four IDX files, of which the test images count [default: the trial's own data set]
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Print the results as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// The trial's folder, RUN/trials/ID
    pub(crate) trial: PathBuf,
    /// The form of the file
    #[arg(long, value_enum)]
    pub(crate) format: ExportFormat,
    /// The file [default: the trial's name, in this folder]
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// The form of an exported network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportFormat {
    /// The weights by name, without code
    Safetensors,
    /// Weights and forward pass, for torch.jit.load
    Torchscript,
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
pub(crate) struct ApplyArgs {
    /// The pooling layer, as a sweep file writes it
    #[arg(long, value_name = "TOML", required_unless_present = "gallery")]
    pub(crate) pool: Option<Pool>,
    /// The array or picture; the gallery's default is the first test image of MNIST
    #[arg(long, value_name = "FILE", required_unless_present = "gallery")]
    pub(crate) input: Option<PathBuf>,
    /// Where the result goes
    #[arg(long, value_name = "FILE", required_unless_present = "gallery")]
    pub(crate) output: Option<PathBuf>,
    /// Where the channels of every array stand
    #[arg(long, value_enum, default_value_t = Format::ChannelsFirst)]
    pub(crate) data_format: Format,
    /// Run as in training: layers that draw random numbers draw
    #[arg(long)]
    pub(crate) train: bool,
    /// Seeds what the layer draws and learns
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,
    /// The derivative of a loss with respect to the output
    #[arg(long, value_name = "FILE", requires = "grad_input")]
    pub(crate) grad_output: Option<PathBuf>,
    /// Where the derivative with respect to the input goes
    #[arg(long, value_name = "FILE", requires = "grad_output")]
    pub(crate) grad_input: Option<PathBuf>,
    /// Where the places of the maxima go: flat indices into the spatial axes, int64
    #[arg(long, value_name = "FILE")]
    pub(crate) indices: Option<PathBuf>,
    /// Draw one picture through every operator, as SVG
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = ["pool", "output", "grad_output", "grad_input", "indices", "train"]
    )]
    pub(crate) gallery: Option<PathBuf>,
}

/// Where the channels stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum Format {
    /// [N, C, spatial...]
    ChannelsFirst,
    /// [N, spatial..., C]
    ChannelsLast,
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
pub(crate) struct TaskArgs {
    /// The task's folder, with its spec.json
    pub(crate) folder: PathBuf,
    /// Threads for libtorch
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=MOST_AT_ONCE))]
    pub(crate) threads: u32,
    /// Tasks that may run at once, this one included
    #[arg(long)]
    pub(crate) jobs: u32,
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
}

/// What a network does while its memory is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PhaseArg {
    Training,
    Inference,
}
