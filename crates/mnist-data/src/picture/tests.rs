//! Preparing: the same object in every disguise, a data set's own pictures, and refusals.

use proptest::prelude::*;

use super::*;
use crate::images::{LabelledImages, PictureShape};
use crate::perturbation::Perturbation;
use pool_testkit::png::{Colour, PngFile, grey_file, stored};

const LIKES: [Likeness; 3] = [Likeness::Digit, Likeness::Garment, Likeness::Whole];

/// White on black, `[height, width]`: a seven with a crossbar, `size` pixels high, beginning at `left` and `top`.
fn seven(height: usize, width: usize, left: usize, top: usize, size: usize) -> Vec<u8> {
    // Ends of strokes in parts of the height; each stroke is a tenth of it thick.
    let strokes = [[0.05, 0.05, 0.6, 0.05], [0.6, 0.05, 0.25, 0.95], [0.15, 0.5, 0.6, 0.5]];
    let ink = |x: f64, y: f64| strokes.iter().any(|stroke| distance(*stroke, x, y) <= 0.05);
    let mut pixels = vec![0; height * width];
    for (index, pixel) in pixels.iter_mut().enumerate() {
        let inside = |offset: usize, start: usize, sub: usize| {
            (offset as f64 - start as f64 + (sub as f64 + 0.5) / 4.0) / size as f64
        };
        let covered = (0..16)
            .filter(|sub| ink(inside(index % width, left, sub % 4), inside(index / width, top, sub / 4)))
            .count();
        *pixel = (covered * 255 / 16) as u8;
    }
    pixels
}

fn distance([from_x, from_y, to_x, to_y]: [f64; 4], x: f64, y: f64) -> f64 {
    let (along_x, along_y) = (to_x - from_x, to_y - from_y);
    let share = ((x - from_x) * along_x + (y - from_y) * along_y) / along_x.hypot(along_y).powi(2);
    let share = share.clamp(0.0, 1.0);
    (x - from_x - share * along_x).hypot(y - from_y - share * along_y)
}

fn as_digit(picture: &Picture) -> Prepared {
    picture.prepared(Likeness::Digit, 28, 28).unwrap()
}

fn mean_difference(one: &[u8], two: &[u8]) -> f64 {
    let sum: u32 = one.iter().zip(two).map(|(a, b)| u32::from(a.abs_diff(*b))).sum();
    f64::from(sum) / one.len() as f64
}

fn reference() -> Vec<u8> {
    as_digit(&Picture::new(400, 400, seven(400, 400, 60, 60, 280)).unwrap()).pixels
}

/// With normal noise of 8 grey values.
fn noisy(height: usize, width: usize, pixels: Vec<u8>) -> Vec<u8> {
    let images = LabelledImages::new(PictureShape::grey(height, width), pixels, vec![0]).unwrap();
    images.perturbed(&Perturbation::Noise { sd: 8.0 / 255.0 }, 1).unwrap().pixels().to_vec()
}

fn changed(pixels: &[u8], change: impl Fn(usize, u8) -> u8) -> Vec<u8> {
    pixels.iter().enumerate().map(|(index, &pixel)| change(index, pixel)).collect()
}

