//! From the gradient of the output to those of weights and biases.

#![expect(unsafe_code, reason = "vectors are read and written in place, by several threads")]

use std::ops::Range;

use super::{ConvPool, ConvPoolReduce, SliceLengths};
use crate::isa::{Isa, Kernel};
use crate::memory::{OutOfMemory, Scratch, scratch_length};
use crate::panel::gather_planes;
use crate::simd::Simd;
use crate::sum::{Total, add_rows};
use crate::threads::{DisjointSlices, SharedOutcome, Threads};

/// The slices that a backward pass reads and writes. The images have no gradient: they are data.
#[derive(Debug)]
pub struct ConvPoolGradients<'a> {
    /// `[N, C, H, W]`, the same as forward.
    pub images: &'a [f32],
    /// The routes that the forward pass wrote with the same instruction set.
    pub routes: &'a [u8],
    /// The factor of values that dropout kept, 1 without dropout.
    pub scale: f32,
    /// Gradient of the output, `[N, filters, output...]`.
    pub output: &'a [f32],
    /// `[filters, C, kernel...]`, written whole.
    pub weight: &'a mut [f32],
    /// `[filters]`, written whole.
    pub bias: &'a mut [f32],
}

/// The images of a group, whose gradients are summed together. The sums of the groups are added in order, so that the result
/// does not depend on the number of threads.
const IMAGES: usize = 8;

/// The outputs whose part of the biases' gradients is summed before it is added to the others. Longer sums lose digits
/// (`sum.rs`), and shorter ones take more time.
const OUTPUTS_OF_BLOCK: usize = 8;
/// The cells whose part of the weights' gradients is summed in registers before it is added to the others.
const CELLS_OF_BLOCK: usize = 96;
/// The cells of a band of rows, whose sums are added to the others together with what that rounds off.
const CELLS_OF_BAND: usize = 16 * CELLS_OF_BLOCK;

impl ConvPool {
    /// Computes the gradients of weights and biases.
    ///
    /// # Errors
    /// Not enough memory for the gradients of a plane, and for those of the weights of each group of images.
    ///
    /// # Panics
    /// A block that is not possible, or slices of other lengths than those of the block.
    pub fn backward(
        &self,
        isa: Isa,
        threads: &dyn Threads,
        data: ConvPoolGradients<'_>,
    ) -> Result<(), OutOfMemory> {
        let ConvPoolGradients { images, routes, scale, output, weight, bias } = data;
        let lengths = SliceLengths {
            images: images.len(),
            weight: weight.len(),
            bias: bias.len(),
            output: output.len(),
            routes: routes.len(),
        };
        let count = self.check_lengths(isa, lengths);
        assert!(count == 0 || !routes.is_empty(), "bytes of the routes");

        let taps = self.taps()?;
        let lanes = isa.lanes();
        // For each vector of filters: the gradients of the biases, then of the weights of each tap.
        let sums = scratch_length(&[self.filters.div_ceil(lanes), taps.len() + 1, lanes]);
        let groups = count.div_ceil(IMAGES);
        let mut scratch = Scratch::take();
        let [partial] = scratch.split([scratch_length(&[groups.max(1), sums])])?;
        partial[..sums].fill(0.0);
        let (parts, outcome) = (DisjointSlices::new(partial), SharedOutcome::default());
        threads.parallel_for(groups, 1, &|range| {
            for group in range {
                // SAFETY: no two threads have a group of images in common.
                let sums = unsafe { parts.part(group * sums..(group + 1) * sums) };
                sums.fill(0.0);
                let range = group * IMAGES..((group + 1) * IMAGES).min(count);
                let taps = &taps[..];
                outcome.record(isa.run(Backward {
                    block: self,
                    images,
                    routes,
                    scale,
                    output,
                    taps,
                    sums,
                    range,
                }));
            }
        });
        outcome.into_result()?;
        let (first, others) = partial[..groups.max(1) * sums].split_at_mut(sums);
        add_rows(first, others);
        self.unpack(lanes, first, weight, bias);
        Ok(())
    }

