//! Loading from folders: the sets that are accepted, and the messages of those that are refused.

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use flate2::Compression;
use flate2::write::GzEncoder;
use tempfile::TempDir;

use super::*;
use crate::catalogue::{TEST_IMAGES, TEST_LABELS, TRAIN_IMAGES, TRAIN_LABELS};
use crate::public::idx_files;

fn idx(code: u8, shape: &[u32], body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, code, shape.len() as u8];
    bytes.extend(shape.iter().flat_map(|size| size.to_be_bytes()));
    bytes.extend_from_slice(body);
    bytes
}

/// A folder with 3 training and 2 test pictures of 2x2 pixels.
struct Folder(TempDir);

impl Folder {
    fn valid() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        folder.write(TRAIN_IMAGES, &idx(8, &[3, 2, 2], &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]));
        folder.write(TRAIN_LABELS, &idx(8, &[3], &[0, 1, 4]));
        folder.write(TEST_IMAGES, &idx(8, &[2, 2, 2], &[0; 8]));
        folder.write(TEST_LABELS, &idx(8, &[2], &[1, 5]));
        folder
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.file(name), bytes).unwrap();
    }

    fn message(&self) -> String {
        let error = Dataset::from_dir(self.0.path()).unwrap_err();
        assert_eq!(error.is_missing(), matches!(error, DataError::Missing { .. }));
        error.to_string()
    }
}

fn refusal(set: PublicSet, folder: &Path) -> DataError {
    idx_files(set, folder).and_then(|files| load_idx(set.name().to_owned(), &files)).unwrap_err()
}

#[test]
fn loads_any_set_in_the_layout_of_mnist() {
    let folder = Folder::valid();
    let data = Dataset::from_dir(folder.0.path()).unwrap();
    assert_eq!(data.name, folder.0.path().file_name().unwrap().to_string_lossy());
    assert_eq!(data.classes, 6, "one more than the greatest label of training and test");
    assert_eq!(data.train.picture(1), Some(&[5, 6, 7, 8][..]));
    assert_eq!(data.train.labels(), [0, 1, 4]);
    assert_eq!((data.test.len(), data.test.height(), data.test.width()), (2, 2, 2));
    assert_eq!(data.class_counts().test, [0, 1, 0, 0, 0, 1]);
}

#[test]
fn accepts_each_file_compressed() {
    let folder = Folder::valid();
    let raw = Dataset::from_dir(folder.0.path()).unwrap();
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(&fs::read(folder.file(TRAIN_IMAGES)).unwrap()).unwrap();
    folder.write(&format!("{TRAIN_IMAGES}.gz"), &encoder.finish().unwrap());
    fs::remove_file(folder.file(TRAIN_IMAGES)).unwrap();
    assert_eq!(Dataset::from_dir(folder.0.path()).unwrap(), raw);
}

/// The elements as big-endian integers of this size.
fn wide<T: Copy + Into<u64>>(bytes: usize, elements: &[T]) -> Vec<u8> {
    elements.iter().flat_map(|&element| element.into().to_be_bytes()[8 - bytes..].to_vec()).collect()
}

#[test]
fn wider_integers_and_a_last_axis_of_one_are_read_as_the_same_set() {
    let folder = Folder::valid();
    let expected = Dataset::from_dir(folder.0.path()).unwrap();
    let (pixels, labels) = (expected.train.pixels(), expected.train.labels());
    for (code, bytes) in [(8, 1), (9, 1), (0x0b, 2), (0x0c, 4)] {
        folder.write(TRAIN_IMAGES, &idx(code, &[3, 2, 2, 1], &wide(bytes, pixels)));
        folder.write(TRAIN_LABELS, &idx(code, &[3, 1], &wide(bytes, labels)));
        assert_eq!(Dataset::from_dir(folder.0.path()).unwrap(), expected, "type {code:#x}");
        folder.write(TRAIN_IMAGES, &idx(code, &[3, 2, 2], &wide(bytes, pixels)));
        folder.write(TRAIN_LABELS, &idx(code, &[3], &wide(bytes, labels)));
        assert_eq!(Dataset::from_dir(folder.0.path()).unwrap(), expected, "type {code:#x}");
    }
}

