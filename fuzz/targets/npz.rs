//! A .npz file: the arrays of a data set.

#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use mnist_data::{DataDir, load};
use pool_spec::{DataSource, PictureSettings};
use pooling_fuzz::{assert_fits_together, assert_is_one_line_about, stored};

fuzz_target!(|bytes: &[u8]| {
    let path = stored("input.npz", bytes);
    let no_cache = DataDir::at(Path::new("no-data"));
    match load(&DataSource::Npz(path.clone()), &PictureSettings::default(), &no_cache) {
        Ok(data) => assert_fits_together(&data),
        Err(error) => assert_is_one_line_about(&path, &error),
    }
});
