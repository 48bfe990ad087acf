//! Pictures of one size, each with its class label.

use std::fmt;

use pool_files::with_room;
use pool_spec::Colour;

use crate::error::{DataError, Mismatch};
use crate::pixels::Pixels;

const PARTS_CURE: &str = "pass pixels as [N, C, H, W] and one label for each picture";

/// What every picture of a set has in common.
///
/// It reads as `28x28` or `32x32 in colour`, height first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PictureShape {
    /// What its channels are.
    pub colour: Colour,
    /// Height, in pixels.
    pub height: usize,
    /// Width, in pixels.
    pub width: usize,
}

/// `N` pictures of one shape with one label each; never empty.
///
/// Pixels are bytes, row-major, `[N, C, H, W]`: a grey picture has one channel, and 0 is the background (black in
/// MNIST); one in colour has its red, green and blue, one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelledImages {
    shape: PictureShape,
    pixels: Pixels,
    labels: Vec<u16>,
}

/// How many images of a data set each class has, by label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassCounts {
    /// Among the training images.
    pub train: Vec<usize>,
    /// Among the test images.
    pub test: Vec<usize>,
}

impl PictureShape {
    /// Grey pictures of this height and width.
    #[must_use]
    pub const fn grey(height: usize, width: usize) -> Self {
        Self { colour: Colour::Grey, height, width }
    }

    /// Pictures in colour of this height and width.
    #[must_use]
    pub const fn rgb(height: usize, width: usize) -> Self {
        Self { colour: Colour::Rgb, height, width }
    }

    /// Pictures of these channels, height and width; `None` for other channels than a picture has, or other axes.
    #[must_use]
    pub fn of_sizes(sizes: &[usize]) -> Option<Self> {
        let &[channels, height, width] = sizes else { return None };
        Colour::of_channels(channels).map(|colour| Self { colour, height, width })
    }

    /// Channels, height and width.
    #[must_use]
    pub fn sizes(self) -> [usize; 3] {
        [self.colour.channels(), self.height, self.width]
    }

    /// How many bytes a picture has.
    #[must_use]
    pub fn bytes(self) -> usize {
        self.colour.channels() * self.plane_bytes()
    }

    /// How many bytes a channel of a picture has.
    #[must_use]
    pub fn plane_bytes(self) -> usize {
        self.height * self.width
    }
}

impl fmt::Display for PictureShape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.height, self.width)?;
        match self.colour {
            Colour::Grey => Ok(()),
            Colour::Rgb => f.write_str(" in colour"),
        }
    }
}

impl LabelledImages {
    /// Pictures of this shape, `[N, C, H, W]`, with `N` labels.
    ///
    /// # Errors
    ///
    /// [`DataError::Argument`] if there is no label, a side is 0, or the pixels are not those of `N` pictures.
    pub fn new(shape: PictureShape, pixels: Vec<u8>, labels: Vec<u16>) -> Result<Self, DataError> {
        Self::of_pixels(shape, Pixels::Owned(pixels), labels)
    }

    /// As [`LabelledImages::new`], of pixels that may lie in a file.
    pub(crate) fn of_pixels(
        shape: PictureShape,
        pixels: Pixels,
        labels: Vec<u16>,
    ) -> Result<Self, DataError> {
        let PictureShape { height, width, .. } = shape;
        for (place, found) in [("height", height), ("width", width), ("label count", labels.len())] {
            if found == 0 {
                return Err(Mismatch::new(place, "at least 1", found, PARTS_CURE).into());
            }
        }
        let count =
            |sizes: [usize; 3]| sizes.iter().try_fold(labels.len(), |all, &size| all.checked_mul(size));
        if count(shape.sizes()) != Some(pixels.len()) {
            let expected = format!("{} pictures of {height}x{width} pixels", labels.len());
            let expected = match shape.colour {
                Colour::Grey => expected,
                Colour::Rgb => format!("{expected} in 3 channels"),
            };
            return Err(Mismatch::new("pixel count", expected, pixels.len(), PARTS_CURE).into());
        }
        Ok(Self { shape, pixels, labels })
    }

    /// For callers inside the crate, whose parts fit together.
    pub(crate) fn from_fitting_parts(shape: PictureShape, pixels: Vec<u8>, labels: Vec<u16>) -> Self {
        debug_assert_eq!(pixels.len(), labels.len() * shape.bytes());
        Self { shape, pixels: Pixels::Owned(pixels), labels }
    }

    /// The shape, the pixels and the labels.
    pub(crate) fn into_parts(self) -> Result<(PictureShape, Vec<u8>, Vec<u16>), DataError> {
        Ok((self.shape, self.pixels.into_vec()?, self.labels))
    }

    /// Whether the pixels lie in a file that other processes may have mapped, too.
    #[cfg(test)]
    pub(crate) fn is_mapped(&self) -> bool {
        matches!(self.pixels, Pixels::Mapped { .. })
    }

