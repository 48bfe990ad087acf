//! The bytes of many pictures, wherever they lie.

use std::fmt;
use std::ops::{Deref, Range};
use std::sync::Arc;

use pool_files::{MappedFile, make_room, with_room};

use crate::error::DataError;

/// Bytes of this process, or those of a file that other processes have mapped, too.
#[derive(Clone)]
pub(crate) enum Pixels {
    Owned(Vec<u8>),
    Mapped { file: Arc<MappedFile>, range: Range<usize> },
}

impl Pixels {
    /// These bytes, then others: this process's own from here on.
    pub(crate) fn followed_by(self, others: &[u8]) -> Result<Self, DataError> {
        let mut bytes = self.into_vec()?;
        make_room(&mut bytes, others.len()).map_err(DataError::OutOfMemory)?;
        bytes.extend_from_slice(others);
        Ok(Self::Owned(bytes))
    }

    /// The bytes as this process's own.
    pub(crate) fn into_vec(self) -> Result<Vec<u8>, DataError> {
        match self {
            Self::Owned(bytes) => Ok(bytes),
            Self::Mapped { .. } => {
                let mut bytes = with_room(self.len()).map_err(DataError::OutOfMemory)?;
                bytes.extend_from_slice(&self);
                Ok(bytes)
            }
        }
    }
}

impl Deref for Pixels {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Owned(bytes) => bytes,
            Self::Mapped { file, range } => &file[range.clone()],
        }
    }
}

impl PartialEq for Pixels {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Pixels {}

impl fmt::Debug for Pixels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
