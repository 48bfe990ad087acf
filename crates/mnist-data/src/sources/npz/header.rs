//! The header of an array of integers, in the few forms in which numpy writes it.
//!
//! A reader for all of Python's literals would take long over a hostile header, and an array of pixels needs none of them.

use std::io::Read;

use crate::sources::excerpt;

/// The longest header that numpy itself reads, in bytes.
const LONGEST: usize = 10_000;
/// Characters of a header that a message shows.
const SHOWN: usize = 40;
const MAGIC: &[u8] = b"\x93NUMPY";

/// The type and shape of an array in C order.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) shape: Vec<usize>,
    pub(super) element_bytes: usize,
    signed: bool,
    big_endian: bool,
}

impl Header {
    /// # Errors
    /// What stands there instead.
    pub(super) fn read(reader: &mut impl Read) -> Result<Self, String> {
        let mut bytes = |count: usize| -> Result<Vec<u8>, String> {
            let mut bytes = vec![0; count];
            reader.read_exact(&mut bytes).map_err(|error| format!("its end: {error}"))?;
            Ok(bytes)
        };
        let start = bytes(MAGIC.len() + 2)?;
        let length = match (start.strip_prefix(MAGIC), start.get(MAGIC.len())) {
            (Some(_), Some(1)) => {
                bytes(2)?.iter().rev().fold(0, |length, &byte| length << 8 | usize::from(byte))
            }
            (Some(_), Some(2 | 3)) => {
                bytes(4)?.iter().rev().fold(0, |length, &byte| length << 8 | usize::from(byte))
            }
            _ => return Err("something else than a .npy array".to_owned()),
        };
        if length > LONGEST {
            return Err(format!("{length} bytes, more than the {LONGEST} that numpy reads"));
        }
        let text = String::from_utf8(bytes(length)?).map_err(|_| "bytes that are no text".to_owned())?;
        Self::parse(&text)
    }

    /// `{'descr': '|u1', 'fortran_order': False, 'shape': (60000, 28, 28), }`
    fn parse(text: &str) -> Result<Self, String> {
        let value = |key: &str| {
            let (_, after) = text.split_once(&format!("'{key}':")).ok_or_else(|| format!("no '{key}'"))?;
            Ok::<&str, String>(after.trim_start())
        };
        let descr = value("descr")?.strip_prefix('\'').and_then(|rest| rest.split('\'').next());
        let descr = descr.ok_or("a type of several fields")?;
        let (order, kind) = descr.split_at_checked(1).ok_or("no type")?;
        let element = match kind {
            "u1" | "b1" => (1, false),
            "i1" => (1, true),
            "u2" => (2, false),
            "i2" => (2, true),
            "u4" => (4, false),
            "i4" => (4, true),
            "u8" => (8, false),
            "i8" => (8, true),
            _ => return Err(format!("the type '{}'", excerpt(descr, SHOWN))),
        };
        if !value("fortran_order")?.starts_with("False") {
            return Err("Fortran order; save np.ascontiguousarray(array)".to_owned());
        }
        let tuple = value("shape")?.strip_prefix('(').and_then(|rest| rest.split_once(')'));
        let (sizes, _) = tuple.ok_or("no shape")?;
        let sizes = sizes.split(',').map(str::trim).filter(|size| !size.is_empty());
        let shape: Option<Vec<usize>> = sizes.map(|size| size.parse().ok()).collect();
        Ok(Self {
            shape: shape.ok_or_else(|| {
                format!("the shape ({})", tuple.map_or_else(String::new, |(sizes, _)| excerpt(sizes, SHOWN)))
            })?,
            element_bytes: element.0,
            signed: element.1,
            big_endian: order == ">",
        })
    }

    /// How many bytes follow; `None` if no memory could hold them.
    pub(super) fn bytes(&self) -> Option<u64> {
        let bytes =
            self.shape.iter().try_fold(self.element_bytes, |product, &size| product.checked_mul(size))?;
        isize::try_from(bytes).ok().map(|bytes| bytes as u64)
    }

    /// The value of one element.
    pub(super) fn number(&self, element: &[u8]) -> i128 {
        let join = |value: i128, byte: &u8| value << 8 | i128::from(*byte);
        let value = match self.big_endian {
            true => element.iter().fold(0, join),
            false => element.iter().rev().fold(0, join),
        };
        let range = 1_i128 << (8 * element.len());
        if self.signed && value >= range / 2 { value - range } else { value }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_as_numpy_writes_them() {
        let header =
            |descr: &str| format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': (2, 3), }}");
        let table = [
            ("|u1", &[200][..], 200),
            ("<i2", &[0xfe, 0xff], -2),
            (">i4", &[0, 0, 1, 2], 258),
            ("<u8", &[1, 0, 0, 0, 0, 0, 0, 0x80], (1 << 63) + 1),
        ];
        for (descr, element, expected) in table {
            let header = Header::parse(&header(descr)).unwrap();
            assert_eq!((&header.shape[..], header.number(element)), (&[2, 3][..], expected), "{descr}");
        }
        let scalar = Header::parse("{'descr': '|u1', 'fortran_order': False, 'shape': (), }").unwrap();
        assert_eq!(scalar.bytes(), Some(1));
        for (text, found) in [
            (header("<f4"), "the type '<f4'"),
            (header("<f4").replace('\'', "\""), "no 'descr'"),
            (header("|u1").replace("False", "True"), "Fortran order; save np.ascontiguousarray(array)"),
            (header("|u1").replace('2', "-2"), "the shape (-2, 3)"),
            (header("|u1").replace('2', "2\n7"), "the shape (2\\n7, 3)"),
            (header("|u\t"), "the type '|u\\t'"),
        ] {
            assert_eq!(Header::parse(&text).unwrap_err(), found);
        }
    }
}
