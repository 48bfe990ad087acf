//! From the four files of a folder to a checked [`Dataset`].

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::{Dataset, SetLabels};
use crate::catalogue::{FileSpec, PublicSet};
use crate::error::DataError;
use crate::folder::four_files;
use crate::idx::{IdxArray, IdxValues, read_idx, read_limited_with_sha256};
use crate::images::LabelledImages;

/// Loads a public set from its folder, comparing each file with its published checksum.
pub(super) fn public(set: PublicSet, folder: &Path) -> Result<Dataset, DataError> {
    load(set.name(), folder, Some(set), set.cure())
}

/// The labels of a public set, training and test, compared as [`public`] does.
pub(super) fn public_labels(set: PublicSet, folder: &Path) -> Result<SetLabels, DataError> {
    let [_, train, _, test] = find_files(set.name(), folder, Some(set), set.cure())?;
    Ok(SetLabels { train: Labels::read(train)?.labels, test: Labels::read(test)?.labels })
}

pub(super) fn folder(folder: &Path) -> Result<Dataset, DataError> {
    let name = folder.file_name().unwrap_or(folder.as_os_str()).to_string_lossy();
    load(&name, folder, None, "put them there, each as it is or with .gz appended")
}

fn load(name: &str, folder: &Path, public: Option<PublicSet>, cure: &str) -> Result<Dataset, DataError> {
    let start = Instant::now();
    let [train_images, train_labels, test_images, test_labels] = find_files(name, folder, public, cure)?;
    let (train_images, train_labels) = (Images::read(train_images)?, Labels::read(train_labels)?);
    let (test_images, test_labels) = (Images::read(test_images)?, Labels::read(test_labels)?);
    if train_images.picture_size() != test_images.picture_size() {
        return Err(DataError::PictureSizeMismatch {
            train: train_images.picture_size(),
            test: test_images.picture_size(),
            train_file: train_images.path,
            test_file: test_images.path,
        });
    }
    let train = labelled(train_images, train_labels)?;
    let test = labelled(test_images, test_labels)?;
    let greatest = train.labels().iter().chain(test.labels()).max().copied().unwrap_or(0);
    let elapsed_ms = start.elapsed().as_millis();
    tracing::debug!(name, folder = %folder.display(), train = train.len(), test = test.len(), elapsed_ms, "loaded");
    Ok(Dataset { name: name.to_owned(), classes: usize::from(greatest) + 1, train, test })
}

/// A file of a set, and the published one that it must be, with what mends it where it is not.
struct FoundFile {
    path: PathBuf,
    published: Option<(&'static FileSpec, &'static str)>,
}

/// Training images and labels, test images and labels.
fn find_files(
    name: &str,
    folder: &Path,
    public: Option<PublicSet>,
    cure: &str,
) -> Result<[FoundFile; 4], DataError> {
    let mut role = 0..;
    Ok(four_files(name, folder, cure)?.map(|path| {
        let spec = role.next().zip(public).map(|(role, set)| (&set.files()[role], set.cure()));
        FoundFile { path, published: spec }
    }))
}

struct Images {
    path: PathBuf,
    shape: [usize; 3],
    pixels: Vec<u8>,
}

struct Labels {
    path: PathBuf,
    labels: Vec<u8>,
}

impl Images {
    fn read(file: FoundFile) -> Result<Self, DataError> {
        let (path, array) = file.read()?;
        let shape = shape_of(&path, &array, "3 ([N, H, W])")?;
        let pixels = bytes_of(&path, array)?;
        if pixels.is_empty() {
            return Err(DataError::Empty { file: path, shape: shape.to_vec() });
        }
        Ok(Self { path, shape, pixels })
    }

    fn picture_size(&self) -> (usize, usize) {
        (self.shape[1], self.shape[2])
    }
}

impl Labels {
    fn read(file: FoundFile) -> Result<Self, DataError> {
        let (path, array) = file.read()?;
        let [_] = shape_of(&path, &array, "1 ([N])")?;
        let labels = bytes_of(&path, array)?;
        Ok(Self { path, labels })
    }
}

fn labelled(images: Images, labels: Labels) -> Result<LabelledImages, DataError> {
    let [count, height, width] = images.shape;
    if count != labels.labels.len() {
        return Err(DataError::CountMismatch {
            images_file: images.path,
            images: count,
            labels: labels.labels.len(),
            labels_file: labels.path,
        });
    }
    LabelledImages::new(height, width, images.pixels, labels.labels)
}

impl FoundFile {
    fn read(self) -> Result<(PathBuf, IdxArray), DataError> {
        let array = match self.published {
            Some((spec, cure)) => read_published(&self.path, spec, cure)?,
            None => read_idx(&self.path)?,
        };
        Ok((self.path, array))
    }
}

/// Reads a file whose checksum is known: anything but the published bytes is one and the same error.
fn read_published(path: &Path, spec: &FileSpec, cure: &str) -> Result<IdxArray, DataError> {
    let found = match read_limited_with_sha256(path, spec.raw_bytes + 1) {
        Ok((array, sha256)) if sha256 == spec.sha256 => return Ok(array),
        Ok((_, sha256)) => format!("SHA-256 {sha256}"),
        Err(DataError::Idx { problem, .. }) => problem.to_string(),
        Err(error) => return Err(error),
    };
    let expected = format!("SHA-256 {}", spec.sha256);
    Err(DataError::Corrupt { file: path.to_path_buf(), expected, found, cure: cure.to_owned() })
}

/// The sizes of as many axes as are expected, and perhaps of one more, of size 1: numpy's channel axis, or a column of
/// labels.
fn shape_of<const RANK: usize>(
    path: &Path,
    array: &IdxArray,
    expected: &str,
) -> Result<[usize; RANK], DataError> {
    let shape = match array.shape.as_slice() {
        [rest @ .., 1] if rest.len() == RANK => rest,
        shape => shape,
    };
    <[usize; RANK]>::try_from(shape).map_err(|_| DataError::WrongKind {
        file: path.to_path_buf(),
        field: "dimension count",
        expected: expected.to_owned(),
        found: array.shape.len().to_string(),
    })
}

/// Bytes, or wider integers that are bytes all the same. What the 1 of a floating-point picture stands for is not known.
fn bytes_of(path: &Path, array: IdxArray) -> Result<Vec<u8>, DataError> {
    match array.values {
        IdxValues::U8(bytes) => Ok(bytes),
        IdxValues::I8(values) => narrowed(path, &values),
        IdxValues::I16(values) => narrowed(path, &values),
        IdxValues::I32(values) => narrowed(path, &values),
        IdxValues::F32(_) | IdxValues::F64(_) => Err(DataError::WrongKind {
            file: path.to_path_buf(),
            field: "element type",
            expected: "u8, or integers from 0 to 255".to_owned(),
            found: array.values.element_type().to_string(),
        }),
    }
}

fn narrowed<T: Copy + Display + TryInto<u8>>(path: &Path, values: &[T]) -> Result<Vec<u8>, DataError> {
    let byte = |(index, &value): (usize, &T)| {
        value.try_into().map_err(|_| DataError::NoByte {
            file: path.to_path_buf(),
            index,
            found: value.to_string(),
        })
    };
    values.iter().enumerate().map(byte).collect()
}
