//! Pictures in bytes, of any size: as files hold them, laid on white, and brought to a frame.

use image::imageops::{self, FilterType};
use image::{ImageBuffer, Luma, Pixel, Rgb};
use pool_files::{DecodedPicture, OutOfMemory, PngColour, PngDepth, with_room};
use pool_spec::{Colour, Resize};

use crate::images::PictureShape;
use crate::picture::{Step, laid_over};

/// What shows through transparent pixels, and around a picture that does not fill its frame.
const WHITE: u8 = u8::MAX;

/// A picture, row-major `[H, W, C]`, 0 is black.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Raster {
    pub(crate) shape: PictureShape,
    pub(crate) samples: Vec<u8>,
}

/// Red, green, blue and alpha.
pub(crate) type Rgba = [u8; 4];

/// Every pixel of a decoded file in colours of eight bits; opaque if there is no alpha channel.
pub(crate) fn rgba(decoded: &DecodedPicture) -> impl Iterator<Item = Rgba> + '_ {
    let pixel_bytes = decoded.colour.channels() * decoded.depth.bytes();
    decoded.samples.chunks_exact(pixel_bytes).map(move |pixel| {
        let value = |channel: usize| match decoded.depth {
            PngDepth::Eight => pixel[channel],
            PngDepth::Sixteen => {
                to_eight_bits(u16::from_ne_bytes([pixel[2 * channel], pixel[2 * channel + 1]]))
            }
        };
        match decoded.colour {
            PngColour::Grey => [value(0), value(0), value(0), u8::MAX],
            PngColour::GreyAlpha => [value(0), value(0), value(0), value(1)],
            PngColour::Rgb => [value(0), value(1), value(2), u8::MAX],
            PngColour::Rgba => [value(0), value(1), value(2), value(3)],
        }
    })
}

/// To the nearest of 255 steps.
fn to_eight_bits(value: u16) -> u8 {
    ((u32::from(value) + 128) / 257) as u8
}

impl Raster {
    /// The picture with these channels, laid on white, and what was done to it. Grey is luma by ITU-R BT.709.
    ///
    /// # Errors
    /// Too little memory.
    pub(crate) fn of(decoded: &DecodedPicture, colour: Colour) -> Result<(Self, Vec<Step>), OutOfMemory> {
        let shape = PictureShape { colour, height: decoded.height, width: decoded.width };
        let mut steps = Vec::new();
        if decoded.depth == PngDepth::Sixteen {
            steps.push(Step::ToEightBits);
        }
        let mut samples = with_room(shape.bytes())?;
        match colour {
            Colour::Grey => {
                if rgba(decoded).any(|[red, green, blue, _]| red != green || green != blue) {
                    steps.push(Step::ToGrey);
                }
                samples.extend(rgba(decoded).map(|pixel| laid_over(pixel, WHITE)));
            }
            Colour::Rgb => {
                for [red, green, blue, alpha] in rgba(decoded) {
                    samples.extend([red, green, blue].map(|value| on_white(value, alpha)));
                }
            }
        }
        if rgba(decoded).any(|[.., alpha]| alpha < u8::MAX) {
            steps.push(Step::Transparency { over: WHITE });
        }
        Ok((Self { shape, samples }, steps))
    }

    /// The picture in a frame of this height and width, and what was done to it.
    ///
    /// A picture that shrinks is averaged over areas, one that grows is interpolated linearly: a triangle as wide as a
    /// pixel of the smaller of the two, which is what Pillow and torchvision call antialiased bilinear.
    pub(crate) fn framed(self, height: usize, width: usize, resize: Resize) -> (Self, Vec<Step>) {
        let PictureShape { colour, height: old_height, width: old_width } = self.shape;
        let frame = PictureShape { colour, height, width };
        if self.shape == frame {
            return (self, Vec::new());
        }
        let factors = [height as f64 / old_height as f64, width as f64 / old_width as f64];
        let by = |factor: f64| {
            [old_height, old_width].map(|side| ((side as f64 * factor).round() as usize).max(1))
        };
        let [scaled_height, scaled_width] = match resize {
            Resize::Fit => by(factors[0].min(factors[1])),
            Resize::Crop => by(factors[0].max(factors[1])),
            Resize::Stretch => [height, width],
        };
        let mut steps = Vec::new();
        let scaled = self.scaled(scaled_height, scaled_width);
        if (scaled_height, scaled_width) != (old_height, old_width) {
            steps.push(Step::Scaled { width: scaled_width, height: scaled_height });
        }
        if scaled.shape == frame {
            return (scaled, steps);
        }
        steps.push(match resize {
            Resize::Crop => Step::Trimmed { width, height },
            Resize::Fit | Resize::Stretch => Step::Bordered { width, height },
        });
        (scaled.centred(frame), steps)
    }

