//! The public sets, loaded from their folders: every file is compared with its checksum while it is read.

#[cfg(test)]
mod tests;

use std::path::Path;

use pool_spec::PublicSet;

use crate::catalogue::{Delivery, Download, FILE_NAMES, published};
use crate::data_dir::DataDir;
use crate::dataset::{Dataset, SetLabels, load_idx};
use crate::error::{DataError, Mismatch};
use crate::folder;
use crate::found_file::{Expected, FoundFile};
use crate::images::LabelledImages;
use crate::planes::transpose;
use crate::sources::cifar::{self, Kind};
use crate::sums::{SUMS_FILE, Sums};

/// # Errors
/// [`DataError::Missing`] or [`DataError::Corrupt`] with the command that fetches the set; [`DataError::SeveralFiles`];
/// [`DataError::NoDataDir`]; [`DataError::Io`].
pub(crate) fn load(set: PublicSet, dir: &DataDir) -> Result<Dataset, DataError> {
    let folder = folder::of_set(set, dir)?;
    let name = set.name().to_owned();
    match set {
        // Their records have no names of classes.
        PublicSet::Mnist | PublicSet::FashionMnist => load_idx(name, &idx_files(set, &folder)?),
        PublicSet::Kmnist => Ok(with_names(set, load_idx(name, &idx_files(set, &folder)?)?)),
        PublicSet::EmnistLetters => {
            let files = idx_files(set, &folder)?;
            let Dataset { train, test, remarks, .. } = load_idx(name.clone(), &files)?;
            let [_, train_labels, _, test_labels] = &files;
            let (train, test) = (upright(train, train_labels)?, upright(test, test_labels)?);
            let data =
                Dataset { name, classes: 0, class_names: Vec::new(), train, validation: 0, test, remarks };
            Ok(with_names(set, data))
        }
        PublicSet::Cifar10 => load_cifar(set, &folder, Kind::Cifar10),
        PublicSet::Cifar100 => load_cifar(set, &folder, Kind::Cifar100),
    }
}

/// The files that a set is loaded from.
///
/// # Errors
/// As [`load`], of files that are missing.
pub(crate) fn files(set: PublicSet, dir: &DataDir) -> Result<Vec<FoundFile>, DataError> {
    let folder = folder::of_set(set, dir)?;
    match set {
        PublicSet::Mnist | PublicSet::FashionMnist | PublicSet::Kmnist | PublicSet::EmnistLetters => {
            idx_files(set, &folder).map(Vec::from)
        }
        PublicSet::Cifar10 => {
            cifar_files(set, &folder, Kind::Cifar10).map(|[train, test]| [train, test].concat())
        }
        PublicSet::Cifar100 => {
            cifar_files(set, &folder, Kind::Cifar100).map(|[train, test]| [train, test].concat())
        }
    }
}

/// The labels of a set, without its pictures where these are files of their own.
///
/// # Errors
/// As [`load`].
pub(crate) fn labels(set: PublicSet, dir: &DataDir) -> Result<SetLabels, DataError> {
    match set {
        PublicSet::Mnist | PublicSet::FashionMnist | PublicSet::Kmnist => {
            let [_, train, _, test] = idx_files(set, &folder::of_set(set, dir)?)?;
            Ok(SetLabels { train: train.labels()?, validation: 0, test: test.labels()? })
        }
        PublicSet::EmnistLetters => {
            let [_, train, _, test] = idx_files(set, &folder::of_set(set, dir)?)?;
            let of = |file: &FoundFile| from_zero(file.labels()?, file);
            Ok(SetLabels { train: of(&train)?, validation: 0, test: of(&test)? })
        }
        PublicSet::Cifar10 | PublicSet::Cifar100 => {
            let Dataset { train, test, .. } = load(set, dir)?;
            Ok(SetLabels { train: train.labels().to_vec(), validation: 0, test: test.labels().to_vec() })
        }
    }
}

