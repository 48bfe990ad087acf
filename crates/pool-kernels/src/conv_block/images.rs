//! Images on their way through a block: copied with their border, convolved, and finished.

#![expect(unsafe_code, reason = "several threads write to one output")]

use std::ops::Range;

use super::ConvBlock;
use super::border::Border;
use super::ending::{Cells, Ending, Outputs};
use super::operands::{Form, Operands, ProductKernel};
use super::plan::Plan;
use super::products::Places;
use super::statistics::FIGURES;
use super::winograd::{in_tiles, seen_by_tiles};
use crate::isa::{Isa, Kernel};
use crate::memory::{OutOfMemory, Scratch, scratch_length};
use crate::panel::Layout;
use crate::simd::Simd;
use crate::threads::{DisjointSlices, SharedOutcome, Threads};

impl ConvBlock {
    /// The rows of the output that are computed before the next ones: few, so that their convolution stays in the cache, and
    /// enough to fill registers.
    fn band_rows(&self, form: Form) -> usize {
        let [_, columns] = self.convolved();
        if self.is_in_tiles(form) {
            // Rows of tiles do not lie across bands.
            let rows = TILED_BAND_PIXELS.div_ceil(self.window[0] * columns);
            return if self.window[0].is_multiple_of(2) { rows } else { rows.next_multiple_of(2) };
        }
        BAND_PIXELS.div_ceil(self.window[0] * columns)
    }

    /// The rows of the padded input that these rows of the output see. For all of them it is the whole input: rows of the
    /// convolution that no window takes may be computed, too.
    fn rows_seen(&self, form: Form, rows: Range<usize>) -> Range<usize> {
        let ([axis, _], [all, _]) = (&self.axes, self.output());
        let [whole, _] = self.rows_and_columns_seen(form);
        if rows == (0..all) {
            return 0..whole;
        }
        let reach = (axis.size - 1) * axis.dilation;
        let [first, end] = [rows.start, rows.end].map(|row| row * self.window[0] * axis.stride);
        let end = if self.is_in_tiles(form) { in_tiles(end) } else { end };
        first..(end + reach).min(whole)
    }

    /// What windows see of an image.
    pub(super) fn input_border(&self, form: Form) -> Border {
        Border {
            image: self.axes.map(|axis| axis.input),
            before: self.axes.map(|axis| axis.before),
            copy: self.rows_and_columns_seen(form),
            channels: self.channels,
            form,
        }
    }

    /// Rows and columns of an image with its border. Tiles that lie partly outside of the output see zeros beyond it.
    fn rows_and_columns_seen(&self, form: Form) -> [usize; 2] {
        if self.is_in_tiles(form) {
            self.convolved().map(seen_by_tiles)
        } else {
            self.axes.map(|axis| axis.padded())
        }
    }

    /// The vectors of an image's convolution that lies at `start` without a border.
    pub(super) fn cells_at<S: Simd>(&self, _: S, start: *mut f32) -> Cells {
        let [_, columns] = self.convolved();
        let pixel = self.filters.next_multiple_of(S::LANES);
        Cells { start, row: columns * pixel, pixel }
    }
}

/// The most numbers of an image with its border of which every thread has a copy: 4 MiB.
const MOST_SHARED: usize = 1 << 20;

/// The fewest multiply-adds of an image that is shared: it takes longer than waking other threads, and waiting for them.
const LEAST_SHARED: usize = if cfg!(miri) { 1 } else { 1 << 22 };

/// The pixels of a band at least.
const BAND_PIXELS: usize = 96;
/// The same in tiles, of which each has four.
const TILED_BAND_PIXELS: usize = 192;

/// The convolution of images.
pub(super) struct Convolution<'a> {
    pub(super) block: &'a ConvBlock,
    pub(super) form: Form,
    pub(super) plan: &'a Plan,
    pub(super) packed: &'a [f32],
    pub(super) start: &'a [f32],
    pub(super) input: &'a [f32],
}