#[test]
fn labels_beyond_a_byte_are_read() {
    let folder = Folder::valid();
    folder.write(TRAIN_LABELS, &idx(0x0c, &[3], &wide(4, &[0_u16, 256, 65_535])));
    let data = Dataset::from_dir(folder.0.path()).unwrap();
    assert_eq!((data.train.labels(), data.classes), (&[0, 256, 65_535][..], 65_536));
}

#[test]
fn pictures_in_colour_are_read_channel_by_channel() {
    let folder = Folder::valid();
    folder.write(TRAIN_IMAGES, &idx(8, &[3, 1, 2, 3], &(0..18).collect::<Vec<u8>>()));
    assert!(folder.message().contains("picture size: expected 1x2 in colour as in "), "{}", folder.message());
    folder.write(TEST_IMAGES, &idx(8, &[2, 1, 2, 3], &[7; 12]));
    let data = Dataset::from_dir(folder.0.path()).unwrap();
    assert_eq!(data.train.shape(), PictureShape::rgb(1, 2));
    assert_eq!(data.train.picture(1), Some(&[6, 9, 7, 10, 8, 11][..]));
}

#[test]
fn a_set_is_the_same_whatever_its_files_are_called() {
    let folder = Folder::valid();
    let expected = Dataset::from_dir(folder.0.path()).unwrap();
    let files = [TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS];
    let renamed: [fn(&str) -> String; 3] = [
        |name| name.replace("-idx", ".idx"),
        |name| format!("{name}/{name}"),
        |name| format!("emnist-letters-{}", name.replace("t10k", "test")),
    ];
    for rename in renamed {
        let other = tempfile::tempdir().unwrap();
        let path = other.path().join(&expected.name);
        for name in files {
            let to = path.join(rename(name));
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::copy(folder.file(name), &to).unwrap();
        }
        assert_eq!(Dataset::from_dir(&path).unwrap(), expected, "{}", rename(TRAIN_IMAGES));
    }
}

#[test]
fn classes_counted_from_1_leave_a_class_0_that_never_occurs() {
    let folder = Folder::valid();
    folder.write(TRAIN_LABELS, &idx(8, &[3], &[1, 26, 2]));
    folder.write(TEST_LABELS, &idx(8, &[2], &[26, 1]));
    let data = Dataset::from_dir(folder.0.path()).unwrap();
    let counts = data.class_counts();
    assert_eq!((data.classes, counts.train[0], counts.test[0], counts.test[26]), (27, 0, 0, 1));
}

#[test]
fn names_the_files_that_are_missing() {
    let folder = Folder::valid();
    fs::remove_file(folder.file(TRAIN_LABELS)).unwrap();
    fs::remove_file(folder.file(TEST_IMAGES)).unwrap();
    let message = folder.message();
    assert!(
        message.contains(": missing train-labels-idx1-ubyte, t10k-images-idx3-ubyte; put them"),
        "{message}"
    );
}

#[test]
fn refuses_files_of_another_kind_by_name() {
    let floats = "element type: expected u8, or integers from 0 to 255, found f32";
    let table: [(&str, Vec<u8>, &str); 9] = [
        (TRAIN_IMAGES, idx(8, &[3], &[0; 3]), "dimension count: expected 3 ([N, H, W]), found 1"),
        (TRAIN_IMAGES, idx(8, &[3, 2, 2, 2], &[0; 24]), "dimension count: expected 3 ([N, H, W]), found 4"),
        (TRAIN_LABELS, idx(8, &[3, 1, 1], &[0; 3]), "dimension count: expected 1 ([N]), found 3"),
        (TRAIN_LABELS, idx(8, &[3, 2], &[0; 6]), "dimension count: expected 1 ([N]), found 2"),
        (TEST_IMAGES, idx(0x0d, &[2, 2, 2], &[0; 32]), floats),
        (
            TEST_IMAGES,
            idx(9, &[2, 2, 2], &[1, 2, 3, 255, 5, 6, 7, 8]),
            "element 3: expected a whole number from 0 to 255, found -1",
        ),
        (
            TEST_LABELS,
            idx(0x0c, &[2], &[0, 0, 0, 9, 0, 1, 0, 0]),
            "element 1: expected a whole number from 0 to 65535, found 65536",
        ),
        (
            TEST_LABELS,
            idx(0x0d, &[2], &[0; 8]),
            "element type: expected u8, or integers from 0 to 65535, found f32",
        ),
        (TEST_LABELS, idx(8, &[3], &[0; 2]), "body: expected 3 bytes, found 2"),
    ];
    for (name, bytes, problem) in table {
        let folder = Folder::valid();
        folder.write(name, &bytes);
        let (message, expected) = (folder.message(), format!("{}: {problem}; ", folder.file(name).display()));
        assert!(message.starts_with(&expected), "{message} should start with {expected}");
    }
}

