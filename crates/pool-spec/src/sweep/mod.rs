//! The sweep file: read as TOML, checked once, expanded into a plan.

mod arm;
mod check;
mod control;
mod error;
mod expand;
mod network;
mod search;
mod toml_file;

pub use arm::{Arm, ArmOverrides};
pub use check::Sweep;
pub use error::SweepError;
pub use network::NetworkTemplate;
