//! Search: arms drawn from a space, instead of or besides those that a sweep file lists.

mod check;
mod halving;
mod space;
mod toml_file;

pub(super) use check::{Search, SearchContext};
use halving::Ladder;

pub use space::ArmOverrides;
pub(super) use toml_file::SearchToml;
