//! The commands, grouped as their arguments are.

pub(crate) mod data;
pub(crate) mod doctor;
pub(crate) mod layer;
pub(crate) mod run;
pub(crate) mod stored;
pub(crate) mod sweep;
pub(crate) mod task;

/// Columns of the terminal; a fixed number where there is none.
fn terminal_width() -> u16 {
    const WITHOUT_TERMINAL: u16 = 110;
    terminal_size::terminal_size().map_or(WITHOUT_TERMINAL, |(width, _)| width.0)
}