impl Convolution<'_> {
    /// All of a block without batch normalisation, of so many images.
    pub(super) fn whole(
        &self,
        isa: Isa,
        threads: &dyn Threads,
        count: usize,
        finish: &Finish<'_>,
    ) -> Result<(), OutOfMemory> {
        let outcome = SharedOutcome::default();
        let run = |images: Range<usize>, rows: Range<usize>| {
            outcome.record(self.form.run(isa, Whole { convolution: self, finish, images, rows }));
        };
        let ([rows, _], band) = (self.block.output(), self.block.band_rows(self.form));
        // A single image is shared by its rows, but not where they go through one panel, where each thread's copy of the image, of
        // which it fills the rows that it needs, would be large, or where there is little to do.
        let copies_are_small = self.border().room() <= MOST_SHARED;
        let is_shared = count == 1
            && finish.layout == Layout::ChannelsLast
            && copies_are_small
            && self.block.multiply_adds() >= LEAST_SHARED;
        if is_shared && self.block.images_at_once() == 1 {
            threads.parallel_for(rows.div_ceil(band), 1, &|bands| {
                run(0..1, bands.start * band..rows.min(bands.end * band));
            });
        } else {
            threads.parallel_for(count, 1, &|images| run(images, 0..rows));
        }
        outcome.into_result()
    }

    fn border(&self) -> Border {
        self.block.input_border(self.form)
    }

    /// # Safety
    /// The images are some of the input. `copy` has room for them with their border, if they have one.
    #[inline(always)]
    unsafe fn images<S: Simd>(
        &self,
        s: S,
        operands: impl Operands<S>,
        (images, rows): (&Range<usize>, Range<usize>),
        copy: *mut f32,
    ) -> *const f32 {
        // SAFETY: the caller's promise.
        unsafe {
            let from = self.input.as_ptr().add(images.start * self.block.input_numbers());
            let rows = self.block.rows_seen(self.form, rows);
            self.border().copied(s, operands, (images.len(), rows), from, copy)
        }
    }

    /// These rows of the convolution of so many images, which [`Convolution::images`] gave: of one image, or all rows.
    ///
    /// # Safety
    /// `to` has room for all vectors of these rows, and `room` is [`Plan::room`].
    #[inline(always)]
    unsafe fn rows<S: Simd>(
        &self,
        s: S,
        operands: impl Operands<S>,
        (from, images, rows): (*const f32, usize, Range<usize>),
        to: Cells,
        room: *mut f32,
    ) {
        let packed = self.packed.as_ptr();
        let places = Places { packed, start: self.start, from, to: to.start, width: to.pixel };
        // SAFETY: the caller's promise; what is seen lies in the images with their border.
        unsafe { self.plan.run(s, operands, (images, rows), places, room) }
    }
}

/// What follows the convolution.
pub(super) struct Finish<'a> {
    pub(super) ending: Ending<'a>,
    pub(super) output: &'a DisjointSlices<'a, f32>,
    pub(super) layout: Layout,
    pub(super) routes: &'a DisjointSlices<'a, u8>,
}

impl Finish<'_> {
    /// Numbers of a panel.
    fn panel<S: Simd>(&self, _: S) -> usize {
        self.ending.block.panel(self.layout, S::LANES)
    }

    /// Where the outputs and routes of an image are written.
    ///
    /// # Safety
    /// The image is one of the batch, and nobody else writes to the rows that are written. `panel` has room for a panel.
    #[inline(always)]
    unsafe fn image<S: Simd>(&self, _: S, image: usize, panel: *mut f32) -> Image {
        let block = self.ending.block;
        let to = self.output.at(image * block.output_numbers());
        let bytes = block.output_vectors(S::LANES);
        let routes = match self.routes.is_empty() {
            true => std::ptr::null_mut(),
            false => self.routes.at(image * bytes),
        };
        // SAFETY: the caller's promise; `ConvBlock::check_lengths` has counted all numbers.
        let outputs = unsafe { Outputs::of::<S>(block, self.layout, to, panel) };
        Image { number: image, to, outputs, routes }
    }

    /// Some rows of an image's output, from the cells that they see.
    ///
    /// # Safety
    /// The rows of the cells can be read.
    #[inline(always)]
    unsafe fn rows<S: Simd>(&self, s: S, image: &Image, rows: Range<usize>, cells: Cells) {
        // SAFETY: the caller's promise, and that of [`Finish::image`].
        unsafe { self.ending.forward(s, (image.number, rows), cells, image.outputs, image.routes) }
    }

    /// Brings an image's output to where it belongs, once all rows are there.
    #[inline(always)]
    fn end<S: Simd>(&self, s: S, image: &Image) {
        // SAFETY: the promise of [`Finish::image`].
        unsafe { image.outputs.scatter(s, self.ending.block, self.layout, image.to) }
    }
}

/// An image whose output is written.
struct Image {
    number: usize,
    to: *mut f32,
    outputs: Outputs,
    routes: *mut u8,
}

/// These rows of the output of these images: all rows, where there are several images at once.
struct Whole<'a> {
    convolution: &'a Convolution<'a>,
    finish: &'a Finish<'a>,
    images: Range<usize>,
    rows: Range<usize>,
}

