//! What a process of a sweep is asked to do, and how that is written on its command line.
//!
//! A sweep starts this program again for every task. Whoever starts one (this machine, a cluster, a measurement, a person)
//! writes a [`TaskCommand`], with [`TaskCommand::to_args`]; the program that was started has it among its commands.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use pool_spec::{DeviceChoice, Kernels};

/// What one process does.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum TaskCommand {
    /// Train one trial from its folder; started by sweep
    #[command(hide = true)]
    #[command(after_help = "\
Examples:
  pool-cli sweep configs/sweep.toml --prepare
  pool-cli trial runs/mnist-pooling/trials/maximum-s1-0de0d558 --threads 2

A finished trial ends at once, and an interrupted one resumes. docs/clusters.md shows how to start many.")]
    Trial {
        /// The trial's folder, with its spec.json
        folder: PathBuf,
        /// Pause after this epoch [default: train to the end]
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
        until_epoch: Option<u32>,
        /// The shortest time between two checkpoints
        #[arg(
            long, value_name = "DURATION",
            default_value = TaskCommand::USUAL_CHECKPOINT_EVERY, value_parser = parse_duration
        )]
        checkpoint_every: Duration,
        /// How it computes.
        #[command(flatten)]
        options: ProcessOptions,
    },
    /// Measure an arm's costs from the measurement's folder; started by sweep
    #[command(hide = true)]
    Measure {
        /// The measurement's folder, with its spec.json
        folder: PathBuf,
        /// How it computes.
        #[command(flatten)]
        options: ProcessOptions,
    },
    /// Measure one peak of memory, and print it in bytes; started by measure
    #[command(hide = true)]
    Peak {
        /// The measurement's folder, with its spec.json
        folder: PathBuf,
        /// What the network does meanwhile
        #[arg(long)]
        phase: Phase,
        /// Images of a batch
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=MOST_IMAGES))]
        batch_size: u32,
        /// How it computes.
        #[command(flatten)]
        options: ProcessOptions,
    },
    /// Time a few steps of the trial whose spec is on standard input; started by plan
    #[command(hide = true)]
    Probe {
        /// How it computes.
        #[command(flatten)]
        options: ProcessOptions,
    },
}

/// How a process computes. None of it is part of a task's identity: results differ by rounding at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Args)]
pub struct ProcessOptions {
    /// Threads for libtorch
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=TaskCommand::MOST_THREADS))]
    pub threads: u32,
    /// Tasks that may run at once on this machine, this one included; it is noted in the record
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub jobs: u32,
    /// Which implementation computes the layers
    #[arg(long, value_name = "fast|reference", default_value_t)]
    pub kernels: Kernels,
    /// Where to compute
    #[arg(long, value_name = "auto|cpu|cuda|cuda:N", default_value_t)]
    pub device: DeviceChoice,
    /// Stop when standard input is closed, as it is when the parent dies
    #[arg(long)]
    pub stop_with_stdin: bool,
    /// Log more (-v: events, -vv: details); RUST_LOG overrides it
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

/// What a network does while its memory is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Phase {
    /// Steps of training
    Training,
    /// Predicting, without gradients
    Inference,
}

impl Phase {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Training, Self::Inference];

    /// The word on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Training => "training",
            Self::Inference => "inference",
        }
    }
}

/// More images in a batch than any data set has.
const MOST_IMAGES: i64 = 10_000_000;

impl TaskCommand {
    /// The time between two checkpoints unless another is asked for: long compared with writing one, short enough that
    /// losing it does not matter.
    pub const USUAL_CHECKPOINT_EVERY: &str = "10s";
    /// More threads, or processes on one machine, are a typing error.
    pub const MOST_THREADS: i64 = 1_024;

    /// The first word of the command line.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Trial { .. } => "trial",
            Self::Measure { .. } => "measure",
            Self::Peak { .. } => "peak",
            Self::Probe { .. } => "probe",
        }
    }

    /// How the process computes.
    pub fn options(&self) -> ProcessOptions {
        match self {
            Self::Trial { options, .. }
            | Self::Measure { options, .. }
            | Self::Peak { options, .. }
            | Self::Probe { options } => *options,
        }
    }

    /// The words after the program's name.
    pub fn to_args(&self) -> Vec<OsString> {
        let mut words = vec![OsString::from(self.name())];
        words.extend(self.folder().map(|folder| folder.clone().into_os_string()));
        words.extend(self.option_words().into_iter().map(OsString::from));
        words
    }

    /// The words after the folder: all that tasks in different folders have in common.
    pub fn option_words(&self) -> Vec<String> {
        let mut words = Vec::new();
        let mut add = |name: &str, value: String| words.extend([format!("--{name}"), value]);
        let ProcessOptions { threads, jobs, kernels, device, stop_with_stdin, verbose } = self.options();
        add("threads", threads.to_string());
        add("jobs", jobs.to_string());
        add("kernels", kernels.to_string());
        add("device", device.to_string());
        match self {
            Self::Trial { until_epoch, checkpoint_every, .. } => {
                if let Some(epoch) = until_epoch {
                    add("until-epoch", epoch.to_string());
                }
                add("checkpoint-every", format!("{}ms", checkpoint_every.as_millis()));
            }
            Self::Peak { phase, batch_size, .. } => {
                add("phase", phase.name().to_owned());
                add("batch-size", batch_size.to_string());
            }
            Self::Measure { .. } | Self::Probe { .. } => {}
        }
        words.extend(stop_with_stdin.then(|| "--stop-with-stdin".to_owned()));
        words.extend(std::iter::repeat_n("-v".to_owned(), verbose.into()));
        words
    }

    fn folder(&self) -> Option<&PathBuf> {
        match self {
            Self::Trial { folder, .. } | Self::Measure { folder, .. } | Self::Peak { folder, .. } => {
                Some(folder)
            }
            Self::Probe { .. } => None,
        }
    }
}

