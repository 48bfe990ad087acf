//! What runs, in which order, and what becomes of it: one program for all tests of the crate.

mod design;
mod estimate;
mod fake;
#[cfg(unix)]
mod processes;
mod scheduling;
mod search;
mod sharing;
mod tuning;
