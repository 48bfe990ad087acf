//! Search: arms drawn from a space, instead of or beside those that a sweep file lists.

mod check;
mod halving;
mod space;
mod toml_file;

pub(super) use check::{Around, Search};
use halving::Ladder;
pub use halving::Rung;
pub(crate) use halving::{best_arms, without_repeats};
pub(super) use space::Changes;
pub(super) use toml_file::SearchToml;

/// What a search adds to a plan.
#[derive(Debug, Clone, PartialEq)]
pub struct SearchPlan {
    /// The rungs of successive halving, the last of which trains to the end; empty where every trial does.
    pub rungs: Vec<Rung>,
    /// Hours of training, added up over all trials, after which no other is started.
    pub hours: Option<f64>,
}
