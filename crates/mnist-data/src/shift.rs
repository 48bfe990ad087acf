//! Pictures moved by whole pixels, to measure at evaluation time how much a network minds.

use crate::images::LabelledImages;

impl LabelledImages {
    /// The same pictures moved `right` and `down` by so many pixels (negative: left and up), with the same labels.
    ///
    /// What leaves the picture is lost, what enters it is background (0); height and width stay.
    #[must_use]
    pub fn shifted(&self, right: i32, down: i32) -> Self {
        let (height, width) = (self.height(), self.width());
        let mut pixels = vec![0; self.pixels().len()];
        let pictures =
            pixels.chunks_exact_mut(height * width).zip(self.pixels().chunks_exact(height * width));
        let (to_x, from_x, columns) = overlap(width, right);
        let (to_y, from_y, rows) = overlap(height, down);
        for (to, from) in pictures {
            for row in 0..rows {
                let to_start = (to_y + row) * width + to_x;
                let from_start = (from_y + row) * width + from_x;
                to[to_start..to_start + columns].copy_from_slice(&from[from_start..from_start + columns]);
            }
        }
        Self::from_fitting_parts(height, width, pixels, self.labels().to_vec())
    }
}

/// Along one axis: the first pixel that is filled, the first that is copied, and how many are.
fn overlap(side: usize, shift: i32) -> (usize, usize, usize) {
    let distance = usize::try_from(shift.unsigned_abs()).map_or(side, |distance| distance.min(side));
    let copied = side - distance;
    if shift >= 0 { (distance, 0, copied) } else { (0, distance, copied) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moves_every_picture_and_fills_with_background() {
        let images = LabelledImages::new(2, 3, vec![1, 2, 3, 4, 5, 6, 7, 7, 7, 8, 8, 8], vec![0, 1]).unwrap();
        let table = [
            (0, 0, [1, 2, 3, 4, 5, 6], "not at all"),
            (1, 0, [0, 1, 2, 0, 4, 5], "right"),
            (-2, 0, [3, 0, 0, 6, 0, 0], "left"),
            (0, 1, [0, 0, 0, 1, 2, 3], "down"),
            (-1, -1, [5, 6, 0, 0, 0, 0], "left and up"),
            (3, 0, [0; 6], "just out of the picture"),
            (i32::MIN, i32::MAX, [0; 6], "as far as can be asked for"),
        ];
        for (right, down, expected, way) in table {
            let shifted = images.shifted(right, down);
            assert_eq!(shifted.picture(0), Some(&expected[..]), "{way}");
            assert_eq!(shifted.labels(), images.labels());
        }
        assert_eq!(images.shifted(0, 1).picture(1), Some(&[0, 0, 0, 7, 7, 7][..]), "pictures stay apart");
    }
}
