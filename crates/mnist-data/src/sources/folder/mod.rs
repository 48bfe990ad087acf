//! A folder of pictures: `train/CLASS/*.png` and `test/CLASS/*.png`, or `CLASS/*.png` alone.

mod cache;
mod decode;
mod scan;
mod sizes;

use std::path::Path;
use std::time::Instant;

use pool_spec::{DataRemarks, PictureSettings, SkippedFile};

use super::{Parts, assembled};
use crate::data_dir::DataDir;
use crate::dataset::Dataset;
use crate::error::DataError;
use decode::Decoded;
pub use decode::picture_in_frame;
use scan::Scan;
pub use sizes::{FolderSizes, folder_sizes};

/// Loads the pictures of a folder, from the cache where nothing has changed since they were decoded.
///
/// # Errors
/// [`DataError::Source`] where the folder is not arranged as it should be, [`DataError::Unreadable`],
/// [`DataError::OutOfMemory`], or [`DataError::Io`].
pub(super) fn load(
    path: &Path,
    settings: &PictureSettings,
    data_dir: &DataDir,
) -> Result<Dataset, DataError> {
    let start = Instant::now();
    let scan = Scan::of(path)?;
    let cached = cache::place(&scan, settings, data_dir);
    let decoded = match cached.as_deref().and_then(cache::read) {
        Some(decoded) => decoded,
        None => {
            let decoded = decode::all(&scan, settings)?;
            if let Some(file) = &cached {
                cache::write(file, &decoded);
            }
            decoded
        }
    };
    let Decoded { train, validation, test, skipped } = decoded;
    report(path, &skipped);
    let (images, elapsed_ms) = (train.len(), start.elapsed().as_millis());
    let data = assembled(path, scan.classes, Parts { train, validation, test })?;
    tracing::debug!(folder = %path.display(), images, elapsed_ms, "loaded");
    Ok(Dataset { remarks: DataRemarks { skipped, ..data.remarks }, ..data })
}

fn report(folder: &Path, skipped: &[SkippedFile]) {
    for SkippedFile { file, reason } in skipped {
        tracing::warn!(folder = %folder.display(), file, reason, "left out a file that cannot be read");
    }
}
