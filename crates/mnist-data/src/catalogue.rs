//! What their publishers say of the public data sets: files, checksums, mirrors, class names and counts.

mod class_names;

use pool_spec::PublicSet;

use crate::images::{ClassCounts, PictureShape};
use class_names::{CIFAR_10, CIFAR_100, DIGITS, GARMENTS, HIRAGANA, LETTERS};

pub(crate) const TRAIN_IMAGES: &str = "train-images-idx3-ubyte";
pub(crate) const TRAIN_LABELS: &str = "train-labels-idx1-ubyte";
pub(crate) const TEST_IMAGES: &str = "t10k-images-idx3-ubyte";
pub(crate) const TEST_LABELS: &str = "t10k-labels-idx1-ubyte";

/// The four files of a data set in the MNIST layout, in the order in which they are read and reported.
pub(crate) const FILE_NAMES: [&str; 4] = [TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS];

/// A public data set as its publisher describes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Published {
    /// What all its pictures have in common.
    pub shape: PictureShape,
    /// What each label stands for, by label.
    pub class_names: &'static [&'static str],
    /// How many training images each class has, by label. Published, so that it is known where the files are not.
    pub train_counts: &'static [usize],
    /// How many test images each class has, by label.
    pub test_counts: &'static [usize],
    /// How its files come to this machine.
    pub delivery: Delivery,
    /// Base addresses of servers that have it, in the order in which they are tried.
    pub mirrors: &'static [&'static str],
    /// What a user does to get the set, as the end of an error message.
    pub(crate) cure: &'static str,
    /// Where a system package puts the set.
    pub(crate) system_folder: Option<&'static str>,
}

/// How the files of a set come to this machine, and what they are compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// Mirrors serve `<name>.gz` for each file: training images and labels, test images and labels. What is in it has a
    /// published SHA-256.
    Files(&'static [FileSpec; 4]),
    /// Mirrors serve downloads that have a published MD5. What is in them is compared with the file `SHA256SUMS` that
    /// [`fetch`](crate::fetch) writes when it has unpacked them.
    Downloads(&'static [Download]),
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

/// One compressed file that a mirror serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Download {
    /// Its name.
    pub name: &'static str,
    /// No more bytes than these are received.
    pub most_bytes: u64,
    /// The MD5 of the file as it is served, in lower-case hex.
    pub md5: &'static str,
    /// How it is packed.
    pub packing: Packing,
    /// The files in it that are stored here.
    pub members: &'static [Member],
}

/// How a [`Download`] is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// One file, with gzip.
    Gzip,
    /// Files, with tar and gzip.
    TarGzip,
    /// Files, with zip. A member may be packed with gzip itself.
    Zip,
}

/// One file in a [`Download`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    /// Its path in the archive; for a file packed by itself, the name without `.gz`.
    pub path: &'static str,
    /// The name that it is stored under.
    pub name: &'static str,
    /// It has no more bytes than these when it is unpacked.
    pub most_bytes: u64,
}

/// The size of a file of this many pictures of 28x28 pixels.
const fn images_bytes(count: u64) -> u64 {
    16 + count * 28 * 28
}

/// The size of a file of this many labels.
const fn labels_bytes(count: u64) -> u64 {
    8 + count
}

/// More bytes than any gzip file of this content has: a compressor that finds nothing to compress adds 5 bytes to each
/// block of at least 16 KiB, and a header.
pub(crate) const fn most_packed(raw_bytes: u64) -> u64 {
    raw_bytes.saturating_add(raw_bytes / 1024).saturating_add(4096)
}

const fn file(name: &'static str, raw_bytes: u64, sha256: &'static str) -> FileSpec {
    FileSpec { name, raw_bytes, sha256 }
}

const fn member(path: &'static str, name: &'static str, most_bytes: u64) -> Member {
    Member { path, name, most_bytes }
}

