//! Sums of the products of all entries, for some pixels and all output channels.

#![expect(unsafe_code, reason = "vectors are read and written in place")]

use std::ops::Range;

use super::operands::{Form, Operands};
use crate::isa::{Isa, Kernel};
use crate::simd::{Simd, bf16_pair, round_to_bf16};

/// Outputs that see their input through the same taps.
#[derive(Debug)]
pub(super) struct Pass {
    /// The pixels of the kernel, by number.
    pub(super) taps: Vec<usize>,
    /// Where the numbers that an output sees lie, counted from its first one: channels within taps.
    pub(super) entries: Vec<usize>,
    /// Those of as many images as are computed at once, one image after another.
    pub(super) pixels: Vec<Pixel>,
    pub(super) pixels_of_image: usize,
    /// Those of a row.
    pub(super) columns: usize,
}

/// The first number that an output sees, and the first number of the output.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pixel {
    pub(super) from: usize,
    pub(super) to: usize,
}

/// Vectors of output channels that are computed at once.
pub(super) const fn tile_vectors(accumulators: usize) -> usize {
    match accumulators {
        24.. => 4,
        12.. => 2,
        _ => 1,
    }
}

impl Isa {
    fn tile_vectors(self) -> usize {
        struct Vectors;
        impl Kernel for Vectors {
            type Output = usize;
            #[inline(always)]
            fn run<S: Simd>(self, _: S) -> usize {
                tile_vectors(S::ACCUMULATORS)
            }
        }
        self.run(Vectors)
    }
}

/// How the weights of a pass lie: by group of vectors, entry and vector. Lanes without an output channel are zero.
#[derive(Debug, Clone, Copy)]
pub(super) struct Packing {
    /// Channels of the output.
    filters: usize,
    lanes: usize,
    /// Vectors of a group; the last group may have fewer.
    group: usize,
}

impl Packing {
    pub(super) fn of(isa: Isa, filters: usize) -> Self {
        Self { filters, lanes: isa.lanes(), group: isa.tile_vectors() }
    }

    /// Every vector is a group.
    pub(super) fn by_vector(self) -> Self {
        Self { group: 1, ..self }
    }

    /// Numbers of so many entries.
    pub(super) fn numbers(&self, entries: usize) -> usize {
        entries * self.filters.next_multiple_of(self.lanes)
    }

    /// Packs what `weight` gives for a filter, one of so many channels, and a tap.
    pub(super) fn pack(
        &self,
        pass: &Pass,
        (form, channels): (Form, usize),
        weight: impl Fn(usize, usize, usize) -> f32,
        to: &mut [f32],
    ) {
        match form {
            Form::Singles => self.pack_places(pass, channels, weight, to),
            Form::Rounded => {
                let rounded = |filter, channel, tap| round_to_bf16(weight(filter, channel, tap));
                self.pack_places(pass, channels, rounded, to);
            }
            Form::Pairs => {
                let pair = |filter, place, tap| {
                    let [low, high] = [2 * place, 2 * place + 1];
                    let high = if high < channels { weight(filter, high, tap) } else { 0.0 };
                    bf16_pair(weight(filter, low, tap), high)
                };
                self.pack_places(pass, form.places(channels), pair, to);
            }
        }
    }

    /// Packs what `word` gives for a filter, a place and a tap.
    #[inline(always)]
    fn pack_places(
        &self,
        pass: &Pass,
        places: usize,
        word: impl Fn(usize, usize, usize) -> f32,
        to: &mut [f32],
    ) {
        to.fill(0.0);
        self.each_vector(pass.taps.len() * places, |number, filters, entry| {
            let (place, tap) = (entry % places, pass.taps[entry / places]);
            for (filter, to) in filters.zip(&mut to[number..]) {
                *to = word(filter, place, tap);
            }
        });
    }

    /// Calls `each` for all vectors of the weights of so many entries: with the number of the first weight, the filters, which may
    /// be fewer than lanes, and the entry.
    #[inline(always)]
    pub(super) fn each_vector(&self, entries: usize, mut each: impl FnMut(usize, Range<usize>, usize)) {
        let Self { filters, lanes, group } = *self;
        let mut number = 0;
        for first in (0..filters).step_by(group * lanes) {
            for entry in 0..entries {
                for first in (first..filters.min(first + group * lanes)).step_by(lanes) {
                    each(number, first..filters.min(first + lanes), entry);
                    number += lanes;
                }
            }
        }
    }
}

/// Where a pass reads and writes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Places<'a> {
    /// The weights, as [`Packing::pack`] writes them.
    pub(super) packed: *const f32,
    /// What a sum begins with, a number per output channel, in whole vectors; empty for zeros.
    pub(super) start: &'a [f32],
    pub(super) from: *const f32,
    pub(super) to: *mut f32,
    /// Numbers that may be written from a pixel on: whole vectors, or the output channels alone.
    pub(super) width: usize,
}

