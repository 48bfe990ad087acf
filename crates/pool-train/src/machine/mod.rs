//! What this machine is, and what a process of ours takes of it.

mod contention;
mod provenance;
mod resident_memory;

pub(crate) use contention::ProcessorUse;
pub use provenance::{LIBTORCH_VERSION, cpu_name};
pub(crate) use provenance::{describe, now};
pub(crate) use resident_memory::PeakMemory;
