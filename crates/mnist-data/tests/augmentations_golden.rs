//! Changes of training images give what SciPy and torchvision give. The values come from
//! `scripts/golden/augmentations.py`.

use mnist_data::{Change, PictureShape};
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    shape: [usize; 3],
    image: Vec<f32>,
    change: Change,
    expected: Vec<f32>,
}

#[test]
fn every_change_is_that_of_scipy_and_torchvision() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("golden/augmentations.json")).unwrap();
    assert!(!cases.is_empty());
    for Case { shape, mut image, change, expected } in cases {
        change.apply(PictureShape::of_sizes(&shape).unwrap(), &mut image);
        for (found, expected) in image.iter().zip(&expected) {
            assert!((found - expected).abs() < 1e-5, "{change:?}: {found} instead of {expected}");
        }
    }
}
