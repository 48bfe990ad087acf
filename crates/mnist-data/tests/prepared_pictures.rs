//! Pictures of the published sets, changed as people's pictures are and prepared again; skipped where a set is missing.

use mnist_data::{DataDir, DataError, Dataset, LabelledImages, Likeness, Picture, PublicSet, Step};

const SIDE: usize = 28;
const TIMES: usize = 7;
const CANVAS_HEIGHT: usize = 300;
const CANVAS_WIDTH: usize = 400;

/// The test images, or `None` and a note when the set is not here.
fn test_images(set: PublicSet) -> Option<LabelledImages> {
    let dir = DataDir::from_env().ok()?;
    match Dataset::public(set, &dir) {
        Ok(data) => Some(data.test),
        Err(error @ DataError::Missing { .. }) => {
            eprintln!("skipped: {error}");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

/// Dark on white, seven times as large and away from the middle.
fn on_a_white_canvas(pixels: &[u8], left: usize, top: usize) -> Picture {
    let mut canvas = vec![255; CANVAS_HEIGHT * CANVAS_WIDTH];
    for y in 0..SIDE * TIMES {
        for x in 0..SIDE * TIMES {
            canvas[(top + y) * CANVAS_WIDTH + left + x] = 255 - pixels[y / TIMES * SIDE + x / TIMES];
        }
    }
    Picture::new(CANVAS_HEIGHT, CANVAS_WIDTH, canvas).unwrap()
}

fn mean_difference(one: &[u8], two: &[u8]) -> f64 {
    let sum: u32 = one.iter().zip(two).map(|(a, b)| u32::from(a.abs_diff(*b))).sum();
    f64::from(sum) / one.len() as f64
}

fn centre_of_mass(pixels: &[u8]) -> [f64; 2] {
    let mean = |position: fn(usize) -> usize| {
        let weighted = |(index, &grey): (usize, &u8)| f64::from(grey) * position(index) as f64;
        let mass: f64 = pixels.iter().map(|&grey| f64::from(grey)).sum();
        pixels.iter().enumerate().map(weighted).sum::<f64>() / mass
    };
    [mean(|index| index % SIDE), mean(|index| index / SIDE)]
}

#[test]
fn every_picture_of_a_published_set_is_taken_as_it_is() {
    for set in PublicSet::ALL {
        let Some(images) = test_images(set) else { continue };
        for pixels in images.pixels().chunks_exact(SIDE * SIDE) {
            let picture = Picture::new(SIDE, SIDE, pixels.to_vec()).unwrap();
            let prepared = picture.prepared(set.into(), SIDE, SIDE).unwrap();
            assert_eq!((&prepared.pixels[..], &prepared.steps[..]), (pixels, &[Step::AsItIs][..]));
        }
    }
}

#[test]
fn a_digit_enlarged_inverted_and_moved_comes_back_nearly_as_it_was() {
    let Some(images) = test_images(PublicSet::Mnist) else { return };
    let (mut sum, mut greatest) = (0.0, 0.0_f64);
    let count = 1_000;
    let mut far = 0.0_f64;
    for index in 0..count {
        let pixels = images.picture(index).unwrap();
        let picture = on_a_white_canvas(pixels, 11 + index % 180, 95 - index % 90);
        let prepared = picture.prepared(Likeness::Digit, SIDE, SIDE).unwrap();
        let difference = mean_difference(pixels, &prepared.pixels);
        sum += difference;
        greatest = greatest.max(difference);
        for (was, is) in centre_of_mass(pixels).into_iter().zip(centre_of_mass(&prepared.pixels)) {
            far = far.max((was - is).abs());
        }
    }
    println!("mean {} greatest {greatest} far {far}", sum / count as f64);
}
