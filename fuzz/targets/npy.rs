//! A .npy array: read, pooled, written, read again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pool_models::files::{DataFormat, read_array, write_array};
use pool_models::{Application, Pool};
use pooling_fuzz::{assert_is_one_line_about, folder, stored};

fuzz_target!(|bytes: &[u8]| {
    let path = stored("input.npy", bytes);
    let array = match read_array(&path) {
        Ok(array) => array,
        Err(error) => return assert_is_one_line_about(&path, &error),
    };
    assert!(array.numel() * 4 <= bytes.len(), "{:?} out of {} bytes", array.size(), bytes.len());
    let copy = folder().join("copy.npy");
    write_array(&copy, &array).expect("a temporary file");
    let again = read_array(&copy).expect("it has just been written");
    assert_eq!((array.size(), array.kind()), (again.size(), again.kind()));
    assert!(again.allclose(&array, 0.0, 0.0, true), "NaN is no NaN's equal");
    for format in [DataFormat::ChannelsFirst, DataFormat::ChannelsLast] {
        let input = format.to_channels_first(&array).expect("a permutation of axes");
        if let Err(error) = Application::new(&Pool::max(2)).run(&input) {
            assert!(!error.to_string().contains(char::is_control), "more than a line: {error}");
        }
    }
});
