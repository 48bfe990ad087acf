//! The gradient of the weights: for every entry, a tap and a channel of the input, the sum of a number of the input times the
//! gradient of the output over all pixels.
//!
//! Several entries and vectors are summed at once in registers, over some pixels, before they are added to the others.

#![expect(unsafe_code, reason = "vectors are read and written in place")]

use std::ops::Range;

use super::operands::Operands;
use super::products::{Pass, Pixel, tile_vectors};
use super::statistics::CHAINS;
use crate::simd::Simd;
use crate::sum::Total;

/// The most pixels, or pairs of them, whose gradients are summed in registers before they are added to those of a band.
const PIXELS: usize = 96;
/// The pixels, or pairs, of a band, whose sums are added to the others together with what that rounds off (`sum.rs`): so the sums keep
/// their digits however many pixels there are.
pub(super) const BAND: usize = 12 * PIXELS;

/// Where one image's gradients are read and added.
#[derive(Debug, Clone, Copy)]
pub(super) struct WeightSums {
    /// The image with its border.
    pub(super) input: *const f32,
    /// The gradient of the convolution's output.
    pub(super) gradient: *const f32,
    /// The sums of a band: a row per entry.
    pub(super) sums: *mut f32,
    /// Numbers of a row.
    pub(super) row: usize,
}

impl Pass {
    /// Adds the gradients of some pixels to those of all entries.
    ///
    /// # Safety
    /// Each of these pixels can be read at every entry of the input, and in whole vectors of the gradient. The sums have all
    /// rows, and nobody else touches them.
    #[inline(always)]
    pub(super) unsafe fn add_weights<S: Simd, O: Operands<S>>(
        &self,
        s: S,
        operands: O,
        pixels: Range<usize>,
        places: WeightSums,
    ) {
        let vectors = places.row / S::LANES;
        let most = tile_vectors(S::ACCUMULATORS);
        for pixels in self.parts(pixels) {
            for first in (0..vectors).step_by(most) {
                // SAFETY: the caller's promise.
                unsafe {
                    let numbers = first * S::LANES;
                    let (gradient, sums) = (places.gradient.add(numbers), places.sums.add(numbers));
                    let part = Part { operands, pixels, places: WeightSums { gradient, sums, ..places } };
                    match (vectors - first).min(most) {
                        4 if S::ACCUMULATORS >= 24 => part.entries::<S, 6, 4>(s, &self.entries),
                        3 if S::ACCUMULATORS >= 24 => part.entries::<S, 8, 3>(s, &self.entries),
                        2 if S::ACCUMULATORS >= 24 => part.entries::<S, 8, 2>(s, &self.entries),
                        2 if S::ACCUMULATORS >= 12 => part.entries::<S, 6, 2>(s, &self.entries),
                        _ if S::ACCUMULATORS >= 12 => part.entries::<S, 8, 1>(s, &self.entries),
                        _ => part.entries::<S, 4, 1>(s, &self.entries),
                    }
                }
            }
        }
    }
}

impl Pass {
    /// Adds the gradients of some pixels to those of the biases, which are the first row of the sums.
    ///
    /// # Safety
    /// As [`Pass::add_weights`]; the input is not read.
    #[inline(always)]
    pub(super) unsafe fn add_biases<S: Simd, O: Operands<S>>(
        &self,
        s: S,
        operands: O,
        pixels: Range<usize>,
        places: WeightSums,
    ) {
        let one = s.splat(operands.one());
        for pixels in self.parts(pixels) {
            for first in (0..places.row).step_by(S::LANES) {
                let mut totals = [s.splat(0.0); CHAINS];
                // SAFETY: the caller's promise.
                unsafe {
                    for pixels in pixels.chunks(CHAINS) {
                        for (total, pixel) in totals.iter_mut().zip(pixels) {
                            let gradient = s.load(places.gradient.add(pixel.to + first));
                            *total = operands.add_product(s, one, gradient, *total);
                        }
                    }
                    let [a, b, c, d] = totals;
                    let sum = places.sums.add(first);
                    s.store(sum, s.add(s.load(sum), s.add(s.add(a, b), s.add(c, d))));
                }
            }
        }
    }

    /// Parts of about the same size, as each adds to all sums.
    pub(super) fn parts(&self, pixels: Range<usize>) -> std::slice::Chunks<'_, Pixel> {
        let parts = pixels.len().div_ceil(PIXELS).max(1);
        self.pixels[pixels.clone()].chunks(pixels.len().div_ceil(parts).max(1))
    }
}

/// Adds the sums of a band to the total and to what was lost of it, and clears them.
///
/// # Safety
/// All three have as many numbers, which are whole vectors.
#[inline(always)]
pub(super) unsafe fn end_band<S: Simd>(s: S, numbers: usize, [band, total, lost]: [*mut f32; 3]) {
    for vector in (0..numbers).step_by(S::LANES) {
        // SAFETY: the caller's promise.
        unsafe {
            Total::add_in_place(s, total.add(vector), lost.add(vector), s.load(band.add(vector)));
            s.store(band.add(vector), s.splat(0.0));
        }
    }
}

/// Some pixels of one image and some vectors of output channels.
struct Part<'a, O> {
    operands: O,
    pixels: &'a [Pixel],
    places: WeightSums,
}

impl<O: Copy> Part<'_, O> {
    /// `E` entries at a time, with `G` vectors.
    ///
    /// # Safety
    /// As [`Pass::add_weights`].
    #[inline(always)]
    unsafe fn entries<S: Simd, const E: usize, const G: usize>(&self, s: S, entries: &[usize])
    where
        O: Operands<S>,
    {
        let mut tiles = entries.chunks_exact(E);
        let mut sums = self.places.sums;
        // SAFETY: the caller's promise.
        unsafe {
            for tile in &mut tiles {
                self.tile::<S, E, G>(s, tile, sums);
                sums = sums.add(E * self.places.row);
            }
            for tile in tiles.remainder().chunks_exact(1) {
                self.tile::<S, 1, G>(s, tile, sums);
                sums = sums.add(self.places.row);
            }
        }
    }

    /// # Safety
    /// As [`Pass::add_weights`]; there are `E` entries, and `sums` has a row for each.
    #[inline(always)]
    unsafe fn tile<S: Simd, const E: usize, const G: usize>(&self, s: S, entries: &[usize], sums: *mut f32)
    where
        O: Operands<S>,
    {
        // SAFETY: the caller's promise.
        unsafe {
            let entries: [usize; E] = std::array::from_fn(|entry| entries[entry]);
            let mut totals = [[s.splat(0.0); G]; E];
            for pixel in self.pixels {
                let input = self.places.input.add(pixel.from);
                let gradient = self.places.gradient.add(pixel.to);
                let vectors: [S::F; G] =
                    std::array::from_fn(|vector| s.load(gradient.add(vector * S::LANES)));
                for (totals, &entry) in totals.iter_mut().zip(&entries) {
                    let seen = s.splat(*input.add(entry));
                    for (total, &vector) in totals.iter_mut().zip(&vectors) {
                        *total = self.operands.add_product(s, seen, vector, *total);
                    }
                }
            }
            for (entry, totals) in totals.iter().enumerate() {
                for (vector, &total) in totals.iter().enumerate() {
                    let sum = sums.add(entry * self.places.row + vector * S::LANES);
                    s.store(sum, s.add(s.load(sum), total));
                }
            }
        }
    }
}
