//! Damaged files of every source: an answer in one line, or images that fit together, and never a panic.

use std::fs;
use std::path::Path;

use mnist_data::Dataset;
use proptest::prelude::*;

use crate::{EXCERPT, cifar10, excerpt, loaded, write};

/// A change of a file: a byte at a place becomes another one, or the file ends there.
fn damage() -> impl Strategy<Value = (prop::sample::Index, Option<u8>)> {
    (any::<prop::sample::Index>(), prop::option::weighted(0.8, any::<u8>()))
}

fn damaged(bytes: &[u8], changes: &[(prop::sample::Index, Option<u8>)]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for (at, change) in changes {
        if bytes.is_empty() {
            break;
        }
        let at = at.index(bytes.len());
        match change {
            Some(byte) => bytes[at] = *byte,
            None => bytes.truncate(at),
        }
    }
    bytes
}

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
    fn hostile_arrays_are_answered(changes in prop::collection::vec(damage(), 1..4)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("some.npz");
        write(&path, damaged(&fs::read(EXCERPT).unwrap(), &changes));
        answered(&path)?;
    }

    #[test]
    fn hostile_tables_are_answered(changes in prop::collection::vec(damage(), 1..4)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("some.csv");
        write(&path, damaged(crate::csv(&excerpt().test).as_bytes(), &changes));
        answered(&path)?;
    }

    #[test]
    fn hostile_cifar_files_are_answered(changes in prop::collection::vec(damage(), 1..4)) {
        let folder = tempfile::tempdir().unwrap();
        cifar10(folder.path());
        let path = folder.path().join("data_batch_2.bin");
        let bytes = damaged(&fs::read(&path).unwrap(), &changes);
        write(&path, bytes);
        answered(folder.path())?;
    }

    #[test]
    fn hostile_pictures_are_answered(
        changes in prop::collection::vec(damage(), 1..4),
        name in prop::sample::select(vec!["1.jpg", "1.webp", "1.gif", "1.bmp", "1.png"]),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/pictures").join(name);
        write(&folder.path().join("a").join(name), damaged(&fs::read(file).unwrap(), &changes));
        write(&folder.path().join("a/2.png"), fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/pictures/1.png")).unwrap());
        answered(folder.path())?;
    }
}
