//! The sizes of a folder's pictures, before anyone decides which size they are to have.

use std::collections::BTreeMap;
use std::path::Path;

use pool_files::DecodedPicture;
use pool_spec::SkippedFile;
use rayon::prelude::*;

use super::decode::{Problem, read};
use super::scan::Scan;
use crate::error::DataError;

/// What a folder holds, whatever the sizes of its pictures.
#[derive(Debug, Clone, PartialEq)]
pub struct FolderSizes {
    /// The classes by name, with their pictures that can be read: to train with and to test with.
    pub classes: Vec<(String, u64)>,
    /// Pictures of each height and width, turned as their EXIF data say.
    pub sizes: BTreeMap<[usize; 2], u64>,
    /// Files that cannot be read.
    pub skipped: Vec<SkippedFile>,
}

/// Reads every picture of a folder for its size.
///
/// # Errors
/// [`DataError::Source`] where the folder is not arranged as it should be, [`DataError::OutOfMemory`], or
/// [`DataError::Io`].
pub fn folder_sizes(path: &Path) -> Result<FolderSizes, DataError> {
    let scan = Scan::of(path)?;
    let mut found = FolderSizes {
        classes: scan.classes.iter().map(|name| (name.clone(), 0)).collect(),
        sizes: BTreeMap::new(),
        skipped: Vec::new(),
    };
    let files: Vec<_> = scan.files().collect();
    let size = |path: &Path| read(path).map(|DecodedPicture { height, width, .. }| [height, width]);
    let sizes: Vec<_> = files.par_iter().map(|file| size(&scan.path_of(file))).collect();
    for (file, size) in files.into_iter().zip(sizes) {
        match size {
            Ok(size) => {
                *found.sizes.entry(size).or_default() += 1;
                found.classes[usize::from(file.label)].1 += 1;
            }
            Err(Problem::Broken(reason)) => {
                found.skipped.push(SkippedFile { file: file.file.clone(), reason });
            }
            Err(Problem::Fatal(error)) => return Err(error),
            Err(Problem::OtherSize { .. }) => {}
        }
    }
    found.skipped.sort_by(|a, b| a.file.cmp(&b.file));
    Ok(found)
}