#[test]
fn refuses_counts_that_differ() {
    let folder = Folder::valid();
    folder.write(TRAIN_LABELS, &idx(8, &[4], &[0; 4]));
    let (labels, images) = (folder.file(TRAIN_LABELS), folder.file(TRAIN_IMAGES));
    let expected = format!(
        "{}: label count: expected 3, one for each image of {}, found 4; put files of one data set there",
        labels.display(),
        images.display()
    );
    assert_eq!(folder.message(), expected);
}

#[test]
fn refuses_pictures_of_two_sizes() {
    let folder = Folder::valid();
    folder.write(TEST_IMAGES, &idx(8, &[2, 2, 3], &[0; 12]));
    let (test, train) = (folder.file(TEST_IMAGES), folder.file(TRAIN_IMAGES));
    let expected = format!(
        "{}: picture size: expected 2x2 as in {}, found 2x3; put files of one data set there",
        test.display(),
        train.display()
    );
    assert_eq!(folder.message(), expected);
}

#[test]
fn refuses_sets_without_pictures_or_pixels() {
    for shape in [[0, 2, 2], [2, 0, 2]] {
        let folder = Folder::valid();
        folder.write(TEST_IMAGES, &idx(8, &shape, &[]));
        let expected = format!(
            "{}: shape: expected at least one picture of at least one pixel, found {shape:?}; use another file",
            folder.file(TEST_IMAGES).display()
        );
        assert_eq!(folder.message(), expected);
    }
}

#[test]
fn a_missing_public_set_comes_with_its_cure() {
    let dir = tempfile::tempdir().unwrap();
    let error = Dataset::mnist(&DataDir::at(dir.path())).unwrap_err();
    assert!(error.is_missing());
    let expected = format!(
        "data set mnist is not in {}: missing train-images-idx3-ubyte, train-labels-idx1-ubyte, \
         t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte; run scripts/setup, or `pool-cli data fetch mnist`",
        dir.path().join("mnist").display()
    );
    assert_eq!(error.to_string(), expected);
}

#[test]
fn missing_fashion_mnist_names_the_debian_package() {
    let dir = tempfile::tempdir().unwrap();
    let error = refusal(PublicSet::FashionMnist, dir.path()).to_string();
    let cure = "run `pool-cli data fetch fashion-mnist`, or on Debian: apt-get install dataset-fashion-mnist";
    assert!(error.ends_with(cure), "{error}");
}

#[test]
fn a_public_set_with_other_content_is_refused_with_both_checksums() {
    let folder = Folder::valid();
    let error = refusal(PublicSet::Mnist, folder.0.path());
    assert!(error.is_missing());
    let message = error.to_string();
    let file = folder.file(TRAIN_IMAGES);
    let start = format!(
        "{}: expected SHA-256 ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db, found SHA-256 ",
        file.display()
    );
    assert!(message.starts_with(&start), "{message}");
    assert!(message.ends_with("; run scripts/setup, or `pool-cli data fetch mnist`"), "{message}");
}

#[test]
fn a_public_set_with_a_truncated_file_is_corrupt_and_says_where_it_ends() {
    let folder = Folder::valid();
    folder.write(TRAIN_IMAGES, &idx(8, &[60_000, 28, 28], &[0; 100]));
    let error = refusal(PublicSet::Mnist, folder.0.path());
    assert!(error.is_missing());
    assert!(error.to_string().contains("found body: expected 47040000 bytes, found 100;"), "{error}");
}
