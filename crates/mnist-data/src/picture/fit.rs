//! From a light object on a dark ground to a frame of a network's size.

use super::ground::Border;
use super::likeness::{Likeness, Trim};
use super::resample::{Levels, Region};
use super::step::{Centre, Step};
use super::{Picture, Prepared};

/// Background up to this many standard deviations of its noise becomes black.
const BLACK_SDS: f32 = 3.0;
/// What is brighter by more is no noise: of the most pixels that a picture may have, less than one is, by chance.
const OBJECT_SDS: f32 = 6.0;

/// The ground of a set's own picture is no lighter than this where it meets the border. In Fashion-MNIST, garments leave a
/// little light there; in MNIST it is 0.
const OWN_GROUND: u8 = 16;
/// The brightest pixel of a set's own picture is at least this: 254 or 255 in all of both sets.
const OWN_PEAK: u8 = 254;

/// Whether a picture of the frame's size could be one of the set's own: black ground, full contrast, and an object as large
/// as theirs and where theirs are, so that fitting it would do nothing but blur it.
pub(super) fn is_own(picture: &Picture, border: &Border, like: Likeness) -> bool {
    let Some(slack) = like.slack() else { return border.lower_quartile() < 128 };
    let (height, width) = (picture.height, picture.width);
    let greatest = picture.pixels.iter().copied().max().unwrap_or(0);
    if border.lower_quartile() > OWN_GROUND || greatest < OWN_PEAK || !picture.pixels.contains(&0) {
        return false;
    }
    let above = like.trim().map_or(0.0, |trim| trim(greatest.into()));
    let part = brighter_than(picture, above);
    let room = like.room(height, width);
    let share = (part.height as f64 / room.0 as f64).max(part.width as f64 / room.1 as f64);
    if !(1.0 - slack.side..=1.0).contains(&share) {
        return false;
    }
    let as_it_is = part.scaled(picture, 0.0, (part.height, part.width));
    let (left, top) = as_it_is.position(like.centre(), height, width);
    part.left.abs_diff(left) <= slack.place && part.top.abs_diff(top) <= slack.place
}

/// Crops, scales, stretches and centres; `steps` are those that came before.
pub(super) fn fit(
    picture: &Picture,
    border: &Border,
    like: Likeness,
    height: usize,
    width: usize,
    mut steps: Vec<Step>,
) -> Prepared {
    let greatest = picture.pixels.iter().copied().max().unwrap_or(0);
    let contrast = f32::from(greatest.saturating_sub(border.level()));
    let trim = like.trim();
    let lifted = (BLACK_SDS * border.noise_sd()).min(contrast / 2.0).floor();
    let ground = trim.map_or(0.0, |_| f32::from(border.level()) + lifted);

    let part = trim.map_or(picture.region(), |trim| object(picture, border, contrast, trim));
    let Region { left, top, .. } = part;
    if part != picture.region() {
        steps.push(Step::Cropped { left, top, width: part.width, height: part.height });
    }
    let mut levels = part.scaled(picture, ground, like.room(height, width));
    if (levels.height, levels.width) != (part.height, part.width) {
        steps.push(Step::Scaled { width: levels.width, height: levels.height });
    }
    if trim.is_some() {
        steps.extend(levels.stretch(ground));
    }
    let by = like.centre();
    let (left, top) = levels.position(by, height, width);
    if (levels.height, levels.width) != (height, width) {
        steps.push(Step::Centred { by, left, top });
    }
    if steps.is_empty() {
        steps.push(Step::AsItIs);
    }
    // Untrimmed, a picture keeps its ground, and the frame around it gets the same.
    let around = if trim.is_some() { 0 } else { border.level() };
    Prepared { pixels: levels.framed(left, top, height, width, around), steps }
}

/// The smallest part that holds all pixels which stand out from the background.
fn object(picture: &Picture, border: &Border, contrast: f32, trim: Trim) -> Region {
    // The upper half of the contrast is the object's whatever the noise, so an object is always found.
    let above = trim(contrast).max(OBJECT_SDS * border.noise_sd()).min(contrast / 2.0);
    brighter_than(picture, f32::from(border.level()) + above)
}

/// The smallest part that holds all pixels above a threshold; the whole picture where there is none.
fn brighter_than(picture: &Picture, threshold: f32) -> Region {
    let (mut left, mut right, mut top, mut bottom) = (picture.width, 0, picture.height, 0);
    for (y, row) in picture.pixels.chunks_exact(picture.width).enumerate() {
        let stands_out = |&pixel: &u8| f32::from(pixel) > threshold;
        let Some(first) = row.iter().position(stands_out) else { continue };
        let last = row.iter().rposition(stands_out).unwrap_or(first);
        (left, right) = (left.min(first), right.max(last));
        (top, bottom) = (top.min(y), bottom.max(y));
    }
    if left > right || top > bottom {
        return picture.region();
    }
    Region { left, top, width: right - left + 1, height: bottom - top + 1 }
}

impl Levels {
    /// Multiplies so that the brightest value is 255, as in every picture of MNIST and Fashion-MNIST but for rounding.
    ///
    /// After scaling, because thin strokes fade when they shrink.
    fn stretch(&mut self, ground: f32) -> Option<Step> {
        let peak = self.values.iter().copied().fold(0.0, f32::max);
        if peak > 0.0 {
            for value in &mut self.values {
                *value = (*value * 255.0 / peak).min(255.0);
            }
        }
        let (dark, light) = (ground as u8, (ground + peak).round() as u8);
        ((dark, light) != (0, 255)).then_some(Step::Stretched { dark, light })
    }

    /// Columns to the left and rows above, in a frame that is no smaller.
    fn position(&self, by: Centre, height: usize, width: usize) -> (usize, usize) {
        let (spare_width, spare_height) = (width - self.width, height - self.height);
        match by {
            // The odd pixel of background is at the left and the top, as in nearly all of Fashion-MNIST.
            Centre::Outline => (spare_width.div_ceil(2), spare_height.div_ceil(2)),
            Centre::Mass => {
                let (x, y) = self.centre_of_mass();
                // MNIST puts the centre of mass on pixel 14 of 0 to 27: in its test set it lies between 13.5 and 14.5.
                let offset = |side: usize, centre: f64, spare: usize| {
                    let offset = ((side / 2) as f64 - centre).round().max(0.0) as usize;
                    offset.min(spare)
                };
                (offset(width, x, spare_width), offset(height, y, spare_height))
            }
        }
    }

    /// Column and row, counted from 0 at the centre of the first pixel.
    fn centre_of_mass(&self) -> (f64, f64) {
        let (mut mass, mut right, mut down) = (0.0, 0.0, 0.0);
        for (y, row) in self.values.chunks_exact(self.width).enumerate() {
            for (x, &value) in row.iter().enumerate() {
                let value = f64::from(value);
                mass += value;
                right += value * x as f64;
                down += value * y as f64;
            }
        }
        if mass > 0.0 { (right / mass, down / mass) } else { (0.0, 0.0) }
    }

    fn framed(&self, left: usize, top: usize, height: usize, width: usize, around: u8) -> Vec<u8> {
        let mut frame = vec![around; height * width];
        let rows = frame.chunks_exact_mut(width).skip(top);
        for (to, from) in rows.zip(self.values.chunks_exact(self.width)) {
            for (pixel, value) in to[left..].iter_mut().zip(from) {
                *pixel = value.round() as u8;
            }
        }
        frame
    }
}
