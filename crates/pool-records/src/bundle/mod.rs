//! A run as one file: everything that its report is made of, for a reader who has nothing else of it.
//!
//! A bundle is a tar archive, packed with gzip:
//!
//! ```text
//! plan.json                                    first: it says which of the next there may be
//! costs/<id>/{record,failure,paused}.json      as they lie in the run directory, byte by byte, by name
//! seeds-of-reports.json  sweep.toml
//! trials/<id>/{record,failure,paused}.json
//! Cargo.lock  README.txt  environment.json     of the program that packed, for the reader, of what computed
//! ```
//!
//! Weights, checkpoints, logs and event files are not in it, and no report reads them. A record keeps every prediction,
//! so every comparison can be computed again.
//!
//! [`pack_run`] writes the same bytes for the same run: order, times, owners and modes are fixed. [`unpack_run`] treats
//! a bundle as hostile: it takes regular files of the plan's own names and nothing else, no more bytes than the bounds
//! in `contents.rs` allow, and gives the folder its name when all of it is there.

mod contents;
mod pack;
mod unpack;

pub use pack::{PackedBy, PackedRun, pack_run};
pub use unpack::unpack_run;
