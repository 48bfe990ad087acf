//! Running the program as a user does.

use std::path::Path;
use std::process::{Command, Output};

/// The program, in `folder`, with nothing of the user's environment that could change what it does.
pub(crate) fn pool_cli(folder: &Path) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("pool-cli"));
    command.current_dir(folder).env_remove("RUST_LOG").env_remove("COLUMNS");
    command
}

/// What it wrote to standard error.
pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
