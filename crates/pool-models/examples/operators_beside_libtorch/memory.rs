//! Memory that the process keeps when it is freed.

use std::io;
use std::process::Command;

/// glibc otherwise gives large tensors back to the kernel, and by which of the two pieces of work that is done depends on
/// which tensor lies last: page faults, of many times the work itself, would count for one and not for the other.
/// (mallopt(3). Other systems ignore these.)
const KEPT: [(&str, &str); 2] = [("MALLOC_MMAP_MAX_", "0"), ("MALLOC_TRIM_THRESHOLD_", "1099511627776")];

/// Starts this program again so that freed memory is kept, unless it was started so; returns at once then. What the
/// environment says already is left as it is.
pub(crate) fn keep_freed() -> io::Result<()> {
    let missing: Vec<_> = KEPT.into_iter().filter(|(name, _)| std::env::var_os(name).is_none()).collect();
    if !cfg!(target_os = "linux") || missing.is_empty() {
        return Ok(());
    }
    let mut again = Command::new(std::env::current_exe()?);
    again.args(std::env::args_os().skip(1)).envs(missing);
    start_instead(again)
}

#[cfg(unix)]
fn start_instead(mut command: Command) -> io::Result<()> {
    use std::os::unix::process::CommandExt;
    Err(command.exec())
}

#[cfg(not(unix))]
fn start_instead(_command: Command) -> io::Result<()> {
    Ok(())
}