impl ProductKernel for Whole<'_> {
    type Output = Result<(), OutOfMemory>;

    #[inline(always)]
    fn run<S: Simd, O: Operands<S>>(self, s: S, operands: O) -> Self::Output {
        let Self { convolution, finish, images: range, rows } = self;
        let block = convolution.block;
        let mut scratch = Scratch::take();
        let [all_rows, _] = block.convolved();
        let row = block.cells_at(s, std::ptr::null_mut()).row;
        let at_once = block.images_at_once();
        // The cells of a band of one image, or of several small images.
        let (band_rows, cell_numbers) = (block.band_rows(convolution.form), block.cell_numbers(S::LANES));
        let band = match at_once {
            1 => scratch_length(&[band_rows, block.window[0], row]),
            _ => scratch_length(&[at_once, cell_numbers]),
        };
        let copies = scratch_length(&[at_once, convolution.border().room()]);
        let lengths = [copies, band, finish.panel(s), convolution.plan.room()];
        let [copy, band, panel, room] = scratch.split(lengths)?.map(<[f32]>::as_mut_ptr);
        for first in range.clone().step_by(at_once) {
            let images = first..range.end.min(first + at_once);
            // SAFETY: the scratch memory has room for the images, their cells or a band of one, and a panel; no two threads
            // have a row of an image's output in common.
            unsafe {
                let from = convolution.images(s, operands, (&images, rows.clone()), copy);
                if at_once > 1 {
                    let from = (from, images.len(), 0..all_rows);
                    convolution.rows(s, operands, from, block.cells_at(s, band), room);
                }
                for (index, image) in images.enumerate() {
                    let image = finish.image(s, image, panel);
                    if at_once > 1 {
                        let cells = block.cells_at(s, band.add(index * cell_numbers));
                        finish.rows(s, &image, rows.clone(), cells);
                    } else {
                        for first in rows.clone().step_by(band_rows) {
                            let end = rows.end.min(first + band_rows);
                            let seen = first * block.window[0]..end * block.window[0];
                            // Row 0 would lie before the band by as many rows as the band's first one.
                            let cells = block.cells_at(s, band.wrapping_sub(seen.start * row));
                            convolution.rows(s, operands, (from, 1, seen), cells, room);
                            finish.rows(s, &image, first..end, cells);
                        }
                    }
                    finish.end(s, &image);
                }
            }
        }
        Ok(())
    }
}

/// The convolution of images, and the statistics of each.
pub(super) struct Convolve<'a> {
    pub(super) convolution: &'a Convolution<'a>,
    pub(super) convolved: &'a DisjointSlices<'a, f32>,
    pub(super) figures: &'a DisjointSlices<'a, f32>,
    pub(super) range: Range<usize>,
}

impl ProductKernel for Convolve<'_> {
    type Output = Result<(), OutOfMemory>;

    #[inline(always)]
    fn run<S: Simd, O: Operands<S>>(self, s: S, operands: O) -> Self::Output {
        let Self { convolution, convolved, figures, range } = self;
        let block = convolution.block;
        let mut scratch = Scratch::take();
        let at_once = block.images_at_once();
        let copies = scratch_length(&[at_once, convolution.border().room()]);
        let [copy, room] = scratch.split([copies, convolution.plan.room()])?.map(<[f32]>::as_mut_ptr);
        let cell_numbers = block.cell_numbers(S::LANES);
        for first in range.clone().step_by(at_once) {
            let images = first..range.end.min(first + at_once);
            // SAFETY: the scratch memory has room for the images; no two threads have an image in common.
            unsafe {
                let rows = 0..block.output()[0];
                let from = convolution.images(s, operands, (&images, rows), copy);
                let cells = block.cells_at(s, convolved.at(first * cell_numbers));
                let from = (from, images.len(), 0..block.convolved()[0]);
                convolution.rows(s, operands, from, cells, room);
                for image in images {
                    let cells = block.cells_at(s, convolved.at(image * cell_numbers));
                    block.image_statistics(s, cells, figures.at(image * FIGURES * cells.pixel));
                }
            }
        }
        Ok(())
    }
}

/// From the convolution of images to the output.
pub(super) struct Normalize<'a> {
    pub(super) finish: &'a Finish<'a>,
    pub(super) convolved: &'a DisjointSlices<'a, f32>,
    pub(super) range: Range<usize>,
}

impl Kernel for Normalize<'_> {
    type Output = Result<(), OutOfMemory>;

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> Self::Output {
        let Self { finish, convolved, range } = self;
        let block = finish.ending.block;
        let mut scratch = Scratch::take();
        let [panel] = scratch.split([finish.panel(s)])?;
        for image in range {
            let cells = block.cells_at(s, convolved.at(image * block.cell_numbers(S::LANES)));
            // SAFETY: the scratch memory has room for a panel; no two threads have an image in common.
            unsafe {
                let image = finish.image(s, image, panel.as_mut_ptr());
                finish.rows(s, &image, 0..block.output()[0], cells);
                finish.end(s, &image);
            }
        }
        Ok(())
    }
}
