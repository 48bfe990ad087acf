//! Depthwise convolutions: every output channel is a sum over the taps of its own channel alone, so that vectors of channels are
//! multiplied with vectors of weights. They read more than they compute.

#![expect(unsafe_code, reason = "vectors are read and written in place")]

use std::ops::Range;

use super::products::{Pass, Pixel, Places};
use super::weights::WeightSums;
use crate::simd::Simd;

/// Sums over taps, for each channel by itself.
#[derive(Debug)]
pub(super) struct Depthwise {
    /// The taps are the entries.
    pub(super) pass: Pass,
    /// Numbers that may be read from a pixel on.
    pub(super) channels: usize,
}

/// Pixels that are computed at once.
const PIXELS: usize = 8;

impl Depthwise {
    /// Computes some pixels. The weights lie by vector, tap and lane.
    ///
    /// # Safety
    /// Each of these pixels can be read at every entry, and written with as many numbers as `places` says. Nobody else touches the
    /// output.
    #[inline(always)]
    pub(super) unsafe fn run<S: Simd>(&self, s: S, pixels: Range<usize>, places: Places<'_>) {
        for lane in (0..places.width).step_by(S::LANES) {
            let mut tiles = self.pass.pixels[pixels.clone()].chunks_exact(PIXELS);
            // SAFETY: the caller's promise.
            unsafe {
                for tile in &mut tiles {
                    self.tile::<S, PIXELS>(s, tile, lane, places);
                }
                for tile in tiles.remainder().chunks_exact(1) {
                    self.tile::<S, 1>(s, tile, lane, places);
                }
            }
        }
    }

    /// # Safety
    /// As [`Depthwise::run`], and there are `P` pixels.
    #[inline(always)]
    unsafe fn tile<S: Simd, const P: usize>(&self, s: S, pixels: &[Pixel], lane: usize, places: Places<'_>) {
        // SAFETY: the caller's promise.
        unsafe {
            let mut first = s.splat(0.0);
            if !places.start.is_empty() {
                first = s.load(places.start.as_ptr().add(lane));
            }
            let mut sums = [first; P];
            let mut weights = places.packed.add(lane * self.pass.entries.len());
            for &entry in &self.pass.entries {
                let weight = s.load(weights);
                weights = weights.add(S::LANES);
                for (sum, pixel) in sums.iter_mut().zip(pixels) {
                    let from = places.from.add(pixel.from + entry + lane);
                    *sum = s.mul_add(s.load_up_to(from, self.channels - lane), weight, *sum);
                }
            }
            for (&sum, pixel) in sums.iter().zip(pixels) {
                let to = places.to.wrapping_add(pixel.to + lane);
                s.store_up_to(to, sum, places.width - lane);
            }
        }
    }

    /// Adds the gradients of some pixels to those of all taps.
    ///
    /// # Safety
    /// As [`Pass::add_weights`].
    #[inline(always)]
    pub(super) unsafe fn add_weights<S: Simd>(&self, s: S, pixels: Range<usize>, places: WeightSums) {
        for pixels in self.pass.parts(pixels) {
            for lane in (0..places.row).step_by(S::LANES) {
                let mut tap = 0;
                // SAFETY: the caller's promise.
                unsafe {
                    let mut nine = self.pass.entries.chunks_exact(9);
                    for entries in &mut nine {
                        self.taps::<S, 9>(s, (entries, tap), pixels, lane, places);
                        tap += 9;
                    }
                    for entries in nine.remainder().chunks_exact(1) {
                        self.taps::<S, 1>(s, (entries, tap), pixels, lane, places);
                        tap += 1;
                    }
                }
            }
        }
    }

    /// # Safety
    /// As [`Pass::add_weights`], and there are `T` entries, those from `tap` on.
    #[inline(always)]
    unsafe fn taps<S: Simd, const T: usize>(
        &self,
        s: S,
        (entries, tap): (&[usize], usize),
        pixels: &[Pixel],
        lane: usize,
        places: WeightSums,
    ) {
        let mut totals = [s.splat(0.0); T];
        // SAFETY: the caller's promise.
        unsafe {
            for pixel in pixels {
                let gradient = s.load(places.gradient.add(pixel.to + lane));
                for (total, &entry) in totals.iter_mut().zip(entries) {
                    let from = places.input.add(pixel.from + entry + lane);
                    *total = s.mul_add(s.load_up_to(from, self.channels - lane), gradient, *total);
                }
            }
            for (number, &total) in totals.iter().enumerate() {
                let sum = places.sums.add((tap + number) * places.row + lane);
                s.store(sum, s.add(s.load(sum), total));
            }
        }
    }
}
