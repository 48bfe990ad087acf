//! A file of a data set that is about to be read, and the content that it must have.

use std::path::PathBuf;

use crate::error::{DataError, IdxError, Mismatch};
use crate::idx::{IdxArray, IdxValue, read_limited_with_sha256, read_values};

/// A file, and what it must be if it belongs to a public set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FoundFile {
    pub(crate) path: PathBuf,
    pub(crate) expected: Option<Expected>,
}

/// The content of a public set's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Expected {
    /// It has no more bytes than these when it is unpacked.
    pub(crate) most_bytes: u64,
    /// The SHA-256 of its unpacked bytes, in lower-case hex.
    pub(crate) sha256: String,
    /// What to do where it is another.
    pub(crate) cure: &'static str,
}

impl FoundFile {
    /// A file of the user's own, which may hold anything.
    pub(crate) fn own(path: PathBuf) -> Self {
        Self { path, expected: None }
    }

    /// The SHA-256 of its content; nothing where that may be any.
    pub(crate) fn sha256(&self) -> &str {
        self.expected.as_ref().map_or("", |expected| &expected.sha256)
    }

    /// The labels of an IDX file.
    pub(crate) fn labels(&self) -> Result<Vec<u16>, DataError> {
        let array = self.read()?;
        let [_] = self.sizes(&array, "1 ([N])")?;
        Ok(array.values)
    }

    /// The array of an IDX file.
    pub(crate) fn read<T: IdxValue>(&self) -> Result<IdxArray<T>, DataError> {
        let Some(expected) = &self.expected else { return read_values(&self.path) };
        let (array, sha256) = read_limited_with_sha256(&self.path, expected.most_bytes.saturating_add(1))
            .map_err(|error| self.refused(error))?;
        self.check(&sha256)?;
        Ok(array)
    }

    /// # Errors
    /// [`DataError::Corrupt`] where the SHA-256 of the bytes that were read is not that of the public set's file.
    pub(crate) fn check(&self, sha256: &str) -> Result<(), DataError> {
        match &self.expected {
            Some(expected) if expected.sha256 != sha256 => {
                Err(self.corrupt(expected, format!("SHA-256 {sha256}")))
            }
            _ => Ok(()),
        }
    }

    /// Whatever is wrong with the content of a public set's file is one and the same error: it is another file.
    pub(crate) fn refused(&self, error: DataError) -> DataError {
        match (&self.expected, error) {
            (_, DataError::Idx { problem: IdxError::OutOfMemory(problem), .. }) => {
                DataError::OutOfMemory(problem)
            }
            (Some(expected), DataError::Idx { problem, .. }) => self.corrupt(expected, problem.to_string()),
            (Some(expected), DataError::Source { problem, .. }) => {
                self.corrupt(expected, problem.to_string())
            }
            (_, error) => error,
        }
    }

    fn corrupt(&self, Expected { sha256, cure, .. }: &Expected, found: String) -> DataError {
        let expected = format!("SHA-256 {sha256}");
        DataError::Corrupt { file: self.path.clone(), expected, found, cure: (*cure).to_owned() }
    }

    /// The sizes of as many axes as are expected, and perhaps of one more, of size 1: numpy's channel axis, or a column
    /// of labels.
    pub(crate) fn sizes<const RANK: usize, T>(
        &self,
        array: &IdxArray<T>,
        expected: &str,
    ) -> Result<[usize; RANK], DataError> {
        let shape = match array.shape.as_slice() {
            [rest @ .., 1] if rest.len() == RANK => rest,
            shape => shape,
        };
        <[usize; RANK]>::try_from(shape).map_err(|_| {
            let cure = "check that the file has its right name";
            DataError::idx(&self.path, Mismatch::new("dimension count", expected, array.shape.len(), cure))
        })
    }
}