/// A duration on a command line: `500ms`, `30s`, `5m`, `1h30m`.
///
/// # Errors
/// Any other text, and a negative duration.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let duration = text.parse::<jiff::SignedDuration>().ok().and_then(|given| Duration::try_from(given).ok());
    duration.ok_or_else(|| "write a duration such as 0s, 30s or 5m".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use pool_spec::ComputeDevice;

    use super::*;

    #[derive(Debug, Parser)]
    #[command(no_binary_name = true)]
    struct Line {
        #[command(subcommand)]
        task: TaskCommand,
    }

    fn read(words: &[&str]) -> Result<TaskCommand, clap::Error> {
        Line::try_parse_from(words).map(|line| line.task)
    }

    fn commands() -> Vec<TaskCommand> {
        let usual = ProcessOptions {
            threads: 2,
            jobs: 3,
            kernels: Kernels::Fast,
            device: DeviceChoice::Auto,
            stop_with_stdin: false,
            verbose: 0,
        };
        let other = ProcessOptions {
            threads: 1_024,
            // A cluster may run as many as there are trials.
            jobs: 100_000,
            kernels: Kernels::Reference,
            device: DeviceChoice::Exactly(ComputeDevice::Cuda(1)),
            stop_with_stdin: true,
            verbose: 2,
        };
        let folder = PathBuf::from("runs/a b=c/trials/max-s1");
        let trial = |until_epoch, options| TaskCommand::Trial {
            folder: folder.clone(),
            until_epoch,
            checkpoint_every: Duration::from_millis(1_500),
            options,
        };
        let peak = |phase, batch_size, options| TaskCommand::Peak {
            folder: folder.clone(),
            phase,
            batch_size,
            options,
        };
        vec![
            trial(None, usual),
            trial(Some(9), other),
            TaskCommand::Measure { folder: folder.clone(), options: other },
            peak(Phase::Inference, 1, usual),
            peak(Phase::Training, 1_000, other),
            TaskCommand::Probe { options: usual },
        ]
    }

    #[test]
    fn what_is_written_is_what_is_read() {
        for command in commands() {
            let read = Line::try_parse_from(command.to_args()).unwrap().task;
            assert_eq!(read, command);
        }
    }

    #[test]
    fn a_person_may_leave_out_what_has_a_usual_value() {
        let TaskCommand::Trial { options, checkpoint_every, until_epoch: None, .. } =
            read(&["trial", "folder", "--threads=2"]).unwrap()
        else {
            panic!("a trial")
        };
        assert_eq!((options.jobs, options.device), (1, DeviceChoice::Auto));
        assert_eq!(checkpoint_every, Duration::from_secs(10));
    }

    #[test]
    fn what_is_wrong_is_named_with_what_would_be_right() {
        for (words, said) in [
            (&["trial", "--threads", "2"][..], "<FOLDER>"),
            (&["trial", "f"], "--threads <N>"),
            (&["trial", "f", "--thread", "2"], "a similar argument exists: '--threads'"),
            (&["trial", "f", "--threads", "2000"], "2000 is not in 1..=1024"),
            (&["trial", "f", "--threads", "1", "--until-epoch", "0"], "0 is not in 1.."),
            (&["trial", "f", "--threads", "1", "--checkpoint-every", "1 dya"], "such as 0s, 30s or 5m"),
            (&["trial", "f", "--threads", "1", "--device", "gpu"], "'gpu'"),
            (&["trial", "f", "--threads", "1", "--phase", "training"], "unexpected argument '--phase'"),
            (&["peak", "f", "--threads", "1", "--phase", "training", "--batch-size", "0"], "0 is not in 1.."),
        ] {
            let error = read(words).unwrap_err().to_string();
            assert!(error.contains(said), "{words:?}: {error}");
        }
    }
}
