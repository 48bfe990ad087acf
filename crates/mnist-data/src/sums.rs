//! `SHA256SUMS`: what the files of a set were when they were unpacked from a download whose MD5 is the published one.
//!
//! The file is in the format of `sha256sum`, so that `sha256sum --check SHA256SUMS` reads it, too.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::Path;

use pool_files::atomic_write;

use crate::error::DataError;
use crate::open::open;

pub(crate) const SUMS_FILE: &str = "SHA256SUMS";

/// A few lines are expected.
const MOST_BYTES: u64 = 64 * 1024;
const HEX_DIGITS: usize = 64;

/// The SHA-256 of files in one folder, in lower-case hex, by their names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Sums(BTreeMap<String, String>);

impl Sums {
    /// Those of a folder; `None` where they are not.
    ///
    /// # Errors
    /// [`DataError::Corrupt`] with `cure` where the file is not in its format, or [`DataError::Io`].
    pub(crate) fn read(folder: &Path, cure: &str) -> Result<Option<Self>, DataError> {
        let path = folder.join(SUMS_FILE);
        let file = match open(&path) {
            Ok(file) => file,
            // Where a parent is a file, there is no such folder either.
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Ok(None);
            }
            Err(error) => return Err(DataError::io(path, "open")(error)),
        };
        let mut bytes = Vec::new();
        file.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(DataError::io(&path, "read"))?;
        Self::parse(&bytes).map(Some).map_err(|found| DataError::Corrupt {
            file: path,
            expected: "lines of a SHA-256 sum, two spaces and a file's name".to_owned(),
            found,
            cure: cure.to_owned(),
        })
    }

    /// The sums, or what was found instead of them.
    fn parse(bytes: &[u8]) -> Result<Self, String> {
        if bytes.len() as u64 > MOST_BYTES {
            return Err(format!("more than {MOST_BYTES} bytes"));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| "bytes that are no UTF-8 text".to_owned())?;
        let mut sums = BTreeMap::new();
        for (number, line) in (1..).zip(text.lines()) {
            // `sha256sum --binary` has an asterisk for the second space.
            let parts = line.split_once("  ").or_else(|| line.split_once(" *"));
            let is_sum = |sum: &str| sum.len() == HEX_DIGITS && sum.bytes().all(|c| c.is_ascii_hexdigit());
            match parts {
                Some((sum, name)) if is_sum(sum) => {
                    sums.insert(name.to_owned(), sum.to_ascii_lowercase());
                }
                _ => return Err(format!("something else in line {number}")),
            }
        }
        Ok(Self(sums))
    }

    /// The sum of the file of this name.
    pub(crate) fn of(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    pub(crate) fn insert(&mut self, name: &str, sha256: String) {
        self.0.insert(name.to_owned(), sha256);
    }

    /// Writes them to a folder: whole, or not at all.
    ///
    /// # Errors
    /// [`DataError::Io`].
    pub(crate) fn write(&self, folder: &Path) -> Result<(), DataError> {
        let path = folder.join(SUMS_FILE);
        let text: String = self.0.iter().map(|(name, sum)| format!("{sum}  {name}\n")).collect();
        atomic_write(&path, text.as_bytes()).map_err(DataError::io(&path, "write"))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn sums_are_read_as_they_are_written() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Sums::read(folder.path(), "").unwrap(), None);
        let mut sums = Sums::default();
        sums.insert("b", "0f".repeat(32));
        sums.insert("a", "10".repeat(32));
        sums.write(folder.path()).unwrap();
        let text = fs::read_to_string(folder.path().join(SUMS_FILE)).unwrap();
        assert_eq!(text, format!("{}  a\n{}  b\n", "10".repeat(32), "0f".repeat(32)));
        assert_eq!(Sums::read(folder.path(), "").unwrap(), Some(sums));
    }

    #[test]
    fn lines_of_sha256sum_are_read_and_others_are_refused_with_their_number() {
        let sum = "AB".repeat(32);
        let sums = Sums::parse(format!("{sum} *a b\n{sum}  c\n").as_bytes()).unwrap();
        assert_eq!((sums.of("a b"), sums.of("c")), (Some(&*"ab".repeat(32)), Some(&*"ab".repeat(32))));
        assert_eq!(sums.of("d"), None);
        for (bytes, found) in [
            (format!("{sum}  c\n\n").into_bytes(), "something else in line 2"),
            (b"abc  c\n".to_vec(), "something else in line 1"),
            (format!("{}  c", "xy".repeat(32)).into_bytes(), "something else in line 1"),
            (vec![0xff; 3], "bytes that are no UTF-8 text"),
            (vec![b'a'; 70_000], "more than 65536 bytes"),
        ] {
            assert_eq!(Sums::parse(&bytes), Err(found.to_owned()));
        }
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(SUMS_FILE), "rubbish\n").unwrap();
        let message = Sums::read(folder.path(), "fetch it again").unwrap_err().to_string();
        let expected = format!(
            "{}: expected lines of a SHA-256 sum, two spaces and a file's name, found something else in line 1; fetch it again",
            folder.path().join(SUMS_FILE).display()
        );
        assert_eq!(message, expected);
    }
}