#[test]
fn a_digit_looks_the_same_whatever_its_size_place_light_and_paper() {
    let plain = seven(300, 240, 70, 20, 200);
    let clip = |value: i32| value.clamp(0, 255) as u8;
    let paper = |index: usize, ink: u8| 200 + (index % 240) as i32 / 6 - i32::from(ink) * 3 / 5;
    let table = [
        (300, 240, changed(&plain, |_, ink| 255 - ink), 0.1, "black on white"),
        (40, 50, seven(40, 50, 20, 3, 30), 5.0, "small: three pixels of ink to a stroke"),
        (600, 900, seven(600, 900, 300, 90, 500), 0.1, "large"),
        (300, 240, changed(&plain, |_, ink| ink / 4), 0.1, "faint"),
        (300, 240, changed(&plain, |_, ink| 180 - ink / 2), 0.1, "grey ink on grey paper"),
        (300, 240, changed(&plain, |_, ink| 60 - ink / 5), 0.1, "black ink on dark grey paper"),
        (300, 240, changed(&plain, |_, ink| 140 + ink / 3), 0.1, "white chalk on light grey"),
        (300, 240, noisy(300, 240, changed(&plain, |_, ink| 220 - ink / 4 * 3)), 1.0, "noise"),
        (300, 240, changed(&plain, |i, ink| clip(paper(i, ink))), 4.0, "light from the right"),
    ];
    let expected = reference();
    for (height, width, pixels, most, why) in table {
        let prepared = as_digit(&Picture::new(height, width, pixels).unwrap());
        let difference = mean_difference(&prepared.pixels, &expected);
        assert!(difference < most, "{why}: {difference} {:?}", prepared.steps);
    }
}

#[test]
fn a_digit_looks_the_same_from_every_kind_of_file() {
    let (height, width) = (200, 160);
    let white = seven(height, width, 40, 20, 150);
    let black = changed(&white, |_, ink| 255 - ink);
    let file = |colour, depth, chunks, pixels: &[u8], channels: &dyn Fn(u8) -> Vec<u8>| PngFile {
        colour,
        depth,
        chunks,
        rows: pixels.iter().flat_map(|&pixel| channels(pixel)).collect(),
        ..grey_file(height, width, &[])
    };
    let greys = vec![(*b"PLTE", (0..=255).flat_map(|grey| [grey; 3]).collect::<Vec<u8>>())];
    let table = [
        (file(Colour::Grey, 8, vec![], &black, &|grey| vec![grey]), "8 bits"),
        (file(Colour::Grey, 16, vec![], &black, &|grey| vec![grey, grey]), "16 bits"),
        (file(Colour::Rgb, 8, vec![], &black, &|grey| vec![grey, grey, 255]), "blue on white"),
        (file(Colour::Rgb, 8, vec![], &black, &|grey| vec![grey, grey, grey]), "RGB"),
        (file(Colour::Palette, 8, greys, &black, &|grey| vec![grey]), "palette"),
        (file(Colour::GreyAlpha, 8, vec![], &white, &|ink| vec![0, ink]), "black on a transparent ground"),
        (file(Colour::GreyAlpha, 8, vec![], &white, &|ink| vec![255, ink]), "white on a transparent ground"),
        (file(Colour::Rgba, 8, vec![], &white, &|ink| vec![0, 0, 160, ink]), "blue on a transparent ground"),
        (file(Colour::Rgba, 16, vec![], &white, &|ink| [vec![0; 6], vec![ink, ink]].concat()), "16-bit RGBA"),
    ];
    let expected = reference();
    for (file, why) in table {
        let (_folder, path) = stored(&file.bytes());
        let prepared = as_digit(&Picture::read_png(&path).unwrap());
        let difference = mean_difference(&prepared.pixels, &expected);
        assert!(difference < 1.0, "{why}: {difference} {:?}", prepared.steps);
    }
}

#[test]
fn steps_are_listed_in_order() {
    let pixels = changed(&seven(300, 240, 70, 20, 200), |_, ink| 230 - ink / 2);
    let prepared = as_digit(&Picture::new(300, 240, pixels).unwrap());
    let steps: Vec<String> = prepared.steps.iter().map(ToString::to_string).collect();
    let expected = [
        "background (border 230 of 255) lighter than the object: inverted",
        "cropped to the object: 130 pixels wide and 200 high, 70 from the left and 20 from the top",
        "scaled to 13 pixels wide and 20 high",
        "grey values 25 to 152 stretched to 0 to 255",
        "centred by mass: 7 pixels from the left and 7 from the top",
    ];
    assert_eq!(steps, expected);
}

