//! Arguments that a sweep gives to the processes it starts: written and read by `pool_spec::TaskCommand`.

use std::ffi::OsString;

use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct TaskArgs {
    /// The task's folder, and options; the error of a wrong command line lists them
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) words: Vec<OsString>,
}
