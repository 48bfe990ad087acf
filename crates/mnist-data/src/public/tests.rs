//! Public sets by their names, from small files with sums of their own.

use std::fs;

use pool_spec::{DataSource, PictureSettings};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::*;
use crate::catalogue::{TEST_IMAGES, TEST_LABELS, TRAIN_IMAGES, TRAIN_LABELS};
use crate::images::PictureShape;
use crate::unpacked::hex;
use crate::verify::{FileState, verify};

/// A folder for data sets that holds one set: these files, and their sums.
struct Files {
    dir: TempDir,
    set: PublicSet,
}

impl Files {
    fn of(set: PublicSet, files: &[(&str, Vec<u8>)]) -> Self {
        let here = Self { dir: tempfile::tempdir().unwrap(), set };
        fs::create_dir(here.folder()).unwrap();
        let mut sums = Sums::default();
        for (name, bytes) in files {
            fs::write(here.folder().join(name), bytes).unwrap();
            sums.insert(name, hex(&Sha256::digest(bytes)));
        }
        sums.write(&here.folder()).unwrap();
        here
    }

    fn folder(&self) -> std::path::PathBuf {
        self.dir.path().join(self.set.name())
    }

    fn dir(&self) -> DataDir {
        DataDir::at(self.dir.path())
    }

    fn load(&self) -> Result<Dataset, DataError> {
        crate::load(&DataSource::Public(self.set), &PictureSettings::default(), &self.dir())
    }
}

fn idx(shape: &[u32], body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, shape.len() as u8];
    bytes.extend(shape.iter().flat_map(|size| size.to_be_bytes()));
    bytes.extend_from_slice(body);
    bytes
}

/// Three pictures of two rows and three columns, as the file has them.
fn idx_set(set: PublicSet, train_labels: [u8; 2], test_label: u8) -> Files {
    let files = [
        (TRAIN_IMAGES, idx(&[2, 2, 3], &[1, 2, 3, 4, 5, 6, 11, 12, 13, 14, 15, 16])),
        (TRAIN_LABELS, idx(&[2], &train_labels)),
        (TEST_IMAGES, idx(&[1, 2, 3], &[9, 8, 7, 6, 5, 4])),
        (TEST_LABELS, idx(&[1], &[test_label])),
    ];
    Files::of(set, &files)
}

#[test]
fn letters_are_upright_and_count_from_0_by_their_word_and_are_as_published_by_their_folder() {
    let files = idx_set(PublicSet::EmnistLetters, [1, 26], 2);
    let data = files.load().unwrap();
    assert_eq!(data.train.shape(), PictureShape::grey(3, 2));
    assert_eq!(data.train.picture(0), Some(&[1, 4, 2, 5, 3, 6][..]));
    assert_eq!(data.test.picture(0), Some(&[9, 6, 8, 5, 7, 4][..]));
    assert_eq!((data.train.labels(), data.test.labels()), (&[0, 25][..], &[1][..]));
    assert_eq!((data.name.as_str(), data.classes), ("emnist-letters", 26));
    assert_eq!((data.class_names[0].as_str(), data.class_names[25].as_str()), ("a", "z"));
    let labels = Dataset::public_labels(PublicSet::EmnistLetters, &files.dir()).unwrap();
    assert_eq!((labels.train, labels.test), (vec![0, 25], vec![1]));

    let published = Dataset::from_dir(&files.folder()).unwrap();
    assert_eq!((published.train.labels(), published.classes), (&[1, 26][..], 27));
    assert_eq!(published.train.picture(0), Some(&[1, 2, 3, 4, 5, 6][..]));
}

