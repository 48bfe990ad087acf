//! A folder of pictures: `train/CLASS/*.png` and `test/CLASS/*.png`, or `CLASS/*.png` alone.

mod decode;
mod scan;
mod sizes;

use std::path::Path;
use std::time::Instant;

use pool_spec::{DataRemarks, PictureSettings};

use super::{Parts, assembled};
use crate::dataset::Dataset;
use crate::decoded::SourceFile;
use crate::error::DataError;
use decode::Decoded;
pub use decode::picture_in_frame;
use scan::Scan;
pub use sizes::{FolderSizes, folder_sizes};

/// Loads the pictures of a folder.
///
/// # Errors
/// [`DataError::Source`] where the folder is not arranged as it should be, [`DataError::Unreadable`],
/// [`DataError::OutOfMemory`], or [`DataError::Io`].
pub(super) fn load(path: &Path, settings: &PictureSettings) -> Result<Dataset, DataError> {
    let start = Instant::now();
    let scan = Scan::of(path)?;
    let Decoded { train, validation, test, skipped } = decode::all(&scan, settings)?;
    let (images, elapsed_ms) = (train.len(), start.elapsed().as_millis());
    let data = assembled(path, scan.classes, Parts { train, validation, test })?;
    tracing::debug!(folder = %path.display(), images, elapsed_ms, "decoded");
    Ok(Dataset { remarks: DataRemarks { skipped, ..data.remarks }, ..data })
}

/// The pictures of a folder, unopened.
///
/// # Errors
/// As [`load`].
pub(super) fn files(path: &Path) -> Result<Vec<SourceFile>, DataError> {
    let scan = Scan::of(path)?;
    Ok(scan.files().map(|found| SourceFile { name: found.file.clone(), stamp: found.stamp }).collect())
}
