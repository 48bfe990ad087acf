//! Every source of images: the same pictures through each of them, and what is refused.

mod broken;
mod broken_folders;
mod folders;
mod hostile;
mod kept;

use std::path::Path;

use mnist_data::{DataDir, DataError, Dataset, PictureShape, SplitIndices, load, source_at};
use pool_spec::{PictureSettings, Split};
use pool_testkit::sources::{write, write_csv, write_idx, write_pngs};

/// 24 images of MNIST to train with and 12 to test with, as numpy packs them: scripts/golden/sources.py.
const EXCERPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/excerpt.npz");

/// Whatever lies at the path, without a cache.
fn loaded(path: &Path) -> Result<Dataset, DataError> {
    loaded_with(path, &PictureSettings::default())
}

fn loaded_with(path: &Path, settings: &PictureSettings) -> Result<Dataset, DataError> {
    let cache = tempfile::tempdir().unwrap();
    load(&source_at(path), settings, &DataDir::at(cache.path()))
}

fn excerpt() -> Dataset {
    loaded(Path::new(EXCERPT)).unwrap()
}

#[test]
fn mnist_is_the_same_through_every_source() {
    let expected = excerpt();
    assert_eq!(expected.train.shape(), PictureShape::grey(28, 28));
    assert_eq!((expected.train.len(), expected.test.len()), (24, 12));
    let folder = tempfile::tempdir().unwrap();
    let (four, table, pngs) =
        (folder.path().join("idx"), folder.path().join("csv"), folder.path().join("png"));
    write_idx(&four, &expected);
    write_csv(&table, &expected);
    write_pngs(&pngs, &expected);
    for path in [&four, &table, &pngs] {
        let found = loaded(path).unwrap();
        assert_eq!((&found.train, &found.test), (&expected.train, &expected.test), "{}", path.display());
        assert_eq!(found.classes, expected.classes);
    }
    let found = loaded(&pngs).unwrap();
    assert_eq!(found.class_names, ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
    assert!(found.remarks.is_empty());
}

#[test]
fn medmnist_is_read_with_its_validation_part_last() {
    // scripts/golden/sources.py: [3, 4, 4, 3] to train with, pixel by pixel from 0, then two to validate and one to test.
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/medmnist.npz"));
    let data = loaded(path).unwrap();
    assert_eq!(data.train.shape(), PictureShape::rgb(4, 4));
    assert_eq!((data.train.labels(), data.test.labels()), (&[0, 1, 2, 1, 0][..], &[2][..]));
    assert_eq!(data.validation, 2);
    let split = SplitIndices::of(Split::Predefined, data.train.labels(), data.validation, 1).unwrap();
    assert_eq!((split.train, split.validation), (vec![0, 1, 2], vec![3, 4]));
    assert_eq!(
        data.train.picture(0).unwrap()[..18],
        [0, 3, 6, 9, 12, 15, 18, 21, 24, 27, 30, 33, 36, 39, 42, 45, 1, 4]
    );
}

#[test]
fn a_test_table_of_kaggle_has_no_labels_and_is_left_out() {
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("train.csv"), "label,pixel0\n".to_owned() + &"0,1\n1,2\n".repeat(5));
    write(&folder.path().join("test.csv"), "pixel0\n7\n8\n");
    let data = loaded(folder.path()).unwrap();
    assert_eq!((data.train.len(), data.test.len(), data.remarks.held_out_for_test), (8, 2, Some(2)));
}

#[test]
fn the_digits_of_scikit_learn_go_up_to_white() {
    let data = loaded(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/digits.csv"))).unwrap();
    assert_eq!((data.train.shape(), data.classes), (PictureShape::grey(8, 8), 10));
    assert_eq!(data.train.len() + data.test.len(), 60);
    assert_eq!(data.remarks.held_out_for_test, Some(data.test.len() as u64));
    // The first line is a 0: 0, 0, 5, 13, 9, 1, 0, 0 of 16.
    assert_eq!(data.train.picture(0).unwrap()[..8], [0, 0, 80, 207, 143, 16, 0, 0]);
}

/// Files of CIFAR's layout, with few pictures.
pub(crate) fn cifar10(folder: &Path) {
    for (batch, name) in
        ["data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch"]
            .into_iter()
            .enumerate()
    {
        let row = |label: u8| [vec![label], (0..3072).map(|at| (at / 1024) as u8 + label).collect()].concat();
        write(&folder.join(format!("{name}.bin")), [row(batch as u8), row(9)].concat());
    }
}

#[test]
fn cifar_is_read_plane_by_plane_with_its_names() {
    let folder = tempfile::tempdir().unwrap();
    cifar10(folder.path());
    write(&folder.path().join("batches.meta.txt"), "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n\n");
    let data = loaded(folder.path()).unwrap();
    assert_eq!(data.train.labels(), [0, 9, 1, 9, 2, 9, 3, 9, 4, 9]);
    assert_eq!(data.test.labels(), [5, 9]);
    let picture = data.train.picture(2).unwrap();
    assert_eq!((picture[0], picture[1023], picture[1024], picture[3071]), (1, 1, 2, 3));
    assert_eq!((data.classes, data.class_names[9].as_str()), (10, "j"));

    let fine = tempfile::tempdir().unwrap();
    let row = |coarse: u8, label: u8| [vec![coarse, label], vec![7; 3072]].concat();
    write(&fine.path().join("train.bin"), [row(3, 99), row(1, 0)].concat());
    write(&fine.path().join("test.bin"), row(0, 42));
    let data = loaded(fine.path()).unwrap();
    assert_eq!((data.train.labels(), data.test.labels(), data.classes), (&[99, 0][..], &[42][..], 100));
}
