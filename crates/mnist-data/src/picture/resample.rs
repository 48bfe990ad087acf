//! Pictures made larger or smaller by the exact overlap of old and new pixels.
//!
//! As far as is known, MNIST was made this way: Yadav & Bottou, "Cold case: the lost MNIST digits", 2019, whose
//! reconstruction keeps the resampling code of the time. A picture that shrinks is averaged over areas; one that grows
//! keeps its pixels as blocks.

use super::grey::Picture;

/// A part of a picture, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Region {
    pub(super) left: usize,
    pub(super) top: usize,
    pub(super) width: usize,
    pub(super) height: usize,
}

/// Brightness above a ground that is 0, row-major `[H, W]`; up to 255, with fractions: in bytes a line one pixel wide
/// in a thousand would fade to nothing.
pub(super) struct Levels {
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) values: Vec<f32>,
}

/// Which old pixels overlap with the new ones, along one axis.
struct Axis {
    /// For each new pixel the first old one, and the shares of the new pixel that this one and the next ones cover.
    overlaps: Vec<(usize, Vec<f32>)>,
}

impl Region {
    pub(super) fn whole(picture: &Picture) -> Self {
        Self { left: 0, top: 0, width: picture.width(), height: picture.height() }
    }

    /// The part's brightness above `ground`, as large as `room` (height, width) allows. Its aspect is kept, up to the
    /// rounding of the shorter side to whole pixels.
    pub(super) fn scaled(self, picture: &Picture, ground: f32, room: (usize, usize)) -> Levels {
        let factor = (room.0 as f64 / self.height as f64).min(room.1 as f64 / self.width as f64);
        let side = |old: usize, room: usize| ((old as f64 * factor).round() as usize).clamp(1, room);
        let down = Axis::new(self.height, side(self.height, room.0));
        let right = Axis::new(self.width, side(self.width, room.1));
        let above_ground: [f32; 256] = std::array::from_fn(|grey| (grey as f32 - ground).max(0.0));

        let rows = picture.pixels().chunks_exact(picture.width()).skip(self.top).take(self.height);
        let narrowed: Vec<f32> = rows
            .flat_map(|row| {
                let row = &row[self.left..self.left + self.width];
                right.overlaps.iter().map(|(first, shares)| {
                    let old = row[*first..].iter().map(|&grey| above_ground[usize::from(grey)]);
                    blend(shares, old)
                })
            })
            .collect();

        let (height, width) = (down.overlaps.len(), right.overlaps.len());
        let mut values = Vec::with_capacity(height * width);
        for (first, shares) in &down.overlaps {
            for x in 0..width {
                let old = narrowed[first * width + x..].iter().step_by(width).copied();
                values.push(blend(shares, old));
            }
        }
        Levels { height, width, values }
    }
}

impl Axis {
    fn new(old: usize, new: usize) -> Self {
        let factor = new as f64 / old as f64;
        let overlaps = (0..new)
            .map(|index| {
                let from = (index * old) as f64 / new as f64;
                let to = ((index + 1) * old) as f64 / new as f64;
                let share = |pixel: usize| {
                    let overlap = to.min((pixel + 1) as f64) - from.max(pixel as f64);
                    (overlap * factor) as f32
                };
                let first = from.floor() as usize;
                (first, (first..to.ceil() as usize).map(share).collect())
            })
            .collect();
        Self { overlaps }
    }
}

/// The mean of old pixels by their shares of a new one.
fn blend(shares: &[f32], old: impl Iterator<Item = f32>) -> f32 {
    shares.iter().zip(old).map(|(share, value)| share * value).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scaled(height: usize, width: usize, pixels: &[u8], room: (usize, usize)) -> (usize, usize, Vec<f32>) {
        let picture = Picture::new(height, width, pixels.to_vec()).unwrap();
        let levels = Region::whole(&picture).scaled(&picture, 0.0, room);
        (levels.height, levels.width, levels.values)
    }

    /// Pixels of one row, the room, the new pixels and why.
    type Row<'a> = (&'a [u8], (usize, usize), &'a [f32], &'a str);

    #[test]
    fn every_new_pixel_is_the_mean_of_what_it_covers() {
        let table: [Row<'_>; 5] = [
            (&[10, 20, 30, 40], (1, 4), &[10.0, 20.0, 30.0, 40.0], "the same size, the same pixels"),
            (&[10, 20, 30, 40], (1, 2), &[15.0, 35.0], "half the width: means of two"),
            (&[10, 20], (2, 4), &[10.0, 10.0, 20.0, 20.0, 10.0, 10.0, 20.0, 20.0], "twice the size"),
            (&[0, 100, 100, 0], (1, 1), &[50.0], "the mean of all"),
            (&[0, 90, 0], (1, 2), &[30.0, 30.0], "a pixel split in two"),
        ];
        for (pixels, room, expected, why) in table {
            let (_, _, values) = scaled(1, pixels.len(), pixels, room);
            assert_eq!(values.len(), expected.len(), "{why}");
            for (value, expected) in values.iter().zip(expected) {
                assert!((value - expected).abs() < 1e-4, "{why}: {values:?}");
            }
        }
    }

    #[test]
    fn the_aspect_is_kept_and_the_room_never_exceeded() {
        let table = [
            ((140, 70), (20, 20), (20, 10), "a seventh of each side"),
            ((3, 300), (20, 20), (1, 20), "never less than a pixel"),
            ((7, 5), (20, 20), (20, 14), "14.3 columns are 14"),
            ((49, 49), (28, 28), (28, 28), "the rounding of 28/49 costs no pixel"),
            ((30, 20), (28, 40), (28, 19), "18.7 columns of 40"),
        ];
        for ((height, width), room, expected, why) in table {
            let pixels: Vec<u8> = (0..height * width).map(|pixel| pixel as u8).collect();
            let (height, width, values) = scaled(height, width, &pixels, room);
            assert_eq!(((height, width), values.len()), (expected, height * width), "{why}");
        }
    }
}
