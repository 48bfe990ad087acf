//! The IDX header: two zero bytes, the element type, the number of dimensions, then each size as a big-endian `u32`.

use std::fmt;
use std::io::Read;

use super::error::IdxError;
use crate::unpacked::{Unpacked, read_full};

/// The element type of an IDX file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IdxType {
    /// Unsigned byte, code 0x08.
    U8,
    /// Signed byte, code 0x09.
    I8,
    /// 16-bit integer, code 0x0B.
    I16,
    /// 32-bit integer, code 0x0C.
    I32,
    /// 32-bit float, code 0x0D.
    F32,
    /// 64-bit float, code 0x0E.
    F64,
}

impl IdxType {
    fn from_code(code: u8) -> Option<Self> {
        match code {
            0x08 => Some(Self::U8),
            0x09 => Some(Self::I8),
            0x0b => Some(Self::I16),
            0x0c => Some(Self::I32),
            0x0d => Some(Self::F32),
            0x0e => Some(Self::F64),
            _ => None,
        }
    }

    /// The byte that stands for this type in a header.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::U8 => 0x08,
            Self::I8 => 0x09,
            Self::I16 => 0x0b,
            Self::I32 => 0x0c,
            Self::F32 => 0x0d,
            Self::F64 => 0x0e,
        }
    }

    /// The size of one element, in bytes.
    #[must_use]
    pub fn element_bytes(self) -> usize {
        match self {
            Self::U8 | Self::I8 => 1,
            Self::I16 => 2,
            Self::I32 | Self::F32 => 4,
            Self::F64 => 8,
        }
    }
}

impl fmt::Display for IdxType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::U8 => "u8",
            Self::I8 => "i8",
            Self::I16 => "i16",
            Self::I32 => "i32",
            Self::F32 => "f32",
            Self::F64 => "f64",
        })
    }
}

/// A header whose fields are all in range.
#[derive(Debug)]
pub(super) struct Header {
    pub(super) element: IdxType,
    pub(super) shape: Vec<usize>,
    /// Below 2^63, and a multiple of the element's size.
    pub(super) body_bytes: u64,
}

impl Header {
    pub(super) fn read<R: Read>(stream: &mut Unpacked<R>) -> Result<Self, IdxError> {
        let mut magic = [0; 4];
        read_field(stream, &mut magic, "magic number", 0)?;
        let [first, second, code, dimensions] = magic;
        if (first, second) != (0, 0) {
            return Err(IdxError::WrongMagic { found: [first, second] });
        }
        let element = IdxType::from_code(code).ok_or(IdxError::UnknownElementType { found: code })?;
        if !(1..=4).contains(&dimensions) {
            return Err(IdxError::DimensionCount { found: dimensions });
        }

        let mut sizes = Vec::with_capacity(usize::from(dimensions));
        for dimension in 0..usize::from(dimensions) {
            let mut size = [0; 4];
            let field = format!("size of dimension {}", dimension + 1);
            read_field(stream, &mut size, &field, 4 + 4 * dimension)?;
            sizes.push(u32::from_be_bytes(size));
        }
        let too_large =
            || IdxError::TooLarge { shape: sizes.clone(), element_bytes: element.element_bytes() };
        let body_bytes = body_bytes(&sizes, element).ok_or_else(too_large)?;
        let shape: Option<Vec<usize>> = sizes.iter().map(|&size| usize::try_from(size).ok()).collect();
        Ok(Self { element, shape: shape.ok_or_else(too_large)?, body_bytes })
    }
}

/// The size of the body, or `None` if no memory could hold it.
fn body_bytes(sizes: &[u32], element: IdxType) -> Option<u64> {
    if sizes.contains(&0) {
        return Some(0);
    }
    let mut product = element.element_bytes() as u64;
    for &size in sizes {
        product = product.checked_mul(u64::from(size))?;
    }
    isize::try_from(product).ok().map(|_| product)
}

fn read_field<R: Read>(
    stream: &mut Unpacked<R>,
    buffer: &mut [u8],
    field: &str,
    offset: usize,
) -> Result<(), IdxError> {
    let read = match read_full(stream, buffer) {
        Ok(read) => read,
        Err(cause) => {
            let broken = stream.is_broken_gzip(&cause);
            return Err(IdxError::from_read(field, cause, broken));
        }
    };
    if read < buffer.len() {
        let (expected, found) = (offset + buffer.len(), offset + read);
        return Err(IdxError::TruncatedHeader { field: field.to_owned(), expected, found });
    }
    Ok(())
}