    fn scaled(self, height: usize, width: usize) -> Self {
        let PictureShape { colour, height: old_height, width: old_width } = self.shape;
        if (height, width) == (old_height, old_width) {
            return self;
        }
        let samples = match colour {
            Colour::Grey => resampled::<Luma<u8>>(self, height, width),
            Colour::Rgb => resampled::<Rgb<u8>>(self, height, width),
        };
        Self { shape: PictureShape { colour, height, width }, samples }
    }

    /// The middle of the picture in the middle of a frame; white around it where it is smaller.
    fn centred(&self, frame: PictureShape) -> Self {
        let channels = frame.colour.channels();
        let mut samples = vec![WHITE; frame.bytes()];
        let [rows, columns] = [(self.shape.height, frame.height), (self.shape.width, frame.width)]
            .map(|(old, new)| Overlap::of(old, new));
        for row in 0..rows.len {
            let from = ((rows.from + row) * self.shape.width + columns.from) * channels;
            let to = ((rows.to + row) * frame.width + columns.to) * channels;
            let len = columns.len * channels;
            samples[to..to + len].copy_from_slice(&self.samples[from..from + len]);
        }
        Self { shape: frame, samples }
    }
}

/// The pixels that two sides with the same middle share.
struct Overlap {
    from: usize,
    to: usize,
    len: usize,
}

impl Overlap {
    fn of(old: usize, new: usize) -> Self {
        Self { from: old.saturating_sub(new) / 2, to: new.saturating_sub(old) / 2, len: old.min(new) }
    }
}

fn resampled<P: Pixel<Subpixel = u8> + 'static>(raster: Raster, height: usize, width: usize) -> Vec<u8> {
    let [old_width, old_height, width, height] =
        [raster.shape.width, raster.shape.height, width, height].map(|side| side as u32);
    let picture = ImageBuffer::<P, _>::from_raw(old_width, old_height, raster.samples)
        .expect("a raster has as many samples as its shape says");
    imageops::resize(&picture, width, height, FilterType::Triangle).into_raw()
}

/// A value in front of white, rounded once.
fn on_white(value: u8, alpha: u8) -> u8 {
    let (value, alpha) = (u32::from(value), u32::from(alpha));
    ((value * alpha + u32::from(WHITE) * (255 - alpha) + 127) / 255) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grey(height: usize, width: usize, samples: &[u8]) -> Raster {
        Raster { shape: PictureShape::grey(height, width), samples: samples.to_vec() }
    }

    #[test]
    fn a_picture_is_fitted_cropped_or_stretched_to_the_frame() {
        let wide = grey(1, 4, &[0, 0, 100, 100]);
        let table = [
            (Resize::Stretch, (1, 2), vec![14, 86], "triangles two pixels wide on either side"),
            (Resize::Crop, (1, 2), vec![0, 100], "the middle, at its own size"),
            (Resize::Fit, (3, 4), [[255; 4], [0, 0, 100, 100], [255; 4]].concat(), "white above and below"),
            (Resize::Crop, (1, 4), vec![0, 0, 100, 100], "the frame's own size"),
        ];
        for (resize, (height, width), expected, why) in table {
            let (framed, _) = wide.clone().framed(height, width, resize);
            assert_eq!(framed.samples, expected, "{why}");
            assert_eq!(framed.shape, PictureShape::grey(height, width), "{why}");
        }
    }

    #[derive(serde::Deserialize)]
    struct Resized {
        old: (usize, usize),
        new: (usize, usize),
        pixels: Vec<u8>,
        expected: Vec<u8>,
    }

    #[test]
    fn other_sizes_are_those_of_pillow() {
        // scripts/golden/sources.py. Pillow computes in fixed point, so a value may differ by one.
        let cases: Vec<Resized> = serde_json::from_str(include_str!("../tests/golden/resized.json")).unwrap();
        for Resized { old, new, pixels, expected } in cases {
            let (resized, _) = grey(old.0, old.1, &pixels).framed(new.0, new.1, Resize::Stretch);
            let worst = resized.samples.iter().zip(&expected).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
            assert!(worst <= 1 && resized.samples.len() == expected.len(), "{old:?} {new:?}: {worst}");
        }
    }

    #[test]
    fn what_is_transparent_shows_white() {
        let decoded = DecodedPicture {
            height: 1,
            width: 3,
            colour: PngColour::Rgba,
            depth: PngDepth::Eight,
            samples: vec![10, 20, 30, 255, 10, 20, 30, 0, 0, 100, 255, 128],
        };
        let (raster, steps) = Raster::of(&decoded, Colour::Rgb).unwrap();
        assert_eq!(raster.samples, [10, 20, 30, 255, 255, 255, 127, 177, 255]);
        assert_eq!(steps, [Step::Transparency { over: 255 }]);
    }
}
