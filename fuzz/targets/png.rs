//! A PNG file: prepared for a network, and as a tensor.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mnist_data::{Likeness, Picture};
use pool_models::files::read_picture;
use pooling_fuzz::{assert_is_one_line_about, stored};

fuzz_target!(|bytes: &[u8]| {
    let path = stored("input.png", bytes);
    match Picture::read_png(&path) {
        Ok(picture) => {
            assert_eq!(picture.pixels().len(), picture.height() * picture.width());
            for like in [Likeness::Digit, Likeness::Garment, Likeness::Whole] {
                let prepared = picture.prepared(like, 28, 28).expect("a frame that networks have");
                assert_eq!(prepared.pixels.len(), 28 * 28);
                assert!(!prepared.steps.is_empty());
            }
        }
        Err(error) => assert_is_one_line_about(&path, &error),
    }
    match read_picture(&path) {
        Ok(tensor) => {
            let [1, 1 | 3, height, width] = tensor.size()[..] else { panic!("{:?}", tensor.size()) };
            assert!(height > 0 && width > 0);
        }
        Err(error) => assert_is_one_line_about(&path, &error),
    }
});
