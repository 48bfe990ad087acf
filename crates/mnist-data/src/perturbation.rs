//! Small changes of pictures, to measure at evaluation time how robust a network is to them.

mod affine;
mod blur;
mod level;
mod noise;
mod shift;

pub use level::{PerturbationLevel, standard_levels};

use pool_spec::PerturbationKind;

use crate::error::{DataError, Mismatch};
use crate::images::LabelledImages;
use affine::Sampling;
pub(crate) use affine::sine_cosine;
use blur::Blur;
use noise::Noise;
use shift::Moves;

/// A change that keeps a picture's class and size.
///
/// Everything outside a picture is background (0). Positions are those of pixel centres, and the centre of a side of
/// `n` pixels is `(n - 1) / 2`, as in `scipy.ndimage`. New grey values are computed in 64-bit floating point, rounded
/// to multiples of 2^-20 and then to whole numbers, ties to even: a tie on paper is a tie here, and no result depends
/// on the last bit of a sine.
///
/// All except noise are those of SciPy and NumPy, as a golden test checks. The shifts are
/// `scipy.ndimage.shift(order=0)` and `numpy.roll`, rotation and scale `affine_transform(order=1,
/// mode="grid-constant")`, blur is `gaussian_filter(mode="constant", truncate=4)`. Where a picture's outermost pixels
/// are background, as in nearly all of MNIST, `mode="constant"` gives the same. Elsewhere it would drop an edge pixel
/// as soon as its source lay 1e-16 outside.
///
/// In a picture in colour, every channel moves, turns, grows and blurs alike, and noise is drawn for each pixel of each
/// channel, red first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Perturbation {
    /// The content moves by whole pixels. Pixels that leave the picture are lost, and background enters.
    Shift {
        /// Pixels to the right; negative: to the left.
        right: i32,
        /// Pixels down; negative: up.
        down: i32,
    },
    /// The content moves by whole pixels. Pixels that leave the picture enter it at the opposite edge.
    CircularShift {
        /// Pixels to the right; negative: to the left.
        right: i32,
        /// Pixels down; negative: up.
        down: i32,
    },
    /// The content turns about the centre, interpolated bilinearly.
    Rotation {
        /// Counter-clockwise as seen by the viewer, -360 to 360.
        degrees: f64,
    },
    /// The content grows or shrinks about the centre, interpolated bilinearly, without smoothing before it shrinks.
    Scale {
        /// New length by old length, 0.1 to 10: 1.1 is 10 % larger.
        factor: f64,
    },
    /// An independent draw from a normal distribution is added to every pixel, and the sum is clipped to 0 to 255.
    Noise {
        /// Standard deviation before clipping, 0 to 1, as a fraction of the grey range: 0.1 is 25.5 of 255.
        sd: f64,
    },
    /// The picture is convolved with a Gaussian, cut off four standard deviations from its middle and normalised.
    Blur {
        /// Standard deviation in pixels, 0 to 100.
        sd: f64,
    },
}

impl Perturbation {
    /// The kind of change.
    #[must_use]
    pub fn kind(&self) -> PerturbationKind {
        match self {
            Self::Shift { .. } => PerturbationKind::Shift,
            Self::CircularShift { .. } => PerturbationKind::CircularShift,
            Self::Rotation { .. } => PerturbationKind::Rotation,
            Self::Scale { .. } => PerturbationKind::Scale,
            Self::Noise { .. } => PerturbationKind::Noise,
            Self::Blur { .. } => PerturbationKind::Blur,
        }
    }

    fn check(&self) -> Result<(), DataError> {
        let (place, found, range, cure) = match *self {
            // Every whole number of pixels is a valid shift.
            Self::Shift { .. } | Self::CircularShift { .. } => return Ok(()),
            Self::Rotation { degrees } => {
                ("rotation degrees", degrees, -360.0..=360.0, "the study turns by 5 to 15")
            }
            Self::Scale { factor } => ("scale factor", factor, 0.1..=10.0, "the study scales by 0.8 to 1.2"),
            Self::Noise { sd } => ("noise sd", sd, 0.0..=1.0, "the study adds 0.1 to 0.3 of the grey range"),
            Self::Blur { sd } => ("blur sd", sd, 0.0..=100.0, "the study blurs by 0.5 to 1.5 pixels"),
        };
        if range.contains(&found) {
            return Ok(());
        }
        let expected = format!("{} to {}", range.start(), range.end());
        Err(Mismatch::new(place, expected, found, cure).into())
    }
}