#[test]
fn letters_outside_1_to_26_are_refused_with_their_place() {
    for (labels, found) in [([1, 0], 0), ([2, 27], 27)] {
        let files = idx_set(PublicSet::EmnistLetters, labels, 1);
        let expected = format!(
            "{}: label of picture 1: expected 1 to 26, found {found}; get the files of EMNIST's letters, which count from 1",
            files.folder().join(TRAIN_LABELS).display()
        );
        assert_eq!(files.load().unwrap_err().to_string(), expected);
        let error = Dataset::public_labels(PublicSet::EmnistLetters, &files.dir()).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn characters_are_read_as_they_are_with_their_names() {
    let data = idx_set(PublicSet::Kmnist, [0, 9], 3).load().unwrap();
    assert_eq!(data.train.picture(0), Some(&[1, 2, 3, 4, 5, 6][..]));
    assert_eq!(data.train.labels(), [0, 9]);
    assert_eq!((data.classes, data.class_names.join(" ")), (10, "o ki su tsu na ha ma ya re wo".to_owned()));
}

/// Rows of a label, or two, and a picture.
fn rows(labels: &[&[u8]]) -> Vec<u8> {
    let row = |label: &&[u8]| [label.to_vec(), vec![label[0]; 3072]].concat();
    labels.iter().flat_map(row).collect()
}

fn names(set: PublicSet) -> Vec<u8> {
    format!("{}\n\n", published(set).class_names.join("\n")).into_bytes()
}

fn cifar10() -> Files {
    let batch = |number: u8| rows(&[&[number], &[9 - number]]);
    let files = [
        ("data_batch_1.bin", batch(1)),
        ("data_batch_2.bin", batch(2)),
        ("data_batch_3.bin", batch(3)),
        ("data_batch_4.bin", batch(4)),
        ("data_batch_5.bin", batch(5)),
        ("test_batch.bin", batch(6)),
        ("batches.meta.txt", names(PublicSet::Cifar10)),
    ];
    Files::of(PublicSet::Cifar10, &files)
}

fn cifar100() -> Files {
    let files = [
        ("train.bin", rows(&[&[3, 99], &[1, 0]])),
        ("test.bin", rows(&[&[2, 98]])),
        ("fine_label_names.txt", names(PublicSet::Cifar100)),
        ("coarse_label_names.txt", b"fish\n".to_vec()),
    ];
    Files::of(PublicSet::Cifar100, &files)
}

#[test]
fn cifar_by_its_word_is_what_its_folder_has() {
    for (files, of_folder) in
        [(cifar10(), DataSource::Cifar10 as fn(_) -> _), (cifar100(), DataSource::Cifar100)]
    {
        let data = files.load().unwrap();
        let by_path =
            crate::load(&of_folder(files.folder()), &PictureSettings::default(), &files.dir()).unwrap();
        assert_eq!(data, by_path);
        let labels = Dataset::public_labels(files.set, &files.dir()).unwrap();
        assert_eq!((&labels.train[..], &labels.test[..]), (data.train.labels(), data.test.labels()));
        assert!(verify(files.set, &files.dir()).unwrap().iter().all(|file| file.state == FileState::Intact));
    }
}

#[test]
fn a_file_with_other_content_is_refused_with_both_sums_and_the_cure() {
    for (files, name, cure) in [
        (idx_set(PublicSet::Kmnist, [0, 1], 2), TEST_IMAGES, "run `pool-cli data fetch kmnist`"),
        (cifar10(), "data_batch_4.bin", "run `pool-cli data fetch cifar10`"),
    ] {
        let path = files.folder().join(name);
        let mut bytes = fs::read(&path).unwrap();
        let published = hex(&Sha256::digest(&bytes));
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(&path, &bytes).unwrap();
        let error = files.load().unwrap_err();
        let found = hex(&Sha256::digest(&bytes));
        let expected =
            format!("{}: expected SHA-256 {published}, found SHA-256 {found}; {cure}", path.display());
        assert_eq!((error.is_missing(), error.to_string()), (true, expected));

        bytes.pop();
        fs::write(&path, &bytes).unwrap();
        let error = files.load().unwrap_err();
        let message = error.to_string();
        assert!(error.is_missing() && message.ends_with(cure), "{message}");
        assert!(message.contains(&format!("expected SHA-256 {published}, found ")), "{message}");
    }
}

#[test]
fn a_set_without_its_sums_is_missing_and_one_that_is_not_named_there_is_no_set() {
    let files = cifar100();
    fs::remove_file(files.folder().join(SUMS_FILE)).unwrap();
    let expected = format!(
        "data set cifar100 is not in {}: missing SHA256SUMS; run `pool-cli data fetch cifar100`",
        files.folder().display()
    );
    let error = files.load().unwrap_err();
    assert_eq!((error.is_missing(), error.to_string()), (true, expected));

    let mut sums = Sums::default();
    sums.insert("train.bin", "00".repeat(32));
    sums.write(&files.folder()).unwrap();
    let expected = format!(
        "{}: expected the sum of test.bin, found none; run `pool-cli data fetch cifar100`",
        files.folder().join(SUMS_FILE).display()
    );
    let error = files.load().unwrap_err();
    assert_eq!((error.is_missing(), error.to_string()), (true, expected));

    let nowhere = tempfile::tempdir().unwrap();
    let error = Dataset::public(PublicSet::Kmnist, &DataDir::at(nowhere.path())).unwrap_err();
    let expected = format!(
        "data set kmnist is not in {}: missing train-images-idx3-ubyte, train-labels-idx1-ubyte, \
         t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte, SHA256SUMS; run `pool-cli data fetch kmnist`",
        nowhere.path().join("kmnist").display()
    );
    assert_eq!((error.is_missing(), error.to_string()), (true, expected));
}

#[test]
fn a_set_is_compared_with_its_sums_when_it_is_decoded_and_mapped_from_then_on() {
    let files = idx_set(PublicSet::Kmnist, [1, 3], 2);
    let first = files.load().unwrap();
    assert!(!first.train.is_mapped());
    let second = files.load().unwrap();
    assert!(second == first && second.train.is_mapped());
    fs::write(files.folder().join(TEST_LABELS), idx(&[1], &[9])).unwrap();
    assert!(matches!(files.load().unwrap_err(), DataError::Corrupt { .. }));
    fs::remove_file(files.folder().join(TEST_LABELS)).unwrap();
    assert!(
        matches!(files.load().unwrap_err(), DataError::Missing { .. }),
        "what is kept is no set by itself"
    );
}
