//! Damaged files of every source: an answer in one line, or images that fit together, and never a panic.

#[path = "../../../../fuzz/damage.rs"]
mod damage;

use std::fs;
use std::path::Path;

use damage::{damaged, seeds};
use mnist_data::Dataset;
use pool_testkit::sources::{csv, write};
use proptest::prelude::*;

use crate::{EXCERPT, cifar10, excerpt, loaded};

/// Checks what came of a source.
fn answered(path: &Path) -> Result<(), TestCaseError> {
    match loaded(path) {
        Ok(Dataset { classes, train, test, .. }) => {
            prop_assert_eq!(train.shape(), test.shape());
            prop_assert!(
                train.labels().iter().chain(test.labels()).all(|&label| usize::from(label) < classes)
            );
        }
        Err(error) => prop_assert!(!error.to_string().contains(['\n', '\u{1b}']), "{error}"),
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn hostile_arrays_are_answered(bytes in prop_oneof![damaged(seeds("npz")), damaged(vec![fs::read(EXCERPT).unwrap()])]) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("some.npz");
        write(&path, bytes);
        answered(&path)?;
    }

    #[test]
    fn hostile_tables_are_answered(
        bytes in prop_oneof![damaged(seeds("csv")), damaged(vec![csv(&excerpt().test).into_bytes()])],
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("some.csv");
        write(&path, bytes);
        answered(&path)?;
    }

    #[test]
    fn hostile_cifar_files_are_answered(bytes in damaged(seeds("cifar"))) {
        let folder = tempfile::tempdir().unwrap();
        cifar10(folder.path());
        write(&folder.path().join("data_batch_2.bin"), bytes);
        answered(folder.path())?;
    }

    #[test]
    fn hostile_pictures_are_answered(
        bytes in damaged(seeds("jpeg")),
        name in prop::sample::select(vec!["1.jpg", "1.webp", "1.gif", "1.bmp", "1.png"]),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let whole = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/pictures/1.png");
        write(&folder.path().join("a").join(name), bytes);
        write(&folder.path().join("a/2.png"), fs::read(whole).unwrap());
        answered(folder.path())?;
    }
}
