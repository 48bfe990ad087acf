//! Pictures from elsewhere, made to look like a data set's own before a network sees them.

mod error;
mod fit;
mod ground;
mod likeness;
mod read;
mod resample;
mod step;

#[cfg(test)]
mod png_files;
#[cfg(test)]
mod tests;

use std::path::Path;

pub use error::PictureError;
pub use likeness::Likeness;
pub use step::{Centre, Step};

use crate::error::DataError;
use ground::{Border, Polarity};
use resample::Region;

/// The longest side of a picture, in pixels: more than any camera's.
const MAX_SIDE: usize = 1 << 14;
/// The most pixels of a picture: the 48 million of a telephone's camera fit, and reading never takes more than 0.6 GB.
const MAX_PIXELS: usize = 1 << 26;
/// Grey values that differ by less are one grey to the eye; stretched, they would be a picture of noise.
const MIN_CONTRAST: u8 = 8;

/// A grey picture of any size that shows something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    height: usize,
    width: usize,
    pixels: Vec<u8>,
    /// What reading did to it.
    steps: Vec<Step>,
}

/// A picture as a network expects it, and how it became so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prepared {
    /// Grey values, row-major `[H, W]`; 0 is the background.
    pub pixels: Vec<u8>,
    /// What was done, in order; never empty.
    pub steps: Vec<Step>,
}

impl Picture {
    /// A picture of `height` x `width` pixels, row-major `[H, W]`, 0 black and 255 white.
    ///
    /// # Errors
    ///
    /// [`PictureError::Shape`], [`PictureError::TooLarge`], or [`PictureError::Uniform`] if it shows nothing.
    pub fn new(height: usize, width: usize, pixels: Vec<u8>) -> Result<Self, PictureError> {
        Self::after(Vec::new(), height, width, pixels)
    }

    /// Reads a PNG file of any colour type and depth; of an animated one the picture that programs without animation
    /// show, which is its first frame as a rule.
    ///
    /// Colours become their luma by ITU-R BT.709, whose primaries are those of sRGB, computed on the stored values as
    /// image viewers do. What shows through transparent pixels is the grey of the picture's border; where the border
    /// itself is transparent it is white, and black if what is visible is light: ink stays visible on either.
    ///
    /// # Errors
    ///
    /// [`DataError::NoSuchFile`], [`DataError::Io`], or [`DataError::Picture`] with the [`PictureError`].
    pub fn read_png(path: &Path) -> Result<Self, DataError> {
        read::png(path)
    }

    fn after(steps: Vec<Step>, height: usize, width: usize, pixels: Vec<u8>) -> Result<Self, PictureError> {
        check_size(height, width)?;
        if pixels.len() != height * width || pixels.is_empty() {
            return Err(PictureError::Shape { height, width, pixels: pixels.len() });
        }
        let least = pixels.iter().copied().min().unwrap_or(0);
        let greatest = pixels.iter().copied().max().unwrap_or(0);
        if greatest - least < MIN_CONTRAST {
            return Err(PictureError::Uniform { least, greatest });
        }
        Ok(Self { height, width, pixels, steps })
    }

    /// Height, in pixels.
    #[must_use]
    pub fn height(&self) -> usize {
        self.height
    }

    /// Width, in pixels.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// Grey values, row-major `[H, W]`, 0 black and 255 white.
    #[must_use]
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// The picture in a frame of `height` x `width` pixels, light on dark and arranged as `like` says.
    ///
    /// A picture of any size gets the same treatment, the frame's own included, unless it looks like the set's own already:
    /// black ground, full contrast, and an object of their size in their place. Then it comes out as it went in, bit for
    /// bit, and one on white ground is inverted and no more. All 140,000 pictures of the public sets are taken as they
    /// are. Of sets of which nothing is known ([`Likeness::Whole`]), a picture of the frame's size is theirs if a quarter
    /// of its border is dark, because objects may reach the border.
    ///
    /// # Errors
    ///
    /// [`PictureError::Frame`] if the frame has no pixel or too many.
    pub fn prepared(&self, like: Likeness, height: usize, width: usize) -> Result<Prepared, PictureError> {
        if !(1..=MAX_SIDE).contains(&height) || !(1..=MAX_SIDE).contains(&width) {
            return Err(PictureError::Frame { height, width });
        }
        let border = Border::of(self.height, self.width, &self.pixels);
        let mut steps = self.steps.clone();
        let same_size = (self.height, self.width) == (height, width);
        if same_size && fit::is_own(self, &border, like) {
            steps.push(Step::AsItIs);
            return Ok(Prepared { pixels: self.pixels.clone(), steps });
        }
        match border.polarity(&self.pixels) {
            Polarity::LightOnDark => Ok(fit::fit(self, &border, like, height, width, steps)),
            Polarity::DarkOnLight => {
                steps.push(Step::Inverted { border: border.level() });
                let pixels = self.pixels.iter().map(|&pixel| u8::MAX - pixel).collect();
                let inverted = Self { height: self.height, width: self.width, pixels, steps: Vec::new() };
                let border = border.inverted();
                if same_size && fit::is_own(&inverted, &border, like) {
                    return Ok(Prepared { pixels: inverted.pixels, steps });
                }
                Ok(fit::fit(&inverted, &border, like, height, width, steps))
            }
        }
    }

    /// The whole picture.
    fn region(&self) -> Region {
        Region { left: 0, top: 0, width: self.width, height: self.height }
    }
}

fn check_size(height: usize, width: usize) -> Result<(), PictureError> {
    let pixels = height.saturating_mul(width);
    if height > MAX_SIDE || width > MAX_SIDE || pixels > MAX_PIXELS {
        return Err(PictureError::TooLarge { height, width });
    }
    Ok(())
}
