//! Changes of training images give what SciPy and torchvision give. The values come from
//! `scripts/golden/augmentations.py`.

use mnist_data::{Change, PictureShape};
use pool_spec::Colour;
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    shape: [usize; 3],
    image: Vec<f32>,
    change: Settings,
    expected: Vec<f32>,
}

#[derive(Debug, Deserialize)]
struct Settings {
    mirror_columns: bool,
    mirror_rows: bool,
    down: i64,
    right: i64,
    degrees: f64,
    factor: f64,
    brightness: f64,
    contrast: f64,
    cutout: Option<([usize; 2], usize)>,
}

#[test]
fn every_change_is_that_of_scipy_and_torchvision() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("golden/augmentations.json")).unwrap();
    assert!(!cases.is_empty());
    for Case { shape: [channels, height, width], mut image, change, expected } in cases {
        let colour = if channels == 3 { Colour::Rgb } else { Colour::Grey };
        let words = format!("{change:?}");
        let Settings {
            mirror_columns,
            mirror_rows,
            down,
            right,
            degrees,
            factor,
            brightness,
            contrast,
            cutout,
        } = change;
        let change = Change {
            mirror_columns,
            mirror_rows,
            down,
            right,
            degrees,
            factor,
            brightness,
            contrast,
            cutout,
        };
        change.apply(PictureShape { colour, height, width }, &mut image);
        for (found, expected) in image.iter().zip(&expected) {
            assert!((found - expected).abs() < 1e-5, "{words}: {found} instead of {expected}");
        }
    }
}
