//! From weights to their components, and from the components' gradients to those of the weights.

#![expect(unsafe_code, reason = "vectors are read and written in place")]

use super::components::{of_taps, taps_of};
use super::{COMPONENTS, PATCH, TAPS, Winograd};
use crate::conv_block::products::Packing;
use crate::isa::{Isa, Kernel};
use crate::simd::{MOST_LANES, Simd};

/// The numbers of a vector for each tap.
type Taps = [[f32; MOST_LANES]; TAPS * TAPS];

impl Winograd {
    /// Lays out the components of what `weight` gives for a filter, a channel and a tap.
    pub(in crate::conv_block) fn pack(
        &self,
        (isa, packing): (Isa, Packing),
        weight: impl Fn(usize, usize, usize) -> f32,
        to: &mut [f32],
    ) {
        assert_eq!(to.len(), self.packed_numbers(packing), "the weights' components");
        isa.run(Pack { channels: self.products.entries.len(), packing, weight, to });
    }

    /// The gradients of the taps, from the sums of those of the components: calls `tap` with filter, channel, number and gradient.
    pub(in crate::conv_block) fn weights_of(
        &self,
        isa: Isa,
        (sums, filters): (&[f32], usize),
        tap: impl FnMut(usize, usize, usize, f32),
    ) {
        let (channels, row) = (self.products.entries.len(), self.components[1]);
        assert!(
            sums.len() >= COMPONENTS * channels * row && filters <= row,
            "the gradients of the components"
        );
        isa.run(Unpack { channels, row, sums, filters, tap });
    }
}

struct Pack<'a, W> {
    channels: usize,
    packing: Packing,
    weight: W,
    to: &'a mut [f32],
}

impl<W: Fn(usize, usize, usize) -> f32> Kernel for Pack<'_, W> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Self { channels, packing, weight, to } = self;
        let of_component = packing.numbers(channels);
        packing.each_vector(channels, |place, filters, channel| {
            let mut numbers: Taps = [[0.0; MOST_LANES]; TAPS * TAPS];
            for (lane, filter) in filters.enumerate() {
                for (tap, numbers) in numbers.iter_mut().enumerate() {
                    numbers[lane] = weight(filter, channel, tap);
                }
            }
            let mut taps = [[s.splat(0.0); TAPS]; TAPS];
            for (tap, numbers) in taps.as_flattened_mut().iter_mut().zip(&numbers) {
                // SAFETY: a vector has no more lanes than the widest one.
                *tap = unsafe { s.load(numbers.as_ptr()) };
            }
            for (component, &value) in of_taps(s, taps).as_flattened().iter().enumerate() {
                let to = &mut to[component * of_component + place..][..S::LANES];
                // SAFETY: room for a vector.
                unsafe { s.store(to.as_mut_ptr(), value) }
            }
        });
    }
}

struct Unpack<'a, T> {
    channels: usize,
    row: usize,
    sums: &'a [f32],
    filters: usize,
    tap: T,
}

impl<T: FnMut(usize, usize, usize, f32)> Kernel for Unpack<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Self { channels, row, sums, filters, mut tap } = self;
        for channel in 0..channels {
            for first in (0..filters).step_by(S::LANES) {
                let mut components = [[s.splat(0.0); PATCH]; PATCH];
                for (number, component) in components.as_flattened_mut().iter_mut().enumerate() {
                    let from = &sums[(number * channels + channel) * row + first..][..S::LANES];
                    // SAFETY: a vector of numbers.
                    *component = unsafe { s.load(from.as_ptr()) };
                }
                let mut numbers: Taps = [[0.0; MOST_LANES]; TAPS * TAPS];
                for (numbers, &tap) in numbers.iter_mut().zip(taps_of(s, components).as_flattened()) {
                    // SAFETY: a vector has no more lanes than the widest one.
                    unsafe { s.store(numbers.as_mut_ptr(), tap) }
                }
                for (lane, filter) in (first..filters.min(first + S::LANES)).enumerate() {
                    for (number, numbers) in numbers.iter().enumerate() {
                        tap(filter, channel, number, numbers[lane]);
                    }
                }
            }
        }
    }
}
