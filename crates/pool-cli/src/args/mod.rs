//! The command line.

mod layer;
mod machine;
mod run;
mod sweep;
mod trained;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Parser, Subcommand, ValueEnum};
use pool_records::TaskCommand;

pub(crate) use layer::{ApplyArgs, OperatorsArgs};
pub(crate) use machine::{DataAction, DataArgs, DoctorArgs, SetOrPath};
pub(crate) use run::{BundleArgs, CompareArgs, LeagueArgs, RecommendArgs, ReportArgs, StatusArgs};
pub(crate) use sweep::{LauncherArg, PlanArgs, SummaryArgs, SweepArgs};
pub(crate) use trained::{EvaluateArgs, ExportArgs, PredictArgs};

/// Which pooling layer should a network use, and what does the choice cost?
#[derive(Debug, Parser)]
#[command(name = "pool-cli", version, max_term_width = 100)]
#[command(after_help = "\
Examples:
  pool-cli sweep configs/sweep.toml      train the study's arms and compare them
  pool-cli plan configs/sweep.toml       see what would be trained; trains nothing
  pool-cli status runs/mnist-pooling     see the progress of a running sweep
  pool-cli report runs/mnist-pooling     make the report of a run again
  pool-cli doctor                        check that this machine is ready

Exit codes: 0 done, 1 a bug, 2 a wrong command, sweep file or input, 3 a data set, libtorch or a device missing, \
4 some trials failed (the others are kept), 5 recommend finds no arm within the budget, 130 interrupted.")]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Log more on standard error (-v: events, -vv: details); RUST_LOG overrides it
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Format of the log on standard error
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
  pool-cli sweep configs/sweep.toml --only maximum --only none
  pool-cli sweep configs/smoke.toml --out /tmp/smoke --jobs 2

The same command again runs only what is missing; an interrupted trial resumes from its last checkpoint.")]
    Sweep(SweepArgs),
    /// Show a sweep's trials, shapes, parameters and memory, and its time from a few timed steps; trains nothing
    #[command(after_help = "\
Examples:
  pool-cli plan configs/sweep.toml
  pool-cli plan configs/search.toml --no-timing")]
    Plan(PlanArgs),
    /// Show the progress of a sweep running in another terminal or on a cluster
    #[command(after_help = "\
Examples:
  pool-cli status runs/mnist-pooling
  pool-cli status runs/mnist-pooling --watch")]
    Status(StatusArgs),
    /// Make the report of a run again, from its records or from a bundle
    #[command(after_help = "\
Examples:
  pool-cli report runs/mnist-pooling
  pool-cli report runs/mnist-pooling --summary-to docs/results
  pool-cli report mnist-pooling.pool-run.tar.gz
  pool-cli report mnist-pooling.pool-run.tar.gz --out runs/theirs

A bundle is unpacked first, into a folder that is then a run directory; one that holds the run already is used as it is.")]
    Report(ReportArgs),
    /// Pack what the report of a run is made of into one file, for a reader to make it again
    #[command(after_help = "\
Examples:
  pool-cli bundle runs/mnist-pooling
  pool-cli bundle runs/mnist-pooling --out paper/mnist-pooling.pool-run.tar.gz

It holds the plan, the sweep file, every record with its predictions, this program's Cargo.lock, and what the records say of \
programs and machines; no weights, checkpoints or logs. pool-cli report FILE gives the report of the run, byte by byte.")]
    Bundle(BundleArgs),
    /// Pick the arm of a run with the lowest validation error within a budget
    #[command(after_help = "\
Examples:
  pool-cli recommend runs/mnist-pooling
  pool-cli recommend runs/mnist-pooling --max-memory 64MiB --max-latency 1ms
  pool-cli recommend runs/mnist-pooling --max-parameters 1000000 --json

