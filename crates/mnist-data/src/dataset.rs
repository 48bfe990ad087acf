//! A training and a test set of labelled images, from the four files of a folder or generated.

#[cfg(test)]
mod tests;

use std::path::Path;
use std::time::Instant;

use pool_spec::{DataRemarks, PublicSet};

use crate::data_dir::DataDir;
use crate::error::{DataError, Mismatch};
use crate::folder;
use crate::found_file::FoundFile;
use crate::generated::{self, BARS_AND_CROSSES_CLASSES};
use crate::idx::IdxArray;
use crate::images::{ClassCounts, LabelledImages, PictureShape};
use crate::planes::to_planes;
use crate::public;

/// Labelled images for training and, set apart, for testing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dataset {
    /// A public set's name, `bars-and-crosses`, or the name of the folder.
    pub name: String,
    /// How many classes there are; labels are below this number.
    pub classes: usize,
    /// What the classes are called, by label; empty if the source has no names for them.
    pub class_names: Vec<String>,
    /// The training images, of which a [`Split`](crate::Split) takes its part.
    pub train: LabelledImages,
    /// How many of the training images, the last of them, the set itself has set apart for validation; 0 for most sets.
    pub validation: usize,
    /// The test images, of the same shape.
    pub test: LabelledImages,
    /// What was done to the images while they were loaded.
    pub remarks: DataRemarks,
}

/// The labels of a set, `[N]` each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetLabels {
    /// Those of the training images.
    pub train: Vec<u16>,
    /// How many of these are for validation: [`Dataset::validation`].
    pub validation: usize,
    /// Those of the test images.
    pub test: Vec<u16>,
}

impl Dataset {
    /// MNIST: 60,000 training and 10,000 test pictures of 28x28 pixels, 10 classes.
    ///
    /// # Errors
    ///
    /// As [`Dataset::public`].
    pub fn mnist(dir: &DataDir) -> Result<Self, DataError> {
        Self::public(PublicSet::Mnist, dir)
    }

    /// Fashion-MNIST, in MNIST's sizes.
    ///
    /// # Errors
    ///
    /// As [`Dataset::public`].
    pub fn fashion_mnist(dir: &DataDir) -> Result<Self, DataError> {
        Self::public(PublicSet::FashionMnist, dir)
    }

    /// A public set, from `dir`, or from where a system package puts it if only that place has all its files.
    ///
    /// Every file's SHA-256 is compared, while the file is read, with the published one, or with the one that
    /// [`fetch`](crate::fetch) found in a download whose MD5 is published. EMNIST's letters are upright, and their
    /// labels begin with 0.
    ///
    /// # Errors
    ///
    /// [`DataError::Missing`] or [`DataError::Corrupt`], both with the command that fetches the set;
    /// [`DataError::SeveralFiles`]; [`DataError::NoDataDir`]; [`DataError::Io`].
    pub fn public(set: PublicSet, dir: &DataDir) -> Result<Self, DataError> {
        public::load(set, dir)
    }

    /// The labels of a public set without its pictures: 70 kB to read instead of 55 MB, where they are files of their own.
    ///
    /// # Errors
    ///
    /// As [`Dataset::public`].
    pub fn public_labels(set: PublicSet, dir: &DataDir) -> Result<SetLabels, DataError> {
        public::labels(set, dir)
    }

