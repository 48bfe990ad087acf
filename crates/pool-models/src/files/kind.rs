//! What a file is by its first bytes, so that one of another kind is called what it is.

use std::path::Path;

use super::FileError;

/// Kinds of files that are handed over where an array or a picture is expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// numpy's array of one file.
    Npy,
    /// A PNG picture.
    Png,
    /// numpy's archive of arrays.
    Npz,
    /// Any other zip archive, such as PyTorch's files.
    Zip,
    /// Compressed by gzip.
    Gzip,
    /// A JPEG picture.
    Jpeg,
    /// A GIF picture.
    Gif,
    /// A Matlab or Keras file.
    Hdf5,
}

impl FileKind {
    /// The kind of a file that begins with these bytes, if it is one of them.
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        Some(match bytes {
            [0x93, b'N', b'U', b'M', b'P', b'Y', ..] => Self::Npy,
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Self::Png,
            // Members of an archive of arrays are named after these, with their own ending.
            [b'P', b'K', 3, 4, ..] if first_member(bytes).is_some_and(|name| name.ends_with(b".npy")) => {
                Self::Npz
            }
            // An archive without members has an end alone.
            [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Self::Zip,
            [0x1f, 0x8b, ..] => Self::Gzip,
            [0xff, 0xd8, 0xff, ..] => Self::Jpeg,
            [b'G', b'I', b'F', b'8', ..] => Self::Gif,
            [0x89, b'H', b'D', b'F', b'\r', b'\n', 0x1a, b'\n', ..] => Self::Hdf5,
            _ => return None,
        })
    }

    /// Refuses files of all kinds but the `expected` one; what is of no known kind is left to that one's reader.
    pub(super) fn expect(expected: Self, path: &Path, bytes: &[u8]) -> Result<(), FileError> {
        match Self::of(bytes) {
            Some(found) if found != expected => Err(FileError::OtherKind { path: path.to_owned(), found }),
            _ => Ok(()),
        }
    }

    pub(super) fn what_and_cure(self) -> &'static str {
        match self {
            Self::Npy => "is a numpy array, and not the PNG picture that its name promises; name it .npy",
            Self::Png => "is a PNG picture, and not the array that its name promises; name it .png",
            Self::Npz => {
                "is an archive of arrays (.npz), and one array is expected; in Python, numpy.save(\"x.npy\", \
                 numpy.load(FILE)[NAME]) takes one out"
            }
            Self::Zip => "is a zip archive; unpack it, and name the .npy array or PNG picture in it",
            Self::Gzip => "is compressed by gzip; unpack it with gunzip",
            Self::Jpeg => "is a JPEG picture; convert it to PNG",
            Self::Gif => "is a GIF picture; convert it to PNG",
            Self::Hdf5 => "is an HDF5 file; in Python, write the array with numpy.save",
        }
    }
}

/// The name of a zip archive's first member: PKWARE, "APPNOTE", section 4.3.7.
fn first_member(bytes: &[u8]) -> Option<&[u8]> {
    let [low, high] = *bytes.get(26..28)? else { return None };
    bytes.get(30..)?.get(..usize::from(u16::from_le_bytes([low, high])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_told_apart_by_their_first_bytes() {
        let member = |name: &str| {
            [b"PK\x03\x04", &[0; 22][..], &(name.len() as u16).to_le_bytes(), &[0, 0], name.as_bytes()]
                .concat()
        };
        for (bytes, expected) in [
            (b"\x93NUMPY\x01\x00".to_vec(), Some(FileKind::Npy)),
            (b"\x89PNG\r\n\x1a\n".to_vec(), Some(FileKind::Png)),
            (member("arr_0.npy"), Some(FileKind::Npz)),
            (member("model/data.pkl"), Some(FileKind::Zip)),
            (b"PK\x03\x04".to_vec(), Some(FileKind::Zip)),
            (b"\x1f\x8b\x08".to_vec(), Some(FileKind::Gzip)),
            (b"\xff\xd8\xff\xe0".to_vec(), Some(FileKind::Jpeg)),
            (b"GIF89a".to_vec(), Some(FileKind::Gif)),
            (b"\x89HDF\r\n\x1a\n".to_vec(), Some(FileKind::Hdf5)),
            (b"1, 2, 3".to_vec(), None),
            (Vec::new(), None),
        ] {
            assert_eq!(FileKind::of(&bytes), expected, "{bytes:?}");
        }
    }
}
