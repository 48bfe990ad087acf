//! What can be wrong with the bytes of an IDX file, each with its field, what was expected and what was found.

use std::io;

use crate::memory::OutOfMemory;

/// Why bytes are not an IDX array. The file's name is added by [`DataError::Idx`](crate::DataError::Idx).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IdxError {
    /// The data ends inside the header.
    #[error("{field}: expected {expected} header bytes, found {found}; the file is cut off, get it again")]
    TruncatedHeader {
        /// The header field in which the data ends.
        field: String,
        /// How many header bytes are needed up to the end of this field.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// The first two bytes are not zero.
    #[error("magic number: expected first bytes 0x00 0x00, found 0x{:02x} 0x{:02x}; this is not an IDX file", .found[0], .found[1])]
    WrongMagic {
        /// The first two bytes.
        found: [u8; 2],
    },
    /// The third byte names no element type.
    #[error(
        "element type: expected 0x08 (u8), 0x09 (i8), 0x0b (i16), 0x0c (i32), 0x0d (f32) or 0x0e (f64), \
         found 0x{found:02x}; this is not an IDX file"
    )]
    UnknownElementType {
        /// The third byte.
        found: u8,
    },
    /// The fourth byte is not a number of dimensions that is supported.
    #[error("dimension count: expected 1 to 4, found {found}; reshape the array before it is written")]
    DimensionCount {
        /// The fourth byte.
        found: u8,
    },
    /// The sizes of the dimensions multiply to more bytes than an address can count.
    #[error(
        "dimension sizes: expected a product below 2^63 bytes, found {shape:?} elements of {element_bytes} bytes; \
         the header is damaged, get the file again"
    )]
    TooLarge {
        /// The size of each dimension.
        shape: Vec<u32>,
        /// The size of one element, in bytes.
        element_bytes: usize,
    },
    /// The data ends inside the body.
    #[error("body: expected {expected} bytes, found {found}; the file is cut off, get it again")]
    TruncatedBody {
        /// How many bytes the header announces.
        expected: u64,
        /// How many there are.
        found: u64,
    },
    /// Data goes on behind the body.
    #[error(
        "body: expected {expected} bytes, found more; the header is damaged or something was appended, get the file again"
    )]
    TrailingBytes {
        /// How many bytes the header announces.
        expected: u64,
    },
    /// The system does not have the memory that the elements take.
    #[error("body: {0}; use a smaller file, or a machine with more memory")]
    OutOfMemory(OutOfMemory),
    /// The gzip stream is damaged or cut off.
    #[error("{field}: expected an intact gzip stream, found: {cause}; get the file again")]
    BrokenGzip {
        /// What was being read.
        field: String,
        /// The decompressor's complaint.
        cause: io::Error,
    },
    /// Reading failed for a reason outside the data.
    #[error("{field}: cannot read: {cause}")]
    Io {
        /// What was being read.
        field: String,
        /// The refusal.
        cause: io::Error,
    },
}

impl IdxError {
    /// A failed read, told apart by whether the gzip stream or what lies behind it failed.
    pub(super) fn from_read(field: &str, cause: io::Error, broken_gzip: bool) -> Self {
        let field = field.to_owned();
        if broken_gzip { Self::BrokenGzip { field, cause } } else { Self::Io { field, cause } }
    }
}
