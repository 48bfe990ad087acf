//! A picture of any size, made to look like a data set's own in a frame of a network's size.

use super::grey::Picture;
use super::ground::{Border, Polarity};
use super::likeness::{Likeness, Trim};
use super::resample::{Levels, Region};
use super::step::{Centre, Step};
use crate::error::PictureError;
use pool_files::MAX_SIDE;

/// Background within this many standard deviations of its noise becomes black.
const BLACK_SDS: f32 = 3.0;
/// Pixels that are brighter by more are not noise: even in the largest picture, less than one is so by chance.
const OBJECT_SDS: f32 = 6.0;

/// The ground of a set's own picture is no lighter than this at the border. In Fashion-MNIST, garments leave a little
/// light there; in MNIST it is 0.
const OWN_GROUND: u8 = 16;
/// The brightest pixel of a set's own picture is at least this: 254 or 255 in all of both sets.
const OWN_PEAK: u8 = 254;

/// A picture as a network expects it, and how it became so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prepared {
    /// Row-major `[C, H, W]`; in grey pictures 0 is the background.
    pub pixels: Vec<u8>,
    /// What was done, in order; never empty.
    pub steps: Vec<Step>,
}

impl Picture {
    /// The picture in a frame of `height` x `width` pixels, light on dark and arranged as `like` says.
    ///
    /// Every picture gets the same treatment, one of the frame's own size too, unless it already looks like the set's
    /// own: black ground, full contrast, and an object of their size in their place. Such a picture is returned bit for
    /// bit; on white ground it is inverted and nothing else. All 140,000 pictures of the public sets are taken as they
    /// are. For sets of which nothing is known ([`Likeness::Whole`]), a picture of the frame's size counts as theirs if
    /// a quarter of its border is dark, because objects may reach the border.
    ///
    /// # Errors
    ///
    /// [`PictureError::Frame`] if the frame has no pixel or too many.
    pub fn prepared(&self, like: Likeness, height: usize, width: usize) -> Result<Prepared, PictureError> {
        check_frame(height, width)?;
        let border = Border::of(self.height(), self.width(), self.pixels());
        let mut steps = self.steps().to_vec();
        let same_size = (self.height(), self.width()) == (height, width);
        if same_size && is_own(self, &border, like) {
            steps.push(Step::AsItIs);
            return Ok(Prepared { pixels: self.pixels().to_vec(), steps });
        }
        match border.polarity(self.pixels()) {
            Polarity::LightOnDark => Ok(fit(self, &border, like, height, width, steps)),
            Polarity::DarkOnLight => {
                steps.push(Step::Inverted { border: border.level() });
                let (inverted, border) = (self.inverted(), border.inverted());
                if same_size && is_own(&inverted, &border, like) {
                    return Ok(Prepared { pixels: inverted.pixels().to_vec(), steps });
                }
                Ok(fit(&inverted, &border, like, height, width, steps))
            }
        }
    }
}

/// Refuses a frame that no network has.
fn check_frame(height: usize, width: usize) -> Result<(), PictureError> {
    if !(1..=MAX_SIDE).contains(&height) || !(1..=MAX_SIDE).contains(&width) {
        return Err(PictureError::Frame { height, width });
    }
    Ok(())
}

/// Whether a picture of the frame's size could be one of the set's own: black ground, full contrast, and an object of
/// their size in their place. Fitting such a picture would only blur it.
fn is_own(picture: &Picture, border: &Border, like: Likeness) -> bool {
    let Some(slack) = like.slack() else { return border.lower_quartile() < 128 };
    let (height, width) = (picture.height(), picture.width());
    let greatest = picture.pixels().iter().copied().max().unwrap_or(0);
    if border.lower_quartile() > OWN_GROUND || greatest < OWN_PEAK || !picture.pixels().contains(&0) {
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

/// Crops, scales, stretches and centres a light object on a dark ground; `steps` came before.
fn fit(
    picture: &Picture,
    border: &Border,
    like: Likeness,
    height: usize,
    width: usize,
    mut steps: Vec<Step>,
) -> Prepared {
    let greatest = picture.pixels().iter().copied().max().unwrap_or(0);
    let contrast = f32::from(greatest.saturating_sub(border.level()));
    let trim = like.trim();
    let lifted = (BLACK_SDS * border.noise_sd()).min(contrast / 2.0).floor();
    let ground = trim.map_or(0.0, |_| f32::from(border.level()) + lifted);

    let part = trim.map_or(Region::whole(picture), |trim| object(picture, border, contrast, trim));
    let Region { left, top, .. } = part;
    if part != Region::whole(picture) {
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
    // A picture that is not trimmed keeps its ground, and the frame around it gets the same grey.
    let around = if trim.is_some() { 0 } else { border.level() };
    Prepared { pixels: levels.framed(left, top, height, width, around), steps }
}

/// The smallest part that holds all pixels that stand out from the background.
fn object(picture: &Picture, border: &Border, contrast: f32, trim: Trim) -> Region {
    // Pixels in the upper half of the contrast belong to the object even in heavy noise, so there always is one.
    let above = trim(contrast).max(OBJECT_SDS * border.noise_sd()).min(contrast / 2.0);
    brighter_than(picture, f32::from(border.level()) + above)
}

/// The smallest part that holds all pixels above a threshold; the whole picture if no pixel is.
fn brighter_than(picture: &Picture, threshold: f32) -> Region {
    let (mut left, mut right, mut top, mut bottom) = (picture.width(), 0, picture.height(), 0);
    for (y, row) in picture.pixels().chunks_exact(picture.width()).enumerate() {
        let stands_out = |&pixel: &u8| f32::from(pixel) > threshold;
        let Some(first) = row.iter().position(stands_out) else { continue };
        let last = row.iter().rposition(stands_out).unwrap_or(first);
        (left, right) = (left.min(first), right.max(last));
        (top, bottom) = (top.min(y), bottom.max(y));
    }
    if left > right || top > bottom {
        return Region::whole(picture);
    }
    Region { left, top, width: right - left + 1, height: bottom - top + 1 }
}

impl Levels {
    /// Multiplies so that the brightest value is 255, as in every picture of MNIST and Fashion-MNIST up to rounding.
    ///
    /// To be done after scaling, because thin strokes fade when they shrink.
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
