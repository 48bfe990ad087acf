//! Pictures convolved with a Gaussian, rows and columns one after the other.

use super::to_grey;

/// The Gaussian is cut off this many standard deviations from its middle.
const TRUNCATE: f64 = 4.0;

/// A Gaussian, with room for one picture of the size that it is for.
pub(super) struct Blur {
    height: usize,
    width: usize,
    /// Weights of the middle and of the pixels 1, 2, ... away.
    vertical: Vec<f64>,
    /// The same along rows.
    horizontal: Vec<f64>,
    /// A picture with rows of background above and below, as far as the Gaussian reaches.
    rows: Vec<f64>,
    /// One row of it, with pixels of background at both ends.
    row: Vec<f64>,
    /// One row of the result.
    sum: Vec<f64>,
}

impl Blur {
    pub(super) fn new(height: usize, width: usize, sd: f64) -> Self {
        let weights = half_gaussian(sd);
        // Pixels a whole side away are background, which adds 0.
        let within = |side: usize| weights[..weights.len().min(side)].to_vec();
        let (vertical, horizontal) = (within(height), within(width));
        Self {
            rows: vec![0.0; (height + 2 * (vertical.len() - 1)) * width],
            row: vec![0.0; width + 2 * (horizontal.len() - 1)],
            sum: vec![0.0; width],
            height,
            width,
            vertical,
            horizontal,
        }
    }

    pub(super) fn apply(&mut self, from: &[u8], to: &mut [u8]) {
        let (above, left) = (self.vertical.len() - 1, self.horizontal.len() - 1);
        for (value, &pixel) in self.rows[above * self.width..].iter_mut().zip(from) {
            *value = pixel.into();
        }
        for (row, to) in (0..self.height).zip(to.chunks_exact_mut(self.width)) {
            let start = (above + row) * self.width;
            convolve(&self.vertical, &self.rows, start, self.width, &mut self.row[left..left + self.width]);
            convolve(&self.horizontal, &self.row, left, 1, &mut self.sum);
            for (new, &sum) in to.iter_mut().zip(&self.sum) {
                *new = to_grey(sum);
            }
        }
    }
}

/// Weighted sums of `values` from index `start` on, and of the values `step`, `2 * step`, ... before and after them.
fn convolve(weights: &[f64], values: &[f64], start: usize, step: usize, sums: &mut [f64]) {
    let len = sums.len();
    for (sum, value) in sums.iter_mut().zip(&values[start..]) {
        *sum = weights[0] * value;
    }
    // The smallest weights first, as SciPy adds them.
    for (distance, weight) in weights.iter().enumerate().skip(1).rev() {
        let before = &values[start - distance * step..][..len];
        let after = &values[start + distance * step..][..len];
        for ((sum, before), after) in sums.iter_mut().zip(before).zip(after) {
            *sum += weight * (before + after);
        }
    }
}

/// The weights of the middle and of the pixels on one side of it; with those of the other side they add up to 1.
fn half_gaussian(sd: f64) -> Vec<f64> {
    let radius = (TRUNCATE * sd + 0.5) as u32;
    // A standard deviation too small to square reaches no neighbour.
    let density = |distance: u32| {
        if distance == 0 { 1.0 } else { (-0.5 / (sd * sd) * f64::from(distance).powi(2)).exp() }
    };
    let densities: Vec<f64> = (0..=radius).map(density).collect();
    let sum = densities[0] + 2.0 * densities[1..].iter().sum::<f64>();
    densities.into_iter().map(|density| density / sum).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{LabelledImages, Perturbation, PictureShape};

    #[test]
    fn weights_add_up_to_one_and_fall() {
        for (sd, reach) in [(0.0, 0), (0.12, 0), (0.13, 1), (0.5, 2), (1.0, 4), (1.5, 6), (100.0, 400)] {
            let weights = half_gaussian(sd);
            assert_eq!(weights.len(), reach + 1, "{sd}");
            let sum = 2.0 * weights.iter().sum::<f64>() - weights[0];
            assert!((sum - 1.0).abs() < 1e-12, "{sd}: {sum}");
            assert!(weights.is_sorted_by(|near, far| near > far), "{sd}");
        }
    }

    #[test]
    fn a_point_becomes_the_gaussian_in_rows_and_columns() {
        let mut pixels = vec![0; 5 * 3];
        pixels[2 * 3 + 1] = 255;
        let images = LabelledImages::new(PictureShape::grey(5, 3), pixels, vec![0]).unwrap();
        let blurred = images.perturbed(&Perturbation::Blur { sd: 0.5 }, 0).unwrap();
        // scipy.ndimage.gaussian_filter; 0.78657, 0.10645 and 0.00026 are the weights.
        #[rustfmt::skip]
        let expected = [
            0, 0, 0,
            3, 21, 3,
            21, 158, 21,
            3, 21, 3,
            0, 0, 0,
        ];
        assert_eq!(blurred.pixels(), expected);
    }

    #[test]
    fn light_leaves_over_the_edge_and_none_comes_back() {
        let images = LabelledImages::new(PictureShape::grey(1, 1), vec![255], vec![0]).unwrap();
        let blurred = images.perturbed(&Perturbation::Blur { sd: 0.5 }, 0).unwrap();
        assert_eq!(blurred.pixels(), [158], "255 times the squared weight of the middle");
    }
}
