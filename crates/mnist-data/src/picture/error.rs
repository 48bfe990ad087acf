//! What can be wrong with a picture, with what was expected and what mends it.

use super::{MAX_PIXELS, MAX_SIDE};
use crate::memory::OutOfMemory;

/// Why something is no picture that a network could be shown. The file's name is added by
/// [`DataError::Picture`](crate::DataError::Picture).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PictureError {
    /// A file without content.
    #[error("expected a PNG picture, found an empty file; export the picture again")]
    Empty,
    /// A file that does not begin as a PNG file does.
    #[error("expected a PNG picture, found a file of another kind; convert it to PNG")]
    NotPng,
    /// A PNG file that cannot be decoded.
    #[error("the PNG file is damaged or cut off: {reason}; export the picture again")]
    Damaged {
        /// The decoder's complaint.
        reason: String,
    },
    /// The system does not have the memory that the pixels take.
    #[error("{0}; use a smaller picture, or a machine with more memory")]
    OutOfMemory(OutOfMemory),
    /// More pixels than are read, so that a small file cannot unpack to terabytes.
    #[error(
        "expected at most {MAX_SIDE} pixels a side and {MAX_PIXELS} in all, found {height}x{width}; shrink the picture"
    )]
    TooLarge {
        /// Height, in pixels.
        height: usize,
        /// Width, in pixels.
        width: usize,
    },
    /// The arguments of [`Picture::new`](crate::Picture::new) do not fit together.
    #[error(
        "pixel count: expected {height}x{width} and at least 1, found {pixels}; pass the grey values as [H, W]"
    )]
    Shape {
        /// Height, in pixels.
        height: usize,
        /// Width, in pixels.
        width: usize,
        /// How many pixels there are.
        pixels: usize,
    },
    /// All pixels have nearly the same grey value.
    #[error(
        "there is nothing in it to recognise: all grey values are {least} to {greatest} of 255; \
         use a picture with more contrast"
    )]
    Uniform {
        /// The darkest grey value.
        least: u8,
        /// The lightest grey value.
        greatest: u8,
    },
    /// A frame that no network has.
    #[error(
        "frame: expected 1 to {MAX_SIDE} pixels a side, found {height}x{width}; pass the network's input size"
    )]
    Frame {
        /// Height, in pixels.
        height: usize,
        /// Width, in pixels.
        width: usize,
    },
}
