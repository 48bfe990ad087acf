//! CIFAR-10 and CIFAR-100 in their binary form: for each picture its label, or two, and 3,072 bytes, red first.
//!
//! Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009. Of CIFAR-100's two labels the fine one is read.

use std::fs;
use std::io::{BufReader, Read};
use std::path::Path;

use pool_files::with_room;
use pool_spec::DataRemarks;
use sha2::{Digest, Sha256};

use super::{name_of, wrong};
use crate::dataset::Dataset;
use crate::error::DataError;
use crate::found_file::FoundFile;
use crate::images::{LabelledImages, PictureShape};
use crate::open::open;
use crate::unpacked::hex;

const SIDE: usize = 32;
/// Of the file with the names of the classes, in bytes.
const LONGEST_NAMES: u64 = 64 * 1024;
/// In `[C, H, W]`, as here.
const PICTURE_BYTES: usize = 3 * SIDE * SIDE;

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Cifar10,
    Cifar100,
}

impl Kind {
    pub(crate) fn train_files(self) -> &'static [&'static str] {
        match self {
            Self::Cifar10 => &[
                "data_batch_1.bin",
                "data_batch_2.bin",
                "data_batch_3.bin",
                "data_batch_4.bin",
                "data_batch_5.bin",
            ],
            Self::Cifar100 => &["train.bin"],
        }
    }

    pub(crate) fn test_file(self) -> &'static str {
        match self {
            Self::Cifar10 => "test_batch.bin",
            Self::Cifar100 => "test.bin",
        }
    }

    /// The file with a class's name in each line.
    fn names_file(self) -> &'static str {
        match self {
            Self::Cifar10 => "batches.meta.txt",
            Self::Cifar100 => "fine_label_names.txt",
        }
    }

    /// All of them.
    pub(super) fn files(self) -> Vec<&'static str> {
        self.train_files().iter().copied().chain([self.test_file(), self.names_file()]).collect()
    }

    fn classes(self) -> u16 {
        match self {
            Self::Cifar10 => 10,
            Self::Cifar100 => 100,
        }
    }

    /// Bytes in front of a picture; the last of them is its label.
    fn label_bytes(self) -> usize {
        match self {
            Self::Cifar10 => 1,
            Self::Cifar100 => 2,
        }
    }

    fn row_bytes(self) -> usize {
        self.label_bytes() + PICTURE_BYTES
    }
}

/// # Errors
/// [`DataError::Missing`], [`DataError::Source`], [`DataError::Io`], or [`DataError::OutOfMemory`].
pub(super) fn load(folder: &Path, kind: Kind) -> Result<Dataset, DataError> {
    let files: Vec<&str> = kind.train_files().iter().copied().chain([kind.test_file()]).collect();
    let missing: Vec<String> =
        files.iter().filter(|file| !folder.join(file).is_file()).map(|file| (*file).to_owned()).collect();
    if !missing.is_empty() {
        let cure =
            "unpack the binary version there (cifar-10-binary.tar.gz or cifar-100-binary.tar.gz)".to_owned();
        return Err(DataError::Missing {
            set: name_of(folder),
            folder: folder.to_path_buf(),
            files: missing,
            cure,
        });
    }
    let own = |file: &&str| FoundFile::own(folder.join(file));
    let train: Vec<FoundFile> = kind.train_files().iter().map(own).collect();
    let test = [own(&kind.test_file())];
    load_files(name_of(folder), class_names(folder, kind), kind, &train, &test)
}

/// The set of these files. One that must have a certain content is compared with it while it is read.
///
/// # Errors
/// [`DataError::Corrupt`], [`DataError::Source`], [`DataError::Io`], or [`DataError::OutOfMemory`].
pub(crate) fn load_files(
    name: String,
    class_names: Vec<String>,
    kind: Kind,
    train: &[FoundFile],
    test: &[FoundFile],
) -> Result<Dataset, DataError> {
    let (train, test) = (images(kind, train)?, images(kind, test)?);
    Ok(Dataset {
        name,
        classes: kind.classes().into(),
        class_names,
        train,
        validation: 0,
        test,
        remarks: DataRemarks::default(),
    })
}

/// By label; none if the file is not there, or does not name every class.
fn class_names(folder: &Path, kind: Kind) -> Vec<String> {
    let mut text = String::new();
    if let Ok(file) = open(&folder.join(kind.names_file()))
        && file.take(LONGEST_NAMES).read_to_string(&mut text).is_err()
    {
        return Vec::new();
    }
    let names: Vec<String> =
        text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
    let plain = |name: &String| !name.contains(char::is_control);
    if names.len() == usize::from(kind.classes()) && names.iter().all(plain) { names } else { Vec::new() }
}

fn images(kind: Kind, files: &[FoundFile]) -> Result<LabelledImages, DataError> {
    let rows: Vec<usize> = files
        .iter()
        .map(|file| rows_in(kind, &file.path).map_err(|error| file.refused(error)))
        .collect::<Result<_, _>>()?;
    let count = rows.iter().sum();
    let mut pixels = with_room(PICTURE_BYTES.saturating_mul(count)).map_err(DataError::OutOfMemory)?;
    let mut labels = with_room(count).map_err(DataError::OutOfMemory)?;
    for (file, rows) in files.iter().zip(rows) {
        read_rows(kind, file, rows, &mut pixels, &mut labels).map_err(|error| file.refused(error))?;
    }
    LabelledImages::new(PictureShape::rgb(SIDE, SIDE), pixels, labels)
}

/// How many pictures a file has, by its size.
fn rows_in(kind: Kind, path: &Path) -> Result<usize, DataError> {
    let row_bytes = kind.row_bytes();
    let bytes = fs::metadata(path).map_err(DataError::io(path, "open"))?.len() as usize;
    if bytes == 0 || !bytes.is_multiple_of(row_bytes) {
        let expected = format!("a multiple of {row_bytes} bytes, one for each picture");
        return Err(wrong(path, "size", expected, bytes, "get the file again, in its binary version"));
    }
    Ok(bytes / row_bytes)
}

fn read_rows(
    kind: Kind,
    file: &FoundFile,
    rows: usize,
    pixels: &mut Vec<u8>,
    labels: &mut Vec<u16>,
) -> Result<(), DataError> {
    let path = &file.path;
    let mut reader = BufReader::new(open(path).map_err(DataError::opening(path))?);
    let mut hasher = file.expected.as_ref().map(|_| Sha256::new());
    let mut row = vec![0; kind.row_bytes()];
    for index in 0..rows {
        reader.read_exact(&mut row).map_err(DataError::io(path, "read"))?;
        if let Some(hasher) = &mut hasher {
            hasher.update(&row);
        }
        let (label, picture) = row.split_at(kind.label_bytes());
        let label = u16::from(label[kind.label_bytes() - 1]);
        if label >= kind.classes() {
            let (place, expected) =
                (format!("label of picture {index}"), format!("less than {}", kind.classes()));
            return Err(wrong(path, place, expected, label, "check that this is the file's own data set"));
        }
        labels.push(label);
        pixels.extend_from_slice(picture);
    }
    hasher.map_or(Ok(()), |hasher| file.check(&hex(&hasher.finalize())))
}
