//! How the program ends: exit codes, and errors as one line.

use std::fmt;
use std::process::ExitCode;

use pool_metrics::OutputError;
use pool_models::files::FileError;
use pool_models::{ModelError, UnknownIsa};
use pool_report::ReportError;
use pool_train::{NoDevice, SlurmError, SweepError, TrainError};

use crate::output::say;

/// How a command ended that was not refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Done,
    /// Data, libtorch or a device is not there; the command has said how to get it.
    Missing,
    /// Some inputs could not be used; the command has named them, and has done the rest.
    WrongInput,
    /// Some trials died; the command has listed them.
    SomeTrialsFailed,
    /// No arm can be recommended; the command has said why.
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
            say(&format!("error: {error:#}"));
            code_of_error(&error)
        }
    };
    ExitCode::from(code)
}

fn code_of_error(error: &anyhow::Error) -> u8 {
    if let Some(error) = error.downcast_ref::<mnist_data::DataError>() {
        return if error.is_missing() { 3 } else { 2 };
    }
    if error.is::<NoDevice>() {
        return 3;
    }
    if error.is::<SweepError>()
        || error.is::<ReportError>()
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
    match error.downcast_ref::<TrainError>() {
        Some(error) if error.is_missing_data() => 3,
        Some(TrainError::Slurm(SlurmError::Missing { .. })) => 3,
        Some(TrainError::Stopped) => 130,
        Some(TrainError::Model(error)) => code_of_model_error(error),
        None => 1,
        Some(_) => 2,
    }
}

/// Settings and inputs were checked before libtorch saw them.
fn code_of_model_error(error: &ModelError) -> u8 {
    if matches!(error, ModelError::Torch(_)) { 1 } else { 2 }
}

/// A panic is a bug: it says so in one line and ends with exit code 1.
pub(crate) fn explain_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let message = panic
            .payload()
            .downcast_ref::<&str>()
            .copied()
            .or_else(|| panic.payload().downcast_ref::<String>().map(String::as_str))
            .unwrap_or("no message");
        // libtorch's messages carry a C++ stack.
        let message = message.lines().next().unwrap_or_default();
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        say(&format!("error: this is a bug in pool-cli, please report it: {message} ({place})"));
        std::process::exit(1);
    }));
}
