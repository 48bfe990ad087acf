//! From images to pooled activations.

#![expect(unsafe_code, reason = "vectors are read and written in place, by several threads")]

use std::ops::Range;

use super::{ConvPool, ConvPoolReduce, SliceLengths};
use crate::dropout::KeepMask;
use crate::isa::{Isa, Kernel};
use crate::memory::{OutOfMemory, Scratch, scratch_length};
use crate::panel::scatter_planes;
use crate::simd::Simd;
use crate::threads::{DisjointSlices, SharedOutcome, Threads};

/// The slices that a forward pass reads and writes.
#[derive(Debug)]
pub struct ConvPoolForward<'a> {
    /// `[N, C, H, W]`.
    pub images: &'a [f32],
    /// `[filters, C, kernel...]`.
    pub weight: &'a [f32],
    /// `[filters]`.
    pub bias: &'a [f32],
    /// The mask of dropout, whose numbers are `[N, output..., filters]`, and the factor of kept values. `None` drops nothing.
    pub keep: Option<(&'a KeepMask, f32)>,
    /// `[N, filters, output...]`.
    pub output: &'a mut [f32],
    /// The routes for the backward pass; empty if there is none.
    pub routes: &'a mut [u8],
}

/// Vectors of filters that are computed together, so that each pixel is read once for both.
const PAIR: usize = 2;

impl ConvPool {
    /// Computes the block's output, and the routes.
    ///
    /// # Errors
    /// Not enough memory for the weights, a few rows of the convolution, and a few planes of the output.
    ///
    /// # Panics
    /// A block that is not possible, or slices of other lengths than those of the block.
    pub fn forward(
        &self,
        isa: Isa,
        threads: &dyn Threads,
        data: ConvPoolForward<'_>,
    ) -> Result<(), OutOfMemory> {
        let ConvPoolForward { images, weight, bias, keep, output, routes } = data;
        let lengths = SliceLengths {
            images: images.len(),
            weight: weight.len(),
            bias: bias.len(),
            output: output.len(),
            routes: routes.len(),
        };
        let count = self.check_lengths(isa, lengths);
        assert!(keep.is_none_or(|(mask, _)| mask.len() == output.len()), "numbers of the mask");

        let taps = self.taps()?;
        let mut scratch = Scratch::take();
        let groups = self.filters.div_ceil(isa.lanes());
        let [packed] = scratch.split([scratch_length(&[groups, taps.len() + 1, isa.lanes()])])?;
        self.pack(isa.lanes(), weight, bias, packed);
        let (output, routes) = (DisjointSlices::new(output), DisjointSlices::new(routes));
        let outcome = SharedOutcome::default();
        threads.parallel_for(count, 1, &|range| {
            let (output, routes, packed, taps) = (&output, &routes, &*packed, &taps[..]);
            outcome.record(isa.run(Forward {
                block: self,
                images,
                packed,
                taps,
                keep,
                output,
                routes,
                range,
            }));
        });
        outcome.into_result()
    }

    /// For each vector of filters: the biases, then the weights of each tap. Lanes without a filter are zero.
    fn pack(&self, lanes: usize, weight: &[f32], bias: &[f32], to: &mut [f32]) {
        let taps = weight.len() / self.filters;
        for (group, vectors) in to.chunks_exact_mut((taps + 1) * lanes).enumerate() {
            for lane in 0..lanes {
                let filter = group * lanes + lane;
                let real = filter < self.filters;
                vectors[lane] = if real { bias[filter] } else { 0.0 };
                for tap in 0..taps {
                    vectors[(tap + 1) * lanes + lane] = if real { weight[filter * taps + tap] } else { 0.0 };
                }
            }
        }
    }
}

struct Forward<'a> {
    block: &'a ConvPool,
    images: &'a [f32],
    packed: &'a [f32],
    taps: &'a [usize],
    keep: Option<(&'a KeepMask, f32)>,
    output: &'a DisjointSlices<'a, f32>,
    routes: &'a DisjointSlices<'a, u8>,
    range: Range<usize>,
}

/// A few rows of the convolution's output, of one image and of one or two vectors of filters.
struct Strip {
    image: usize,
    /// The first vector of filters.
    group: usize,
    /// Room for the rows.
    rows: *mut f32,
    /// Room for one vector per output and group.
    pooled: *mut f32,
}

