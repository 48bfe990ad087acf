//! Pictures of the published sets, changed as people's pictures are and prepared again; skipped where a set is missing.

use mnist_data::{DataDir, DataError, Dataset, Picture, PublicSet, Step};

const SIDE: usize = 28;
const TIMES: usize = 7;
const CANVAS_HEIGHT: usize = 300;
const CANVAS_WIDTH: usize = 400;

/// The set, or `None` and a note when the set is not here.
fn load(set: PublicSet) -> Option<Dataset> {
    match Dataset::public(set, &DataDir::from_env()) {
        Ok(data) => Some(data),
        Err(error @ (DataError::Missing { .. } | DataError::NoDataDir)) => {
            pool_testkit::left_out(&error.to_string());
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
    for set in [PublicSet::Mnist, PublicSet::FashionMnist] {
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

/// A test digit on 28x28 pixels of paper of this grey, with ink of this one.
fn on_paper(pixels: &[u8], paper: u8, ink: u8) -> Picture {
    let mixed = |&light: &u8| {
        let share = f64::from(light) / 255.0;
        (f64::from(paper) + share * (f64::from(ink) - f64::from(paper))).round() as u8
    };
    Picture::new(SIDE, SIDE, pixels.iter().map(mixed).collect()).unwrap()
}

/// Half as large, in one of the four corners of 28x28 pixels of white paper.
fn in_a_corner(pixels: &[u8], corner: usize) -> Picture {
    let mut paper = vec![255; SIDE * SIDE];
    let (left, top) = (corner % 2 * SIDE / 2, corner / 2 * SIDE / 2);
    for y in 0..SIDE / 2 {
        for x in 0..SIDE / 2 {
            let at = |down: usize, right: usize| u32::from(pixels[(2 * y + down) * SIDE + 2 * x + right]);
            let light = (at(0, 0) + at(0, 1) + at(1, 0) + at(1, 1)) / 4;
            paper[(top + y) * SIDE + left + x] = 255 - light as u8;
        }
    }
    Picture::new(SIDE, SIDE, paper).unwrap()
}

#[test]
fn a_digit_on_grey_paper_of_the_sets_own_size_comes_back_nearly_as_it_was() {
    let Some(images) = load(PublicSet::Mnist).map(|data| data.test) else { return };
    for (paper, ink) in [(185, 70), (90, 250), (120, 20), (200, 160)] {
        let mut worst = 0.0_f64;
        let mut sum = 0.0;
        for index in 0..1_000 {
            let pixels = images.picture(index).unwrap();
            let picture = on_paper(pixels, paper, ink);
            let prepared = picture.prepared(PublicSet::Mnist.into(), SIDE, SIDE).unwrap().pixels;
            assert_eq!(prepared[0], 0, "{paper} {ink} {index}: the ground is black");
            let difference = mean_difference(pixels, &prepared);
            (worst, sum) = (worst.max(difference), sum + difference);
        }
        println!("paper {paper}, ink {ink}: mean {:.3}, worst {worst:.3}", sum / 1_000.0);
        // Of 255 grey values that the rounding to the paper's few leaves; a faint end of a stroke may be lost to it.
        assert!(sum / 1_000.0 < 0.6, "{paper} {ink}: {}", sum / 1_000.0);
    }
}

#[test]
fn a_small_digit_in_a_corner_becomes_as_large_as_the_sets_own_and_lies_where_they_lie() {
    let Some(images) = load(PublicSet::Mnist).map(|data| data.test) else { return };
    for index in 0..1_000 {
        let picture = in_a_corner(images.picture(index).unwrap(), index % 4);
        let prepared = picture.prepared(PublicSet::Mnist.into(), SIDE, SIDE).unwrap().pixels;
        let lit = |line: &dyn Fn(usize) -> usize, across: &dyn Fn(usize) -> usize| {
            (0..SIDE).filter(|&n| (0..SIDE).any(|m| prepared[line(n) + across(m)] > 0)).count()
        };
        let height = lit(&|y| y * SIDE, &|x| x);
        let width = lit(&|x| x, &|y| y * SIDE);
        assert!((19..=20).contains(&height.max(width)), "{index}: {width}x{height}");
        for centre in centre_of_mass(&prepared) {
            assert!((centre - 14.0).abs() < 1.0, "{index}: {centre}");
        }
    }
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