    /// Takes the filters out of their vectors.
    fn unpack(&self, lanes: usize, sums: &[f32], weight: &mut [f32], bias: &mut [f32]) {
        let taps = weight.len() / self.filters;
        for filter in 0..self.filters {
            let vectors = &sums[filter / lanes * (taps + 1) * lanes..][..(taps + 1) * lanes];
            bias[filter] = vectors[filter % lanes];
            for (tap, weight) in weight[filter * taps..][..taps].iter_mut().enumerate() {
                *weight = vectors[(tap + 1) * lanes + filter % lanes];
            }
        }
    }
}

struct Backward<'a> {
    block: &'a ConvPool,
    images: &'a [f32],
    routes: &'a [u8],
    scale: f32,
    output: &'a [f32],
    taps: &'a [usize],
    sums: &'a mut [f32],
    range: Range<usize>,
}

impl Kernel for Backward<'_> {
    type Output = Result<(), OutOfMemory>;

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> Self::Output {
        let block = self.block;
        let outputs = block.outputs();
        let [rows, columns] = block.seen();
        let mut scratch = Scratch::take();
        let groups = block.filters.div_ceil(S::LANES);
        let vectors = (self.taps.len() + 1) * S::LANES;
        let [pooled, spread, band, lost] = scratch.split([
            scratch_length(&[outputs, S::LANES]),
            scratch_length(&[rows, columns, S::LANES]),
            vectors,
            scratch_length(&[groups, vectors]),
        ])?;
        band.fill(0.0);
        lost.fill(0.0);
        let rows_of_band = (CELLS_OF_BAND / columns.max(1)).max(1);
        for image in self.range.clone() {
            for group in 0..groups {
                let first = group * S::LANES;
                let planes = S::LANES.min(block.filters - first);
                // SAFETY: `ConvPool::check_lengths` has counted all numbers, and the scratch memory has room for a panel of
                // the output and one of the cells that windows see.
                unsafe {
                    let gradient = self.output.as_ptr().add((image * block.filters + first) * outputs);
                    gather_planes(s, gradient, planes, outputs, pooled.as_mut_ptr());
                    let routes = self.routes.as_ptr().add((image * groups + group) * outputs * S::LANES);
                    let [sums, lost] =
                        [self.sums.as_mut_ptr(), lost.as_mut_ptr()].map(|all| all.add(group * vectors));
                    self.spread(s, pooled.as_ptr(), routes, spread.as_mut_ptr(), [sums, lost]);
                    let image = self.images.as_ptr().add(image * block.numbers());
                    for first in (0..rows).step_by(rows_of_band) {
                        let rows = first..rows.min(first + rows_of_band);
                        self.correlate(s, image, rows, spread.as_ptr(), band.as_mut_ptr());
                        for vector in (S::LANES..vectors).step_by(S::LANES) {
                            let of_band = band.as_mut_ptr().add(vector - S::LANES);
                            Total::add_in_place(s, sums.add(vector), lost.add(vector), s.load(of_band));
                            s.store(of_band, s.splat(0.0));
                        }
                    }
                }
            }
        }
        for vector in (0..groups * vectors).step_by(S::LANES) {
            // SAFETY: both hold a vector for each filter and tap of every group.
            unsafe { Total::settle(s, self.sums.as_mut_ptr().add(vector), lost.as_ptr().add(vector)) }
        }
        Ok(())
    }
}

