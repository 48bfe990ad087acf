//! The IDX file format of the MNIST family: arrays of one element type behind a small big-endian header.

mod body;
mod error;
mod header;

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

pub use error::IdxError;
pub use header::IdxType;

use crate::error::DataError;
use crate::unpacked::Unpacked;
use header::Header;

/// An array read from an IDX file, row-major.
#[derive(Debug, Clone, PartialEq)]
pub struct IdxArray {
    /// The size of each dimension, outermost first: `[N, H, W]` for images, `[N]` for labels.
    pub shape: Vec<usize>,
    /// The elements; as many as the product of `shape`.
    pub values: IdxValues,
}

/// The elements of an [`IdxArray`], in the type that the file's header names.
#[derive(Debug, Clone, PartialEq)]
pub enum IdxValues {
    /// Type 0x08.
    U8(Vec<u8>),
    /// Type 0x09.
    I8(Vec<i8>),
    /// Type 0x0B.
    I16(Vec<i16>),
    /// Type 0x0C.
    I32(Vec<i32>),
    /// Type 0x0D.
    F32(Vec<f32>),
    /// Type 0x0E.
    F64(Vec<f64>),
}

impl IdxValues {
    /// How many elements there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::U8(values) => values.len(),
            Self::I8(values) => values.len(),
            Self::I16(values) => values.len(),
            Self::I32(values) => values.len(),
            Self::F32(values) => values.len(),
            Self::F64(values) => values.len(),
        }
    }

    /// Whether there is no element.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The type of the elements.
    #[must_use]
    pub fn element_type(&self) -> IdxType {
        match self {
            Self::U8(_) => IdxType::U8,
            Self::I8(_) => IdxType::I8,
            Self::I16(_) => IdxType::I16,
            Self::I32(_) => IdxType::I32,
            Self::F32(_) => IdxType::F32,
            Self::F64(_) => IdxType::F64,
        }
    }
}

/// Reads one IDX file, gzip-compressed or not (decided by its first bytes, not by its name).
///
/// # Errors
///
/// [`DataError::NoSuchFile`], [`DataError::Io`], or [`DataError::Idx`] with the [`IdxError`] that names the field.
pub fn read_idx(path: &Path) -> Result<IdxArray, DataError> {
    let file = open(path)?;
    decode_idx(file).map_err(|problem| in_file(path, problem))
}

/// Reads one IDX file and the SHA-256 of its decompressed bytes (lower-case hex), in one pass.
///
/// # Errors
///
/// As [`read_idx`].
pub fn read_idx_with_sha256(path: &Path) -> Result<(IdxArray, String), DataError> {
    read_limited_with_sha256(path, u64::MAX)
}

/// As [`read_idx_with_sha256`], but sees no more than `limit` decompressed bytes.
pub(crate) fn read_limited_with_sha256(path: &Path, limit: u64) -> Result<(IdxArray, String), DataError> {
    let mut stream = Unpacked::hashing(open(path)?, limit).map_err(DataError::io(path, "read"))?;
    let array = decode(&mut stream).map_err(|problem| in_file(path, problem))?;
    Ok((array, stream.into_sha256()))
}

/// Decodes one IDX array from a reader, gzip-compressed or not; the reader must end where the array ends.
///
/// Memory grows as data arrives: a header that claims terabytes costs nothing, and of a gzip stream no more is
/// unpacked than its header claims and one byte.
///
/// # Errors
///
/// One [`IdxError`] for each way in which the bytes can be wrong, or [`IdxError::Io`] when the reader fails.
pub fn decode_idx(reader: impl Read) -> Result<IdxArray, IdxError> {
    let mut stream =
        Unpacked::new(reader).map_err(|cause| IdxError::Io { field: "magic number".into(), cause })?;
    decode(&mut stream)
}

fn decode<R: Read>(stream: &mut Unpacked<R>) -> Result<IdxArray, IdxError> {
    let header = Header::read(stream)?;
    let values = body::read_values(stream, &header)?;
    Ok(IdxArray { shape: header.shape, values })
}

/// Opens a file for reading, and tells a missing one from an unreadable one.
pub(crate) fn open(path: &Path) -> Result<File, DataError> {
    File::open(path).map_err(|cause| match cause.kind() {
        io::ErrorKind::NotFound => DataError::NoSuchFile { file: path.to_path_buf() },
        _ => DataError::Io { path: path.to_path_buf(), action: "open", cause },
    })
}

fn in_file(path: &Path, problem: IdxError) -> DataError {
    match problem {
        IdxError::Io { cause, .. } => DataError::Io { path: path.to_path_buf(), action: "read", cause },
        problem => DataError::Idx { file: path.to_path_buf(), problem },
    }
}
