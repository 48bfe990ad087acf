//! The public sets as published, where this machine has them; elsewhere each test prints that it was skipped.

use std::time::Instant;

use mnist_data::{
    DataDir, DataError, Dataset, FetchOptions, FetchOutcome, FileState, PublicSet, Split, SplitIndices,
    fetch, published, verify,
};

/// The set, or `None` when it is not here: with a note if it is one that a machine for tests has.
fn load(set: PublicSet) -> Option<(DataDir, Dataset)> {
    let dir = DataDir::from_env();
    match Dataset::public(set, &dir) {
        Ok(data) => Some((dir, data)),
        Err(error @ (DataError::Missing { .. } | DataError::NoDataDir)) => {
            if matches!(set, PublicSet::Mnist | PublicSet::FashionMnist) {
                pool_testkit::left_out(&error.to_string());
            }
            None
        }
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn mnist_has_the_published_counts() {
    let Some((_, data)) = load(PublicSet::Mnist) else { return };
    assert_eq!((data.name.as_str(), data.classes), ("mnist", 10));
    assert_eq!((data.train.len(), data.train.height(), data.train.width()), (60_000, 28, 28));
    assert_eq!(data.test.len(), 10_000);
    assert_eq!(data.train.labels()[..10], [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]);
    let counts = data.class_counts();
    assert_eq!(counts.train, [5_923, 6_742, 5_958, 6_131, 5_842, 5_421, 5_918, 6_265, 5_851, 5_949]);
    assert_eq!(counts.test, [980, 1_135, 1_032, 1_010, 982, 892, 958, 1_028, 974, 1_009]);
    assert_eq!(published(PublicSet::Mnist).class_counts(), counts);
}

#[test]
fn mnist_splits_as_in_the_study() {
    let Some((_, data)) = load(PublicSet::Mnist) else { return };
    for split in [Split::Tail(0.2), Split::Stratified(0.2)] {
        let parts = SplitIndices::of(split, data.train.labels(), 0, 1).unwrap();
        // Rounded class by class, the stratified sizes add up to the same sum here.
        assert_eq!((parts.train.len(), parts.validation.len()), (48_000, 12_000), "{split:?}");
    }
}

#[test]
fn fashion_mnist_has_the_published_counts() {
    let Some((_, data)) = load(PublicSet::FashionMnist) else { return };
    assert_eq!((data.name.as_str(), data.classes), ("fashion-mnist", 10));
    let counts = data.class_counts();
    assert_eq!((&counts.train[..], &counts.test[..]), (&[6_000; 10][..], &[1_000; 10][..]));
    assert_eq!(published(PublicSet::FashionMnist).class_counts(), counts);
}

#[test]
fn every_set_has_the_published_counts_and_shape() {
    for set in PublicSet::ALL {
        let Some((_, data)) = load(set) else { continue };
        assert_eq!(data.class_counts(), published(set).class_counts(), "{set}");
        assert_eq!(data.train.shape(), published(set).shape, "{set}");
    }
}

#[test]
fn labels_alone_are_those_of_the_whole_set() {
    for set in PublicSet::ALL {
        let Some((dir, data)) = load(set) else { continue };
        let labels = Dataset::public_labels(set, &dir).unwrap();
        assert_eq!((&labels.train[..], &labels.test[..]), (data.train.labels(), data.test.labels()));
    }
}

#[test]
fn a_set_that_loads_is_intact_and_needs_no_network() {
    for set in PublicSet::ALL {
        let Some((dir, _)) = load(set) else { continue };
        assert!(verify(set, &dir).unwrap().iter().all(|file| file.state == FileState::Intact));
        let options = FetchOptions { offline: true, ..FetchOptions::default() };
        let report = fetch(set, &dir, &options, &mut |_| {}).unwrap();
        assert!(report.files.iter().all(|file| file.outcome == FetchOutcome::AlreadyIntact));
    }
}

#[test]
fn mnist_loads_and_verifies_in_a_fraction_of_a_second() {
    let Some((dir, _)) = load(PublicSet::Mnist) else { return };
    let start = Instant::now();
    Dataset::mnist(&dir).unwrap();
    let elapsed = start.elapsed();
    println!("loaded and verified in {elapsed:?}");
    // Ten times what it takes, so that a busy machine does not fail the test; the benchmark measures.
    assert!(elapsed.as_secs_f64() < 2.0, "{elapsed:?}");
}
