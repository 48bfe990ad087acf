//! One file per command.

pub(crate) mod apply;
pub(crate) mod compare;
pub(crate) mod data;
pub(crate) mod doctor;
mod gallery;
pub(crate) mod operators;
pub(crate) mod plan;
pub(crate) mod recommend;
pub(crate) mod report;
pub(crate) mod status;
pub(crate) mod stored;
pub(crate) mod summary;
pub(crate) mod sweep;
pub(crate) mod task;

/// Columns of the terminal; a fixed number where there is none.
fn terminal_width() -> u16 {
    const WITHOUT_TERMINAL: u16 = 110;
    terminal_size::terminal_size().map_or(WITHOUT_TERMINAL, |(width, _)| width.0)
}