    /// Any data set in MNIST's layout: `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, `t10k-images-idx3-ubyte`
    /// and `t10k-labels-idx1-ubyte` in one folder, each as it is or with `.gz` appended.
    ///
    /// Other spellings of these names are read, too: `train-images.idx3-ubyte`, a folder of the same name around each
    /// file (Kaggle), `test` for `t10k`, and a prefix that all four have (`emnist-letters-train-images-idx3-ubyte`).
    /// Elements are bytes, or wider integers: pixels from 0 to 255, and labels up to 65,535. Images are `[N, H, W]` or
    /// `[N, H, W, 1]`, or in colour `[N, H, W, 3]`; labels are `[N]` or `[N, 1]`.
    ///
    /// The set has one class more than its greatest label. One that counts its classes from 1, as EMNIST's letters do,
    /// has a class 0 that never occurs.
    ///
    /// # Errors
    ///
    /// [`DataError::Missing`] or [`DataError::SeveralFiles`] with the folder; [`DataError::Idx`] with the file, and
    /// with the other one where two do not fit together; [`DataError::Io`].
    pub fn from_dir(path: &Path) -> Result<Self, DataError> {
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        let paths = folder::four_files(&name, path, "put them there, each as it is or with .gz appended")?;
        load_idx(name, &paths.map(FoundFile::own))
    }

    /// A generated set that needs no file: 2,000 training and 500 test pictures of 28x28 pixels in four balanced
    /// classes (see [`BARS_AND_CROSSES_CLASSES`]), a function of `seed` alone.
    ///
    /// Position, length, thickness and brightness vary and there is noise, so a network has to learn shape.
    #[must_use]
    pub fn bars_and_crosses(seed: u64) -> Self {
        let [train, test] = generated::bars_and_crosses(seed);
        Self {
            name: "bars-and-crosses".to_owned(),
            classes: BARS_AND_CROSSES_CLASSES.len(),
            class_names: Vec::new(),
            train,
            validation: 0,
            test,
            remarks: DataRemarks::default(),
        }
    }

    /// How many images each class has.
    #[must_use]
    pub fn class_counts(&self) -> ClassCounts {
        ClassCounts {
            train: self.train.class_counts(self.classes),
            test: self.test.class_counts(self.classes),
        }
    }
}

const ONE_SET: &str = "put files of one data set there";

/// A set of the four files of MNIST's layout.
pub(crate) fn load_idx(name: String, files: &[FoundFile; 4]) -> Result<Dataset, DataError> {
    let start = Instant::now();
    let [train_images, train_labels, test_images, test_labels] = files;
    let train = labelled(train_images, train_labels)?;
    let test = labelled(test_images, test_labels)?;
    if train.shape() != test.shape() {
        let expected = format!("{} as in {}", train.shape(), train_images.path.display());
        let problem = Mismatch::new("picture size", expected, test.shape(), ONE_SET);
        return Err(DataError::idx(&test_images.path, problem));
    }
    let greatest = train.labels().iter().chain(test.labels()).max().copied().unwrap_or(0);
    let (first, elapsed_ms) = (train_images.path.display(), start.elapsed().as_millis());
    tracing::debug!(name, %first, train = train.len(), test = test.len(), elapsed_ms, "loaded");
    Ok(Dataset {
        name,
        classes: usize::from(greatest) + 1,
        class_names: Vec::new(),
        train,
        validation: 0,
        test,
        remarks: DataRemarks::default(),
    })
}

fn labelled(images: &FoundFile, labels: &FoundFile) -> Result<LabelledImages, DataError> {
    let array: IdxArray = images.read()?;
    let (count, shape) = match array.shape[..] {
        [count, height, width, 3] => (count, PictureShape::rgb(height, width)),
        _ => {
            let [count, height, width] = images.sizes(&array, "3 ([N, H, W])")?;
            (count, PictureShape::grey(height, width))
        }
    };
    if array.values.is_empty() {
        let found = format!("{:?}", [count, shape.height, shape.width]);
        let problem =
            Mismatch::new("shape", "at least one picture of at least one pixel", found, "use another file");
        return Err(DataError::idx(&images.path, problem));
    }
    let found = labels.labels()?;
    if found.len() != count {
        let expected = format!("{count}, one for each image of {}", images.path.display());
        let problem = Mismatch::new("label count", expected, found.len(), ONE_SET);
        return Err(DataError::idx(&labels.path, problem));
    }
    LabelledImages::new(shape, to_planes(shape, array.values)?, found)
}
