//! Perturbations equal those of SciPy, and noise its specification, to the last grey level;
//! `scripts/golden/perturbations.py` made the values and names the versions.

use mnist_data::{LabelledImages, Perturbation, PictureShape};
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    seed: u64,
    sizes: Vec<Size>,
}

#[derive(Deserialize)]
struct Size {
    height: usize,
    width: usize,
    pixels: Vec<u8>,
    perturbed: Vec<Perturbed>,
}

#[derive(Deserialize)]
struct Perturbed {
    perturbation: Case,
    pixels: Vec<u8>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Case {
    Shift { right: i32, down: i32 },
    CircularShift { right: i32, down: i32 },
    Rotation { degrees: f64 },
    Scale { factor: f64 },
    Noise { sd: f64 },
    Blur { sd: f64 },
}

impl From<&Case> for Perturbation {
    fn from(case: &Case) -> Self {
        match *case {
            Case::Shift { right, down } => Self::Shift { right, down },
            Case::CircularShift { right, down } => Self::CircularShift { right, down },
            Case::Rotation { degrees } => Self::Rotation { degrees },
            Case::Scale { factor } => Self::Scale { factor },
            Case::Noise { sd } => Self::Noise { sd },
            Case::Blur { sd } => Self::Blur { sd },
        }
    }
}

#[test]
fn every_perturbation_gives_the_reference_s_pixels() {
    let golden: Golden = serde_json::from_str(include_str!("golden/perturbations.json")).unwrap();
    let mut compared = 0;
    for size in &golden.sizes {
        let labels = vec![0; size.pixels.len() / (size.height * size.width)];
        let images =
            LabelledImages::new(PictureShape::grey(size.height, size.width), size.pixels.clone(), labels)
                .unwrap();
        for case in &size.perturbed {
            let perturbation = Perturbation::from(&case.perturbation);
            let perturbed = images.perturbed(&perturbation, golden.seed).unwrap();
            assert_eq!(perturbed.pixels(), case.pixels, "{perturbation:?}, {}x{}", size.height, size.width);
            compared += 1;
        }
    }
    assert_eq!(compared, 117, "3 sizes, 39 perturbations of each");
}
