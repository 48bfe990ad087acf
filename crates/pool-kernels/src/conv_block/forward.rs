//! From images to the block's output.

#![expect(unsafe_code, reason = "several threads write to one output")]

use std::ops::Range;

use super::border::Border;
use super::ending::{Cells, Ending, Outputs};
use super::operands::{Form, Operands, ProductKernel};
use super::passes::Frame;
use super::products::{Packing, Pass, Places};
use super::statistics::{FIGURES, of_batch};
use super::{ConvBlock, SliceLengths};
use crate::dropout::KeepMask;
use crate::isa::{Isa, Kernel};
use crate::memory::{OutOfMemory, Scratch, scratch_length};
use crate::panel::Layout;
use crate::simd::Simd;
use crate::threads::{DisjointSlices, SharedOutcome, Threads};

/// The slices that a forward pass reads and writes.
#[derive(Debug)]
pub struct ConvBlockForward<'a> {
    /// `[N, height, width, C]`.
    pub input: &'a [f32],
    /// `[filters, C, kernel...]`.
    pub weight: &'a [f32],
    /// `[filters]`, if there are biases.
    pub bias: Option<&'a [f32]>,
    /// Batch normalisation between convolution and activation, if there is one.
    pub norm: Option<BatchNormForward<'a>>,
    /// The mask of dropout, whose numbers are `[N, output..., filters]`, and the factor of kept values. `None` drops nothing.
    pub keep: Option<(&'a KeepMask, f32)>,
    /// `[N, filters, output...]` or `[N, output..., filters]`, as `layout` says.
    pub output: &'a mut [f32],
    /// How the output lies.
    pub layout: Layout,
    /// The routes for the backward pass; empty if there is none.
    pub routes: &'a mut [u8],
}

/// Normalisation with the statistics of the batch.
#[derive(Debug)]
pub struct BatchNormForward<'a> {
    /// What normalised values are multiplied with, `[filters]`, if they are.
    pub weight: Option<&'a [f32]>,
    /// What is added then, `[filters]`.
    pub bias: &'a [f32],
    /// What is added to a variance.
    pub epsilon: f64,
    /// The convolution's output, as [`ConvBlock::convolved_numbers`] counts it, for the backward pass.
    pub convolved: &'a mut [f32],
    /// The mean of each channel, `[filters]`.
    pub mean: &'a mut [f32],
    /// The variance of each channel, `[filters]`: the mean squared distance from the mean.
    pub variance: &'a mut [f32],
}

impl ConvBlock {
    /// Computes the block's output, and the routes. It does not depend on the number of threads.
    ///
    /// # Errors
    /// Not enough memory for the weights, or for an image with its border and its convolution.
    ///
    /// # Panics
    /// A block that is not possible, or slices of other lengths than those of the block.
    pub fn forward(
        &self,
        isa: Isa,
        threads: &dyn Threads,
        data: ConvBlockForward<'_>,
    ) -> Result<(), OutOfMemory> {
        let ConvBlockForward { input, weight, bias, norm, keep, output, layout, routes } = data;
        self.check_weights(weight.len());
        let lengths = SliceLengths { input: input.len(), output: output.len(), routes: routes.len() };
        let count = self.check_lengths(isa, lengths);
        assert!(keep.is_none_or(|(mask, _)| mask.len() == output.len()), "numbers of the mask");
        assert!(bias.is_none_or(|bias| bias.len() == self.filters), "biases");
        if let Some(norm) = &norm {
            let lengths = [norm.bias.len(), norm.mean.len(), norm.variance.len()];
            assert_eq!(lengths, [self.filters; 3], "figures of the channels");
            assert!(norm.weight.is_none_or(|weight| weight.len() == self.filters), "factors");
            assert_eq!(norm.convolved.len(), self.convolved_numbers(isa, count), "the convolution's output");
        }

        let row = self.filters_in_vectors(isa);
        let form = Form::of(self.precision, isa);
        let pass = self.whole_forward_pass(isa, form)?;
        let figures = norm.as_ref().map_or(0, |_| scratch_length(&[count, FIGURES, row]));
        let mut scratch = Scratch::take();
        let [packed, start, figures, factor, summand] =
            scratch.split([self.packed_numbers(isa, &pass), row, figures, row, row])?;
        self.pack(isa, form, &pass, (weight, bias), (packed, start));
        let convolution = Convolution { block: self, form, pass: &pass, packed, start, input };
        let mut ending = Ending { block: self, affine: None, keep };
        let (output, routes) = (DisjointSlices::new(output), DisjointSlices::new(routes));
        let finish = |ending| Finish { ending, output: &output, layout, routes: &routes };
        let Some(norm) = norm else {
            return convolution.whole(isa, threads, count, &finish(ending));
        };
        let outcome = SharedOutcome::default();
        let (convolved, parts) = (DisjointSlices::new(norm.convolved), DisjointSlices::new(figures));
        threads.parallel_for(count, 1, &|range| {
            let (convolution, convolved, figures) = (&convolution, &convolved, &parts);
            outcome.record(form.run(isa, Convolve { convolution, convolved, figures, range }));
        });
        outcome.into_result()?;
        let pixels = self.convolved().iter().product();
        factor.fill(0.0);
        summand.fill(0.0);
        for channel in 0..self.filters {
            let (mean, variance) = of_batch(figures, row, pixels, channel);
            let weight = norm.weight.map_or(1.0, |weight| f64::from(weight[channel]));
            let scale = weight / (variance + norm.epsilon).sqrt();
            (norm.mean[channel], norm.variance[channel]) = (mean as f32, variance as f32);
            (factor[channel], summand[channel]) =
                (scale as f32, (f64::from(norm.bias[channel]) - mean * scale) as f32);
        }
        ending.affine = Some([factor, summand]);
        let outcome = SharedOutcome::default();
        let finish = finish(ending);
        threads.parallel_for(count, 1, &|range| {
            outcome.record(isa.run(Normalize { finish: &finish, convolved: &convolved, range }));
        });
        outcome.into_result()
    }

