//! Pictures of the published sets, changed as people's pictures are and prepared again; skipped where a set is missing.

use mnist_data::{DataDir, DataError, Dataset, Picture, PublicSet, Step};

const SIDE: usize = 28;
const TIMES: usize = 7;
const CANVAS_HEIGHT: usize = 300;
const CANVAS_WIDTH: usize = 400;

/// The set, or `None` and a note when the set is not here.
fn load(set: PublicSet) -> Option<Dataset> {
    let dir = DataDir::from_env().ok()?;
    match Dataset::public(set, &dir) {
        Ok(data) => Some(data),
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
        let Some(data) = load(set) else { continue };
        let pixels = [data.train.pixels(), data.test.pixels()].concat();
        for pixels in pixels.chunks_exact(SIDE * SIDE) {
            let picture = Picture::new(SIDE, SIDE, pixels.to_vec()).unwrap();
            let prepared = picture.prepared(set.into(), SIDE, SIDE).unwrap();
            assert_eq!((&prepared.pixels[..], &prepared.steps[..]), (pixels, &[Step::AsItIs][..]));
        }
    }
}

/// The first thousand test pictures, each enlarged, inverted, moved and prepared again: the mean absolute difference of
/// each to what it was, in grey values of 255.
fn differences(set: PublicSet) -> Option<Vec<f64>> {
    let images = load(set)?.test;
    let difference = |index: usize| {
        let pixels = images.picture(index).unwrap();
        let picture = on_a_white_canvas(pixels, 11 + index % 180, 95 - index % 90);
        let prepared = picture.prepared(set.into(), SIDE, SIDE).unwrap().pixels;
        for (was, is) in centre_of_mass(pixels).into_iter().zip(centre_of_mass(&prepared)) {
            // A pixel, and the little that is trimmed.
            assert!((was - is).abs() < 1.1, "{set:?} {index}: centre of mass {was} became {is}");
        }
        mean_difference(pixels, &prepared)
    };
    Some((0..1_000).map(difference).collect())
}

#[test]
fn a_picture_enlarged_inverted_and_moved_comes_back_nearly_as_it_was() {
    let table = [
        (
            PublicSet::Mnist,
            0.05,
            5,
            "a centre of mass half-way between two pixels, or a faint end of a stroke",
        ),
        (PublicSet::FashionMnist, 2.5, 150, "a rim of the garment within 5 % of the background"),
    ];
    for (set, greatest_mean, greatest_off, why) in table {
        let Some(differences) = differences(set) else { continue };
        let mean = differences.iter().sum::<f64>() / differences.len() as f64;
        let off = differences.iter().filter(|&&difference| difference > 0.5).count();
        println!("{set:?}: mean {mean:.4}; {off} of 1,000 differ by more than 0.5 ({why})");
        assert!(mean < greatest_mean && off <= greatest_off, "{set:?}: {mean} {off}");
    }
}
