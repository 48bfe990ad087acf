//! The IDX format of the MNIST family: a small big-endian header, then one byte or one wider integer for each element.
//!
//! Published sets are bytes. Some programs write the same values as wider integers, which are read as bytes too; labels,
//! of which there may be more than a byte can tell apart, are read as 16-bit numbers. Floating-point files are refused:
//! their 1 may be white, or nearly black.

use std::io::{self, Read};
use std::path::Path;

use pool_files::make_room;

use crate::error::{DataError, IdxError, Mismatch};
use crate::open::open;
use crate::unpacked::{Unpacked, read_full};

/// How much of a body is read at once, in bytes: a multiple of every element's size, and small enough for the
/// processor's cache, where the checksum finds the bytes again.
const PIECE_BYTES: usize = 128 * 1024;

const CUT_OFF: &str = "the file is cut off, get it again";

/// An array read from an IDX file, row-major: of pixels, or of labels (`u16`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdxArray<T = u8> {
    /// The size of each dimension, outermost first: `[N, H, W]` for images, `[N]` for labels.
    pub shape: Vec<usize>,
    /// The elements, as many as the product of `shape`, whatever their type in the file.
    pub values: Vec<T>,
}

/// What the elements of a file are read as.
pub(crate) trait IdxValue: Sized {
    /// The greatest of them; the least is 0.
    const GREATEST: u16;

    /// The same number, unless it is outside.
    fn of(value: i64) -> Option<Self>;

    /// Appends elements that are bytes in the file.
    fn extend(values: &mut Vec<Self>, bytes: &[u8]);
}

impl IdxValue for u8 {
    const GREATEST: u16 = Self::MAX as u16;

    fn of(value: i64) -> Option<Self> {
        Self::try_from(value).ok()
    }

    fn extend(values: &mut Vec<Self>, bytes: &[u8]) {
        values.extend_from_slice(bytes);
    }
}

impl IdxValue for u16 {
    const GREATEST: u16 = Self::MAX;

    fn of(value: i64) -> Option<Self> {
        Self::try_from(value).ok()
    }

    fn extend(values: &mut Vec<Self>, bytes: &[u8]) {
        values.extend(bytes.iter().map(|&byte| Self::from(byte)));
    }
}

/// Reads one IDX file, gzip-compressed or not (decided by its first bytes, not by its name).
///
/// # Errors
///
/// [`DataError::NoSuchFile`], [`DataError::Io`], or [`DataError::Idx`] with the [`IdxError`] that names the field.
pub fn read_idx(path: &Path) -> Result<IdxArray, DataError> {
    read_values(path)
}

/// As [`read_idx`], of pixels or of labels.
pub(crate) fn read_values<T: IdxValue>(path: &Path) -> Result<IdxArray<T>, DataError> {
    let file = open(path).map_err(DataError::opening(path))?;
    decode_values(file).map_err(|problem| DataError::idx(path, problem))
}

/// Reads one IDX file and the SHA-256 of its decompressed bytes (lower-case hex), in one pass.
///
/// # Errors
///
/// As [`read_idx`].
pub fn read_idx_with_sha256(path: &Path) -> Result<(IdxArray, String), DataError> {
    read_limited_with_sha256(path, u64::MAX)
}

/// As [`read_idx_with_sha256`], but reads no more than `limit` decompressed bytes.
pub(crate) fn read_limited_with_sha256<T: IdxValue>(
    path: &Path,
    limit: u64,
) -> Result<(IdxArray<T>, String), DataError> {
    let file = open(path).map_err(DataError::opening(path))?;
    let mut stream = Unpacked::hashing(file, limit).map_err(DataError::io(path, "read"))?;
    let array = decode(&mut stream).map_err(|problem| DataError::idx(path, problem))?;
    Ok((array, stream.into_sha256()))
}

