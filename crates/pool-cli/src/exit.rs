//! How the program ends: exit codes, and errors as one line.

use std::fmt;
use std::process::ExitCode;

use pool_models::files::FileError;
use pool_models::{ModelError, UnknownIsa};
use pool_records::{BundleError, OutputError, RunError};
use pool_report::ReportError;
use pool_run::{ScheduleError, SlurmError};
use pool_spec::{NetworkError, SweepError, UnknownArm};
use pool_train::{NoDevice, TrainError};

use crate::output::eprint_line;

/// The end of a command that ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Done,
    /// Data, libtorch or a device is missing; the command has printed the cure.
    Missing,
    /// Some inputs could not be used; the command has named them, and has done the rest.
    WrongInput,
    /// Some trials failed; the command has listed them.
    SomeTrialsFailed,
    /// No arm can be recommended; the command has printed why.
    NoArm,
    /// Ctrl-C, or a request to terminate.
    Interrupted,
}

/// Arguments that do not fit one another or the sweep file.
#[derive(Debug)]
pub(crate) struct Usage(pub(crate) &'static str);

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Usage {}

/// The documented exit code; prints the error, if there is one.
pub(crate) fn code_of(result: anyhow::Result<Outcome>) -> ExitCode {
    let code = match result {
        Ok(Outcome::Done) => 0,
        Ok(Outcome::WrongInput) => 2,
        Ok(Outcome::Missing) => 3,
        Ok(Outcome::SomeTrialsFailed) => 4,
        Ok(Outcome::NoArm) => 5,
        Ok(Outcome::Interrupted) => 130,
        Err(error) => {
            eprint_line(&format!("error: {error:#}"));
            code_of_error(&error)
        }
    };
    ExitCode::from(code)
}

fn code_of_error(error: &anyhow::Error) -> u8 {
    if let Some(error) = error.downcast_ref::<mnist_data::DataError>() {
        return if error.is_missing() { 3 } else { 2 };
    }
    if let Some(error) = error.downcast_ref::<SweepError>() {
        return if error.is_missing_data { 3 } else { 2 };
    }
    if error.is::<NoDevice>() {
        return 3;
    }
    if error.is::<UnknownArm>()
        || error.is::<NetworkError>()
        || error.is::<ReportError>()
        || error.is::<BundleError>()
        || error.is::<FileError>()
        || error.is::<OutputError>()
        || error.is::<UnknownIsa>()
        || error.is::<Usage>()
        || error.is::<std::io::Error>()
    {
        return 2;
    }
    if let Some(error) = error.downcast_ref::<ModelError>() {
        return code_of_model_error(error);
    }
    if let Some(error) = error.downcast_ref::<RunError>() {
        return code_of_run_error(error);
    }
    match error.downcast_ref::<ScheduleError>() {
        Some(ScheduleError::Slurm(SlurmError::Missing { .. })) => return 3,
        Some(ScheduleError::Run(error)) => return code_of_run_error(error),
        Some(_) => return 2,
        None => {}
    }
    match error.downcast_ref::<TrainError>() {
        Some(error) if error.is_missing_data() => 3,
        Some(TrainError::Run(error)) => code_of_run_error(error),
        Some(TrainError::Model(error)) => code_of_model_error(error),
        None => 1,
        Some(_) => 2,
    }
}

fn code_of_run_error(error: &RunError) -> u8 {
    if matches!(error, RunError::Stopped) { 130 } else { 2 }
}

/// Settings and inputs were checked before libtorch saw them.
fn code_of_model_error(error: &ModelError) -> u8 {
    if matches!(error, ModelError::Torch(_)) { 1 } else { 2 }
}

/// A panic is a bug: one line reports it, and the exit code is 1.
pub(crate) fn explain_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let message = panic
            .payload()
            .downcast_ref::<&str>()
            .copied()
            .or_else(|| panic.payload().downcast_ref::<String>().map(String::as_str))
            .unwrap_or("no message");
        // libtorch's messages carry a C++ stack, with its ends of lines written out where they are quoted.
        let message = message.lines().next().unwrap_or_default();
        let message = message.split("\\n").next().unwrap_or_default();
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        eprint_line(&format!("error: this is a bug in pool-cli, please report it: {message} ({place})"));
        std::process::exit(1);
    }));
}