impl LabelledImages {
    /// The same pictures after one change, with the same labels.
    ///
    /// `seed` affects noise only. Picture `i` draws from a stream of its own, so its noise depends on `seed` and
    /// `i` and not on the other pictures. Noise of twice the standard deviation is the same pattern twice as strong, up
    /// to rounding. A change of zero (0 pixels, 0 degrees, factor 1, standard deviation 0) gives the same bytes.
    ///
    /// # Errors
    ///
    /// [`DataError::Argument`] for a parameter outside its range, NaN included.
    pub fn perturbed(&self, perturbation: &Perturbation, seed: u64) -> Result<Self, DataError> {
        perturbation.check()?;
        let (height, width) = (self.height(), self.width());
        Ok(match *perturbation {
            Perturbation::Shift { right, down } => {
                let moves = Moves::losing(height, width, right, down);
                self.map_planes(|from, to| moves.apply(from, to))
            }
            Perturbation::CircularShift { right, down } => {
                let moves = Moves::around(height, width, right, down);
                self.map_planes(|from, to| moves.apply(from, to))
            }
            Perturbation::Rotation { degrees } => {
                let mut sampling = Sampling::rotation(height, width, degrees);
                self.map_planes(|from, to| sampling.apply(from, to))
            }
            Perturbation::Scale { factor } => {
                let mut sampling = Sampling::scale(height, width, factor);
                self.map_planes(|from, to| sampling.apply(from, to))
            }
            Perturbation::Noise { sd } => {
                let noise = Noise::new(sd, seed);
                self.map_pictures(|index, from, to| noise.apply(index, from, to))
            }
            Perturbation::Blur { sd } => {
                let mut blur = Blur::new(height, width, sd);
                self.map_planes(|from, to| blur.apply(from, to))
            }
        })
    }

    /// Calls `change` for every channel of every picture with its pixels `[H, W]`, and as many zeros to be filled in.
    fn map_planes(&self, mut change: impl FnMut(&[u8], &mut [u8])) -> Self {
        self.map_pieces(self.shape().plane_bytes(), |_, from, to| change(from, to))
    }

    /// Calls `change` for every picture with its index, its pixels `[C, H, W]`, and as many zeros to be filled in.
    fn map_pictures(&self, change: impl FnMut(u64, &[u8], &mut [u8])) -> Self {
        self.map_pieces(self.shape().bytes(), change)
    }

    fn map_pieces(&self, bytes: usize, mut change: impl FnMut(u64, &[u8], &mut [u8])) -> Self {
        let mut pixels = vec![0; self.pixels().len()];
        let old = self.pixels().chunks_exact(bytes);
        for ((index, from), to) in (0..).zip(old).zip(pixels.chunks_exact_mut(bytes)) {
            change(index, from, to);
        }
        Self::from_fitting_parts(self.shape(), pixels, self.labels().to_vec())
    }
}

