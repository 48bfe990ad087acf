//! A JPEG file, or another one that a camera or a browser leaves, brought to a network's frame.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mnist_data::{PictureShape, picture_in_frame};
use pool_spec::PictureSettings;
use pooling_fuzz::{assert_is_one_line_about, stored};

fuzz_target!(|bytes: &[u8]| {
    let path = stored("input.jpg", bytes);
    for shape in [PictureShape::grey(8, 12), PictureShape::rgb(8, 12)] {
        match picture_in_frame(&path, shape, &PictureSettings::default()) {
            Ok(prepared) => {
                assert_eq!(prepared.pixels.len(), shape.bytes());
                assert!(!prepared.steps.is_empty());
            }
            Err(error) => assert_is_one_line_about(&path, &error),
        }
    }
});
