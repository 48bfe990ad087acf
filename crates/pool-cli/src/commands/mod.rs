//! The commands, grouped as their arguments are.

pub(crate) mod data;
pub(crate) mod doctor;
pub(crate) mod layer;
pub(crate) mod run;
pub(crate) mod stored;
pub(crate) mod sweep;
pub(crate) mod task;

/// The name and version of this program, as records have them.
const PROGRAM: &str = concat!("pool-cli ", env!("CARGO_PKG_VERSION"));
/// The Git revision that it was built from; `None` when built outside a repository.
const GIT_REVISION: Option<&str> = option_env!("POOL_GIT_REVISION");

/// Columns of the terminal; a fixed number where there is none.
fn terminal_width() -> u16 {
    const WITHOUT_TERMINAL: u16 = 110;
    terminal_size::terminal_size().map_or(WITHOUT_TERMINAL, |(width, _)| width.0)
}