impl Pass {
    /// The pixels of these rows of so many images: of one image, or all rows.
    pub(super) fn rows(&self, images: usize, rows: Range<usize>) -> Range<usize> {
        match images {
            1 => rows.start * self.columns..rows.end * self.columns,
            _ => 0..images * self.pixels_of_image,
        }
    }

    /// Computes some pixels and so many vectors of output channels.
    ///
    /// # Safety
    /// Each of these pixels can be read at every entry, and written with as many numbers as `places` says. Nobody else touches
    /// the output.
    #[inline(always)]
    pub(super) unsafe fn run<S: Simd, O: Operands<S>>(
        &self,
        s: S,
        operands: O,
        pixels: Range<usize>,
        vectors: usize,
        places: Places<'_>,
    ) {
        let most = tile_vectors(S::ACCUMULATORS);
        let pixels = &self.pixels[pixels];
        for first in (0..vectors).step_by(most) {
            let tiles = Tiles { operands, entries: &self.entries, pixels, places, first };
            // SAFETY: the caller's promise.
            unsafe {
                match (vectors - first).min(most) {
                    4 if S::ACCUMULATORS >= 24 => tiles.all::<S, 6, 4>(s),
                    3 if S::ACCUMULATORS >= 24 => tiles.all::<S, 8, 3>(s),
                    2 if S::ACCUMULATORS >= 24 => tiles.all::<S, 8, 2>(s),
                    2 if S::ACCUMULATORS >= 12 => tiles.all::<S, 6, 2>(s),
                    _ if S::ACCUMULATORS >= 12 => tiles.all::<S, 8, 1>(s),
                    _ => tiles.all::<S, 4, 1>(s),
                }
            }
        }
    }
}

struct Tiles<'a, O> {
    operands: O,
    entries: &'a [usize],
    pixels: &'a [Pixel],
    places: Places<'a>,
    /// The first vector of output channels.
    first: usize,
}

impl<O: Copy> Tiles<'_, O> {
    /// All pixels, `P` at a time, and `G` vectors.
    ///
    /// # Safety
    /// As [`Pass::run`].
    #[inline(always)]
    unsafe fn all<S: Simd, const P: usize, const G: usize>(&self, s: S)
    where
        O: Operands<S>,
    {
        let pixels = self.pixels;
        // SAFETY: the caller's promise.
        unsafe {
            let mut tiles = pixels.chunks_exact(P);
            for tile in &mut tiles {
                self.tile::<S, P, G>(s, tile);
            }
            let rest = tiles.remainder();
            if rest.is_empty() {
                return;
            }
            if pixels.len() >= P {
                // Some are computed twice, to the same result.
                self.tile::<S, P, G>(s, &pixels[pixels.len() - P..]);
            } else {
                for pixel in rest.chunks_exact(1) {
                    self.tile::<S, 1, G>(s, pixel);
                }
            }
        }
    }

    /// # Safety
    /// As [`Pass::run`], and there are `P` pixels.
    #[inline(always)]
    unsafe fn tile<S: Simd, const P: usize, const G: usize>(&self, s: S, pixels: &[Pixel])
    where
        O: Operands<S>,
    {
        let Places { packed, start, from, to, width } = self.places;
        // SAFETY: the caller's promise.
        unsafe {
            let from: [*const f32; P] = std::array::from_fn(|pixel| from.add(pixels[pixel].from));
            let mut first = [s.splat(0.0); G];
            if !start.is_empty() {
                for (vector, first) in first.iter_mut().enumerate() {
                    *first = s.load(start.as_ptr().add((self.first + vector) * S::LANES));
                }
            }
            let mut sums = [first; P];
            let mut weights = packed.add(self.first * S::LANES * self.entries.len());
            for &entry in self.entries {
                let vectors: [S::F; G] = std::array::from_fn(|vector| s.load(weights.add(vector * S::LANES)));
                weights = weights.add(G * S::LANES);
                for (sums, from) in sums.iter_mut().zip(&from) {
                    let seen = s.splat(*from.add(entry));
                    for (sum, &vector) in sums.iter_mut().zip(&vectors) {
                        *sum = self.operands.add_product(s, seen, vector, *sum);
                    }
                }
            }
            for (sums, pixel) in sums.iter().zip(pixels) {
                for (vector, &sum) in sums.iter().enumerate() {
                    let first = (self.first + vector) * S::LANES;
                    s.store_up_to(to.wrapping_add(pixel.to + first), sum, width - first);
                }
            }
        }
    }
}
