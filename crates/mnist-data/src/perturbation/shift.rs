//! Pictures moved by whole pixels.

/// Where stretches of rows and of columns go; the same for all pictures of one size.
pub(super) struct Moves {
    width: usize,
    rows: Vec<Stretch>,
    columns: Vec<Stretch>,
}

/// Neighbouring pixels that stay neighbours, along one axis.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Stretch {
    from: usize,
    to: usize,
    len: usize,
}

impl Moves {
    /// Pixels that leave the picture are lost.
    pub(super) fn losing(height: usize, width: usize, right: i32, down: i32) -> Self {
        Self { width, rows: vec![overlap(height, down)], columns: vec![overlap(width, right)] }
    }

    /// Pixels that leave the picture enter it at the opposite edge.
    pub(super) fn around(height: usize, width: usize, right: i32, down: i32) -> Self {
        Self { width, rows: turn(height, down).to_vec(), columns: turn(width, right).to_vec() }
    }

    /// Copies the pixels that stay in the picture; the rest of the new one is left as it is.
    pub(super) fn apply(&self, from: &[u8], to: &mut [u8]) {
        for rows in &self.rows {
            for row in 0..rows.len {
                for columns in &self.columns {
                    let old = (rows.from + row) * self.width + columns.from;
                    let new = (rows.to + row) * self.width + columns.to;
                    to[new..new + columns.len].copy_from_slice(&from[old..old + columns.len]);
                }
            }
        }
    }
}

/// The pixels of a side that are still in the picture after a move.
fn overlap(side: usize, by: i32) -> Stretch {
    let distance = usize::try_from(by.unsigned_abs()).map_or(side, |distance| distance.min(side));
    let len = side - distance;
    if by >= 0 { Stretch { from: 0, to: distance, len } } else { Stretch { from: distance, to: 0, len } }
}

/// The two stretches of a side that moves around its ends.
fn turn(side: usize, by: i32) -> [Stretch; 2] {
    let by = i64::from(by).rem_euclid(side as i64) as usize;
    [Stretch { from: 0, to: by, len: side - by }, Stretch { from: side - by, to: 0, len: by }]
}

#[cfg(test)]
mod tests {
    use crate::{LabelledImages, Perturbation, PictureShape};

    fn two_pictures() -> LabelledImages {
        LabelledImages::new(PictureShape::grey(2, 3), vec![1, 2, 3, 4, 5, 6, 7, 7, 7, 8, 8, 8], vec![0, 1])
            .unwrap()
    }

    #[test]
    fn a_shift_fills_with_background() {
        let table = [
            (1, 0, [0, 1, 2, 0, 4, 5], "right"),
            (-2, 0, [3, 0, 0, 6, 0, 0], "left"),
            (0, 1, [0, 0, 0, 1, 2, 3], "down"),
            (-1, -1, [5, 6, 0, 0, 0, 0], "left and up"),
            (3, 0, [0; 6], "just out of the picture"),
            (i32::MIN, i32::MAX, [0; 6], "as far as the type allows"),
        ];
        for (right, down, expected, way) in table {
            let shifted = two_pictures().perturbed(&Perturbation::Shift { right, down }, 0).unwrap();
            assert_eq!(shifted.picture(0), Some(&expected[..]), "{way}");
            assert_eq!(shifted.labels(), two_pictures().labels());
        }
    }

    #[test]
    fn a_circular_shift_loses_nothing() {
        let table = [
            (1, 0, [3, 1, 2, 6, 4, 5], "right"),
            (-1, 0, [2, 3, 1, 5, 6, 4], "left"),
            (0, 1, [4, 5, 6, 1, 2, 3], "down"),
            (-1, -1, [5, 6, 4, 2, 3, 1], "left and up"),
            (7, -3, [6, 4, 5, 3, 1, 2], "more than once around"),
            (i32::MIN, i32::MAX, [6, 4, 5, 3, 1, 2], "2^31 is 2 more than a multiple of 3, 2^31 - 1 is odd"),
        ];
        for (right, down, expected, way) in table {
            let shifted = two_pictures().perturbed(&Perturbation::CircularShift { right, down }, 0).unwrap();
            assert_eq!(shifted.picture(0), Some(&expected[..]), "{way}");
        }
    }

    #[test]
    fn pictures_stay_apart() {
        let shifted = two_pictures().perturbed(&Perturbation::Shift { right: 0, down: 1 }, 0).unwrap();
        assert_eq!(shifted.picture(1), Some(&[0, 0, 0, 7, 7, 7][..]));
    }
}