/// Decodes one IDX array from a reader, gzip-compressed or not; the reader must end where the array ends.
///
/// Memory grows as data arrives: a header that claims terabytes costs nothing, and a gzip stream is unpacked no further
/// than one byte beyond what its header claims.
///
/// # Errors
///
/// [`IdxError::Mismatch`] or [`IdxError::BrokenGzip`] where the bytes are wrong, [`IdxError::OutOfMemory`], or
/// [`IdxError::Io`] when the reader fails.
pub fn decode_idx(reader: impl Read) -> Result<IdxArray, IdxError> {
    decode_values(reader)
}

fn decode_values<T: IdxValue>(reader: impl Read) -> Result<IdxArray<T>, IdxError> {
    let mut stream =
        Unpacked::new(reader).map_err(|cause| IdxError::Io { field: "magic number".into(), cause })?;
    decode(&mut stream)
}

fn decode<R: Read, T: IdxValue>(stream: &mut Unpacked<R>) -> Result<IdxArray<T>, IdxError> {
    let header = Header::read(stream, T::GREATEST)?;
    let values = read_body(stream, &header)?;
    // A gzip stream checks its own checksum only where it ends.
    if read(stream, &mut [0], "body")? > 0 {
        let cure = "the header is damaged or something was appended, get the file again";
        return Err(Mismatch::new("body", format!("{} bytes", header.body_bytes()), "more", cure).into());
    }
    Ok(IdxArray { shape: header.shape, values })
}

/// The integers that an element may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Element {
    Unsigned,
    /// Big-endian, of this many bytes.
    Signed(usize),
}

impl Element {
    fn bytes(self) -> usize {
        match self {
            Self::Unsigned => 1,
            Self::Signed(bytes) => bytes,
        }
    }

    fn of_code(code: u8, greatest: u16) -> Result<Self, Mismatch> {
        let float = match code {
            0x08 => return Ok(Self::Unsigned),
            0x09 => return Ok(Self::Signed(1)),
            0x0b => return Ok(Self::Signed(2)),
            0x0c => return Ok(Self::Signed(4)),
            0x0d => "f32",
            0x0e => "f64",
            _ => {
                let expected = "0x08 (u8), 0x09 (i8), 0x0b (i16) or 0x0c (i32)";
                let found = format!("0x{code:02x}");
                return Err(Mismatch::new("element type", expected, found, "this is not an IDX file"));
            }
        };
        let cure = "write the labels or pixels as bytes";
        Err(Mismatch::new("element type", format!("u8, or integers from 0 to {greatest}"), float, cure))
    }
}

/// A header whose fields are all in range: two zero bytes, the element type, the number of dimensions, and each size as
/// a big-endian `u32`.
struct Header {
    element: Element,
    /// Its product fits into an `isize`, times the size of an element.
    shape: Vec<usize>,
}

impl Header {
    /// Of a file whose values go up to `greatest`.
    fn read<R: Read>(stream: &mut Unpacked<R>, greatest: u16) -> Result<Self, IdxError> {
        let [first, second, code, dimensions] = read_field(stream, "magic number", 0)?;
        if (first, second) != (0, 0) {
            let found = format!("0x{first:02x} 0x{second:02x}");
            let cure = "this is not an IDX file";
            return Err(Mismatch::new("magic number", "first bytes 0x00 0x00", found, cure).into());
        }
        let element = Element::of_code(code, greatest)?;
        if !(1..=4).contains(&dimensions) {
            let cure = "reshape the array before it is written";
            return Err(Mismatch::new("dimension count", "1 to 4", dimensions, cure).into());
        }
        let mut sizes = Vec::with_capacity(usize::from(dimensions));
        for dimension in 0..usize::from(dimensions) {
            let field = format!("size of dimension {}", dimension + 1);
            sizes.push(u32::from_be_bytes(read_field(stream, &field, 4 + 4 * dimension)?));
        }
        let shape = addressable(&sizes, element).ok_or_else(|| {
            let found = format!("{sizes:?} elements of {} bytes", element.bytes());
            let cure = "the header is damaged, get the file again";
            Mismatch::new("dimension sizes", "a product below 2^63 bytes", found, cure)
        })?;
        Ok(Self { element, shape })
    }

