//! A binary file of CIFAR: the first of CIFAR-10, and the one of CIFAR-100.

#![no_main]

use std::path::{Path, PathBuf};

use libfuzzer_sys::fuzz_target;
use mnist_data::{DataDir, load};
use pool_spec::{DataSource, PictureSettings};
use pooling_fuzz::{assert_fits_together, folder, stored};

const PICTURE_BYTES: usize = 3 * 32 * 32;

type Kind = fn(PathBuf) -> DataSource;
const KINDS: [Kind; 2] = [DataSource::Cifar10, DataSource::Cifar100];

fuzz_target!(init: {
    for file in ["data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin", "test_batch.bin"] {
        stored(file, &[1; 1 + PICTURE_BYTES]);
    }
    stored("test.bin", &[1; 2 + PICTURE_BYTES]);
}, |bytes: &[u8]| {
    stored("data_batch_1.bin", bytes);
    stored("train.bin", bytes);
    for kind in KINDS {
        let no_cache = DataDir::at(Path::new("no-data"));
        match load(&kind(folder().to_owned()), &PictureSettings::default(), &no_cache) {
            Ok(data) => assert_fits_together(&data),
            Err(error) => assert!(!error.to_string().contains(char::is_control), "more than a line: {error}"),
        }
    }
});