/// The grey value nearest to `value`, which lies between 0 and 255. Ties, within 2^-21, go to the even one.
fn to_grey(value: f64) -> u8 {
    // 64-bit numbers of this size are multiples of 2^-20 and of 1, so each addition rounds, ties to even. On processors
    // without an instruction for it, `round_ties_even` is a function call per pixel.
    const TO_MILLIONTHS: f64 = (1_u64 << 32) as f64;
    const TO_WHOLE: f64 = (1_u64 << 52) as f64;
    let value = value + TO_MILLIONTHS - TO_MILLIONTHS;
    (value + TO_WHOLE - TO_WHOLE) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generated::bars_and_crosses;
    use crate::images::PictureShape;

    #[test]
    fn grey_values_are_rounded_with_ties_to_even() {
        let table = [
            (0.0, 0, "black"),
            (255.0, 255, "white"),
            (0.5, 0, "a tie"),
            (1.5, 2, "a tie"),
            (254.5, 254, "a tie"),
            (1.5 - 1e-12, 2, "a tie except for the last bits"),
            (2.5 + 1e-12, 2, "a tie except for the last bits"),
            (1.499_99, 1, "no tie"),
            (2.500_01, 3, "no tie"),
        ];
        for (value, expected, why) in table {
            assert_eq!(to_grey(value), expected, "{value}: {why}");
        }
    }

    #[test]
    fn a_change_of_zero_gives_the_same_pictures() {
        let [_, images] = bars_and_crosses(1);
        let table = [
            (Perturbation::Shift { right: 0, down: 0 }, "no pixel"),
            (Perturbation::CircularShift { right: 28, down: -56 }, "around the picture, once and twice"),
            (Perturbation::Rotation { degrees: 0.0 }, "no degree"),
            (Perturbation::Rotation { degrees: -360.0 }, "a full turn"),
            (Perturbation::Scale { factor: 1.0 }, "the same size"),
            (Perturbation::Noise { sd: 0.0 }, "no noise"),
            (Perturbation::Blur { sd: 0.0 }, "no blur"),
            (Perturbation::Blur { sd: 1e-300 }, "hardly any blur"),
        ];
        for (perturbation, why) in table {
            assert_eq!(images.perturbed(&perturbation, 1).unwrap(), images, "{why}");
        }
    }

    #[test]
    fn every_channel_changes_as_a_grey_picture_does_and_has_noise_of_its_own() {
        let [_, grey] = bars_and_crosses(1);
        let grey = grey.select(&[0, 1, 2]).unwrap();
        let plane = grey.shape().plane_bytes();
        let channels = |picture: &[u8]| -> Vec<u8> {
            let inverted = picture.iter().map(|&pixel| u8::MAX - pixel);
            picture.iter().copied().chain(inverted).chain(picture.iter().copied()).collect()
        };
        let pixels: Vec<u8> = grey.pixels().chunks_exact(plane).flat_map(channels).collect();
        let inverted = pixels.chunks_exact(plane).skip(1).step_by(3).flatten().copied().collect();
        let inverted = LabelledImages::new(grey.shape(), inverted, grey.labels().to_vec()).unwrap();
        let shape = PictureShape { colour: pool_spec::Colour::Rgb, ..grey.shape() };
        let colour = LabelledImages::new(shape, pixels, grey.labels().to_vec()).unwrap();
        for perturbation in [
            Perturbation::Shift { right: 3, down: -2 },
            Perturbation::CircularShift { right: 3, down: -2 },
            Perturbation::Rotation { degrees: 10.0 },
            Perturbation::Scale { factor: 1.2 },
            Perturbation::Blur { sd: 1.0 },
        ] {
            let changed = [&grey, &inverted, &grey].map(|set| set.perturbed(&perturbation, 1).unwrap());
            let found = colour.perturbed(&perturbation, 1).unwrap();
            for picture in 0..3 {
                let expected: Vec<u8> =
                    changed.iter().flat_map(|set| set.picture(picture).unwrap()).copied().collect();
                assert_eq!(found.picture(picture), Some(&expected[..]), "{perturbation:?}");
            }
        }
        let noise = Perturbation::Noise { sd: 0.1 };
        let (noisy, first) = (colour.perturbed(&noise, 1).unwrap(), grey.perturbed(&noise, 1).unwrap());
        let [red, _, blue] = [0, 1, 2].map(|channel| &noisy.picture(0).unwrap()[channel * plane..][..plane]);
        assert_eq!(red, first.picture(0).unwrap(), "the first draws are those of a grey picture");
        assert_ne!(red, blue, "the same picture in two channels");
    }

    #[test]
    fn refuses_a_parameter_outside_its_range() {
        let images = LabelledImages::new(PictureShape::grey(1, 1), vec![9], vec![0]).unwrap();
        let table = [
            (
                Perturbation::Rotation { degrees: f64::NAN },
                "rotation degrees: expected -360 to 360, found NaN; the study turns by 5 to 15",
            ),
            (
                Perturbation::Rotation { degrees: 361.0 },
                "rotation degrees: expected -360 to 360, found 361; the study turns by 5 to 15",
            ),
            (
                Perturbation::Scale { factor: 0.0 },
                "scale factor: expected 0.1 to 10, found 0; the study scales by 0.8 to 1.2",
            ),
            (
                Perturbation::Scale { factor: f64::INFINITY },
                "scale factor: expected 0.1 to 10, found inf; the study scales by 0.8 to 1.2",
            ),
            (
                Perturbation::Noise { sd: 25.5 },
                "noise sd: expected 0 to 1, found 25.5; the study adds 0.1 to 0.3 of the grey range",
            ),
            (
                Perturbation::Blur { sd: -0.5 },
                "blur sd: expected 0 to 100, found -0.5; the study blurs by 0.5 to 1.5 pixels",
            ),
        ];
        for (perturbation, expected) in table {
            assert_eq!(images.perturbed(&perturbation, 0).unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn the_ends_of_every_range_are_allowed_even_on_a_single_pixel() {
        let one_pixel = LabelledImages::new(PictureShape::grey(1, 1), vec![200], vec![3]).unwrap();
        let column = LabelledImages::new(PictureShape::grey(3, 1), vec![0, 200, 0], vec![3]).unwrap();
        let table = [
            Perturbation::Shift { right: i32::MIN, down: i32::MAX },
            Perturbation::CircularShift { right: i32::MIN, down: i32::MAX },
            Perturbation::Rotation { degrees: -360.0 },
            Perturbation::Scale { factor: 0.1 },
            Perturbation::Scale { factor: 10.0 },
            Perturbation::Noise { sd: 1.0 },
            Perturbation::Blur { sd: 100.0 },
        ];
        for perturbation in table {
            for images in [&one_pixel, &column] {
                let perturbed = images.perturbed(&perturbation, 0).unwrap();
                assert_eq!(perturbed.labels(), images.labels(), "{perturbation:?}");
            }
        }
    }
}
