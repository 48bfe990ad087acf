//! Pictures rotated and scaled about their centre: every new pixel is interpolated from four old ones.

use super::to_grey;

/// Where each new pixel is read from; the same for all pictures of one size.
pub(super) struct Sampling {
    width: usize,
    /// One entry per pixel of the new picture, row-major.
    sources: Vec<Source>,
    /// The old picture inside a frame of background one pixel wide, `[H + 2, W + 2]`.
    framed: Vec<f64>,
}

/// Four neighbours in the framed picture, with their weights.
struct Source {
    /// Index of the upper left one.
    first: usize,
    /// Upper left, upper right, lower left, lower right.
    weights: [f64; 4],
}

impl Sampling {
    /// Counter-clockwise.
    pub(super) fn rotation(height: usize, width: usize, degrees: f64) -> Self {
        let (sine, cosine) = sine_cosine(degrees);
        // Rows count downwards, so a counter-clockwise turn is read through this matrix.
        Self::new(height, width, [[cosine, sine], [-sine, cosine]])
    }

    /// Larger for a factor above 1.
    pub(super) fn scale(height: usize, width: usize, factor: f64) -> Self {
        Self::new(height, width, [[1.0 / factor, 0.0], [0.0, 1.0 / factor]])
    }

    /// `matrix` takes a new position (row, column), relative to the centre, to the old one.
    fn new(height: usize, width: usize, matrix: [[f64; 2]; 2]) -> Self {
        let centre = [height, width].map(|side| (side as f64 - 1.0) / 2.0);
        let offset: [f64; 2] = std::array::from_fn(|axis| {
            centre[axis] - (matrix[axis][0] * centre[0] + matrix[axis][1] * centre[1])
        });
        let old = |axis: usize, row: usize, column: usize| {
            matrix[axis][0] * row as f64 + matrix[axis][1] * column as f64 + offset[axis]
        };
        let pixels = (0..height).flat_map(|row| (0..width).map(move |column| (row, column)));
        let sources = pixels
            .map(|(row, column)| source(height, width, old(0, row, column), old(1, row, column)))
            .collect();
        Self { width, sources, framed: vec![0.0; (height + 2) * (width + 2)] }
    }

    pub(super) fn apply(&mut self, from: &[u8], to: &mut [u8]) {
        let stride = self.width + 2;
        for (framed, row) in self.framed.chunks_exact_mut(stride).skip(1).zip(from.chunks_exact(self.width)) {
            for (framed, &pixel) in framed[1..].iter_mut().zip(row) {
                *framed = pixel.into();
            }
        }
        for (new, Source { first, weights }) in to.iter_mut().zip(&self.sources) {
            let upper = &self.framed[*first..first + 2];
            let lower = &self.framed[first + stride..first + stride + 2];
            *new = to_grey(
                upper[0] * weights[0] + upper[1] * weights[1] + lower[0] * weights[2] + lower[1] * weights[3],
            );
        }
    }
}

/// The pixels around this position of the old picture, and their weights.
fn source(height: usize, width: usize, row: f64, column: f64) -> Source {
    let inside = |position: f64, side: usize| position > -1.0 && position < side as f64;
    if !(inside(row, height) && inside(column, width)) {
        return Source { first: 0, weights: [0.0; 4] };
    }
    let (below, right) = (row - row.floor(), column - column.floor());
    let (above, left) = (1.0 - below, 1.0 - right);
    // In the framed picture, row -1 and column -1 have index 0.
    let [framed_row, framed_column] = [row, column].map(|position| (position.floor() + 1.0) as usize);
    let first = framed_row * (width + 2) + framed_column;
    Source { first, weights: [above * left, above * right, below * left, below * right] }
}

/// Exact at the multiples of 90 degrees, where sine and cosine of the angle in radians are not.
pub(crate) fn sine_cosine(degrees: f64) -> (f64, f64) {
    let quarters = (degrees / 90.0).round();
    let (sine, cosine) = (degrees - 90.0 * quarters).to_radians().sin_cos();
    match quarters.rem_euclid(4.0) as u8 {
        0 => (sine, cosine),
        1 => (cosine, -sine),
        2 => (-sine, -cosine),
        _ => (-cosine, sine),
    }
}

#[cfg(test)]
mod tests {
    use crate::{LabelledImages, Perturbation, PictureShape};

    fn perturbed(height: usize, width: usize, pixels: &[u8], perturbation: Perturbation) -> Vec<u8> {
        let images =
            LabelledImages::new(PictureShape::grey(height, width), pixels.to_vec(), vec![0]).unwrap();
        images.perturbed(&perturbation, 0).unwrap().pixels().to_vec()
    }

    #[test]
    fn quarter_turns_only_move_pixels() {
        let table = [
            (90.0, [2, 4, 1, 3], "counter-clockwise"),
            (-90.0, [3, 1, 4, 2], "clockwise"),
            (180.0, [4, 3, 2, 1], "half"),
            (270.0, [3, 1, 4, 2], "three quarters one way are one quarter the other way"),
        ];
        for (degrees, expected, why) in table {
            assert_eq!(perturbed(2, 2, &[1, 2, 3, 4], Perturbation::Rotation { degrees }), expected, "{why}");
        }
    }

    #[test]
    fn scale_keeps_the_centre_and_moves_the_rest() {
        let table = [
            (
                2.0,
                [0, 0, 80, 100, 80],
                [0, 40, 80, 90, 100],
                "twice as large: every other new pixel is an old one",
            ),
            (
                0.5,
                [0, 40, 100, 60, 20],
                [0, 0, 100, 20, 0],
                "half as large: every other pixel, background around",
            ),
        ];
        for (factor, before, after, why) in table {
            let found = perturbed(1, 5, &before, Perturbation::Scale { factor });
            assert_eq!(found, after, "{why}");
        }
    }

    #[test]
    fn ties_are_rounded_to_the_even_grey_value() {
        // Twice as large, an even side reads a quarter of the way, then three quarters of it, and so on.
        let table = [([0, 2], [0, 2]), ([0, 10], [2, 8]), ([1, 3], [2, 2])];
        for (before, after) in table {
            assert_eq!(perturbed(1, 2, &before, Perturbation::Scale { factor: 2.0 }), after, "{before:?}");
        }
    }
}