impl Kernel for Forward<'_> {
    type Output = Result<(), OutOfMemory>;

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> Self::Output {
        match self.block.reduce {
            ConvPoolReduce::Max => self.images::<S, true>(s),
            ConvPoolReduce::Mean => self.images::<S, false>(s),
        }
    }
}

impl Forward<'_> {
    #[inline(always)]
    fn images<S: Simd, const MAX: bool>(&self, s: S) -> Result<(), OutOfMemory> {
        let [_, columns] = self.block.seen();
        let outputs = self.block.outputs();
        let mut scratch = Scratch::take();
        let [rows, pooled] = scratch.split([
            scratch_length(&[self.block.window[0], columns, PAIR * S::LANES]),
            scratch_length(&[outputs, PAIR * S::LANES]),
        ])?;
        let groups = self.block.filters.div_ceil(S::LANES);
        for image in self.range.clone() {
            let mut group = 0;
            while group < groups {
                let strip = Strip { image, group, rows: rows.as_mut_ptr(), pooled: pooled.as_mut_ptr() };
                // SAFETY: `ConvPool::check_lengths` has counted all numbers. The scratch memory has room for a strip and
                // for the outputs that it is pooled to. No two threads have an image in common.
                unsafe {
                    if groups - group >= PAIR {
                        self.filters::<S, MAX, PAIR>(s, &strip);
                        group += PAIR;
                    } else {
                        self.filters::<S, MAX, 1>(s, &strip);
                        group += 1;
                    }
                }
            }
        }
        Ok(())
    }

    /// One image with `G` vectors of filters.
    ///
    /// # Safety
    /// The lengths of all slices are those of the block, the strip has room, and nobody else touches its image's outputs.
    #[inline(always)]
    unsafe fn filters<S: Simd, const MAX: bool, const G: usize>(&self, s: S, strip: &Strip) {
        let block = self.block;
        let [_, _, width] = block.input;
        let [_, columns] = block.seen();
        let outputs = block.outputs();
        // SAFETY: the caller's promise.
        unsafe {
            let image = self.images.as_ptr().add(strip.image * block.numbers());
            for row in 0..block.output()[0] {
                for cell_row in 0..block.window[0] {
                    let from = image.add((row * block.window[0] + cell_row) * width);
                    let to = strip.rows.add(cell_row * columns * G * S::LANES);
                    self.convolve_row::<S, G>(s, strip.group, from, to);
                }
                self.pool_row::<S, MAX, G>(s, strip, row);
            }
            for member in 0..G {
                let first = (strip.group + member) * S::LANES;
                let planes = S::LANES.min(block.filters - first);
                let to = self.output.at((strip.image * block.filters + first) * outputs);
                scatter_planes(s, strip.pooled.add(member * outputs * S::LANES), to, planes, outputs);
            }
        }
    }

    /// One row of the convolution's output: for each column `G` vectors.
    ///
    /// # Safety
    /// As [`Forward::filters`].
    #[inline(always)]
    unsafe fn convolve_row<S: Simd, const G: usize>(
        &self,
        s: S,
        group: usize,
        from: *const f32,
        to: *mut f32,
    ) {
        let columns = self.block.seen()[1];
        // As many columns at once as registers hold accumulators.
        // SAFETY: the caller's promise; there are at least as many columns.
        unsafe {
            match S::ACCUMULATORS / G {
                12.. if columns >= 12 => self.convolve_columns::<S, G, 12>(s, group, from, to),
                6.. if columns >= 6 => self.convolve_columns::<S, G, 6>(s, group, from, to),
                _ if columns >= 3 => self.convolve_columns::<S, G, 3>(s, group, from, to),
                _ => self.convolve_columns::<S, G, 1>(s, group, from, to),
            }
        }
    }

    /// The same, `P` columns at once; the last ones may be computed twice.
    ///
    /// # Safety
    /// As [`Forward::filters`], and there are at least `P` columns.
    #[inline(always)]
    unsafe fn convolve_columns<S: Simd, const G: usize, const P: usize>(
        &self,
        s: S,
        group: usize,
        from: *const f32,
        to: *mut f32,
    ) {
        let columns = self.block.seen()[1];
        let vectors = (self.taps.len() + 1) * S::LANES;
        // SAFETY: the caller's promise; the packed weights hold all vectors of each group.
        unsafe {
            let packed = self.packed.as_ptr().add(group * vectors);
            for block in 0..columns.div_ceil(P) {
                let first = (block * P).min(columns - P);
                let mut sums = [[s.splat(0.0); G]; P];
                for sums in &mut sums {
                    for (member, sum) in sums.iter_mut().enumerate() {
                        *sum = s.load(packed.add(member * vectors));
                    }
                }
                for (tap, &offset) in self.taps.iter().enumerate() {
                    let mut weights = [s.splat(0.0); G];
                    for (member, weight) in weights.iter_mut().enumerate() {
                        *weight = s.load(packed.add(member * vectors + (tap + 1) * S::LANES));
                    }
                    let pixels = from.add(offset + first);
                    for (column, sums) in sums.iter_mut().enumerate() {
                        let pixel = s.splat(*pixels.add(column));
                        for (sum, &weight) in sums.iter_mut().zip(&weights) {
                            *sum = s.mul_add(pixel, weight, *sum);
                        }
                    }
                }
                for (column, sums) in sums.iter().enumerate() {
                    for (member, &sum) in sums.iter().enumerate() {
                        s.store(to.add(((first + column) * G + member) * S::LANES), sum);
                    }
                }
            }
        }
    }

    /// Activation, pooling and dropout of the rows that one row of the output sees.
    ///
    /// # Safety
    /// As [`Forward::filters`].
    #[inline(always)]
    unsafe fn pool_row<S: Simd, const MAX: bool, const G: usize>(&self, s: S, strip: &Strip, row: usize) {
        let block = self.block;
        let [_, output_columns] = block.output();
        let [_, columns] = block.seen();
        let [window_rows, window_columns] = block.window;
        let outputs = block.outputs();
        let groups = block.filters.div_ceil(S::LANES);
        let zero = s.splat(0.0);
        let fraction = s.splat(1.0 / block.cells() as f32);
        for column in 0..output_columns {
            let output = row * output_columns + column;
            for member in 0..G {
                // SAFETY: the caller's promise.
                unsafe {
                    let first = strip.rows.add((column * window_columns * G + member) * S::LANES);
                    let mut value = zero;
                    let mut route = s.splat_int(0);
                    for cell_row in 0..window_rows {
                        for cell_column in 0..window_columns {
                            let cell = cell_row * window_columns + cell_column;
                            let seen = s.load(first.add((cell_row * columns + cell_column) * G * S::LANES));
                            let bit = s.splat_int(1 << cell);
                            if MAX {
                                let better = s.or(s.gt(seen, value), s.is_nan(seen));
                                value = if cell == 0 { seen } else { s.select(better, seen, value) };
                                route = if cell == 0 { bit } else { s.select_int(better, bit, route) };
                            } else {
                                let alive = s.or(s.gt(seen, zero), s.is_nan(seen));
                                let (seen, bit) = if block.relu {
                                    (s.select(alive, seen, zero), s.select_int(alive, bit, s.splat_int(0)))
                                } else {
                                    (seen, bit)
                                };
                                value = s.add(value, seen);
                                route = s.or_int(route, bit);
                            }
                        }
                    }
                    if MAX && block.relu {
                        // The greatest of the activations is the activation of the greatest.
                        let alive = s.or(s.gt(value, zero), s.is_nan(value));
                        value = s.select(alive, value, zero);
                        route = s.select_int(alive, route, s.splat_int(0));
                    }
                    if !MAX {
                        value = s.mul(value, fraction);
                    }
                    if let Some((mask, scale)) = self.keep {
                        let number = (strip.image * outputs + output) * block.filters
                            + (strip.group + member) * S::LANES;
                        let kept = s.mask(mask.sixteen(number));
                        value = s.select(kept, s.mul(value, s.splat(scale)), zero);
                        route = s.select_int(kept, route, s.splat_int(0));
                    }
                    s.store(strip.pooled.add((member * outputs + output) * S::LANES), value);
                    if !self.routes.is_empty() {
                        let vector = (strip.image * groups + strip.group + member) * outputs + output;
                        s.store_bytes(self.routes.at(vector * S::LANES), route);
                    }
                }
            }
        }
    }
}
