//! Where the log goes.

use std::fs::File;
use std::io::IsTerminal;
use std::path::Path;
use std::sync::Mutex;

use anyhow::Context;
use tracing_subscriber::EnvFilter;

use crate::args::LogFormat;

fn filter(verbose: u8) -> EnvFilter {
    let level = match verbose {
        0 => "warn",
        1 => "info",
        _ => "debug",
    };
    EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level))
}

/// The log of the program itself.
pub(crate) fn to_stderr(verbose: u8, format: LogFormat) {
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
pub(crate) fn to_task_folder(folder: &Path, verbose: u8) -> anyhow::Result<()> {
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