const MNIST: Published = Published {
    shape: PictureShape::grey(28, 28),
    class_names: &DIGITS,
    train_counts: &[5_923, 6_742, 5_958, 6_131, 5_842, 5_421, 5_918, 6_265, 5_851, 5_949],
    test_counts: &[980, 1_135, 1_032, 1_010, 982, 892, 958, 1_028, 974, 1_009],
    delivery: Delivery::Files(&[
        file(
            TRAIN_IMAGES,
            images_bytes(60_000),
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        ),
        file(
            TRAIN_LABELS,
            labels_bytes(60_000),
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        ),
        file(
            TEST_IMAGES,
            images_bytes(10_000),
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        ),
        file(
            TEST_LABELS,
            labels_bytes(10_000),
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        ),
    ]),
    mirrors: &[
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
    ],
    cure: "run scripts/setup, or `pool-cli data fetch mnist`",
    system_folder: None,
};

const FASHION_MNIST: Published = Published {
    shape: PictureShape::grey(28, 28),
    class_names: &GARMENTS,
    train_counts: &[6_000; 10],
    test_counts: &[1_000; 10],
    delivery: Delivery::Files(&[
        file(
            TRAIN_IMAGES,
            images_bytes(60_000),
            "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        ),
        file(
            TRAIN_LABELS,
            labels_bytes(60_000),
            "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        ),
        file(
            TEST_IMAGES,
            images_bytes(10_000),
            "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        ),
        file(
            TEST_LABELS,
            labels_bytes(10_000),
            "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        ),
    ]),
    // Its only public server speaks no TLS; the checksum protects the content all the same.
    mirrors: &["http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"],
    cure: "run `pool-cli data fetch fashion-mnist`, or on Debian: apt-get install dataset-fashion-mnist",
    // Debian's package dataset-fashion-mnist.
    system_folder: Some("/usr/share/datasets/fashion-mnist"),
};

const KMNIST: Published = Published {
    shape: PictureShape::grey(28, 28),
    class_names: &HIRAGANA,
    train_counts: &[6_000; 10],
    test_counts: &[1_000; 10],
    delivery: Delivery::Downloads(&[
        Download {
            name: "train-images-idx3-ubyte.gz",
            most_bytes: most_packed(images_bytes(60_000)),
            md5: "bdb82020997e1d708af4cf47b453dcf7",
            packing: Packing::Gzip,
            members: &[member(TRAIN_IMAGES, TRAIN_IMAGES, images_bytes(60_000))],
        },
        Download {
            name: "train-labels-idx1-ubyte.gz",
            most_bytes: most_packed(labels_bytes(60_000)),
            md5: "e144d726b3acfaa3e44228e80efcd344",
            packing: Packing::Gzip,
            members: &[member(TRAIN_LABELS, TRAIN_LABELS, labels_bytes(60_000))],
        },
        Download {
            name: "t10k-images-idx3-ubyte.gz",
            most_bytes: most_packed(images_bytes(10_000)),
            md5: "5c965bf0a639b31b8f53240b1b52f4d7",
            packing: Packing::Gzip,
            members: &[member(TEST_IMAGES, TEST_IMAGES, images_bytes(10_000))],
        },
        Download {
            name: "t10k-labels-idx1-ubyte.gz",
            most_bytes: most_packed(labels_bytes(10_000)),
            md5: "7320c461ea6c1c855c0b718fb2a4b134",
            packing: Packing::Gzip,
            members: &[member(TEST_LABELS, TEST_LABELS, labels_bytes(10_000))],
        },
    ]),
    // No TLS there, either.
    mirrors: &["http://codh.rois.ac.jp/kmnist/dataset/kmnist/"],
    cure: "run `pool-cli data fetch kmnist`",
    system_folder: None,
};

const EMNIST_LETTERS: Published = Published {
    shape: PictureShape::grey(28, 28),
    class_names: &LETTERS,
    train_counts: &[4_800; 26],
    test_counts: &[800; 26],
    // All of EMNIST's divisions in one archive.
    delivery: Delivery::Downloads(&[Download {
        name: "gzip.zip",
        most_bytes: 640_000_000,
        md5: "58c8d27c78d21e728a6bc7b3cc06412e",
        packing: Packing::Zip,
        members: &[
            member("gzip/emnist-letters-train-images-idx3-ubyte.gz", TRAIN_IMAGES, images_bytes(124_800)),
            member("gzip/emnist-letters-train-labels-idx1-ubyte.gz", TRAIN_LABELS, labels_bytes(124_800)),
            member("gzip/emnist-letters-test-images-idx3-ubyte.gz", TEST_IMAGES, images_bytes(20_800)),
            member("gzip/emnist-letters-test-labels-idx1-ubyte.gz", TEST_LABELS, labels_bytes(20_800)),
        ],
    }]),
    mirrors: &["https://biometrics.nist.gov/cs_links/EMNIST/"],
    cure: "run `pool-cli data fetch emnist-letters`",
    system_folder: None,
};

/// Of the file of the classes' names, which has a few hundred.
const NAMES_BYTES: u64 = 4096;
/// The five files to train with, and the one to test with, have 10,000 pictures each.
const BATCH_BYTES: u64 = 10_000 * (1 + 3 * 32 * 32);

const CIFAR10: Published = Published {
    shape: PictureShape::rgb(32, 32),
    class_names: &CIFAR_10,
    train_counts: &[5_000; 10],
    test_counts: &[1_000; 10],
    delivery: Delivery::Downloads(&[Download {
        name: "cifar-10-binary.tar.gz",
        most_bytes: 170_052_171,
        md5: "c32a1d4ab5d03f1284b67883e8d87530",
        packing: Packing::TarGzip,
        members: &[
            member("cifar-10-batches-bin/data_batch_1.bin", "data_batch_1.bin", BATCH_BYTES),
            member("cifar-10-batches-bin/data_batch_2.bin", "data_batch_2.bin", BATCH_BYTES),
            member("cifar-10-batches-bin/data_batch_3.bin", "data_batch_3.bin", BATCH_BYTES),
            member("cifar-10-batches-bin/data_batch_4.bin", "data_batch_4.bin", BATCH_BYTES),
            member("cifar-10-batches-bin/data_batch_5.bin", "data_batch_5.bin", BATCH_BYTES),
            member("cifar-10-batches-bin/test_batch.bin", "test_batch.bin", BATCH_BYTES),
            member("cifar-10-batches-bin/batches.meta.txt", "batches.meta.txt", NAMES_BYTES),
        ],
    }]),
    mirrors: &["https://www.cs.toronto.edu/~kriz/"],
    cure: "run `pool-cli data fetch cifar10`",
    system_folder: None,
};

const CIFAR100: Published = Published {
    shape: PictureShape::rgb(32, 32),
    class_names: &CIFAR_100,
    train_counts: &[500; 100],
    test_counts: &[100; 100],
    delivery: Delivery::Downloads(&[Download {
        name: "cifar-100-binary.tar.gz",
        most_bytes: 168_513_733,
        md5: "03b5dce01913d631647c71ecec9e9cb8",
        packing: Packing::TarGzip,
        members: &[
            member("cifar-100-binary/train.bin", "train.bin", 50_000 * (2 + 3 * 32 * 32)),
            member("cifar-100-binary/test.bin", "test.bin", 10_000 * (2 + 3 * 32 * 32)),
            member("cifar-100-binary/fine_label_names.txt", "fine_label_names.txt", NAMES_BYTES),
            member("cifar-100-binary/coarse_label_names.txt", "coarse_label_names.txt", NAMES_BYTES),
        ],
    }]),
    mirrors: &["https://www.cs.toronto.edu/~kriz/"],
    cure: "run `pool-cli data fetch cifar100`",
    system_folder: None,
};

/// What its publisher says of a set.
#[must_use]
pub fn published(set: PublicSet) -> &'static Published {
    match set {
        PublicSet::Mnist => &MNIST,
        PublicSet::FashionMnist => &FASHION_MNIST,
        PublicSet::Kmnist => &KMNIST,
        PublicSet::EmnistLetters => &EMNIST_LETTERS,
        PublicSet::Cifar10 => &CIFAR10,
        PublicSet::Cifar100 => &CIFAR100,
    }
}

impl Published {
    /// How many images each class has.
    #[must_use]
    pub fn class_counts(&self) -> ClassCounts {
        ClassCounts { train: self.train_counts.to_vec(), test: self.test_counts.to_vec() }
    }
}

impl Delivery {
    /// The names of the files as they are stored here.
    pub(crate) fn file_names(self) -> Vec<&'static str> {
        match self {
            Self::Files(files) => files.iter().map(|spec| spec.name).collect(),
            Self::Downloads(downloads) => {
                downloads.iter().flat_map(|download| download.members).map(|member| member.name).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn class_names_are_those_of_the_sets_own_pages() {
        // https://github.com/zalandoresearch/fashion-mnist#labels
        let garments = "T-shirt/top,Trouser,Pullover,Dress,Coat,Sandal,Shirt,Sneaker,Bag,Ankle boot";
        assert_eq!(published(PublicSet::FashionMnist).class_names.join(","), garments);
        assert_eq!(published(PublicSet::Mnist).class_names.join(","), "0,1,2,3,4,5,6,7,8,9");
        assert_eq!(published(PublicSet::EmnistLetters).class_names.concat(), "abcdefghijklmnopqrstuvwxyz");
        // CIFAR's files list them in this order.
        for set in [PublicSet::Cifar10, PublicSet::Cifar100] {
            assert!(published(set).class_names.is_sorted(), "{set}");
        }
    }

    #[test]
    fn counts_are_those_of_every_class_and_add_up_to_the_published_sums() {
        let table = [
            (PublicSet::Mnist, 10, 60_000, 10_000),
            (PublicSet::FashionMnist, 10, 60_000, 10_000),
            (PublicSet::Kmnist, 10, 60_000, 10_000),
            (PublicSet::EmnistLetters, 26, 124_800, 20_800),
            (PublicSet::Cifar10, 10, 50_000, 10_000),
            (PublicSet::Cifar100, 100, 50_000, 10_000),
        ];
        assert_eq!(table.map(|(set, ..)| set), PublicSet::ALL);
        for (set, classes, train, test) in table {
            let row = published(set);
            let classes_of = [row.class_names.len(), row.train_counts.len(), row.test_counts.len()];
            assert_eq!(classes_of, [classes; 3], "{set}");
            let sums = [row.train_counts, row.test_counts].map(|counts| counts.iter().sum::<usize>());
            assert_eq!(sums, [train, test], "{set}");
        }
    }

    #[test]
    fn tables_are_in_reading_order_with_well_formed_checksums_and_names() {
        let is_hex =
            |sum: &str, digits| sum.len() == digits && sum.bytes().all(|c| b"0123456789abcdef".contains(&c));
        for set in PublicSet::ALL {
            let row = published(set);
            assert!(row.cure.contains(&format!("`pool-cli data fetch {set}`")), "{set}");
            assert!(row.mirrors.iter().all(|mirror| mirror.ends_with('/')), "{set}");
            if row.shape == PictureShape::grey(28, 28) {
                assert_eq!(row.delivery.file_names(), FILE_NAMES, "{set}");
            }
            match row.delivery {
                Delivery::Files(files) => assert!(files.iter().all(|spec| is_hex(spec.sha256, 64))),
                Delivery::Downloads(downloads) => {
                    for download in downloads {
                        assert!(is_hex(download.md5, 32), "{}", download.name);
                        assert!(download.members.iter().all(|member| !member.name.contains('/')));
                    }
                }
            }
        }
    }
}
