//! The gradient of an image's convolution, from that of the block's output.

#![expect(unsafe_code, reason = "several threads write to parts of their own")]

use std::ops::Range;

use super::ConvBlock;
use super::ending::{Cells, Outputs, Spread};
use super::statistics::{FIGURES, GradientFigures};
use crate::isa::{Isa, Kernel};
use crate::memory::{OutOfMemory, Scratch};
use crate::panel::Layout;
use crate::simd::Simd;
use crate::threads::{DisjointSlices, SharedOutcome, Threads};

/// What the gradients of batch normalisation need.
#[derive(Debug)]
pub struct BatchNormGradients<'a> {
    /// The same as forward.
    pub weight: Option<&'a [f32]>,
    /// The same as forward.
    pub epsilon: f64,
    /// What the forward pass wrote with the same instruction set.
    pub convolved: &'a [f32],
    /// What the forward pass wrote.
    pub mean: &'a [f32],
    /// What the forward pass wrote.
    pub variance: &'a [f32],
    /// Gradient of the factors, `[filters]`, written whole.
    pub weight_gradient: &'a mut [f32],
    /// Gradient of the summands, `[filters]`, written whole.
    pub bias_gradient: &'a mut [f32],
}

/// The gradient of the output, and where it flows.
pub(super) struct Source<'a> {
    pub(super) spread: Spread<'a>,
    pub(super) output_gradient: &'a [f32],
    pub(super) layout: Layout,
    pub(super) routes: &'a [u8],
    /// Gradient of the addend, of all images; empty if it is not needed.
    pub(super) addend_gradient: &'a DisjointSlices<'a, f32>,
}

impl Source<'_> {
    pub(super) fn panel<S: Simd>(&self, _: S) -> usize {
        self.spread.block.panel(self.layout, S::LANES)
    }

    /// The gradient of one image's output, and its routes.
    ///
    /// # Safety
    /// The image is one of the batch, and `panel` has room for a panel.
    #[inline(always)]
    unsafe fn image<S: Simd>(&self, s: S, image: usize, panel: *mut f32) -> (Outputs, *const u8) {
        let block = self.spread.block;
        // SAFETY: the caller's promise; `ConvBlock::check_lengths` has counted all numbers. Nobody writes to the gradient.
        unsafe {
            let from = self.output_gradient.as_ptr().add(image * block.output_numbers());
            let outputs = Outputs::of::<S>(block, self.layout, from.cast_mut(), panel);
            outputs.gather(s, block, self.layout, from);
            let bytes = block.output_vectors(S::LANES);
            let routes = match self.routes {
                [] => std::ptr::null(),
                routes => routes.as_ptr().add(image * bytes),
            };
            (outputs, routes)
        }
    }

    /// Writes the gradient of an image's convolution, and that of its addend.
    ///
    /// # Safety
    /// The image is one of the batch, which no other thread computes, the cells can be written, and `panel` has room for a panel.
    #[inline(always)]
    pub(super) unsafe fn gradient<S: Simd>(
        &self,
        s: S,
        norm: &Option<Norm<'_>>,
        image: usize,
        panel: *mut f32,
        to: Cells,
    ) {
        // SAFETY: the caller's promise.
        unsafe {
            let of_output = self.image(s, image, panel);
            match self.spread.block.window {
                [1, 1] => self.gradient_of::<S, 1>(s, norm, image, of_output, to),
                [2, 2] => self.gradient_of::<S, 2>(s, norm, image, of_output, to),
                _ => self.gradient_of::<S, 0>(s, norm, image, of_output, to),
            }
        }
    }

    /// The same for windows of `W` by `W` cells, or of any size if that is 0.
    ///
    /// # Safety
    /// The image is one of the batch; its outputs and routes can be read, and the cells written.
    #[inline(always)]
    unsafe fn gradient_of<S: Simd, const W: usize>(
        &self,
        s: S,
        norm: &Option<Norm<'_>>,
        image: usize,
        (outputs, routes): (Outputs, *const u8),
        to: Cells,
    ) {
        let spread = &self.spread;
        let block = spread.block;
        let addend = (!self.addend_gradient.is_empty()).then(|| {
            let ([rows, columns], pixel) = (block.convolved(), block.filters);
            let start = self.addend_gradient.at(image * rows * columns * pixel);
            Cells { start, row: columns * pixel, pixel }
        });
        // SAFETY: the caller's promise.
        unsafe {
            for to in [to].into_iter().chain(addend) {
                spread.clear_rest(to);
            }
            for row in 0..block.output()[0] {
                spread.write::<S, W>(s, row, outputs, routes, to, addend);
                if let Some(norm) = norm {
                    let rows = row * block.window[0]..(row + 1) * block.window[0];
                    let values = block.convolution_of(s, norm.convolved, image);
                    block.normalize_gradient(s, rows, to, values, &norm.figures);
                }
            }
            if let Some(norm) = norm {
                let rest = block.output()[0] * block.window[0]..block.convolved()[0];
                let values = block.convolution_of(s, norm.convolved, image);
                block.normalize_gradient(s, rest, to, values, &norm.figures);
            }
        }
    }
}

