//! What this machine is, and what a process of ours takes of it.

mod contention;
mod device;
mod provenance;
mod resident_memory;
mod stopwatch;

pub(crate) use contention::ProcessorUse;
pub use device::{NoDevice, resolve_device};
pub(crate) use device::{evaluation_batch, seed_device, synchronize, torch};
pub use provenance::{LIBTORCH_VERSION, cpu_name};
pub(crate) use provenance::{computed_with, describe, now};
pub(crate) use resident_memory::{PeakMemory, resident_peak_bytes};
pub(crate) use stopwatch::Stopwatch;
