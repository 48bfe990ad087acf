//! How the sums of a convolution are computed: tap by tap, in tiles, or for each channel by itself.

#![expect(unsafe_code, reason = "vectors are read and written in place")]

use std::ops::Range;

use super::depthwise::Depthwise;
use super::operands::{Form, Operands};
use super::products::{Packing, Pass, Places};
use super::winograd::Winograd;
use crate::isa::Isa;
use crate::simd::{Simd, round_to_bf16};

/// The sums of a convolution, or of the gradient of its input.
#[derive(Debug)]
pub(super) enum Plan {
    Taps(Pass),
    Tiles(Winograd),
    Channels(Depthwise),
}

impl Plan {
    /// The numbers of the weights.
    pub(super) fn packed_numbers(&self, packing: Packing) -> usize {
        match self {
            Self::Taps(pass) | Self::Channels(Depthwise { pass, .. }) => packing.numbers(pass.entries.len()),
            Self::Tiles(tiles) => tiles.packed_numbers(packing),
        }
    }

    /// Lays out what `weight` gives for a filter, one of so many channels, and a tap.
    pub(super) fn pack(
        &self,
        (isa, packing): (Isa, Packing),
        (form, channels): (Form, usize),
        weight: impl Fn(usize, usize, usize) -> f32,
        to: &mut [f32],
    ) {
        match self {
            Self::Taps(pass) | Self::Channels(Depthwise { pass, .. }) => {
                packing.pack(pass, (form, channels), weight, to);
            }
            Self::Tiles(tiles) if form == Form::Rounded => {
                let rounded = |filter, channel, tap| round_to_bf16(weight(filter, channel, tap));
                tiles.pack((isa, packing), rounded, to);
            }
            Self::Tiles(tiles) => tiles.pack((isa, packing), weight, to),
        }
    }

    /// Numbers of scratch memory.
    pub(super) fn room(&self) -> usize {
        match self {
            Self::Taps(_) | Self::Channels(_) => 0,
            Self::Tiles(tiles) => tiles.room(),
        }
    }

    /// Rows of an image's outputs.
    pub(super) fn rows(&self) -> usize {
        match self {
            Self::Taps(pass) | Self::Channels(Depthwise { pass, .. }) => pass.pixels_of_image / pass.columns,
            Self::Tiles(tiles) => tiles.rows(),
        }
    }

    /// The row of the biases among the sums of the gradients of the weights.
    pub(super) fn row_of_biases(&self) -> usize {
        match self {
            Self::Taps(pass) | Self::Channels(Depthwise { pass, .. }) => pass.entries.len(),
            Self::Tiles(tiles) => tiles.row_of_biases(),
        }
    }

    /// Computes these rows of outputs of so many images, of one image or all rows.
    ///
    /// # Safety
    /// What these outputs see can be read, and the outputs written by nobody else. `room` has [`Plan::room`].
    #[inline(always)]
    pub(super) unsafe fn run<S: Simd>(
        &self,
        s: S,
        operands: impl Operands<S>,
        (images, rows): (usize, Range<usize>),
        places: Places<'_>,
        room: *mut f32,
    ) {
        // SAFETY: the caller's promise.
        unsafe {
            match self {
                Self::Taps(pass) => {
                    let vectors = places.width.div_ceil(S::LANES);
                    pass.run(s, operands, pass.rows(images, rows), vectors, places);
                }
                Self::Channels(depthwise) => depthwise.run(s, depthwise.pass.rows(images, rows), places),
                Self::Tiles(winograd) => {
                    for tiles in winograd.tiles(images, rows) {
                        winograd.run(s, operands, &tiles, places, room);
                    }
                }
            }
        }
    }
}
