//! Arrays of numpy in a zip file: `x_train`, `y_train`, `x_test`, `y_test` as Keras names them, or `train_images`,
//! `train_labels`, ... as MedMNIST does.
//!
//! Pixels are integers from 0 to 255, `[N, H, W]`, `[N, H, W, 1]` or `[N, H, W, 3]`; labels are integers, `[N]` or `[N, 1]`.
//! `val_images`, or `x_val`, come last among the training images, and `validation = "predefined"` takes them.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use pool_files::make_room;
use zip::ZipArchive;
use zip::result::ZipError;

use super::{Parts, assembled, wrong};
use crate::dataset::Dataset;
use crate::error::DataError;
use crate::images::{LabelledImages, PictureShape};
use crate::open::open;
use crate::planes::to_planes;

mod header;

use header::Header;

const GET_AGAIN: &str = "get or save the file again";
const NAMES_CURE: &str =
    "save it with np.savez_compressed(file, x_train=..., y_train=..., x_test=..., y_test=...)";
const LABELS_CURE: &str = "number the classes from 0 to 65535, one for each image";
/// Deflate makes at most this many bytes of one.
const MOST_UNPACKED: u64 = 1032;
const PIECE_BYTES: usize = 1 << 20;

/// How a program names the images and the labels of a part.
struct Names {
    train: [&'static str; 2],
    validation: [&'static str; 2],
    test: [&'static str; 2],
}

const KERAS: Names =
    Names { train: ["x_train", "y_train"], validation: ["x_val", "y_val"], test: ["x_test", "y_test"] };
const MEDMNIST: Names = Names {
    train: ["train_images", "train_labels"],
    validation: ["val_images", "val_labels"],
    test: ["test_images", "test_labels"],
};

/// # Errors
/// [`DataError::Source`] with the array that is missing or broken, [`DataError::NoSuchFile`], [`DataError::Io`], or
/// [`DataError::OutOfMemory`].
pub(super) fn load(path: &Path) -> Result<Dataset, DataError> {
    let file = open(path).map_err(DataError::opening(path))?;
    let archive = ZipArchive::new(BufReader::new(file)).map_err(|error| broken(path, "file", error))?;
    let mut arrays = Arrays { path, archive };
    let names = if arrays.has(MEDMNIST.train[0]) { MEDMNIST } else { KERAS };
    let train = arrays.part(names.train)?;
    let mut other = |names: [&'static str; 2]| match arrays.has(names[0]) {
        true => arrays.part(names).map(Some),
        false => Ok(None),
    };
    let validation = other(names.validation)?;
    let test = other(names.test)?;
    assembled(path, Vec::new(), Parts { train, validation, test })
}

/// The arrays of an open file.
struct Arrays<'a> {
    path: &'a Path,
    archive: ZipArchive<BufReader<File>>,
}

impl Arrays<'_> {
    fn has(&self, name: &str) -> bool {
        self.archive.file_names().any(|file| file.strip_suffix(".npy") == Some(name))
    }

    fn part(&mut self, [images, labels]: [&str; 2]) -> Result<LabelledImages, DataError> {
        let (shape, pixels) = self.array::<u8>(images)?;
        let (count, picture) = match shape[..] {
            [count, height, width] | [count, height, width, 1] => (count, PictureShape::grey(height, width)),
            [count, height, width, 3] => (count, PictureShape::rgb(height, width)),
            _ => {
                let expected = "pictures: [N, H, W], [N, H, W, 1] or [N, H, W, 3]";
                return Err(self.wrong(images, "shape", expected, format!("{shape:?}"), NAMES_CURE));
            }
        };
        let (found, labels_values) = self.array::<u16>(labels)?;
        if !matches!(found[..], [n] | [n, 1] if n == count) || count == 0 {
            let expected = format!("one label for each of {count} images, at least one: [{count}]");
            return Err(self.wrong(labels, "shape", expected, format!("{found:?}"), LABELS_CURE));
        }
        LabelledImages::new(picture, to_planes(picture, pixels)?, labels_values)
    }

    fn wrong(
        &self,
        array: &str,
        place: &str,
        expected: impl ToString,
        found: impl ToString,
        cure: &'static str,
    ) -> DataError {
        wrong(self.path, format!("array {array}: {place}"), expected, found, cure)
    }

    /// An array's shape and its numbers, in C order.
    fn array<T: TryFrom<i128>>(&mut self, name: &str) -> Result<(Vec<usize>, Vec<T>), DataError> {
        let path = self.path;
        let place = format!("array {name}");
        let mut entry = self.archive.by_name(&format!("{name}.npy")).map_err(|error| match error {
            ZipError::FileNotFound => wrong(path, "arrays", format!("one called {name}"), "none", NAMES_CURE),
            error => broken(path, &place, error),
        })?;
        let most_bytes = entry.compressed_size().saturating_mul(MOST_UNPACKED).saturating_add(64);
        let header = Header::read(&mut entry).map_err(|found| {
            wrong(
                path,
                format!("{place}: header"),
                "that of an array of integers in C order",
                found,
                NAMES_CURE,
            )
        })?;
        let Some(bytes) = header.bytes().filter(|bytes| *bytes <= most_bytes) else {
            let found = format!("{most_bytes} bytes at most for a shape of {:?}", header.shape);
            return Err(wrong(
                path,
                format!("{place}: body"),
                "as many bytes as its header says",
                found,
                GET_AGAIN,
            ));
        };
        let mut values = Vec::new();
        let mut left = bytes as usize;
        let mut piece = vec![0; PIECE_BYTES.min(left)];
        while left > 0 {
            let wanted = left.min(PIECE_BYTES / 8 * 8).min(piece.len());
            entry.read_exact(&mut piece[..wanted]).map_err(|error| {
                wrong(path, format!("{place}: body"), format!("{bytes} bytes"), error, GET_AGAIN)
            })?;
            make_room(&mut values, wanted / header.element_bytes).map_err(DataError::OutOfMemory)?;
            for element in piece[..wanted].chunks_exact(header.element_bytes) {
                let number = header.number(element);
                values.push(T::try_from(number).map_err(|_| {
                    let expected =
                        format!("whole numbers from 0 to {}", if size_of::<T>() == 1 { 255 } else { 65_535 });
                    let cure = "save pixels as bytes, 0 to 255, and number the classes from 0";
                    wrong(path, format!("{place}: element {}", values.len()), expected, number, cure)
                })?);
            }
            left -= wanted;
        }
        // The archive checks its checksum where the entry ends.
        let rest = std::io::copy(&mut entry, &mut std::io::sink());
        match rest {
            Ok(0) => Ok((header.shape, values)),
            Ok(more) => Err(wrong(
                path,
                format!("{place}: body"),
                format!("{bytes} bytes"),
                format!("{more} more"),
                GET_AGAIN,
            )),
            Err(error) => Err(wrong(path, format!("{place}: body"), "an intact entry", error, GET_AGAIN)),
        }
    }
}

fn broken(path: &Path, place: &str, error: ZipError) -> DataError {
    match error {
        ZipError::Io(cause) if cause.kind() != std::io::ErrorKind::UnexpectedEof => {
            DataError::io(path, "read")(cause)
        }
        error => wrong(path, place, "a zip file as np.savez writes it", error, GET_AGAIN),
    }
}
