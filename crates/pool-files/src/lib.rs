//! Files that are written whole or not at all, and read whatever they hold.
//!
//! - [`atomic_write`] writes to a temporary name beside the file, flushes, and renames: whoever reads the file finds the old
//!   content or the new one, whatever happens in between.
//! - [`PartialFolder`] does the same for a folder with its files.
//! - [`with_room`] makes room for what a file claims to hold, or says that there is none; [`free_memory_bytes`] is what there is.
//! - [`decode_png`] reads PNG pictures from anywhere: no panic, and memory in proportion to the file. [`decode_picture`] reads
//!   JPEG, WebP, BMP and GIF files, too. Both are behind the feature `png`.
//! - `MappedFile`, behind the feature `mapped`, is a file as memory that processes share.

mod atomic_write;
#[cfg(feature = "mapped")]
mod mapped;
mod memory;
mod partial_folder;
#[cfg(feature = "png")]
mod picture;
#[cfg(feature = "png")]
mod png;

pub use atomic_write::{PARTIAL_PREFIX, atomic_write, atomic_write_with};
#[cfg(feature = "mapped")]
pub use mapped::MappedFile;
pub use memory::{OutOfMemory, free_memory_bytes, make_room, with_room};
pub use partial_folder::PartialFolder;
#[cfg(feature = "png")]
pub use picture::{PICTURE_EXTENSIONS, PictureFileError, decode_picture};
#[cfg(feature = "png")]
pub use png::{
    DecodedPicture, MAX_PIXELS, MAX_SIDE, PngColour, PngDepth, PngError, check_picture_size, decode_png,
};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
