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

use pool_train::{Trial, TrialSpec};

/// Columns of the terminal; a fixed number where there is none.
fn terminal_width() -> u16 {
    const WITHOUT_TERMINAL: u16 = 110;
    terminal_size::terminal_size().map_or(WITHOUT_TERMINAL, |(width, _)| width.0)
}

/// The first trial's spec of each arm, in order.
fn one_per_arm<'a>(trials: &[&'a Trial]) -> Vec<&'a TrialSpec> {
    let mut specs: Vec<&TrialSpec> = Vec::new();
    for trial in trials {
        if specs.iter().all(|spec| spec.arm != trial.spec().arm) {
            specs.push(trial.spec());
        }
    }
    specs
}