Write sizes as 64MB (10^6 bytes) or 64MiB (2^20), durations as 500us, 1ms or 2s. The exit code is 5 if no arm is within the \
budget, or none has a validation error.")]
    Recommend(RecommendArgs),
    /// Put two runs side by side: before and after, one data set and another
    #[command(after_help = "Example:\n  pool-cli compare runs/mnist-pooling runs/fashion-mnist-pooling")]
    Compare(CompareArgs),
    /// Rank the arms of one or more runs, each rank with the places that chance leaves it
    #[command(after_help = "\
Examples:
  pool-cli league runs/league-mnist
  pool-cli league runs/league-mnist runs/league-fashion-mnist --to docs")]
    League(LeagueArgs),
    /// Predict the class of pictures (.png) of any size and polarity
    #[command(after_help = "\
Example:
  pool-cli predict runs/mnist-pooling/trials/maximum-s1-0de0d558 seven.png

Each picture is prepared to look like those of the data set, and every step is printed. A picture that cannot be used is \
named, and the others are still predicted; the exit code is then 2.")]
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
    #[command(after_help = "Example:\n  pool-cli summary configs/sweep.toml --only maximum")]
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
white. A layer that learns has its initial weights.")]
    Apply(ApplyArgs),
    /// List every pooling operator: spelling, formula, what it learns
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
  pool-cli data info pictures/flowers --size 32

Public sets: mnist, fashion-mnist, kmnist, emnist-letters (124,800 pictures; a download of 560 MB), cifar10 and cifar100 \
(170 MB each). They are in $POOL_DATA_DIR, or in ~/.cache/pooling-study/datasets.")]
    Data(DataArgs),
    /// Check this machine: libtorch, CUDA, threads, processor, data sets
    #[command(after_help = "\
Examples:
  pool-cli doctor
  pool-cli doctor --kernels --batch 200

$POOL_KERNELS_ISA (portable, avx2 or avx512) limits the instructions that the kernels use.")]
    Doctor(DoctorArgs),
    /// What a sweep gives to the processes it starts; hidden.
    #[command(flatten)]
    Task(TaskCommand),
}

/// Parses one of these names, each with its line in the help and the value that it stands for.
fn one_of<T: Copy + Send + Sync + 'static>(
    choices: [(&'static str, &'static str, T); 2],
) -> impl TypedValueParser<Value = T> {
    let names = choices.map(|(name, help, _)| PossibleValue::new(name).help(help));
    PossibleValuesParser::new(names).try_map(move |given| {
        let chosen = choices.iter().find(|(name, ..)| *name == given);
        chosen.map(|&(.., value)| value).ok_or("no such choice")
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use clap::CommandFactory;
    use pool_spec::Sweep;

    use super::*;

    const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

    /// The words of a command line of the help, without quotes.
    fn words_of(line: &str) -> Vec<String> {
        let mut words = vec![String::new()];
        let mut quoted = false;
        for letter in line.chars() {
            match letter {
                '\'' => quoted = !quoted,
                ' ' if !quoted => words.push(String::new()),
                letter => words.last_mut().unwrap().push(letter),
            }
        }
        words.retain(|word| !word.is_empty());
        words
    }

    #[test]
    fn every_example_of_the_help_is_understood_and_names_arms_that_are_there() {
        let mut examples = 0;
        let cli = Cli::command();
        for command in cli.get_subcommands().chain([&cli]) {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            for line in help.lines().filter(|line| line.starts_with("  pool-cli ")) {
                // At the root, each example is followed by what it does.
                let line = line.trim().split("   ").next().unwrap();
                let parsed =
                    Cli::try_parse_from(words_of(line)).unwrap_or_else(|error| panic!("{line}: {error}"));
                examples += 1;
                let (file, only) = match &parsed.command {
                    Command::Sweep(args) => (&args.file, &args.only),
                    Command::Plan(args) => (&args.file, &args.only),
                    Command::Summary(args) => (&args.file, &args.only),
                    _ => continue,
                };
                let sweep = Sweep::read(&Path::new(ROOT).join(file)).unwrap();
                for name in only {
                    assert!(sweep.arms.iter().any(|arm| arm.name == *name), "{line}: no arm {name}");
                }
            }
        }
        assert!(examples > 25, "{examples} examples found");
    }
}
