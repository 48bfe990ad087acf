//! What can be wrong with a file.

use std::path::{Path, PathBuf};

use pool_files::{OutOfMemory, PngError};

use super::kind::FileKind;
use crate::error::first_line;

/// A file that cannot be read or written, or holds something else.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The system refused.
    #[error("{path}: cannot {doing} it: {cause}", path = .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// `read` or `write`.
        doing: &'static str,
        /// The system's words.
        cause: std::io::Error,
    },
    /// No array in numpy's format.
    #[error("{path}: no .npy array: {reason}", path = .path.display())]
    NotNpy {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// An array of something else than floating-point numbers.
    #[error(
        "{path}: holds {found}, expected float32 or float64; in Python, array.astype(\"float32\") converts it",
        path = .path.display()
    )]
    ElementType {
        /// The file.
        path: PathBuf,
        /// numpy's name of the type.
        found: String,
    },
    /// A file of another known kind.
    #[error("{path}: {}", .found.what_and_cure(), path = .path.display())]
    OtherKind {
        /// The file.
        path: PathBuf,
        /// What it is.
        found: FileKind,
    },
    /// The system does not have the memory that the file's content takes.
    #[error("{path}: {cause}; use a smaller one, or a machine with more memory", path = .path.display())]
    OutOfMemory {
        /// The file.
        path: PathBuf,
        /// How much was asked for.
        cause: OutOfMemory,
    },
    /// No PNG picture that can be decoded, or one of more pixels than are read.
    #[error("{path}: {problem}", path = .path.display())]
    Png {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: PngError,
    },
    /// A tensor that is no picture.
    #[error(
        "{path}: a tensor of shape {shape:?} is no picture, which needs [1, C, H, W]; write it as .npy",
        path = .path.display()
    )]
    NoPicture {
        /// The file.
        path: PathBuf,
        /// The tensor's shape.
        shape: Vec<i64>,
    },
    /// libtorch refused.
    #[error("{path}: libtorch: {}", first_line(.cause), path = .path.display())]
    Torch {
        /// The file.
        path: PathBuf,
        /// libtorch's words.
        cause: tch::TchError,
    },
}

impl FileError {
    pub(super) fn io(doing: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |cause| Self::Io { path, doing, cause }
    }

    pub(super) fn memory(path: &Path) -> impl FnOnce(OutOfMemory) -> Self {
        let path = path.to_owned();
        move |cause| Self::OutOfMemory { path, cause }
    }

    pub(super) fn png(path: &Path) -> impl FnOnce(PngError) -> Self {
        let path = path.to_owned();
        move |problem| Self::Png { path, problem }
    }

    pub(super) fn torch(path: &Path) -> impl FnOnce(tch::TchError) -> Self {
        let path = path.to_owned();
        move |cause| Self::Torch { path, cause }
    }
}
