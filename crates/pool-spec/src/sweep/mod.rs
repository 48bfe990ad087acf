//! The sweep file: read as TOML, checked once, expanded into a plan.

mod check;
mod control;
mod error;
mod expand;
mod network;
mod search;
mod toml_file;

pub use check::{Arm, Sweep};
pub use error::SweepError;
pub use network::NetworkTemplate;
pub use search::ArmOverrides;