    /// The pass of the convolution, whose output has no border.
    pub(super) fn whole_forward_pass(&self, isa: Isa, form: Form) -> Result<Pass, OutOfMemory> {
        let [_, columns] = self.convolved();
        let pixel = self.filters_in_vectors(isa);
        self.forward_pass(form, Frame { image: self.cell_numbers(isa.lanes()), columns, pixel }, [0; 2])
    }

    /// The numbers of the weights of a forward pass.
    pub(super) fn packed_numbers(&self, isa: Isa, pass: &Pass) -> usize {
        Packing::of(isa, self.filters).numbers(pass.entries.len())
    }

    /// Lays weights out for a forward pass, and biases in whole vectors.
    pub(super) fn pack(
        &self,
        isa: Isa,
        form: Form,
        pass: &Pass,
        (weight, bias): (&[f32], Option<&[f32]>),
        (packed, start): (&mut [f32], &mut [f32]),
    ) {
        let taps = self.taps();
        Packing::of(isa, self.filters).pack(
            pass,
            (form, self.channels),
            |filter, channel, tap| weight[(filter * self.channels + channel) * taps + tap],
            packed,
        );
        start.fill(0.0);
        if let Some(bias) = bias {
            start[..bias.len()].copy_from_slice(bias);
        }
    }

    /// The rows of the output that are computed before the next ones: few, so that their convolution stays in the cache, and
    /// enough to fill registers.
    fn band_rows(&self) -> usize {
        let [_, columns] = self.convolved();
        BAND_PIXELS.div_ceil(self.window[0] * columns)
    }

    /// The rows of the padded input that these rows of the output see. For all of them it is the whole input: rows of the
    /// convolution that no window takes may be computed, too.
    fn rows_seen(&self, rows: Range<usize>) -> Range<usize> {
        let ([axis, _], [all, _]) = (&self.axes, self.output());
        if rows == (0..all) {
            return 0..axis.padded();
        }
        let reach = (axis.size - 1) * axis.dilation;
        let [first, end] = [rows.start, rows.end].map(|row| row * self.window[0] * axis.stride);
        first..(end + reach).min(axis.padded())
    }

