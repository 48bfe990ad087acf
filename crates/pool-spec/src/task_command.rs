//! What a process of a sweep is asked to do, and how that is written on its command line.
//!
//! A sweep starts this program again for every task. Whoever starts one (this machine, a cluster, a measurement) writes a
//! [`TaskCommand`] with [`TaskCommand::to_args`]; the program that was started reads it with [`TaskCommand::from_args`].

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use crate::{DeviceChoice, Kernels};

/// What one process does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TaskCommand {
    /// Trains one arm with one seed.
    Trial {
        /// The trial's folder, with its spec.json.
        folder: PathBuf,
        /// Pause after this epoch. `None` trains to the end.
        until_epoch: Option<u32>,
        /// The shortest time between two checkpoints.
        checkpoint_every: Duration,
        /// How it computes.
        options: ProcessOptions,
    },
    /// Measures what an arm costs.
    Measure {
        /// The measurement's folder, with its spec.json.
        folder: PathBuf,
        /// How it computes.
        options: ProcessOptions,
    },
    /// Measures one peak of memory.
    Peak {
        /// The measurement's folder, with its spec.json.
        folder: PathBuf,
        /// What the network does meanwhile.
        phase: Phase,
        /// Images of a batch.
        batch_size: usize,
        /// How it computes.
        options: ProcessOptions,
    },
    /// Times a few steps of the trial whose spec is on standard input.
    Probe {
        /// How it computes.
        options: ProcessOptions,
    },
}

/// How a process computes. None of it is part of a task's identity: results differ by rounding at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProcessOptions {
    /// Threads for libtorch.
    pub threads: u32,
    /// Tasks that may run at once, this one included.
    pub jobs: u32,
    /// Which implementation computes the layers.
    pub kernels: Kernels,
    /// Where to compute.
    pub device: DeviceChoice,
    /// Stop when standard input is closed, as it is when the parent dies.
    pub stop_with_stdin: bool,
    /// How much is logged: 0 is only what is wrong.
    pub verbose: u8,
}

/// What a network does while its memory is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Steps of training.
    Training,
    /// Predicting, without gradients.
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

/// A command line that no task understands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name} {problem}; sweep starts it as: pool-cli {name} {usage}")]
pub struct TaskCommandError {
    name: &'static str,
    problem: String,
    usage: &'static str,
}

const THREADS: &str = "--threads";
const JOBS: &str = "--jobs";
const KERNELS: &str = "--kernels";
const DEVICE: &str = "--device";
const UNTIL_EPOCH: &str = "--until-epoch";
const CHECKPOINT_EVERY: &str = "--checkpoint-every";
const PHASE: &str = "--phase";
const BATCH_SIZE: &str = "--batch-size";
const STOP_WITH_STDIN: &str = "--stop-with-stdin";
const VERBOSE: &str = "-v";

/// The most threads and tasks that are taken seriously.
const MOST: u32 = 1_024;