    fn body_bytes(&self) -> u64 {
        // The other sizes may be anything where one is zero.
        let elements = if self.shape.contains(&0) { 0 } else { self.shape.iter().product() };
        (elements * self.element.bytes()) as u64
    }
}

/// The sizes of an array, or `None` if no memory could hold it.
fn addressable(sizes: &[u32], element: Element) -> Option<Vec<usize>> {
    let shape: Vec<usize> = sizes.iter().map(|&size| usize::try_from(size).ok()).collect::<Option<_>>()?;
    if !shape.contains(&0) {
        let bytes = shape.iter().try_fold(element.bytes(), |product, &size| product.checked_mul(size))?;
        isize::try_from(bytes).ok()?;
    }
    Some(shape)
}

fn read_body<R: Read, T: IdxValue>(stream: &mut Unpacked<R>, header: &Header) -> Result<Vec<T>, IdxError> {
    let (expected, element_bytes) = (header.body_bytes(), header.element.bytes());
    let mut piece = vec![0; PIECE_BYTES];
    let mut values = Vec::new();
    let mut found: u64 = 0;
    while found < expected {
        let wanted = usize::try_from(expected - found).map_or(PIECE_BYTES, |left| left.min(PIECE_BYTES));
        let came = read(stream, &mut piece[..wanted], "body")?;
        found += came as u64;
        if came < wanted {
            return Err(Mismatch::new("body", format!("{expected} bytes"), found, CUT_OFF).into());
        }
        make_room(&mut values, wanted / element_bytes).map_err(IdxError::OutOfMemory)?;
        match header.element {
            Element::Unsigned => T::extend(&mut values, &piece[..wanted]),
            Element::Signed(bytes) => {
                for element in piece[..wanted].chunks_exact(bytes) {
                    values.push(narrowed(element, values.len())?);
                }
            }
        }
    }
    values.shrink_to_fit();
    Ok(values)
}

/// The value of a big-endian integer, which is element `index`.
fn narrowed<T: IdxValue>(element: &[u8], index: usize) -> Result<T, Mismatch> {
    let sign = if element[0] & 0x80 == 0 { 0 } else { -1 };
    let value = element.iter().fold(sign, |value: i64, &byte| value << 8 | i64::from(byte));
    T::of(value).ok_or_else(|| {
        let greatest = T::GREATEST;
        let cure = if greatest == u16::from(u8::MAX) {
            "number the classes, and scale the pixels, from 0 to 255"
        } else {
            "number the classes from 0 to 65535"
        };
        Mismatch::new(format!("element {index}"), format!("a whole number from 0 to {greatest}"), value, cure)
    })
}

/// Four bytes of the header, the first of them at `offset`.
fn read_field<R: Read>(stream: &mut Unpacked<R>, field: &str, offset: usize) -> Result<[u8; 4], IdxError> {
    let mut bytes = [0; 4];
    let came = read(stream, &mut bytes, field)?;
    if came < bytes.len() {
        let expected = format!("{} header bytes", offset + bytes.len());
        return Err(Mismatch::new(field, expected, offset + came, CUT_OFF).into());
    }
    Ok(bytes)
}

/// Fills `buffer` as far as the stream goes. A broken gzip stream and a failing reader are different errors.
fn read<R: Read>(stream: &mut Unpacked<R>, buffer: &mut [u8], field: &str) -> Result<usize, IdxError> {
    read_full(stream, buffer).map_err(|cause: io::Error| {
        let field = field.to_owned();
        match stream.is_broken_gzip(&cause) {
            true => IdxError::BrokenGzip { field, cause },
            false => IdxError::Io { field, cause },
        }
    })
}