    /// How many pictures there are, `N`.
    #[must_use]
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Always `false`: the constructor refuses a set without pictures.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Channels, height and width of every picture.
    #[must_use]
    pub fn shape(&self) -> PictureShape {
        self.shape
    }

    /// Height of every picture, in pixels.
    #[must_use]
    pub fn height(&self) -> usize {
        self.shape.height
    }

    /// Width of every picture, in pixels.
    #[must_use]
    pub fn width(&self) -> usize {
        self.shape.width
    }

    /// All pixels, row-major `[N, C, H, W]`, 0 to 255.
    #[must_use]
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// All labels, `[N]`.
    #[must_use]
    pub fn labels(&self) -> &[u16] {
        &self.labels
    }

    /// The pixels of one picture, row-major `[C, H, W]`; `None` after the last one.
    #[must_use]
    pub fn picture(&self, index: usize) -> Option<&[u8]> {
        self.pixels.chunks_exact(self.shape.bytes()).nth(index)
    }

    /// The pictures at `indices`, in that order, with their labels: a part of a split, or a batch.
    ///
    /// # Errors
    ///
    /// [`DataError::Argument`] if `indices` is empty or has an index after the last picture, or
    /// [`DataError::OutOfMemory`].
    pub fn select(&self, indices: &[u32]) -> Result<Self, DataError> {
        let numbers = indices.len().saturating_mul(self.shape.bytes());
        let mut pixels = with_room(numbers).map_err(DataError::OutOfMemory)?;
        let mut labels = with_room(indices.len()).map_err(DataError::OutOfMemory)?;
        for &index in indices {
            let at = index as usize;
            let (Some(picture), Some(&label)) = (self.picture(at), self.labels.get(at)) else {
                let expected = format!("less than the {} images there are", self.len());
                let cure = "take indices from a split of this set";
                return Err(Mismatch::new("index", expected, index, cure).into());
            };
            pixels.extend_from_slice(picture);
            labels.push(label);
        }
        Self::new(self.shape, pixels, labels)
    }

    /// These pictures, then others of the same shape.
    pub(crate) fn followed_by(self, others: &Self) -> Result<Self, DataError> {
        let Self { shape, pixels, mut labels } = self;
        let pixels = pixels.followed_by(&others.pixels)?;
        labels.extend_from_slice(&others.labels);
        Self::of_pixels(shape, pixels, labels)
    }

    /// How many pictures each class has, by label: at least `classes` entries, and more if a label is greater.
    #[must_use]
    pub fn class_counts(&self, classes: usize) -> Vec<usize> {
        let greatest = self.labels.iter().max().map_or(0, |&label| usize::from(label) + 1);
        let mut counts = vec![0; classes.max(greatest)];
        for &label in &self.labels {
            counts[usize::from(label)] += 1;
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn three_pictures() -> LabelledImages {
        LabelledImages::new(PictureShape::grey(1, 2), vec![1, 2, 3, 4, 5, 6], vec![0, 2, 2]).unwrap()
    }

    #[test]
    fn gives_pictures_by_index() {
        let images = three_pictures();
        assert_eq!(images.picture(2), Some(&[5, 6][..]));
        assert_eq!(images.picture(3), None);
    }

    #[test]
    fn selects_pictures_in_the_order_asked_for() {
        let selected = three_pictures().select(&[2, 0]).unwrap();
        assert_eq!(
            selected,
            LabelledImages::new(PictureShape::grey(1, 2), vec![5, 6, 1, 2], vec![2, 0]).unwrap()
        );
    }

    #[test]
    fn refuses_an_index_after_the_last_picture() {
        let message = three_pictures().select(&[0, 3]).unwrap_err().to_string();
        let expected = "index: expected less than the 3 images there are, found 3; \
                        take indices from a split of this set";
        assert_eq!(message, expected);
    }

    #[test]
    fn counts_each_class_including_those_without_pictures() {
        assert_eq!(three_pictures().class_counts(4), [1, 0, 2, 0]);
        assert_eq!(three_pictures().class_counts(0), [1, 0, 2]);
    }

    #[test]
    fn refuses_parts_that_do_not_fit_together() {
        let cure = "pass pixels as [N, C, H, W] and one label for each picture";
        let table = [
            ((1, 2, 5, 3), "pixel count: expected 3 pictures of 1x2 pixels, found 5"),
            ((0, 2, 0, 3), "height: expected at least 1, found 0"),
            ((1, 0, 0, 3), "width: expected at least 1, found 0"),
            ((1, 2, 0, 0), "label count: expected at least 1, found 0"),
            (
                (usize::MAX, 2, 0, 3),
                &format!("pixel count: expected 3 pictures of {}x2 pixels, found 0", usize::MAX),
            ),
        ];
        for ((height, width, pixels, labels), expected) in table {
            let error =
                LabelledImages::new(PictureShape::grey(height, width), vec![0; pixels], vec![0; labels])
                    .unwrap_err();
            assert_eq!(error.to_string(), format!("{expected}; {cure}"));
        }
    }
}