/// The four files of a set in MNIST's layout.
pub(crate) fn idx_files(set: PublicSet, folder: &Path) -> Result<[FoundFile; 4], DataError> {
    let row = published(set);
    match row.delivery {
        Delivery::Files(specs) => {
            let paths = folder::four_files(set.name(), folder, row.cure)?;
            let mut specs = specs.iter();
            Ok(paths.map(|path| FoundFile {
                path,
                expected: specs.next().map(|spec| Expected {
                    most_bytes: spec.raw_bytes,
                    sha256: spec.sha256.to_owned(),
                    cure: row.cure,
                }),
            }))
        }
        Delivery::Downloads(downloads) => {
            let [images, labels, test_images, test_labels] =
                FILE_NAMES.map(|name| unpacked_file(set, downloads, folder, name));
            Ok([images?, labels?, test_images?, test_labels?])
        }
    }
}

fn load_cifar(set: PublicSet, folder: &Path, kind: Kind) -> Result<Dataset, DataError> {
    let [train, test] = cifar_files(set, folder, kind)?;
    let names = published(set).class_names.iter().map(ToString::to_string).collect();
    cifar::load_files(set.name().to_owned(), names, kind, &train, &test)
}

/// The files to train with, and the one to test with.
fn cifar_files(set: PublicSet, folder: &Path, kind: Kind) -> Result<[Vec<FoundFile>; 2], DataError> {
    let row = published(set);
    let file = |name: &&str| match row.delivery {
        Delivery::Files(_) => Ok(FoundFile::own(folder.join(name))),
        Delivery::Downloads(downloads) => unpacked_file(set, downloads, folder, name),
    };
    let train = kind.train_files().iter().map(file).collect::<Result<_, _>>()?;
    Ok([train, vec![file(&kind.test_file())?]])
}

/// A file that was unpacked from one of the downloads, and its content by `SHA256SUMS`.
fn unpacked_file(
    set: PublicSet,
    downloads: &[Download],
    folder: &Path,
    name: &str,
) -> Result<FoundFile, DataError> {
    let row = published(set);
    let cure = row.cure;
    let missing = || {
        let names = row.delivery.file_names().into_iter().chain([SUMS_FILE]);
        let files = names.filter(|name| !folder.join(name).is_file());
        DataError::Missing {
            set: set.name().to_owned(),
            folder: folder.to_path_buf(),
            files: files.map(str::to_owned).collect(),
            cure: cure.to_owned(),
        }
    };
    let path = folder.join(name);
    let sums = Sums::read(folder, cure)?.filter(|_| path.is_file()).ok_or_else(missing)?;
    let sha256 = sums.of(name).ok_or_else(|| DataError::Corrupt {
        file: folder.join(SUMS_FILE),
        expected: format!("the sum of {name}"),
        found: "none".to_owned(),
        cure: cure.to_owned(),
    })?;
    let members = downloads.iter().flat_map(|download| download.members);
    let most_bytes =
        members.filter(|member| member.name == name).map(|member| member.most_bytes).max().unwrap_or(0);
    Ok(FoundFile { path, expected: Some(Expected { most_bytes, sha256: sha256.to_owned(), cure }) })
}

fn with_names(set: PublicSet, data: Dataset) -> Dataset {
    let class_names: Vec<String> = published(set).class_names.iter().map(ToString::to_string).collect();
    Dataset { classes: class_names.len().max(data.classes), class_names, ..data }
}

/// EMNIST's pictures, whose rows are columns in its files, and its labels, which begin with 1 there.
fn upright(images: LabelledImages, labels_file: &FoundFile) -> Result<LabelledImages, DataError> {
    let (shape, pixels, labels) = images.into_parts()?;
    let (shape, pixels) = transpose(shape, pixels)?;
    LabelledImages::new(shape, pixels, from_zero(labels, labels_file)?)
}

/// Labels from 1 to 26 as labels from 0.
fn from_zero(mut labels: Vec<u16>, file: &FoundFile) -> Result<Vec<u16>, DataError> {
    let letters = published(PublicSet::EmnistLetters).class_names.len();
    for (index, label) in labels.iter_mut().enumerate() {
        *label = label.checked_sub(1).filter(|&label| usize::from(label) < letters).ok_or_else(|| {
            let place = format!("label of picture {index}");
            let cure = "get the files of EMNIST's letters, which count from 1";
            let problem = Mismatch::new(place, format!("1 to {letters}"), *label, cure);
            DataError::Source { file: file.path.clone(), problem }
        })?;
    }
    Ok(labels)
}
