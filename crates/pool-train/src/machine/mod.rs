//! What this machine is, and what a process of ours takes of it.

mod contention;
mod device;
mod provenance;
mod resident_memory;
mod room;
mod stopwatch;

pub(crate) use contention::ProcessorUse;
pub use device::{ComputeDevice, DeviceChoice, NoDevice, UnknownDevice};
pub use provenance::{LIBTORCH_VERSION, cpu_name};
pub(crate) use provenance::{computed_with, describe, host, now};
pub(crate) use resident_memory::{PeakMemory, resident_peak_bytes};
pub(crate) use room::{free_disk_bytes, free_memory_bytes, out_of_memory_kills};
pub(crate) use stopwatch::Stopwatch;