    /// What windows see of an image.
    pub(super) fn input_border(&self, form: Form) -> Border {
        Border {
            image: self.axes.map(|axis| axis.input),
            before: self.axes.map(|axis| axis.before),
            copy: self.axes.map(|axis| axis.padded()),
            channels: self.channels,
            form,
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

/// The pixels of a band at least.
const BAND_PIXELS: usize = 96;

/// The convolution of images.
pub(super) struct Convolution<'a> {
    pub(super) block: &'a ConvBlock,
    pub(super) form: Form,
    pub(super) pass: &'a Pass,
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
        let ([rows, _], band) = (self.block.output(), self.block.band_rows());
        // A single image is shared by its rows, but not where they go through one panel, nor where each thread's copy of the
        // image, of which it fills the rows that it needs, would be large.
        let copies_are_small = self.border().room() <= MOST_SHARED;
        let is_shared = count == 1 && finish.layout == Layout::ChannelsLast && copies_are_small;
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
            self.border().copied(s, operands, (images.len(), self.block.rows_seen(rows)), from, copy)
        }
    }

    /// The convolution of some pixels of what [`Convolution::images`] gave.
    ///
    /// # Safety
    /// `to` has room for all vectors of these pixels.
    #[inline(always)]
    unsafe fn pixels<S: Simd>(
        &self,
        s: S,
        operands: impl Operands<S>,
        (from, pixels): (*const f32, Range<usize>),
        to: Cells,
    ) {
        let packed = self.packed.as_ptr();
        let places = Places { packed, start: self.start, from, to: to.start, width: to.pixel };
        // SAFETY: the caller's promise; the pass lies in the images with their border.
        unsafe { self.pass.run(s, operands, pixels, to.pixel / S::LANES, places) }
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
        let [_, columns] = block.convolved();
        let row = block.cells_at(s, std::ptr::null_mut()).row;
        let at_once = block.images_at_once();
        // The cells of a band of one image, or of several small images.
        let (band_rows, cell_numbers) = (block.band_rows(), block.cell_numbers(S::LANES));
        let band = match at_once {
            1 => scratch_length(&[band_rows, block.window[0], row]),
            _ => scratch_length(&[at_once, cell_numbers]),
        };
        let copies = scratch_length(&[at_once, convolution.border().room()]);
        let [copy, band, panel] = scratch.split([copies, band, finish.panel(s)])?;
        let (copy, band, panel) = (copy.as_mut_ptr(), band.as_mut_ptr(), panel.as_mut_ptr());
        for first in range.clone().step_by(at_once) {
            let images = first..range.end.min(first + at_once);
            // SAFETY: the scratch memory has room for the images, their cells or a band of one, and a panel; no two threads
            // have a row of an image's output in common.
            unsafe {
                let from = convolution.images(s, operands, (&images, rows.clone()), copy);
                if at_once > 1 {
                    let pixels = images.len() * convolution.pass.pixels_of_image;
                    convolution.pixels(s, operands, (from, 0..pixels), block.cells_at(s, band));
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
                            let pixels = seen.start * columns..seen.end * columns;
                            convolution.pixels(s, operands, (from, pixels), cells);
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
struct Convolve<'a> {
    convolution: &'a Convolution<'a>,
    convolved: &'a DisjointSlices<'a, f32>,
    figures: &'a DisjointSlices<'a, f32>,
    range: Range<usize>,
}

impl ProductKernel for Convolve<'_> {
    type Output = Result<(), OutOfMemory>;

    #[inline(always)]
    fn run<S: Simd, O: Operands<S>>(self, s: S, operands: O) -> Self::Output {
        let Self { convolution, convolved, figures, range } = self;
        let block = convolution.block;
        let mut scratch = Scratch::take();
        let at_once = block.images_at_once();
        let [copy] = scratch.split([scratch_length(&[at_once, convolution.border().room()])])?;
        let cell_numbers = block.cell_numbers(S::LANES);
        for first in range.clone().step_by(at_once) {
            let images = first..range.end.min(first + at_once);
            // SAFETY: the scratch memory has room for the images; no two threads have an image in common.
            unsafe {
                let rows = 0..block.output()[0];
                let from = convolution.images(s, operands, (&images, rows), copy.as_mut_ptr());
                let pixels = images.len() * convolution.pass.pixels_of_image;
                let cells = block.cells_at(s, convolved.at(first * cell_numbers));
                convolution.pixels(s, operands, (from, 0..pixels), cells);
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
struct Normalize<'a> {
    finish: &'a Finish<'a>,
    convolved: &'a DisjointSlices<'a, f32>,
    range: Range<usize>,
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
