//! The data set `bars-and-crosses`: four shapes that a small network can learn in seconds, made from a seed.

use pool_spec::draw::{between, generator};
use rand_chacha::ChaCha8Rng;

use crate::images::{LabelledImages, PictureShape};

const SIDE: u8 = 28;
const TRAIN_IMAGES: usize = 2_000;
const TEST_IMAGES: usize = 500;

/// What each label of [`Dataset::bars_and_crosses`](crate::Dataset::bars_and_crosses) stands for, by label.
pub const BARS_AND_CROSSES_CLASSES: [&str; 4] =
    ["horizontal bar", "vertical bar", "upright cross", "diagonal cross"];

#[derive(Clone, Copy)]
enum Shape {
    HorizontalBar,
    VerticalBar,
    UprightCross,
    DiagonalCross,
}

/// By label, as [`BARS_AND_CROSSES_CLASSES`].
const SHAPES: [Shape; 4] =
    [Shape::HorizontalBar, Shape::VerticalBar, Shape::UprightCross, Shape::DiagonalCross];

/// Where and how a shape is drawn; lengths in pixels.
struct Stroke {
    shape: Shape,
    centre_x: i16,
    centre_y: i16,
    half_length: i16,
    thickness: i16,
    brightness: u8,
}

/// The training and the test images of a seed.
pub(crate) fn bars_and_crosses(seed: u64) -> [LabelledImages; 2] {
    [(TRAIN_IMAGES, 0), (TEST_IMAGES, 1)].map(|(count, stream)| pictures(count, &mut generator(seed, stream)))
}

/// Labels go round (0, 1, 2, 3, 0, ...), so every split and nearly every batch is balanced, too.
fn pictures(count: usize, generator: &mut ChaCha8Rng) -> LabelledImages {
    let side = usize::from(SIDE);
    let mut pixels = Vec::with_capacity(count * side * side);
    let mut labels = Vec::with_capacity(count);
    for (label, shape) in (0_u16..).zip(SHAPES).cycle().take(count) {
        let stroke = Stroke::draw(shape, generator);
        for y in 0..SIDE {
            for x in 0..SIDE {
                let light = if stroke.covers(x.into(), y.into()) { stroke.brightness } else { 0 };
                let noise = draw_u8(generator, 0, 60);
                pixels.push(light.saturating_add(noise));
            }
        }
        labels.push(label);
    }
    LabelledImages::from_fitting_parts(PictureShape::grey(side, side), pixels, labels)
}

impl Stroke {
    fn draw(shape: Shape, generator: &mut ChaCha8Rng) -> Self {
        Self {
            shape,
            centre_x: draw_u8(generator, 9, 18).into(),
            centre_y: draw_u8(generator, 9, 18).into(),
            half_length: draw_u8(generator, 6, 9).into(),
            thickness: draw_u8(generator, 2, 4).into(),
            brightness: draw_u8(generator, 110, 255),
        }
    }

    fn covers(&self, x: i16, y: i16) -> bool {
        let (dx, dy) = (x - self.centre_x, y - self.centre_y);
        // From the first of `thickness` lines on, so that an even thickness needs no half pixel.
        let inside = |offset: i16| (0..self.thickness).contains(&(offset + self.thickness / 2));
        let along = |offset: i16| offset.abs() <= self.half_length;
        let (horizontal, vertical) = (inside(dy) && along(dx), inside(dx) && along(dy));
        match self.shape {
            Shape::HorizontalBar => horizontal,
            Shape::VerticalBar => vertical,
            Shape::UprightCross => horizontal || vertical,
            Shape::DiagonalCross => (inside(dx - dy) || inside(dx + dy)) && along(dx) && along(dy),
        }
    }
}

fn draw_u8(generator: &mut ChaCha8Rng, low: u8, high: u8) -> u8 {
    between(generator, low.into(), high.into()) as u8
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;
    use crate::unpacked::hex;

    #[test]
    fn the_pictures_of_a_seed_never_change_between_releases() {
        // Made by this code at its first release; a change here changes every number reported on this set.
        let [train, test] = bars_and_crosses(7).map(|images| hex(&Sha256::digest(images.pixels())));
        assert_eq!(train, "88cfb162407d1172e0715967aa87b99eb465ddce332f38df02e6bd3260cf674c");
        assert_eq!(test, "8a947aaf3811f61af57321b1852067395b84903d08ad776e11497b49eb50975e");
    }

    #[test]
    fn classes_are_balanced_in_training_and_test() {
        let [train, test] = bars_and_crosses(1).map(|images| images.class_counts(SHAPES.len()));
        assert_eq!((train, test), (vec![500; 4], vec![125; 4]));
    }

    #[test]
    fn seeds_differ_and_so_do_training_and_test() {
        let [[train, test], [other, _]] = [1, 2].map(bars_and_crosses);
        assert_ne!(train, other);
        assert_ne!(train.picture(0), test.picture(0));
    }

    /// Height and width of what is brighter than noise, and whether it reaches a corner of its bounding box.
    fn outline(picture: &[u8]) -> (usize, usize, bool) {
        let lit = |x: usize, y: usize| picture[y * usize::from(SIDE) + x] > 100;
        let cells = || (0..usize::from(SIDE)).flat_map(|y| (0..usize::from(SIDE)).map(move |x| (x, y)));
        let lit_cells: Vec<(usize, usize)> = cells().filter(|&(x, y)| lit(x, y)).collect();
        let (mut left, mut right, mut top, mut bottom) = (usize::MAX, 0, usize::MAX, 0);
        for &(x, y) in &lit_cells {
            (left, right) = (left.min(x), right.max(x));
            (top, bottom) = (top.min(y), bottom.max(y));
        }
        let corners = [(left, top), (right, top), (left, bottom), (right, bottom)];
        (bottom - top + 1, right - left + 1, corners.iter().any(|&(x, y)| lit(x, y)))
    }

    #[test]
    fn the_class_of_every_picture_follows_from_its_shape() {
        let [train, _] = bars_and_crosses(3);
        for (index, &label) in train.labels().iter().enumerate() {
            let class = match outline(train.picture(index).unwrap()) {
                (2..=4, 13..=19, _) => 0,
                (13..=19, 2..=4, _) => 1,
                (13..=19, 13..=19, false) => 2,
                (13..=19, 13..=19, true) => 3,
                other => panic!("picture {index} is {other:?}"),
            };
            assert_eq!(class, label, "picture {index}");
        }
    }
}
