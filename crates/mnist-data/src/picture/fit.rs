//! From a light object on a dark ground to a frame of a network's size.

use image::imageops::{FilterType, resize};
use image::{ImageBuffer, Luma};

use super::ground::Border;
use super::likeness::{Likeness, Trim};
use super::step::{Centre, Step};
use super::{Picture, Prepared};

/// A part of a picture, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Region {
    pub(super) left: usize,
    pub(super) top: usize,
    pub(super) width: usize,
    pub(super) height: usize,
}

/// Row-major brightness above a ground that is 0, `[H, W]`; up to 255, with fractions.
struct Levels {
    height: usize,
    width: usize,
    values: Vec<f32>,
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
    // Half of the contrast is the object's whatever the noise, so an object is always found.
    let noise = border.noise().min(contrast / 2.0);
    let ground = trim.map_or(0.0, |_| f32::from(border.level()) + noise.floor());

    let part = trim.map_or(picture.region(), |trim| object(picture, border, noise, contrast, trim));
    let Region { left, top, .. } = part;
    if part != picture.region() {
        steps.push(Step::Cropped { left, top, width: part.width, height: part.height });
    }
    let mut levels = scaled(picture, part, ground, like.room(height, width));
    if (levels.height, levels.width) != (part.height, part.width) {
        steps.push(Step::Scaled { width: levels.width, height: levels.height });
    }
    if let Some(trim) = trim {
        steps.extend(levels.stretch(ground, trim.below_white));
    }
    let by = like.centre();
    let (left, top) = levels.position(by, height, width);
    if (levels.height, levels.width) != (height, width) {
        steps.push(Step::Centred { by, left, top });
    }
    // Untrimmed, a picture keeps its ground, and the frame around it gets the same.
    let around = if trim.is_some() { 0 } else { border.level() };
    Prepared { pixels: levels.framed(left, top, height, width, around), steps }
}

/// The smallest part that holds all pixels which stand out from the background.
fn object(picture: &Picture, border: &Border, noise: f32, contrast: f32, trim: Trim) -> Region {
    let above = (trim.threshold)(contrast).min(contrast / 2.0).max(noise);
    let threshold = f32::from(border.level()) + above;
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

/// The part above `ground`, as large as `room` (height, width) allows with its aspect kept.
fn scaled(picture: &Picture, part: Region, ground: f32, room: (usize, usize)) -> Levels {
    let factor = (room.0 as f64 / part.height as f64).min(room.1 as f64 / part.width as f64);
    let side = |old: usize, room: usize| ((old as f64 * factor).round() as usize).clamp(1, room);
    let (height, width) = (side(part.height, room.0), side(part.width, room.1));
    // Floating point from here on: a line one pixel wide in a thousand would fade to nothing in bytes.
    let old = ImageBuffer::from_fn(part.width as u32, part.height as u32, |x, y| {
        let index = (part.top + y as usize) * picture.width + part.left + x as usize;
        let level = (f32::from(picture.pixels[index]) - ground).max(0.0);
        // The resampler cuts floating-point values to 0 to 1.
        Luma([level / 255.0])
    });
    // A triangle as wide as two new pixels, so all old ones count when the picture shrinks; bilinear when it grows.
    let new = resize(&old, width as u32, height as u32, FilterType::Triangle);
    let values = new.into_raw().into_iter().map(|value| value * 255.0).collect();
    Levels { height, width, values }
}

impl Levels {
    /// Multiplies so that all but a share of the object's pixels are below 255; what exceeds it is cut.
    ///
    /// After scaling, because thin strokes fade when they shrink.
    fn stretch(&mut self, ground: f32, below_white: f32) -> Option<Step> {
        let peak = self.values.iter().copied().fold(0.0, f32::max);
        // What is less than a quarter as bright is edge, not object.
        let mut object: Vec<f32> = self.values.iter().copied().filter(|&value| value > peak / 4.0).collect();
        object.sort_unstable_by(f32::total_cmp);
        let last = object.len().checked_sub(1)?;
        let white = object[((object.len() as f32 * below_white) as usize).min(last)];
        for value in &mut self.values {
            *value = (*value * 255.0 / white).min(255.0);
        }
        let (dark, light) = (ground as u8, (ground + white).round() as u8);
        ((dark, light) != (0, 255)).then_some(Step::Stretched { dark, light })
    }

    /// Columns to the left and rows above, in a frame that is no smaller.
    fn position(&self, by: Centre, height: usize, width: usize) -> (usize, usize) {
        let (spare_width, spare_height) = (width - self.width, height - self.height);
        match by {
            Centre::Outline => (spare_width / 2, spare_height / 2),
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
