//! Sums over the pixels of an image, and what follows from those of a batch: batch normalisation.

#![expect(unsafe_code, reason = "vectors are read and written in place")]

use std::ops::Range;

use super::ConvBlock;
use super::ending::{Cells, Outputs, Spread};
use crate::simd::Simd;

/// Two numbers per channel and image.
pub(super) const FIGURES: usize = 2;

impl ConvBlock {
    /// Writes the mean of each channel of an image's convolution, and the sum of squared distances from it.
    ///
    /// # Safety
    /// All cells can be read, and two rows of `cells.pixel` numbers written.
    #[inline(always)]
    pub(super) unsafe fn image_statistics<S: Simd>(&self, s: S, cells: Cells, figures: *mut f32) {
        let [rows, columns] = self.convolved();
        let share = s.splat(1.0 / (rows * columns) as f32);
        for first in (0..cells.pixel).step_by(S::LANES) {
            // SAFETY: the caller's promise.
            let mean = unsafe { s.mul(cells.sum(s, first, [rows, columns], |value| value), share) };
            let squared = |value| {
                let distance = s.sub(value, mean);
                s.mul(distance, distance)
            };
            // SAFETY: the caller's promise.
            let squares = unsafe { cells.sum(s, first, [rows, columns], squared) };
            // SAFETY: the caller's promise.
            unsafe {
                s.store(figures.add(first), mean);
                s.store(figures.add(cells.pixel + first), squares);
            }
        }
    }

    /// Writes the sum of each channel's gradient after normalisation, and the sum of its products with the distance of the
    /// convolution from its mean.
    ///
    /// # Safety
    /// As [`Spread::each`]; all cells can be read, whole vectors of the means, and two rows of `cells.pixel` numbers written.
    #[inline(always)]
    pub(super) unsafe fn gradient_sums<S: Simd>(
        &self,
        s: S,
        source: (Spread<'_>, Outputs, *const u8),
        cells: Cells,
        mean: *const f32,
        figures: *mut f32,
    ) {
        // SAFETY: the caller's promise.
        unsafe {
            match self.window {
                [1, 1] => self.gradient_sums_of::<S, 1>(s, source, cells, mean, figures),
                [2, 2] => self.gradient_sums_of::<S, 2>(s, source, cells, mean, figures),
                _ => self.gradient_sums_of::<S, 0>(s, source, cells, mean, figures),
            }
        }
    }

    /// The same for windows of `W` by `W` cells, or of any size if that is 0.
    ///
    /// # Safety
    /// As [`ConvBlock::gradient_sums`].
    #[inline(always)]
    unsafe fn gradient_sums_of<S: Simd, const W: usize>(
        &self,
        s: S,
        (spread, outputs, routes): (Spread<'_>, Outputs, *const u8),
        cells: Cells,
        mean: *const f32,
        figures: *mut f32,
    ) {
        // SAFETY: the caller's promise.
        unsafe {
            figures.write_bytes(0, FIGURES * cells.pixel);
            for row in 0..self.output()[0] {
                for first in (0..cells.pixel).step_by(S::LANES) {
                    let mean = s.load(mean.add(first));
                    let mut sums = [s.splat(0.0); FIGURES];
                    spread.each::<S, W>(
                        s,
                        (row, first / S::LANES),
                        outputs,
                        routes,
                        |[row, column], gradient| {
                            let value = s.load(cells.row(row).wrapping_add(column * cells.pixel + first));
                            sums[0] = s.add(sums[0], gradient);
                            sums[1] = s.mul_add(gradient, s.sub(value, mean), sums[1]);
                        },
                    );
                    for (index, &sum) in sums.iter().enumerate() {
                        let total = figures.add(index * cells.pixel + first);
                        s.store(total, s.add(s.load(total), sum));
                    }
                }
            }
        }
    }

    /// From the gradient after normalisation to that before: `factor * gradient + slope * (value - mean) + constant`, in place.
    ///
    /// # Safety
    /// All vectors of these rows of both can be read and written, and whole vectors of the four figures.
    #[inline(always)]
    pub(super) unsafe fn normalize_gradient<S: Simd>(
        &self,
        s: S,
        rows: Range<usize>,
        gradient: Cells,
        values: Cells,
        figures: &GradientFigures<'_>,
    ) {
        let [_, columns] = self.convolved();
        for row in rows {
            for first in (0..values.pixel).step_by(S::LANES) {
                // SAFETY: the caller's promise.
                unsafe {
                    let [factor, slope, mean, constant] =
                        [figures.factor, figures.slope, figures.mean, figures.constant]
                            .map(|of| s.load(of.as_ptr().add(first)));
                    for column in 0..columns {
                        let place = gradient.row(row).add(column * gradient.pixel + first);
                        let value = s.load(values.row(row).add(column * values.pixel + first));
                        let rest = s.mul_add(s.sub(value, mean), slope, constant);
                        s.store(place, s.mul_add(s.load(place), factor, rest));
                    }
                }
            }
        }
    }
}

impl Cells {
    /// The sum of a term over all cells, from the vector of channel `first` on: row by row, as shorter sums keep more digits.
    ///
    /// # Safety
    /// All cells can be read.
    #[inline(always)]
    unsafe fn sum<S: Simd>(
        self,
        s: S,
        first: usize,
        [rows, columns]: [usize; 2],
        term: impl Fn(S::F) -> S::F,
    ) -> S::F {
        let mut total = s.splat(0.0);
        for row in 0..rows {
            let mut of_row = [s.splat(0.0); CHAINS];
            let mut from = self.row(row).wrapping_add(first);
            // SAFETY: the caller's promise.
            unsafe {
                for _ in 0..columns / CHAINS {
                    for sum in &mut of_row {
                        *sum = s.add(*sum, term(s.load(from)));
                        from = from.wrapping_add(self.pixel);
                    }
                }
                for sum in &mut of_row[..columns % CHAINS] {
                    *sum = s.add(*sum, term(s.load(from)));
                    from = from.wrapping_add(self.pixel);
                }
            }
            let [a, b, c, d] = of_row;
            total = s.add(total, s.add(s.add(a, b), s.add(c, d)));
        }
        total
    }
}

/// Sums that do not wait for one another.
pub(super) const CHAINS: usize = 4;

/// How the gradient before normalisation follows from that after, per channel, in whole vectors.
#[derive(Debug, Clone, Copy)]
pub(super) struct GradientFigures<'a> {
    pub(super) factor: &'a [f32],
    pub(super) slope: &'a [f32],
    pub(super) mean: &'a [f32],
    pub(super) constant: &'a [f32],
}

/// The mean and the (biased) variance of a batch from those of its images, each of which has as many pixels.
pub(super) fn of_batch(figures: &[f32], row: usize, pixels: usize, channel: usize) -> (f64, f64) {
    let images = || figures.chunks_exact(FIGURES * row);
    let count = images().len() as f64;
    let mean = images().map(|of| f64::from(of[channel])).sum::<f64>() / count;
    let squares = images().map(|of| {
        let apart = f64::from(of[channel]) - mean;
        f64::from(of[row + channel]) + pixels as f64 * apart * apart
    });
    (mean, squares.sum::<f64>() / (count * pixels as f64))
}
