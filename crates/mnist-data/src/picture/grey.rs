//! Grey pictures of any size, from bytes or from PNG files of any colours.

#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use pool_files::{DecodedPicture, PngDepth, PngError, check_picture_size, decode_png, with_room};

use super::step::Step;
use crate::error::{DataError, PictureError};
use crate::raster::{Rgba, rgba};

/// Grey values that differ by less look the same; stretched, they would be a picture of noise.
const MIN_CONTRAST: u8 = 8;

/// Weights of red, green and blue in luma, in ten-thousandths: ITU-R BT.709, section 3.2.
const LUMA: [u32; 3] = [2_126, 7_152, 722];
const LUMA_SUM: u32 = 10_000;

/// A grey picture of any size that shows something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    height: usize,
    width: usize,
    pixels: Vec<u8>,
    /// What reading did to it.
    steps: Vec<Step>,
}

impl Picture {
    /// A picture of `height` x `width` pixels, row-major `[H, W]`, 0 black and 255 white.
    ///
    /// # Errors
    ///
    /// [`PictureError::Shape`], [`PngError::TooLarge`], or [`PictureError::Uniform`] if it shows nothing.
    pub fn new(height: usize, width: usize, pixels: Vec<u8>) -> Result<Self, PictureError> {
        Self::after(Vec::new(), height, width, pixels)
    }

    /// Reads a PNG file of any colour type and depth, as [`decode_png`] does.
    ///
    /// Colours become their luma by ITU-R BT.709, whose primaries are those of sRGB, computed on the stored values as
    /// image viewers do. What shows through transparent pixels is the grey of the picture's border. Where the border
    /// itself is transparent, white shows through, or black if the visible part is light: ink stays visible on either.
    ///
    /// # Errors
    ///
    /// [`DataError::NoSuchFile`], [`DataError::Io`], or [`DataError::Picture`] with the [`PictureError`].
    pub fn read_png(path: &Path) -> Result<Self, DataError> {
        let file = File::open(path).map_err(DataError::opening(path))?;
        let picture =
            decode_png(BufReader::new(file)).map_err(PictureError::Png).and_then(|png| picture_of(&png));
        picture.map_err(|problem| DataError::picture(path, problem))
    }

    fn after(steps: Vec<Step>, height: usize, width: usize, pixels: Vec<u8>) -> Result<Self, PictureError> {
        check_picture_size(height, width)?;
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

    /// The picture with light and dark exchanged; what reading did to it is not repeated.
    pub(super) fn inverted(&self) -> Self {
        let pixels = self.pixels.iter().map(|&pixel| u8::MAX - pixel).collect();
        Self { height: self.height, width: self.width, pixels, steps: Vec::new() }
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

    /// What reading did to the picture, in order.
    pub(super) fn steps(&self) -> &[Step] {
        &self.steps
    }
}

/// The grey values of a file, with what was done to get them.
fn picture_of(png: &DecodedPicture) -> Result<Picture, PictureError> {
    let mut steps = Vec::new();
    if png.depth == PngDepth::Sixteen {
        steps.push(Step::ToEightBits);
    }
    // Grey pictures are often stored as colours; turning those to grey changes nothing.
    if rgba(png).any(|[r, g, b, _]| r != g || g != b) {
        steps.push(Step::ToGrey);
    }
    let is_opaque = rgba(png).all(|[_, _, _, alpha]| alpha == u8::MAX);
    let over = if is_opaque { u8::MAX } else { backing(png) };
    if !is_opaque {
        steps.push(Step::Transparency { over });
    }
    let (height, width) = (png.height, png.width);
    let mut pixels = with_room(height * width).map_err(PngError::OutOfMemory)?;
    pixels.extend(rgba(png).map(|pixel| laid_over(pixel, over)));
    Picture::after(steps, height, width, pixels)
}

/// The grey that shows through transparent pixels.
fn backing(png: &DecodedPicture) -> u8 {
    let (width, height) = (png.width, png.height);
    let (mut all, mut border) = (Visible::default(), Visible::default());
    for (index, pixel) in rgba(png).enumerate() {
        let (x, y) = (index % width, index / width);
        all.add(pixel);
        if x == 0 || y == 0 || x + 1 == width || y + 1 == height {
            border.add(pixel);
        }
    }
    // Opaque paper with a few transparent pixels, such as round corners, stays paper there.
    if border.alpha * 2 >= border.pixels * u64::from(u8::MAX) {
        return border.mean();
    }
    if all.mean() < 128 { u8::MAX } else { 0 }
}

/// Sums over the visible part of some pixels.
#[derive(Default)]
struct Visible {
    pixels: u64,
    /// The sum of alpha, each 0 to 255.
    alpha: u64,
    /// The sum of luma times alpha.
    luma: u64,
}

impl Visible {
    fn add(&mut self, pixel: Rgba) {
        let alpha = u64::from(pixel[3]);
        self.pixels += 1;
        self.alpha += alpha;
        self.luma += alpha * u64::from(luma(pixel));
    }

    /// The mean grey value, weighted by alpha; 0 if all pixels are transparent.
    fn mean(&self) -> u8 {
        (self.luma / (self.alpha * u64::from(LUMA_SUM)).max(1)) as u8
    }
}

/// 0 to 255 times [`LUMA_SUM`].
fn luma([r, g, b, _]: Rgba) -> u32 {
    [r, g, b].into_iter().zip(LUMA).map(|(channel, weight)| u32::from(channel) * weight).sum()
}

/// The grey value of a pixel in front of a grey, rounded once.
pub(crate) fn laid_over(pixel: Rgba, over: u8) -> u8 {
    let alpha = u32::from(pixel[3]);
    let behind = u32::from(over) * LUMA_SUM * (u32::from(u8::MAX) - alpha);
    let whole = LUMA_SUM * u32::from(u8::MAX);
    ((luma(pixel) * alpha + behind + whole / 2) / whole) as u8
}