impl TaskCommand {
    /// The time between two checkpoints unless another is asked for.
    pub const USUAL_CHECKPOINT_EVERY: Duration = Duration::from_secs(10);

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
        let mut add = |name: &str, value: String| words.extend([name.to_owned(), value]);
        let ProcessOptions { threads, jobs, kernels, device, stop_with_stdin, verbose } = self.options();
        add(THREADS, threads.to_string());
        add(JOBS, jobs.to_string());
        add(KERNELS, kernels.to_string());
        add(DEVICE, device.to_string());
        match self {
            Self::Trial { until_epoch, checkpoint_every, .. } => {
                if let Some(epoch) = until_epoch {
                    add(UNTIL_EPOCH, epoch.to_string());
                }
                add(CHECKPOINT_EVERY, format!("{}ms", checkpoint_every.as_millis()));
            }
            Self::Peak { phase, batch_size, .. } => {
                add(PHASE, phase.name().to_owned());
                add(BATCH_SIZE, batch_size.to_string());
            }
            Self::Measure { .. } | Self::Probe { .. } => {}
        }
        words.extend(stop_with_stdin.then(|| STOP_WITH_STDIN.to_owned()));
        words.extend(std::iter::repeat_n(VERBOSE.to_owned(), verbose.into()));
        words
    }

    /// Reads the words after the command's name, `trial` and so on.
    ///
    /// # Errors
    /// Another name, a word that it does not know, a value that is none, or a missing option.
    pub fn from_args(name: &str, words: &[OsString]) -> Result<Self, TaskCommandError> {
        let (name, usage) = usage(name);
        let error = |problem: String| TaskCommandError { name, problem, usage };
        let mut words = Words::read(words, name != "probe").map_err(error)?;
        let folder = words.folder.take();
        let folder = || folder.clone().ok_or_else(|| error("needs the task's folder".to_owned()));
        let options = ProcessOptions {
            threads: words.required(THREADS, count).map_err(error)?,
            jobs: words.optional(JOBS, count).map_err(error)?.unwrap_or(1),
            kernels: words.optional(KERNELS, parsed).map_err(error)?.unwrap_or_default(),
            device: words.optional(DEVICE, parsed).map_err(error)?.unwrap_or_default(),
            stop_with_stdin: words.stop_with_stdin,
            verbose: words.verbose,
        };
        let command = match name {
            "trial" => Self::Trial {
                folder: folder()?,
                until_epoch: words.optional(UNTIL_EPOCH, epoch).map_err(error)?,
                checkpoint_every: words
                    .optional(CHECKPOINT_EVERY, duration)
                    .map_err(error)?
                    .unwrap_or(Self::USUAL_CHECKPOINT_EVERY),
                options,
            },
            "measure" => Self::Measure { folder: folder()?, options },
            "peak" => Self::Peak {
                folder: folder()?,
                phase: words.required(PHASE, phase).map_err(error)?,
                batch_size: words.required(BATCH_SIZE, parsed).map_err(error)?,
                options,
            },
            _ => Self::Probe { options },
        };
        match words.values.first() {
            Some((option, _)) => Err(error(format!("does not take {option}"))),
            None => Ok(command),
        }
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

fn usage(name: &str) -> (&'static str, &'static str) {
    match name {
        "trial" => (
            "trial",
            "FOLDER --threads N [--jobs N] [--kernels fast|reference] [--device auto|cpu|cuda|cuda:N] \
             [--until-epoch N] [--checkpoint-every 10s] [--stop-with-stdin] [-v]",
        ),
        "measure" => (
            "measure",
            "FOLDER --threads N [--jobs N] [--kernels fast|reference] [--device auto|cpu|cuda|cuda:N] \
             [--stop-with-stdin] [-v]",
        ),
        "peak" => ("peak", "FOLDER --phase training|inference --batch-size N --threads N"),
        _ => ("probe", "--threads N, with a trial's spec on standard input"),
    }
}

/// The words of a command line, before they mean anything.
struct Words {
    folder: Option<PathBuf>,
    values: Vec<(String, String)>,
    stop_with_stdin: bool,
    verbose: u8,
}

impl Words {
    fn read(words: &[OsString], has_folder: bool) -> Result<Self, String> {
        let mut read = Self { folder: None, values: Vec::new(), stop_with_stdin: false, verbose: 0 };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let text = word.to_string_lossy();
            let (option, attached) = match text.split_once('=') {
                Some((option, value)) if option.starts_with("--") => (option, Some(value.to_owned())),
                _ => (&*text, None),
            };
            match option {
                STOP_WITH_STDIN if attached.is_none() => read.stop_with_stdin = true,
                VERBOSE | "-vv" | "--verbose" => read.verbose += if option == "-vv" { 2 } else { 1 },
                _ if option.starts_with('-') => {
                    let value = attached
                        .or_else(|| words.next().map(|value| OsStr::to_string_lossy(value).into_owned()))
                        .ok_or_else(|| format!("needs a value after {option}"))?;
                    read.values.push((option.to_owned(), value));
                }
                _ if has_folder && read.folder.is_none() => read.folder = Some(PathBuf::from(word)),
                _ => return Err(format!("does not understand {text:?}")),
            }
        }
        Ok(read)
    }

    /// Takes the value of an option, if it is there; of two, the last.
    fn optional<T>(&mut self, name: &str, read: fn(&str) -> Option<T>) -> Result<Option<T>, String> {
        let found =
            self.values.iter().rev().find(|(option, _)| option == name).map(|(_, value)| value.clone());
        self.values.retain(|(option, _)| option != name);
        let read = |value: String| read(&value).ok_or_else(|| format!("does not understand {name} {value}"));
        found.map(read).transpose()
    }

    fn required<T>(&mut self, name: &str, read: fn(&str) -> Option<T>) -> Result<T, String> {
        self.optional(name, read)?.ok_or_else(|| format!("needs {name}"))
    }
}

