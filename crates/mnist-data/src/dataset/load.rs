//! From the four files of a folder to a checked [`Dataset`].

use std::path::{Path, PathBuf};
use std::time::Instant;

use super::Dataset;
use crate::catalogue::{FileSpec, PublicSet, TEST_IMAGES, TEST_LABELS, TRAIN_IMAGES, TRAIN_LABELS};
use crate::error::DataError;
use crate::folder::{find, missing};
use crate::idx::{IdxArray, IdxType, IdxValues, read_idx, read_limited_with_sha256};
use crate::images::LabelledImages;

/// Loads a public set from its folder, comparing each file with its published checksum.
pub(super) fn public(set: PublicSet, folder: &Path) -> Result<Dataset, DataError> {
    require_all_files(set.name(), folder, set.cure())?;
    load(set.name(), folder, Some(set))
}

pub(super) fn folder(folder: &Path) -> Result<Dataset, DataError> {
    let name = folder.file_name().unwrap_or(folder.as_os_str()).to_string_lossy();
    require_all_files(&name, folder, "put them there, each as it is or with .gz appended")?;
    load(&name, folder, None)
}

fn require_all_files(set: &str, folder: &Path, cure: &str) -> Result<(), DataError> {
    let files = missing(folder);
    if files.is_empty() {
        return Ok(());
    }
    Err(DataError::Missing {
        set: set.to_owned(),
        folder: folder.to_path_buf(),
        files: files.into_iter().map(str::to_owned).collect(),
        cure: cure.to_owned(),
    })
}

fn load(name: &str, folder: &Path, public: Option<PublicSet>) -> Result<Dataset, DataError> {
    let start = Instant::now();
    let train_images = Images::read(folder, TRAIN_IMAGES, public)?;
    let train_labels = Labels::read(folder, TRAIN_LABELS, public)?;
    let test_images = Images::read(folder, TEST_IMAGES, public)?;
    let test_labels = Labels::read(folder, TEST_LABELS, public)?;
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
    fn read(folder: &Path, name: &'static str, public: Option<PublicSet>) -> Result<Self, DataError> {
        let (path, array) = read(folder, name, public)?;
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
    fn read(folder: &Path, name: &'static str, public: Option<PublicSet>) -> Result<Self, DataError> {
        let (path, array) = read(folder, name, public)?;
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

fn read(folder: &Path, name: &str, public: Option<PublicSet>) -> Result<(PathBuf, IdxArray), DataError> {
    // The file may have gone since the folder was searched; opening the plain name then says so.
    let path = find(folder, name).unwrap_or_else(|| folder.join(name));
    let published = public.and_then(|set| Some((set, set.files().iter().find(|spec| spec.name == name)?)));
    let array = match published {
        Some((set, spec)) => read_published(&path, spec, set.cure())?,
        None => read_idx(&path)?,
    };
    Ok((path, array))
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

fn shape_of<const RANK: usize>(
    path: &Path,
    array: &IdxArray,
    expected: &str,
) -> Result<[usize; RANK], DataError> {
    <[usize; RANK]>::try_from(array.shape.as_slice()).map_err(|_| DataError::WrongKind {
        file: path.to_path_buf(),
        field: "dimension count",
        expected: expected.to_owned(),
        found: array.shape.len().to_string(),
    })
}

fn bytes_of(path: &Path, array: IdxArray) -> Result<Vec<u8>, DataError> {
    match array.values {
        IdxValues::U8(bytes) => Ok(bytes),
        other => Err(DataError::WrongKind {
            file: path.to_path_buf(),
            field: "element type",
            expected: IdxType::U8.to_string(),
            found: other.element_type().to_string(),
        }),
    }
}
