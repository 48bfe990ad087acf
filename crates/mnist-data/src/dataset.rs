//! A training and a test set of labelled images, from files or generated.

mod load;
#[cfg(test)]
mod tests;

use std::path::Path;

use crate::catalogue::PublicSet;
use crate::data_dir::DataDir;
use crate::error::DataError;
use crate::folder;
use crate::generated;
use crate::images::LabelledImages;

/// Labelled images for training and, set apart, for testing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dataset {
    /// A public set's name, `bars-and-crosses`, or the name of the folder.
    pub name: String,
    /// How many classes there are; labels are below this number.
    pub classes: usize,
    /// The training images, of which a [`ValidationSplit`](crate::ValidationSplit) takes its part.
    pub train: LabelledImages,
    /// The test images, of the same height and width.
    pub test: LabelledImages,
}

/// The labels of a set, `[N]` each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetLabels {
    /// Those of the training images.
    pub train: Vec<u8>,
    /// Those of the test images.
    pub test: Vec<u8>,
}

/// How many images each class has, by label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassCounts {
    /// Among the training images.
    pub train: Vec<usize>,
    /// Among the test images.
    pub test: Vec<usize>,
}

impl Dataset {
    /// MNIST: 60,000 training and 10,000 test pictures of 28x28 pixels, 10 classes.
    ///
    /// Every file's SHA-256 is compared with the published one while it is read.
    ///
    /// # Errors
    ///
    /// [`DataError::Missing`] or [`DataError::Corrupt`], both with the command that fetches the set;
    /// [`DataError::NoDataDir`]; [`DataError::Io`].
    pub fn mnist(dir: &DataDir) -> Result<Self, DataError> {
        load::public(PublicSet::Mnist, &folder::of_set(PublicSet::Mnist, dir)?)
    }

    /// Fashion-MNIST, in MNIST's sizes. Looks into `dir` first, then where Debian's package puts it.
    ///
    /// # Errors
    ///
    /// As [`Dataset::mnist`].
    pub fn fashion_mnist(dir: &DataDir) -> Result<Self, DataError> {
        load::public(PublicSet::FashionMnist, &folder::of_set(PublicSet::FashionMnist, dir)?)
    }

    /// The public set of this name.
    ///
    /// # Errors
    ///
    /// As [`Dataset::mnist`].
    pub fn public(set: PublicSet, dir: &DataDir) -> Result<Self, DataError> {
        match set {
            PublicSet::Mnist => Self::mnist(dir),
            PublicSet::FashionMnist => Self::fashion_mnist(dir),
        }
    }

    /// The labels of a public set without its pictures: 70 kB to read instead of 55 MB.
    ///
    /// # Errors
    ///
    /// As [`Dataset::mnist`].
    pub fn public_labels(set: PublicSet, dir: &DataDir) -> Result<SetLabels, DataError> {
        load::public_labels(set, &folder::of_set(set, dir)?)
    }

    /// Any data set in MNIST's layout: `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, `t10k-images-idx3-ubyte`
    /// and `t10k-labels-idx1-ubyte` in one folder, each as it is or with `.gz` appended.
    ///
    /// Other spellings of these names are read, too: `train-images.idx3-ubyte`, a folder of the same name around each
    /// file (Kaggle), `test` for `t10k`, and a prefix that all four have (`emnist-letters-train-images-idx3-ubyte`).
    /// Elements are bytes, or wider integers from 0 to 255; images are `[N, H, W]` or `[N, H, W, 1]`, labels `[N]` or
    /// `[N, 1]`.
    ///
    /// The set has as many classes as its greatest label asks for. One that counts its classes from 1, as EMNIST's
    /// letters do, has a class 0 that never occurs.
    ///
    /// # Errors
    ///
    /// [`DataError::Missing`] or [`DataError::SeveralFiles`] with the folder; [`DataError::Idx`],
    /// [`DataError::WrongKind`], [`DataError::NoByte`] or [`DataError::Empty`] with the file;
    /// [`DataError::CountMismatch`] or [`DataError::PictureSizeMismatch`] with both files; [`DataError::Io`].
    pub fn from_dir(path: &Path) -> Result<Self, DataError> {
        load::folder(path)
    }

    /// A generated set that needs no file: 2,000 training and 500 test pictures of 28x28 pixels in four balanced
    /// classes (see [`BARS_AND_CROSSES_CLASSES`](crate::BARS_AND_CROSSES_CLASSES)), a function of `seed` alone.
    ///
    /// Position, length, thickness and brightness vary and there is noise, so a network has to learn shape.
    #[must_use]
    pub fn bars_and_crosses(seed: u64) -> Self {
        generated::bars_and_crosses(seed)
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