fn parsed<T: FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

fn count(text: &str) -> Option<u32> {
    parsed(text).filter(|count| (1..=MOST).contains(count))
}

fn epoch(text: &str) -> Option<u32> {
    parsed(text).filter(|&epoch| epoch > 0)
}

fn phase(text: &str) -> Option<Phase> {
    Phase::ALL.into_iter().find(|phase| phase.name() == text)
}

/// A whole number of milliseconds, seconds or minutes: `500ms`, `60s`, `5m`.
fn duration(text: &str) -> Option<Duration> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let number: u64 = parsed(&text[..digits])?;
    match &text[digits..] {
        "ms" => Some(Duration::from_millis(number)),
        "s" => Some(Duration::from_secs(number)),
        "m" | "min" => Some(Duration::from_secs(number.checked_mul(60)?)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ComputeDevice;

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
            threads: MOST,
            jobs: 1,
            kernels: Kernels::Reference,
            device: DeviceChoice::Exactly(ComputeDevice::Cuda(1)),
            stop_with_stdin: true,
            verbose: 2,
        };
        let folder = PathBuf::from("runs/a b=c/trials/max-s1");
        let checkpoint_every = Duration::from_millis(1_500);
        vec![
            TaskCommand::Trial {
                folder: folder.clone(),
                until_epoch: None,
                checkpoint_every,
                options: usual,
            },
            TaskCommand::Trial {
                folder: folder.clone(),
                until_epoch: Some(9),
                checkpoint_every,
                options: other,
            },
            TaskCommand::Measure { folder: folder.clone(), options: other },
            TaskCommand::Peak {
                folder: folder.clone(),
                phase: Phase::Inference,
                batch_size: 1,
                options: usual,
            },
            TaskCommand::Peak { folder, phase: Phase::Training, batch_size: 1_000, options: other },
            TaskCommand::Probe { options: usual },
        ]
    }

    #[test]
    fn what_is_written_is_what_is_read() {
        for command in commands() {
            let words = command.to_args();
            let read = TaskCommand::from_args(&words[0].to_string_lossy(), &words[1..]);
            assert_eq!(read, Ok(command));
        }
    }

    #[test]
    fn a_person_may_leave_out_what_has_a_usual_value() {
        let words = ["folder", "--threads=2"].map(OsString::from);
        let TaskCommand::Trial { options, checkpoint_every, until_epoch: None, .. } =
            TaskCommand::from_args("trial", &words).unwrap()
        else {
            panic!("a trial")
        };
        assert_eq!((options.jobs, options.device), (1, DeviceChoice::Auto));
        assert_eq!(checkpoint_every, TaskCommand::USUAL_CHECKPOINT_EVERY);
    }

    #[test]
    fn what_is_wrong_is_named_with_what_would_be_right() {
        for (words, problem) in [
            (&["--threads", "2"][..], "needs the task's folder"),
            (&["f"], "needs --threads"),
            (&["f", "--threads"], "needs a value after --threads"),
            (&["f", "--threads", "0"], "does not understand --threads 0"),
            (&["f", "--threads", "1", "--until-epoch", "0"], "does not understand --until-epoch 0"),
            (
                &["f", "--threads", "1", "--checkpoint-every", "1 day"],
                "does not understand --checkpoint-every 1 day",
            ),
            (&["f", "--threads", "1", "--device", "gpu"], "does not understand --device gpu"),
            (&["f", "--threads", "1", "--phase", "training"], "does not take --phase"),
            (&["f", "g", "--threads", "1"], "does not understand \"g\""),
        ] {
            let words: Vec<OsString> = words.iter().map(OsString::from).collect();
            let error = TaskCommand::from_args("trial", &words).unwrap_err().to_string();
            assert!(
                error.starts_with(&format!("trial {problem}; sweep starts it as: pool-cli trial FOLDER")),
                "{error}"
            );
        }
    }
}
