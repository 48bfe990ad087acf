//! CIFAR-10 and CIFAR-100 in their binary form: for each picture its label, or two, and 3,072 bytes, red first.
//!
//! Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009. Of CIFAR-100's two labels the fine one is read.

use std::fs;
use std::io::{BufReader, Read};
use std::path::Path;

use pool_files::with_room;

use super::{Parts, assembled, name_of, wrong};
use crate::dataset::Dataset;
use crate::error::DataError;
use crate::images::{LabelledImages, PictureShape};
use crate::open::open;

const SIDE: usize = 32;
/// In `[C, H, W]`, as here.
const PICTURE_BYTES: usize = 3 * SIDE * SIDE;

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Cifar10,
    Cifar100,
}

impl Kind {
    pub(super) fn train_files(self) -> &'static [&'static str] {
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

    fn test_file(self) -> &'static str {
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
    let train = images(folder, kind, kind.train_files())?;
    let test = images(folder, kind, &[kind.test_file()])?;
    assembled(folder, class_names(folder, kind), Parts { train, validation: None, test: Some(test) })
}

/// By label; none if the file is not there, or does not name every class.
fn class_names(folder: &Path, kind: Kind) -> Vec<String> {
    let text = fs::read_to_string(folder.join(kind.names_file())).unwrap_or_default();
    let names: Vec<String> =
        text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
    let plain = |name: &String| !name.contains(char::is_control);
    if names.len() == usize::from(kind.classes()) && names.iter().all(plain) { names } else { Vec::new() }
}

fn images(folder: &Path, kind: Kind, files: &[&str]) -> Result<LabelledImages, DataError> {
    let paths: Vec<_> = files.iter().map(|file| folder.join(file)).collect();
    let row_bytes = kind.label_bytes() + PICTURE_BYTES;
    let mut rows = Vec::new();
    for path in &paths {
        let bytes = fs::metadata(path).map_err(DataError::io(path, "open"))?.len() as usize;
        if bytes == 0 || !bytes.is_multiple_of(row_bytes) {
            let expected = format!("a multiple of {row_bytes} bytes, one for each picture");
            return Err(wrong(path, "size", expected, bytes, "get the file again, in its binary version"));
        }
        rows.push(bytes / row_bytes);
    }
    let count: usize = rows.iter().sum();
    let mut pixels = with_room(count.saturating_mul(PICTURE_BYTES)).map_err(DataError::OutOfMemory)?;
    let mut labels = with_room(count).map_err(DataError::OutOfMemory)?;
    let mut row = vec![0; row_bytes];
    for (path, rows) in paths.iter().zip(rows) {
        let mut reader = BufReader::new(open(path).map_err(DataError::opening(path))?);
        for index in 0..rows {
            reader.read_exact(&mut row).map_err(DataError::io(path, "read"))?;
            let (label, picture) = row.split_at(kind.label_bytes());
            let label = u16::from(label[kind.label_bytes() - 1]);
            if label >= kind.classes() {
                let (place, expected) =
                    (format!("label of picture {index}"), format!("less than {}", kind.classes()));
                return Err(wrong(
                    path,
                    place,
                    expected,
                    label,
                    "check that this is the file's own data set",
                ));
            }
            labels.push(label);
            pixels.extend_from_slice(picture);
        }
    }
    LabelledImages::new(PictureShape::rgb(SIDE, SIDE), pixels, labels)
}
