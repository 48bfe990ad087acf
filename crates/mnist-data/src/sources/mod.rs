//! Where images come from: one file for each kind of source, and what they share.

pub(crate) mod cifar;
mod folder;
mod npz;
mod table;

use std::path::Path;

use pool_spec::{DataRemarks, DataSource, PictureSettings, SkippedFile, Split};

use crate::catalogue::FILE_NAMES;
use crate::data_dir::DataDir;
use crate::dataset::Dataset;
use crate::decoded::{Place, SourceFile, kept};
use crate::error::{DataError, Mismatch};
use crate::images::LabelledImages;
use crate::split::SplitIndices;
use crate::{folder as files_in, public};

pub use folder::{FolderSizes, folder_sizes, picture_in_frame};

/// The generated set is always the same one, so that its trials can be compared.
const GENERATED_SEED: u64 = 0;

/// The share of every class that tests, where a source has no test images.
pub const TEST_SHARE: f64 = 0.2;

/// Labels are 16-bit numbers.
const MOST_CLASSES: usize = 1 << 16;

/// Loads and checks the images of a source.
///
/// What was decoded is kept in the folder for data sets, and the next process that loads the source maps it: then the images are
/// in memory once, for all processes of the machine. A source whose files have changed by name, size or time is decoded again. So
/// is everything where that folder cannot be written to.
///
/// The files of a public set are compared with their checksums when they are decoded; [`Dataset::public`] decodes each time.
///
/// # Errors
/// Missing or broken files.
pub fn load(
    source: &DataSource,
    pictures: &PictureSettings,
    data_dir: &DataDir,
) -> Result<Dataset, DataError> {
    let place = || Place::of(source, pictures, files_of(source, data_dir), data_dir);
    let data = kept(place, || decode(source, pictures, data_dir))?;
    for SkippedFile { file, reason } in &data.remarks.skipped {
        tracing::warn!(%source, file, reason, "left out a file that cannot be read");
    }
    Ok(data)
}

fn decode(source: &DataSource, pictures: &PictureSettings, data_dir: &DataDir) -> Result<Dataset, DataError> {
    match source {
        DataSource::Public(set) => Dataset::public(*set, data_dir),
        DataSource::Generated => Ok(Dataset::bars_and_crosses(GENERATED_SEED)),
        DataSource::Dir(path) => Dataset::from_dir(path),
        DataSource::Folder(path) => folder::load(path, pictures),
        DataSource::Npz(path) => npz::load(path),
        DataSource::Cifar10(path) => cifar::load(path, cifar::Kind::Cifar10),
        DataSource::Cifar100(path) => cifar::load(path, cifar::Kind::Cifar100),
        DataSource::Csv(path) => table::load(path),
    }
}

/// The files that a source is made of; none where it has none.
fn files_of(source: &DataSource, data_dir: &DataDir) -> Result<Vec<SourceFile>, DataError> {
    let within = |path: &Path, names: &[&str]| {
        names.iter().map(|name| SourceFile::at(&path.join(name))).collect::<Vec<_>>()
    };
    Ok(match source {
        DataSource::Public(set) => {
            let files = public::files(*set, data_dir)?;
            files.iter().map(|file| SourceFile::known_by(&file.path, file.sha256())).collect()
        }
        DataSource::Generated => Vec::new(),
        DataSource::Dir(path) => {
            files_in::four_files("", path, "")?.iter().map(|file| SourceFile::at(file)).collect()
        }
        DataSource::Folder(path) => folder::files(path)?,
        DataSource::Npz(path) => vec![SourceFile::at(path)],
        DataSource::Cifar10(path) => within(path, &cifar::Kind::Cifar10.files()),
        DataSource::Cifar100(path) => within(path, &cifar::Kind::Cifar100.files()),
        DataSource::Csv(path) if path.is_dir() => within(path, &table::FILES),
        DataSource::Csv(path) => vec![SourceFile::at(path)],
    })
}

/// The kind of source that lies at a path, by its name or, for a folder, by the files that it holds.
pub fn source_at(path: &Path) -> DataSource {
    let path_buf = path.to_path_buf();
    let is_named =
        |extension: &str| path.extension().is_some_and(|found| found.eq_ignore_ascii_case(extension));
    let holds = |name: &str| path.join(name).is_file();
    if is_named("npz") {
        DataSource::Npz(path_buf)
    } else if is_named("csv") || holds("train.csv") {
        DataSource::Csv(path_buf)
    } else if holds(cifar::Kind::Cifar10.train_files()[0]) {
        DataSource::Cifar10(path_buf)
    } else if holds(cifar::Kind::Cifar100.train_files()[0]) {
        DataSource::Cifar100(path_buf)
    } else if crate::folder::missing(path).len() < FILE_NAMES.len() {
        DataSource::Dir(path_buf)
    } else {
        DataSource::Folder(path_buf)
    }
}

/// The parts of a set, as its files have them.
struct Parts {
    train: LabelledImages,
    /// What the set has set apart for validation.
    validation: Option<LabelledImages>,
    /// Without it, a share of the training images tests.
    test: Option<LabelledImages>,
}

/// A set of these parts.
fn assembled(path: &Path, class_names: Vec<String>, parts: Parts) -> Result<Dataset, DataError> {
    let mut remarks = DataRemarks::default();
    let Parts { train, validation, test } = parts;
    let (train, test) = match test {
        Some(test) => (train, test),
        None => {
            let split = SplitIndices::of(Split::Stratified(TEST_SHARE), train.labels(), 0, 0);
            let SplitIndices { train: kept, validation: held_out } = split.map_err(|error| match error {
                DataError::EmptyPart { .. } => {
                    let expected = "test images, or enough to hold some of them out";
                    wrong(path, "images", expected, train.len(), "add images")
                }
                error => error,
            })?;
            remarks.held_out_for_test = Some(held_out.len() as u64);
            (train.select(&kept)?, train.select(&held_out)?)
        }
    };
    for (part, other) in [("validation", validation.as_ref()), ("test", Some(&test))] {
        if let Some(other) = other.filter(|other| other.shape() != train.shape()) {
            let expected = format!("pictures of {} as to train with", train.shape());
            let cure = "bring all pictures to one size and the same channels";
            return Err(wrong(path, format!("{part} images"), expected, other.shape(), cure));
        }
    }
    let apart = validation.as_ref().map_or(0, LabelledImages::len);
    let train = match &validation {
        Some(validation) => train.followed_by(validation)?,
        None => train,
    };
    let greatest = train.labels().iter().chain(test.labels()).max().copied().unwrap_or(0);
    let classes = class_names.len().max(usize::from(greatest) + 1);
    Ok(Dataset { name: name_of(path), classes, class_names, train, validation: apart, test, remarks })
}

/// The name of a source's file or folder, for people.
fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

/// The first characters of a text that a file holds, on one line.
fn excerpt(text: &str, most: usize) -> String {
    text.chars().take(most).flat_map(char::escape_debug).collect()
}

/// An error of a file or folder: what is wrong with which part of it.
fn wrong(
    file: &Path,
    place: impl ToString,
    expected: impl ToString,
    found: impl ToString,
    cure: &'static str,
) -> DataError {
    DataError::Source { file: file.to_path_buf(), problem: Mismatch::new(place, expected, found, cure) }
}
