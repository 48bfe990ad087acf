//! Search: arms drawn from a space, instead of or beside those that a sweep file lists.

mod check;
mod halving;
mod space;
mod toml_file;

pub(super) use check::{Around, Search};
use halving::Ladder;
pub(crate) use halving::best_arms;
pub(super) use halving::without_repeats;
use pool_metrics::PlannedRung;
pub(super) use space::Changes;
pub(super) use toml_file::SearchToml;

/// What a search adds to a plan.
#[derive(Debug, Clone, PartialEq)]
pub struct SearchPlan {
    /// The rungs of successive halving, the last of which trains to the end; empty where every trial does.
    pub rungs: Vec<PlannedRung>,
    /// Hours of training, added up over all trials, after which no other is started.
    pub hours: Option<f64>,
}
