//! The public data sets: their files, checksums, mirrors and class names.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use crate::error::DataError;
use crate::images::ClassCounts;

pub(crate) const TRAIN_IMAGES: &str = "train-images-idx3-ubyte";
pub(crate) const TRAIN_LABELS: &str = "train-labels-idx1-ubyte";
pub(crate) const TEST_IMAGES: &str = "t10k-images-idx3-ubyte";
pub(crate) const TEST_LABELS: &str = "t10k-labels-idx1-ubyte";

/// The four files of a data set in the MNIST layout, in the order in which they are read and reported.
pub(crate) const FILE_NAMES: [&str; 4] = [TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS];

/// Where Debian's package `dataset-fashion-mnist` puts its files.
const DEBIAN_FASHION_MNIST: &str = "/usr/share/datasets/fashion-mnist";

/// A data set that is published, with known checksums.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PublicSet {
    /// Handwritten digits: LeCun, Cortes, Burges, "The MNIST database of handwritten digits", 1998.
    Mnist,
    /// Pictures of clothes in MNIST's format: Xiao, Rasul, Vollgraf, "Fashion-MNIST", arXiv:1708.07747.
    FashionMnist,
}

/// One published file. Mirrors serve it as `<name>.gz`; size and checksum are those of the decompressed file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileSpec {
    /// Its name, without `.gz`.
    pub name: &'static str,
    /// Its size when decompressed, in bytes.
    pub raw_bytes: u64,
    /// The SHA-256 of its decompressed bytes, in lower-case hex.
    pub sha256: &'static str,
}

const TRAIN_IMAGES_BYTES: u64 = 16 + 60_000 * 28 * 28;
const TRAIN_LABELS_BYTES: u64 = 8 + 60_000;
const TEST_IMAGES_BYTES: u64 = 16 + 10_000 * 28 * 28;
const TEST_LABELS_BYTES: u64 = 8 + 10_000;

const fn file(name: &'static str, raw_bytes: u64, sha256: &'static str) -> FileSpec {
    FileSpec { name, raw_bytes, sha256 }
}

const MNIST_FILES: [FileSpec; 4] = [
    file(
        TRAIN_IMAGES,
        TRAIN_IMAGES_BYTES,
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    ),
    file(
        TRAIN_LABELS,
        TRAIN_LABELS_BYTES,
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    ),
    file(TEST_IMAGES, TEST_IMAGES_BYTES, "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"),
    file(TEST_LABELS, TEST_LABELS_BYTES, "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"),
];

const FASHION_MNIST_FILES: [FileSpec; 4] = [
    file(
        TRAIN_IMAGES,
        TRAIN_IMAGES_BYTES,
        "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    ),
    file(
        TRAIN_LABELS,
        TRAIN_LABELS_BYTES,
        "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    ),
    file(TEST_IMAGES, TEST_IMAGES_BYTES, "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"),
    file(TEST_LABELS, TEST_LABELS_BYTES, "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"),
];

impl PublicSet {
    /// All public data sets.
    pub const ALL: [Self; 2] = [Self::Mnist, Self::FashionMnist];

    /// The set's name, which is also the name of its folder.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Mnist => "mnist",
            Self::FashionMnist => "fashion-mnist",
        }
    }

    /// Its four files: training images and labels, test images and labels.
    #[must_use]
    pub fn files(self) -> &'static [FileSpec; 4] {
        match self {
            Self::Mnist => &MNIST_FILES,
            Self::FashionMnist => &FASHION_MNIST_FILES,
        }
    }

    /// Base addresses that serve `<name>.gz`, in the order in which they are tried.
    #[must_use]
    pub fn mirrors(self) -> &'static [&'static str] {
        match self {
            Self::Mnist => &[
                "https://storage.googleapis.com/cvdf-datasets/mnist/",
                "https://ossci-datasets.s3.amazonaws.com/mnist/",
            ],
            // Its only public server speaks no TLS; the checksum protects the content all the same.
            Self::FashionMnist => &["http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"],
        }
    }

    /// How many images each class has. Published, so that it is known where the files are not.
    #[must_use]
    pub fn class_counts(self) -> ClassCounts {
        let (train, test) = match self {
            Self::Mnist => (
                [5_923, 6_742, 5_958, 6_131, 5_842, 5_421, 5_918, 6_265, 5_851, 5_949],
                [980, 1_135, 1_032, 1_010, 982, 892, 958, 1_028, 974, 1_009],
            ),
            Self::FashionMnist => ([6_000; 10], [1_000; 10]),
        };
        ClassCounts { train: train.to_vec(), test: test.to_vec() }
    }

    /// What each label stands for, by label, as the set's own page spells it.
    #[must_use]
    pub fn class_names(self) -> &'static [&'static str; 10] {
        match self {
            Self::Mnist => &["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
            Self::FashionMnist => &[
                "T-shirt/top",
                "Trouser",
                "Pullover",
                "Dress",
                "Coat",
                "Sandal",
                "Shirt",
                "Sneaker",
                "Bag",
                "Ankle boot",
            ],
        }
    }

    /// What a user does to get the set, as the end of an error message.
    pub(crate) fn cure(self) -> &'static str {
        match self {
            Self::Mnist => "run scripts/setup, or `pool-cli data fetch mnist`",
            Self::FashionMnist => {
                "run `pool-cli data fetch fashion-mnist`, or on Debian: apt-get install dataset-fashion-mnist"
            }
        }
    }

    /// Where a system package puts the set.
    pub(crate) fn system_folder(self) -> Option<&'static Path> {
        match self {
            Self::Mnist => None,
            Self::FashionMnist => Some(Path::new(DEBIAN_FASHION_MNIST)),
        }
    }
}

impl fmt::Display for PublicSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for PublicSet {
    type Err = DataError;

    /// # Errors
    ///
    /// [`DataError::UnknownSet`], which lists the names.
    fn from_str(name: &str) -> Result<Self, DataError> {
        let known = Self::ALL.into_iter().find(|set| set.name() == name);
        known.ok_or_else(|| DataError::UnknownSet { found: name.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_set_is_found_by_its_own_name() {
        for set in PublicSet::ALL {
            assert_eq!(set.to_string().parse::<PublicSet>().unwrap(), set);
        }
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_known_ones() {
        let message = "emnist".parse::<PublicSet>().unwrap_err().to_string();
        assert_eq!(message, "data set: expected one of mnist, fashion-mnist, found \"emnist\"");
        for set in PublicSet::ALL {
            assert!(message.contains(set.name()));
        }
    }

    #[test]
    fn class_names_are_those_of_the_sets_own_pages() {
        // https://github.com/zalandoresearch/fashion-mnist#labels
        let garments = "T-shirt/top,Trouser,Pullover,Dress,Coat,Sandal,Shirt,Sneaker,Bag,Ankle boot";
        assert_eq!(PublicSet::FashionMnist.class_names().join(","), garments);
        assert_eq!(PublicSet::Mnist.class_names().join(","), "0,1,2,3,4,5,6,7,8,9");
    }

    #[test]
    fn file_tables_are_in_reading_order_with_well_formed_checksums() {
        for set in PublicSet::ALL {
            assert_eq!(set.files().map(|spec| spec.name), FILE_NAMES);
            for spec in set.files() {
                assert!(
                    spec.sha256.len() == 64 && spec.sha256.bytes().all(|c| b"0123456789abcdef".contains(&c))
                );
            }
        }
    }
}