impl Backward<'_> {
    /// Computes the gradient of the cells that windows see from that of the output, and adds its sum to that of the biases.
    ///
    /// # Safety
    /// `pooled` and `routes` hold a vector per output, `to` has room for one per cell, and `sum` and `lost` for one each.
    #[inline(always)]
    unsafe fn spread<S: Simd>(
        &self,
        s: S,
        pooled: *const f32,
        routes: *const u8,
        to: *mut f32,
        [sum, lost]: [*mut f32; 2],
    ) {
        let block = self.block;
        let [output_rows, output_columns] = block.output();
        let [_, columns] = block.seen();
        let [window_rows, window_columns] = block.window;
        let factor = match block.reduce {
            ConvPoolReduce::Max => self.scale,
            ConvPoolReduce::Mean => self.scale / block.cells() as f32,
        };
        let (factor, zero) = (s.splat(factor), s.splat(0.0));
        // SAFETY: the caller's promise.
        unsafe {
            for row in 0..output_rows {
                for first in (0..output_columns).step_by(OUTPUTS_OF_BLOCK) {
                    let mut of_block = zero;
                    for column in first..output_columns.min(first + OUTPUTS_OF_BLOCK) {
                        let output = (row * output_columns + column) * S::LANES;
                        let gradient = s.mul(s.load(pooled.add(output)), factor);
                        let route = s.load_bytes(routes.add(output));
                        for cell_row in 0..window_rows {
                            for cell_column in 0..window_columns {
                                let bit = s.splat_int(1 << (cell_row * window_columns + cell_column));
                                let value = s.select(s.test(route, bit), gradient, zero);
                                let cell = (row * window_rows + cell_row) * columns
                                    + column * window_columns
                                    + cell_column;
                                s.store(to.add(cell * S::LANES), value);
                                of_block = s.add(of_block, value);
                            }
                        }
                    }
                    Total::add_in_place(s, sum, lost, of_block);
                }
            }
        }
    }

    /// Adds the products of gradients and pixels in some rows, for each tap.
    ///
    /// # Safety
    /// The image is one of the block, `spread` holds a vector per cell, and `sums` one per tap.
    #[inline(always)]
    unsafe fn correlate<S: Simd>(
        &self,
        s: S,
        image: *const f32,
        rows: Range<usize>,
        spread: *const f32,
        sums: *mut f32,
    ) {
        let mut tap = 0;
        while tap < self.taps.len() {
            let taps = &self.taps[tap..];
            // SAFETY: the caller's promise; as many taps are left.
            unsafe {
                let sums = sums.add(tap * S::LANES);
                tap += match taps.len() {
                    25.. if S::ACCUMULATORS >= 25 => self.taps::<S, 25>(s, taps, image, &rows, spread, sums),
                    12.. if S::ACCUMULATORS >= 12 => self.taps::<S, 12>(s, taps, image, &rows, spread, sums),
                    9.. if S::ACCUMULATORS >= 9 => self.taps::<S, 9>(s, taps, image, &rows, spread, sums),
                    5.. => self.taps::<S, 5>(s, taps, image, &rows, spread, sums),
                    3.. => self.taps::<S, 3>(s, taps, image, &rows, spread, sums),
                    _ => self.taps::<S, 1>(s, taps, image, &rows, spread, sums),
                };
            }
        }
    }

    /// The first `T` of `taps`. Returns their number.
    ///
    /// # Safety
    /// As [`Backward::correlate`], and there are at least `T` taps.
    #[inline(always)]
    unsafe fn taps<S: Simd, const T: usize>(
        &self,
        s: S,
        taps: &[usize],
        image: *const f32,
        rows: &Range<usize>,
        spread: *const f32,
        sums: *mut f32,
    ) -> usize {
        let [_, _, width] = self.block.input;
        let [_, columns] = self.block.seen();
        let mut offsets = [0; T];
        offsets.copy_from_slice(&taps[..T]);
        // SAFETY: the caller's promise; a tap of a cell lies in the image.
        unsafe {
            let mut totals = [s.splat(0.0); T];
            let mut left = CELLS_OF_BLOCK;
            for row in rows.clone() {
                let mut first = 0;
                while first < columns {
                    let end = columns.min(first + left);
                    for column in first..end {
                        let gradient = s.load(spread.add((row * columns + column) * S::LANES));
                        let pixel = image.add(row * width + column);
                        for (total, &offset) in totals.iter_mut().zip(&offsets) {
                            *total = s.mul_add(gradient, s.splat(*pixel.add(offset)), *total);
                        }
                    }
                    left -= end - first;
                    first = end;
                    if left == 0 || (first == columns && row + 1 == rows.end) {
                        left = CELLS_OF_BLOCK;
                        for (index, total) in totals.iter_mut().enumerate() {
                            let sum = sums.add(index * S::LANES);
                            s.store(sum, s.add(s.load(sum), *total));
                            *total = s.splat(0.0);
                        }
                    }
                }
            }
        }
        T
    }
}
