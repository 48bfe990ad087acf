//! What the program writes: results to standard output, messages to standard error, and the log.

use std::fs::File;
use std::io::{ErrorKind, IsTerminal, Write};
use std::path::Path;
use std::sync::Mutex;

use anyhow::Context;
use tracing_subscriber::EnvFilter;

use crate::args::LogFormat;

/// Writes to standard output. A reader that stops early, such as `head`, is not an error.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// Writes a value to standard output as indented JSON.
pub(crate) fn print_json(value: &impl serde::Serialize) -> anyhow::Result<()> {
    print(&format!("{}\n", serde_json::to_string_pretty(value)?))
}

/// Writes a line to standard error. If that fails (a full disk, a closed pipe), the line is lost; `eprintln` would
/// panic.
pub(crate) fn eprint_line(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

fn filter(verbose: u8) -> EnvFilter {
    let level = match verbose {
        0 => "warn",
        1 => "info",
        _ => "debug",
    };
    EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level))
}

/// The log of the program itself.
pub(crate) fn log_to_stderr(verbose: u8, format: LogFormat) {
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter(verbose))
        .with_ansi(std::io::stderr().is_terminal())
        .log_internal_errors(false)
        .with_writer(std::io::stderr);
    match format {
        LogFormat::Text => builder.init(),
        LogFormat::Json => builder.json().init(),
    }
}

/// The log of one task, `log.jsonl` in its folder: at least what `-v` shows.
pub(crate) fn log_to_task_folder(folder: &Path, verbose: u8) -> anyhow::Result<()> {
    let path = folder.join("log.jsonl");
    let file = File::create(&path).with_context(|| format!("cannot create {}", path.display()))?;
    tracing_subscriber::fmt()
        .json()
        .log_internal_errors(false)
        .with_env_filter(filter(verbose.max(1)))
        .with_writer(Mutex::new(file))
        .init();
    Ok(())
}
