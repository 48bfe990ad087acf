//! An IDX file, alone and as the training images of a data set in a folder.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mnist_data::{Dataset, decode_idx, read_idx};
use pooling_fuzz::{assert_is_one_line_about, folder, stored};

fuzz_target!(init: {
    stored("train-labels-idx1-ubyte", &[0, 0, 8, 1, 0, 0, 0, 2, 0, 1]);
    stored("t10k-images-idx3-ubyte", &[0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0, 255]);
    stored("t10k-labels-idx1-ubyte", &[0, 0, 8, 1, 0, 0, 0, 1, 1]);
}, |bytes: &[u8]| {
    let path = stored("train-images-idx3-ubyte", bytes);
    let read = read_idx(&path);
    match (&read, decode_idx(bytes)) {
        (Ok(array), Ok(decoded)) => {
            // The other sizes may be anything where one is zero.
            let product = |shape: &[usize]| if shape.contains(&0) { 0 } else { shape.iter().product() };
            assert_eq!(array.values.len(), product(&array.shape));
            assert_eq!(*array, decoded);
        }
        (Err(error), Err(_)) => assert_is_one_line_about(&path, error),
        (read, decoded) => panic!("{read:?} from a file, {decoded:?} from memory"),
    }
    match Dataset::from_dir(folder()) {
        Ok(data) => {
            let array = read.expect("a data set was made of it");
            // A last axis of 1 may follow.
            assert_eq!(array.shape[..3], [data.train.len(), data.train.height(), data.train.width()]);
            assert_eq!((data.train.height(), data.train.width()), (1, 2), "as in the test images");
        }
        Err(error) => assert!(!error.to_string().contains(char::is_control), "more than a line: {error}"),
    }
});