#[test]
fn a_picture_of_a_data_set_survives_a_png_file_bit_for_bit() {
    let images = crate::Dataset::bars_and_crosses(1).test;
    for pixels in images.pixels().chunks_exact(28 * 28).take(20) {
        let (_folder, path) = stored(&grey_file(28, 28, pixels).bytes());
        let picture = Picture::read_png(&path).unwrap();
        let expected = Prepared { pixels: pixels.to_vec(), steps: vec![Step::AsItIs] };
        assert_eq!(picture.prepared(Likeness::Whole, 28, 28).unwrap(), expected);
    }
}

#[test]
fn a_picture_like_the_sets_own_is_left_alone_and_on_white_it_is_only_inverted() {
    let own = reference();
    let dark = Picture::new(28, 28, own.clone()).unwrap();
    assert_eq!(as_digit(&dark), Prepared { pixels: own.clone(), steps: vec![Step::AsItIs] });
    let light = Picture::new(28, 28, changed(&own, |_, ink| 255 - ink)).unwrap();
    let expected = Prepared { pixels: own, steps: vec![Step::Inverted { border: 255 }] };
    assert_eq!(as_digit(&light), expected);
}

/// The outline of the pixels above black (left, right, top and bottom), and the centre of mass (column and row).
fn outline(pixels: &[u8]) -> ([usize; 4], [f64; 2]) {
    let (mut reach, mut mass, mut sums) = ([28, 0, 28, 0], 0.0, [0.0, 0.0]);
    for (index, &pixel) in pixels.iter().enumerate().filter(|(_, pixel)| **pixel > 0) {
        let (y, x) = (index / 28, index % 28);
        reach = [reach[0].min(x), reach[1].max(x), reach[2].min(y), reach[3].max(y)];
        mass += f64::from(pixel);
        sums = [sums[0] + f64::from(pixel) * x as f64, sums[1] + f64::from(pixel) * y as f64];
    }
    (reach, sums.map(|sum| sum / mass))
}

#[test]
fn a_small_picture_gets_the_treatment_of_a_large_one() {
    let small = |left, top, size| seven(28, 28, left, top, size);
    let weaker = |ink: u8| (u32::from(ink) * 115 / 255) as u8;
    let table = [
        (changed(&reference(), |_, ink| 185 - weaker(ink)), "on grey paper"),
        (changed(&reference(), |_, ink| 70 + weaker(ink)), "light on dark grey paper"),
        (changed(&reference(), |_, ink| ink / 3), "faint, on black"),
        (small(0, 0, 11), "in the upper left corner"),
        (small(17, 15, 12), "in the lower right corner"),
        (changed(&small(2, 14, 13), |_, ink| 200 - ink / 2), "in a corner of grey paper"),
        (small(3, 2, 24), "larger than the set's digits"),
        (small(7, 7, 14), "in the middle, smaller than they are"),
        (small(8, 0, 20), "as large as they are, at the upper edge"),
    ];
    for (pixels, why) in table {
        let Prepared { pixels, steps } = as_digit(&Picture::new(28, 28, pixels).unwrap());
        let ([left, right, top, bottom], centre) = outline(&pixels);
        let side = (right - left).max(bottom - top) + 1;
        assert!((19..=20).contains(&side), "{why}: {side} {steps:?}");
        // As in MNIST, whose centres of mass lie within a pixel of 14.
        assert!(centre.iter().all(|centre| (centre - 14.0).abs() < 1.0), "{why}: {centre:?} {steps:?}");
        assert!(pixels[..28].iter().all(|&pixel| pixel == 0) && pixels.contains(&255), "{why}: {steps:?}");
    }
}

#[test]
fn the_steps_of_a_small_picture_are_those_of_a_large_one() {
    let pixels = changed(&seven(28, 28, 2, 14, 13), |_, ink| 200 - ink / 2);
    let steps = as_digit(&Picture::new(28, 28, pixels).unwrap()).steps;
    let kinds: Vec<&str> = steps
        .iter()
        .map(|step| match step {
            Step::Inverted { border: 200 } => "inverted",
            Step::Cropped { height: 13, .. } => "cropped",
            Step::Scaled { height: 20, .. } => "scaled",
            Step::Stretched { dark: 55, .. } => "stretched",
            Step::Centred { by: Centre::Mass, .. } => "centred",
            _ => "something else",
        })
        .collect();
    assert_eq!(kinds, ["inverted", "cropped", "scaled", "stretched", "centred"]);
}

