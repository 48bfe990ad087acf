//! One image changed in a known way.

use pool_spec::Colour;
use serde::Deserialize;

use crate::images::PictureShape;
use crate::perturbation::sine_cosine;

/// What happens to one image, in this order: it is mirrored, it grows and turns about its centre, it moves, becomes lighter,
/// gains contrast, and loses a square.
///
/// Positions are those of pixel centres, and everything outside an image is background, 0. Mirrored and moved images keep
/// their values; those that turn or grow are interpolated bilinearly, as by SciPy's `affine_transform(order=1,
/// mode="grid-constant")`. Brightness and contrast are those of torchvision's `adjust_brightness` and `adjust_contrast`.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// Left becomes right.
    pub mirror_columns: bool,
    /// Top becomes bottom.
    pub mirror_rows: bool,
    /// Pixels down.
    pub down: i64,
    /// Pixels to the right.
    pub right: i64,
    /// Counter-clockwise as seen by the viewer.
    pub degrees: f64,
    /// New length by old length.
    pub factor: f64,
    /// What values are multiplied by.
    pub brightness: f64,
    /// What distances from the mean grey value are multiplied by.
    pub contrast: f64,
    /// Row and column of the middle of a square of background, and its side.
    pub cutout: Option<([usize; 2], usize)>,
}

/// Red's, green's and blue's parts in a grey value (ITU-R BT.601, as torchvision has them).
const GREY_PARTS: [f64; 3] = [0.2989, 0.587, 0.114];

impl Change {
    /// Changes an image of this shape, `[C, H, W]`, 0 to 1, in place.
    ///
    /// # Panics
    ///
    /// If it has another number of values.
    pub fn apply(&self, shape: PictureShape, image: &mut [f32]) {
        assert_eq!(image.len(), shape.bytes(), "an image of this shape");
        self.apply_with(shape, image, &mut vec![0.0; shape.plane_bytes()]);
    }

    /// The same; `old` has room for one channel.
    pub(super) fn apply_with(&self, shape: PictureShape, image: &mut [f32], old: &mut [f32]) {
        let plane = shape.plane_bytes();
        for channel in image.chunks_exact_mut(plane) {
            if self.degrees != 0.0 || self.factor != 1.0 {
                old.copy_from_slice(channel);
                self.interpolate(shape, old, channel);
            } else if self.moves() {
                old.copy_from_slice(channel);
                self.copy(shape, old, channel);
            }
        }
        if self.brightness != 1.0 {
            let factor = self.brightness as f32;
            image.iter_mut().for_each(|value| *value = (*value * factor).clamp(0.0, 1.0));
        }
        if self.contrast != 1.0 {
            let (factor, mean) = (self.contrast as f32, mean_grey(shape, image) as f32);
            let spread = |value: f32| (factor * value + (1.0 - factor) * mean).clamp(0.0, 1.0);
            image.iter_mut().for_each(|value| *value = spread(*value));
        }
        if let Some((centre, side)) = self.cutout {
            image.chunks_exact_mut(plane).for_each(|channel| cut_out(shape, channel, centre, side));
        }
    }

    fn moves(&self) -> bool {
        self.mirror_columns || self.mirror_rows || self.down != 0 || self.right != 0
    }

    /// Each new pixel is an old one, or background.
    fn copy(&self, shape: PictureShape, old: &[f32], new: &mut [f32]) {
        let PictureShape { height, width, .. } = shape;
        let source = |position: usize, moved: i64, side: usize, mirrored: bool| {
            let before = usize::try_from(position as i64 - moved).ok().filter(|&before| before < side)?;
            Some(if mirrored { side - 1 - before } else { before })
        };
        for (row, values) in new.chunks_exact_mut(width).enumerate() {
            let Some(from) = source(row, self.down, height, self.mirror_rows) else {
                values.fill(0.0);
                continue;
            };
            let from = &old[from * width..][..width];
            for (column, value) in values.iter_mut().enumerate() {
                let source = source(column, self.right, width, self.mirror_columns);
                *value = source.map_or(0.0, |column| from[column]);
            }
        }
    }

    /// Each new pixel lies between four old ones.
    fn interpolate(&self, shape: PictureShape, old: &[f32], new: &mut [f32]) {
        let PictureShape { height, width, .. } = shape;
        let (sine, cosine) = sine_cosine(self.degrees);
        let (sine, cosine) = (sine / self.factor, cosine / self.factor);
        let middle = [height, width].map(|side| (side as f64 - 1.0) / 2.0);
        let value = |row: i64, column: i64| {
            let inside = (0..height as i64).contains(&row) && (0..width as i64).contains(&column);
            if inside { f64::from(old[row as usize * width + column as usize]) } else { 0.0 }
        };
        for (row, values) in new.chunks_exact_mut(width).enumerate() {
            let down = row as f64 - self.down as f64 - middle[0];
            for (column, new) in values.iter_mut().enumerate() {
                let right = column as f64 - self.right as f64 - middle[1];
                let (mut row, mut column) = (cosine * down + sine * right, cosine * right - sine * down);
                if self.mirror_rows {
                    row = -row;
                }
                if self.mirror_columns {
                    column = -column;
                }
                let (row, column) = (row + middle[0], column + middle[1]);
                let (above, left) = (row.floor(), column.floor());
                let (below, beside) = (row - above, column - left);
                let (above, left) = (above as i64, left as i64);
                let upper = value(above, left) * (1.0 - beside) + value(above, left + 1) * beside;
                let lower = value(above + 1, left) * (1.0 - beside) + value(above + 1, left + 1) * beside;
                *new = (upper * (1.0 - below) + lower * below) as f32;
            }
        }
    }
}

/// The mean of an image's grey values.
fn mean_grey(shape: PictureShape, image: &[f32]) -> f64 {
    let plane = shape.plane_bytes();
    let sum = |channel: &[f32]| channel.iter().map(|&value| f64::from(value)).sum::<f64>();
    let sums = image.chunks_exact(plane).map(sum);
    let weighted: f64 = match shape.colour {
        Colour::Grey => sums.sum(),
        Colour::Rgb => sums.zip(GREY_PARTS).map(|(sum, part)| sum * part).sum(),
    };
    weighted / plane as f64
}

/// Background in a square about this pixel; of a square of even side, one row and one column more lie before it.
fn cut_out(shape: PictureShape, channel: &mut [f32], [row, column]: [usize; 2], side: usize) {
    let span = |centre: usize, most: usize| {
        let first = centre.saturating_sub(side / 2);
        first..(centre + side - side / 2).min(most)
    };
    let columns = span(column, shape.width);
    for row in span(row, shape.height) {
        channel[row * shape.width..][..shape.width][columns.clone()].fill(0.0);
    }
}
