//! The images of a trial: where they come from, which are held out, and what the test images are looked at under.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::{Augmentation, ClassImages, Normalize, PictureSettings, Split};

/// Which images, and which of them decide when to stop.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataSpec {
    /// Where the images come from.
    pub source: DataSource,
    /// Which training images are held out.
    pub validation: Split,
    /// What is done with pictures that lie in a folder.
    #[serde(default, skip_serializing_if = "PictureSettings::is_default")]
    pub pictures: PictureSettings,
    /// What is done to their channels.
    #[serde(default, skip_serializing_if = "Normalize::is_none")]
    pub normalize: Normalize,
    /// How training images are changed at random. Left out where they are not.
    #[serde(default, skip_serializing_if = "Augmentation::is_none")]
    pub augment: Augmentation,
}

/// Where the images come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DataSource {
    /// Handwritten digits (LeCun, Cortes & Burges 1998).
    Mnist,
    /// Articles of clothing (Xiao, Rasul & Vollgraf 2017).
    FashionMnist,
    /// Bars and crosses made on the spot, for tests and first tries.
    Generated,
    /// The four IDX files in a folder of the user's.
    Dir(PathBuf),
    /// A folder of pictures for each class, below `train` and `test` or not.
    Folder(PathBuf),
    /// Arrays of numpy, as Keras and MedMNIST pack them.
    Npz(PathBuf),
    /// The binary files of CIFAR-10.
    Cifar10(PathBuf),
    /// The binary files of CIFAR-100, by their fine labels.
    Cifar100(PathBuf),
    /// A table with a line for each picture, or a folder with two of them.
    Csv(PathBuf),
}

impl DataSource {
    /// The user's file or folder; `None` for the sets that have none.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Mnist | Self::FashionMnist | Self::Generated => None,
            Self::Dir(path)
            | Self::Folder(path)
            | Self::Npz(path)
            | Self::Cifar10(path)
            | Self::Cifar100(path)
            | Self::Csv(path) => Some(path),
        }
    }

    /// The same kind of source at another path; itself if it has none.
    pub fn at(self, path: PathBuf) -> Self {
        match self {
            Self::Mnist | Self::FashionMnist | Self::Generated => self,
            Self::Dir(_) => Self::Dir(path),
            Self::Folder(_) => Self::Folder(path),
            Self::Npz(_) => Self::Npz(path),
            Self::Cifar10(_) => Self::Cifar10(path),
            Self::Cifar100(_) => Self::Cifar100(path),
            Self::Csv(_) => Self::Csv(path),
        }
    }

    /// Its word in a sweep file, and what the path behind it is.
    pub(crate) fn words(&self) -> (&'static str, &'static str) {
        match self {
            Self::Mnist => ("mnist", "a public set"),
            Self::FashionMnist => ("fashion_mnist", "a public set"),
            Self::Generated => ("generated", "made on the spot"),
            Self::Dir(_) => ("dir", "the folder that holds the four IDX files"),
            Self::Folder(_) => ("folder", "the folder that holds a folder of pictures for each class"),
            Self::Npz(_) => ("npz", "the file that holds the arrays"),
            Self::Cifar10(_) => ("cifar10", "the folder that holds data_batch_1.bin and the others"),
            Self::Cifar100(_) => ("cifar100", "the folder that holds train.bin and test.bin"),
            Self::Csv(_) => ("csv", "the table, or the folder that holds train.csv and test.csv"),
        }
    }
}

impl fmt::Display for DataSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mnist => f.write_str("MNIST"),
            Self::FashionMnist => f.write_str("Fashion-MNIST"),
            Self::Generated => f.write_str("bars and crosses (generated)"),
            Self::Dir(path)
            | Self::Folder(path)
            | Self::Npz(path)
            | Self::Cifar10(path)
            | Self::Cifar100(path)
            | Self::Csv(path) => path.display().fmt(f),
        }
    }
}

/// What a plan must know of a data set, divided as the sweep file asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataFacts {
    /// Shape of one image: channels, height and width.
    pub sample: [usize; 3],
    /// Classes, from label 0.
    pub classes: usize,
    /// Images that every trial loads.
    pub images: ImageCounts,
    /// Images of each class; `None` for a public set that is not on this machine.
    pub class_images: Option<ClassImages>,
}

/// How many images there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImageCounts {
    /// To train with.
    pub train: u64,
    /// To decide when to stop.
    pub validation: u64,
    /// To test with.
    pub test: u64,
}

impl ImageCounts {
    /// All of them.
    pub fn all(self) -> u64 {
        self.train + self.validation + self.test
    }
}

/// What is done with the test images besides counting errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvaluationSpec {
    /// The small changes that the test images are looked at under.
    #[serde(default)]
    pub perturbations: Perturbations,
}

/// Small changes of the test images.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Perturbations {
    /// Those of the standard levels: shifts, rotations, scaling, noise and blur.
    #[default]
    Standard,
    /// None.
    None,
}