#[test]
fn likenesses_arrange_a_picture_in_their_own_ways() {
    // 8 columns by 4 rows, bright in 4 by 2 of them.
    let mut pixels = [10_u8; 32];
    for y in 1..3 {
        pixels[y * 8 + 2..y * 8 + 6].fill(210);
    }
    let picture = Picture::new(4, 8, pixels.to_vec()).unwrap();
    let lit = |like| {
        let prepared = picture.prepared(like, 16, 16).unwrap().pixels;
        (prepared[0], prepared.iter().filter(|&&pixel| pixel > 100).count(), prepared.iter().max().copied())
    };
    let table = [
        (Likeness::Digit, (0, 11 * 6, Some(255)), "11 columns of 16, and 5.5 rows, which are 6"),
        (Likeness::Garment, (0, 16 * 8, Some(255)), "trimmed and as wide as the frame"),
        (Likeness::Whole, (10, 8 * 4, Some(210)), "twice as large, on its own ground"),
    ];
    for (like, expected, why) in table {
        assert_eq!(lit(like), expected, "{why}");
    }
}

#[test]
fn refuses_parts_that_do_not_fit_and_frames_without_pixels() {
    let new = |height, width, pixels| Picture::new(height, width, pixels).unwrap_err().to_string();
    let shape = "and at least 1, found";
    let table = [
        (
            new(2, 3, vec![0; 5]),
            format!("pixel count: expected 2x3 {shape} 5; pass the grey values as [H, W]"),
        ),
        (new(0, 0, vec![]), format!("pixel count: expected 0x0 {shape} 0; pass the grey values as [H, W]")),
        (
            new(usize::MAX, 2, vec![0; 5]),
            format!(
                "expected at most 16384 pixels a side and 67108864 in all, found {}x2; shrink the picture",
                usize::MAX
            ),
        ),
        (
            new(1, 2, vec![9, 9]),
            "there is nothing in it to recognise: all grey values are 9 to 9 of 255; \
             use a picture with more contrast"
                .to_owned(),
        ),
    ];
    for (message, expected) in table {
        assert_eq!(message, expected);
    }
    let picture = Picture::new(1, 2, vec![0, 255]).unwrap();
    assert_eq!(
        picture.prepared(Likeness::Digit, 0, 28).unwrap_err().to_string(),
        "frame: expected 1 to 16384 pixels a side, found 0x28; pass the network's input size"
    );
}

fn any_picture() -> impl Strategy<Value = (usize, usize, Vec<u8>)> {
    let greys = prop_oneof![
        any::<u8>().boxed(),
        prop_oneof![Just(0_u8), Just(255)].boxed(),
        prop_oneof![9 => Just(200_u8), 1 => 0..=255_u8].boxed(),
    ];
    (1..300_usize, 1..300_usize).prop_flat_map(move |(height, width)| {
        (Just(height), Just(width), prop::collection::vec(greys.clone(), height * width))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_picture_that_shows_something_fills_any_frame(
        (height, width, pixels) in any_picture(), frame in (1..40_usize, 1..40_usize)
    ) {
        let Ok(picture) = Picture::new(height, width, pixels) else { return Ok(()) };
        for like in LIKES {
            let prepared = picture.prepared(like, frame.0, frame.1).unwrap();
            prop_assert_eq!(prepared.pixels.len(), frame.0 * frame.1);
            prop_assert!(!prepared.steps.is_empty());
            // The object never vanishes.
            prop_assert!(like == Likeness::Whole || prepared.pixels.contains(&255));
        }
    }
}
