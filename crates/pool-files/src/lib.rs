//! Files that are written whole or not at all.
//!
//! [`atomic_write`] writes to a temporary name beside the file, flushes, and renames: whoever reads the file finds the old
//! content or the new one, whatever happens in between.

mod atomic_write;

pub use atomic_write::{PARTIAL_PREFIX, atomic_write, atomic_write_with};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
