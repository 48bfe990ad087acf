//! The sweep file: read as TOML, checked once, expanded into a plan.

mod arm;
mod axes;
mod check;
mod check_data;
mod claims;
mod control;
mod error;
mod expand;
mod filling;
mod network;
mod networks;
mod search;
mod seeds;
mod site;
mod template_layer;
mod toml_file;
mod tune;

pub use arm::{Arm, ArmOverrides};
pub use check::Sweep;
pub use error::SweepError;
pub use filling::{ConvChange, Filling, FillingLayer, Fillings};
pub use network::{FillError, NetworkTemplate};
pub use networks::BuiltInNetwork;
pub use site::Site;
