//! The IDX body: big-endian elements, read in bounded pieces so that memory follows data and not a header's claim.

use std::io::{self, Read};

use super::IdxValues;
use super::error::IdxError;
use super::header::{Header, IdxType};
use crate::memory::make_room;
use crate::unpacked::{Unpacked, read_full};

/// How much is read at once, in bytes: a multiple of every element size, and small enough for the processor's cache,
/// where the checksum finds the bytes again.
const PIECE_BYTES: usize = 128 * 1024;

pub(super) fn read_values<R: Read>(stream: &mut Unpacked<R>, header: &Header) -> Result<IdxValues, IdxError> {
    let bytes = header.body_bytes;
    let values = match header.element {
        IdxType::U8 => IdxValues::U8(read_elements(stream, bytes, u8::from_be_bytes)?),
        IdxType::I8 => IdxValues::I8(read_elements(stream, bytes, i8::from_be_bytes)?),
        IdxType::I16 => IdxValues::I16(read_elements(stream, bytes, i16::from_be_bytes)?),
        IdxType::I32 => IdxValues::I32(read_elements(stream, bytes, i32::from_be_bytes)?),
        IdxType::F32 => IdxValues::F32(read_elements(stream, bytes, f32::from_be_bytes)?),
        IdxType::F64 => IdxValues::F64(read_elements(stream, bytes, f64::from_be_bytes)?),
    };
    expect_end(stream, bytes)?;
    Ok(values)
}

fn read_elements<R: Read, T, const BYTES: usize>(
    stream: &mut Unpacked<R>,
    body_bytes: u64,
    convert: impl Fn([u8; BYTES]) -> T,
) -> Result<Vec<T>, IdxError> {
    let mut piece = vec![0; PIECE_BYTES];
    let mut values = Vec::new();
    let mut found: u64 = 0;
    while found < body_bytes {
        let wanted = usize::try_from(body_bytes - found).map_or(PIECE_BYTES, |left| left.min(PIECE_BYTES));
        let read = read_full(stream, &mut piece[..wanted]).map_err(|cause| read_error(stream, cause))?;
        found += read as u64;
        if read < wanted {
            return Err(IdxError::TruncatedBody { expected: body_bytes, found });
        }
        let (elements, _) = piece[..wanted].as_chunks::<BYTES>();
        make_room(&mut values, elements.len()).map_err(IdxError::OutOfMemory)?;
        values.extend(elements.iter().map(|&element| convert(element)));
    }
    values.shrink_to_fit();
    Ok(values)
}

/// Reads one byte more than announced: nothing may come, and a gzip stream checks its own checksum only here.
fn expect_end<R: Read>(stream: &mut Unpacked<R>, body_bytes: u64) -> Result<(), IdxError> {
    match read_full(stream, &mut [0]) {
        Ok(0) => Ok(()),
        Ok(_) => Err(IdxError::TrailingBytes { expected: body_bytes }),
        Err(cause) => Err(read_error(stream, cause)),
    }
}

fn read_error<R: Read>(stream: &Unpacked<R>, cause: io::Error) -> IdxError {
    let broken = stream.is_broken_gzip(&cause);
    IdxError::from_read("body", cause, broken)
}