/// The figures of [`GradientFigures`].
pub(super) const PER_CHANNEL: usize = 4;

/// How a gradient goes through batch normalisation.
pub(super) struct Norm<'a> {
    convolved: &'a [f32],
    figures: GradientFigures<'a>,
}

impl ConvBlock {
    /// The gradients of normalisation's own variables, and how a gradient goes through it.
    pub(super) fn norm_gradients<'a>(
        &self,
        isa: Isa,
        threads: &dyn Threads,
        (source, count): (&Source<'_>, usize),
        norm: BatchNormGradients<'a>,
        figures: &mut [f32],
        per_channel: &'a mut [f32],
    ) -> Result<Norm<'a>, OutOfMemory> {
        let BatchNormGradients { weight, epsilon, convolved, mean, variance, weight_gradient, bias_gradient } =
            norm;
        assert_eq!(convolved.len(), self.convolved_numbers(isa, count), "the convolution's output");
        let lengths = [mean.len(), variance.len(), weight_gradient.len(), bias_gradient.len()];
        assert_eq!(lengths, [self.filters; 4], "figures of the channels");
        let row = self.filters_in_vectors(isa);
        per_channel.fill(0.0);
        let (of_mean, others) = per_channel.split_at_mut(row);
        let (factor, others) = others.split_at_mut(row);
        let (slope, constant) = others.split_at_mut(row);
        of_mean[..self.filters].copy_from_slice(mean);
        let outcome = SharedOutcome::default();
        let parts = DisjointSlices::new(figures);
        threads.parallel_for(count, 1, &|range| {
            outcome.record(isa.run(Sums { source, convolved, mean: of_mean, figures: &parts, range }));
        });
        outcome.into_result()?;
        let cells = (count * self.convolved().iter().product::<usize>()) as f64;
        for channel in 0..self.filters {
            let images = figures[..count * FIGURES * row].chunks_exact(FIGURES * row);
            let [sum, products] = images.fold([0.0; 2], |[sum, products], of| {
                [sum + f64::from(of[channel]), products + f64::from(of[row + channel])]
            });
            let deviation = (f64::from(variance[channel]) + epsilon).sqrt();
            let scale = weight.map_or(1.0, |weight| f64::from(weight[channel])) / deviation;
            weight_gradient[channel] = (products / deviation) as f32;
            bias_gradient[channel] = sum as f32;
            factor[channel] = scale as f32;
            slope[channel] = (-scale * products / (cells * deviation * deviation)) as f32;
            constant[channel] = (-scale * sum / cells) as f32;
        }
        Ok(Norm { convolved, figures: GradientFigures { factor, slope, mean: of_mean, constant } })
    }

    /// The convolution of an image among those of a batch, to be read.
    ///
    /// # Safety
    /// The image is one of the batch.
    #[inline(always)]
    unsafe fn convolution_of<S: Simd>(&self, s: S, convolved: &[f32], image: usize) -> Cells {
        // SAFETY: the caller's promise.
        let start = unsafe { convolved.as_ptr().add(image * self.cell_numbers(S::LANES)) };
        self.cells_at(s, start.cast_mut())
    }
}

/// The sums that the gradient of batch normalisation needs, of each image.
struct Sums<'a> {
    source: &'a Source<'a>,
    convolved: &'a [f32],
    mean: &'a [f32],
    figures: &'a DisjointSlices<'a, f32>,
    range: Range<usize>,
}

impl Kernel for Sums<'_> {
    type Output = Result<(), OutOfMemory>;

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> Self::Output {
        let block = self.source.spread.block;
        let mut scratch = Scratch::take();
        let [panel] = scratch.split([self.source.panel(s)])?;
        for image in self.range {
            // SAFETY: the scratch memory has room for a panel; no two threads have an image in common.
            unsafe {
                let (outputs, routes) = self.source.image(s, image, panel.as_mut_ptr());
                let cells = block.convolution_of(s, self.convolved, image);
                let figures = self.figures.at(image * FIGURES * cells.pixel);
                let source = (self.source.spread, outputs, routes);
                block.gradient_sums(s, source, cells, self.mean.as_ptr(), figures);
            }
        }
        Ok(())
    }
}
