//! From the gradient of the block's output to those of the input and of all variables.

#![expect(unsafe_code, reason = "several threads write to parts of their own")]

use std::ops::Range;

use super::border::Border;
use super::ending::{Cells, Spread};
use super::gradient::{BatchNormGradients, Norm, PER_CHANNEL, Source};
use super::operands::{Form, Operands, ProductKernel, Seen, Singles};
use super::passes::{Frame, GradientAxis};
use super::products::{Packing, Pass, Places};
use super::statistics::FIGURES;
use super::weights::{BAND, WeightSums, end_band};
use super::{ConvBlock, SliceLengths};
use crate::isa::Isa;
use crate::memory::{OutOfMemory, Scratch, scratch_length};
use crate::panel::Layout;
use crate::simd::Simd;
use crate::sum::{Total, add_rows};
use crate::threads::{DisjointSlices, SharedOutcome, Threads};

/// The slices that a backward pass reads and writes.
#[derive(Debug)]
pub struct ConvBlockGradients<'a> {
    /// `[N, height, width, C]`, the same as forward.
    pub input: &'a [f32],
    /// `[filters, C, kernel...]`, the same as forward.
    pub weight: &'a [f32],
    /// Batch normalisation, if there was one.
    pub norm: Option<BatchNormGradients<'a>>,
    /// The routes that the forward pass wrote with the same instruction set; empty if none are needed.
    pub routes: &'a [u8],
    /// The factor of values that dropout kept, 1 without dropout.
    pub scale: f32,
    /// Gradient of the output.
    pub output_gradient: &'a [f32],
    /// How it lies.
    pub layout: Layout,
    /// Gradient of the input, written whole; empty if it is not needed.
    pub input_gradient: &'a mut [f32],
    /// Gradient of the weights, written whole.
    pub weight_gradient: &'a mut [f32],
    /// Gradient of the biases, written whole, if there are biases.
    pub bias_gradient: Option<&'a mut [f32]>,
}

/// The fewest images whose gradients are summed together, and the most groups of them. Neither depends on the number of
/// threads, so that the result does not either.
const IMAGES: usize = 4;
const GROUPS: usize = 16;

impl ConvBlock {
    /// Computes the gradients. They do not depend on the number of threads.
    ///
    /// # Errors
    /// Not enough memory for the weights, an image with its border, its gradient, or the gradients of each group of images.
    ///
    /// # Panics
    /// A block that is not possible, or slices of other lengths than those of the block.
    pub fn backward(
        &self,
        isa: Isa,
        threads: &dyn Threads,
        data: ConvBlockGradients<'_>,
    ) -> Result<(), OutOfMemory> {
        let ConvBlockGradients { input, weight, norm, routes, output_gradient, layout, .. } = data;
        self.check_weights(weight.len());
        let lengths =
            SliceLengths { input: input.len(), output: output_gradient.len(), routes: routes.len() };
        let count = self.check_lengths(isa, lengths);
        assert!(count == 0 || !routes.is_empty() || !self.needs_routes(false), "bytes of the routes");
        assert_eq!(data.weight_gradient.len(), weight.len(), "gradients of the weights");
        assert!(
            data.bias_gradient.as_ref().is_none_or(|of| of.len() == self.filters),
            "gradients of the biases"
        );
        let wanted = !data.input_gradient.is_empty();
        assert!(!wanted || data.input_gradient.len() == input.len(), "gradient of the input");

        let (row, lanes) = (self.filters_in_vectors(isa), isa.lanes());
        let axes = self.axes.each_ref().map(GradientAxis::of);
        // The gradient of the convolution's output has the border that the input's gradient needs.
        let frame = Border {
            image: self.convolved(),
            before: axes.each_ref().map(|axis| if wanted { axis.before } else { 0 }),
            copy: if wanted { axes.each_ref().map(|axis| axis.padded) } else { self.convolved() },
            channels: row,
            form: Form::Singles,
        };
        let form = Form::of(self.precision, isa);
        let seen = Seen {
            images: self.images_at_once(),
            input: self.input_border(if form == Form::Pairs { Form::Singles } else { form }),
            gradient: frame,
            ahead: self.axes[1].stride * self.channels,
        };
        let place = Frame { image: frame.numbers(), columns: frame.copy[1], pixel: row };
        let pass = self.forward_pass(seen.input.form, place, frame.before)?;
        let pass = if form == Form::Pairs { pass.in_pairs(frame.image[1], row)? } else { pass };
        let place = Frame { image: form.places(place.image), pixel: form.places(place.pixel), ..place };
        let passes = if wanted { self.gradient_passes(&axes, (form, place))? } else { Vec::new() };
        let packing = Packing::of(isa, self.channels);
        let packed_lengths = passes.iter().map(|pass| packing.numbers(pass.entries.len()));
        let sums = scratch_length(&[pass.entries.len() + 1, row]);
        let images = IMAGES.max(count.div_ceil(GROUPS));
        let groups = count.div_ceil(images);
        let mut scratch = Scratch::take();
        let figures = norm.as_ref().map_or(0, |_| scratch_length(&[count, FIGURES, row]));
        let [packed, partial, figures, per_channel] = scratch.split([
            packed_lengths.fold(0, usize::saturating_add),
            scratch_length(&[groups.max(1), sums]),
            figures,
            row * PER_CHANNEL,
        ])?;
        let mut rest = &mut *packed;
        for pass in &passes {
            let part =
                rest.split_off_mut(..packing.numbers(pass.entries.len())).expect("room for all passes");
            let taps = self.taps();
            packing.pack(
                pass,
                (form, self.filters),
                |channel, filter, tap| weight[(filter * self.channels + channel) * taps + tap],
                part,
            );
        }
        partial[..sums].fill(0.0);

        let spread = Spread { block: self, scale: data.scale };
        let source = Source { spread, output_gradient, layout, routes };
        let norm = match norm {
            None => None,
            Some(norm) => {
                Some(self.norm_gradients(isa, threads, (&source, count), norm, figures, per_channel)?)
            }
        };
        let (parts, outcome) = (DisjointSlices::new(partial), SharedOutcome::default());
        let input_gradient = DisjointSlices::new(data.input_gradient);
        threads.parallel_for(groups, 1, &|range| {
            for group in range {
                // SAFETY: no two threads have a group of images in common.
                let sums = unsafe { parts.part(group * sums..(group + 1) * sums) };
                sums.fill(0.0);
                outcome.record(form.run(
                    isa,
                    Backward {
                        source: &source,
                        norm: &norm,
                        form,
                        seen,
                        pass: &pass,
                        passes: &passes,
                        packing,
                        packed,
                        input,
                        input_gradient: &input_gradient,
                        sums,
                        range: group * images..((group + 1) * images).min(count),
                    },
                ));
            }
        });
        outcome.into_result()?;
        let (first, others) = partial[..groups.max(1) * sums].split_at_mut(sums);
        add_rows(first, others);
        // What a bias adds, normalisation takes off again. The sum over all cells is zero but for rounding.
        if norm.is_some() {
            let of_bias = pass.entries.len() * row;
            first[of_bias..].fill(0.0);
        }
        self.unpack(lanes, first, data.weight_gradient, data.bias_gradient);
        Ok(())
    }

    /// Takes weights and biases out of the vectors of their entries.
    fn unpack(&self, lanes: usize, sums: &[f32], weight: &mut [f32], bias: Option<&mut [f32]>) {
        let (taps, row) = (self.taps(), self.filters.next_multiple_of(lanes));
        for (filter, weight) in weight.chunks_exact_mut(taps * self.channels).enumerate() {
            for (channel, weight) in weight.chunks_exact_mut(taps).enumerate() {
                for (tap, weight) in weight.iter_mut().enumerate() {
                    *weight = sums[(tap * self.channels + channel) * row + filter];
                }
            }
        }
        if let Some(bias) = bias {
            bias.copy_from_slice(&sums[taps * self.channels * row..][..self.filters]);
        }
    }
}

/// The gradients of input and weights of some images.
struct Backward<'a> {
    source: &'a Source<'a>,
    norm: &'a Option<Norm<'a>>,
    form: Form,
    seen: Seen,
    pass: &'a Pass,
    passes: &'a [Pass],
    packing: Packing,
    packed: &'a [f32],
    input: &'a [f32],
    input_gradient: &'a DisjointSlices<'a, f32>,
    sums: &'a mut [f32],
    range: Range<usize>,
}

impl ProductKernel for Backward<'_> {
    type Output = Result<(), OutOfMemory>;

    #[inline(always)]
    fn run<S: Simd, O: Operands<S>>(self, s: S, operands: O) -> Self::Output {
        let block = self.source.spread.block;
        let frame = &self.seen.gradient;
        let row = frame.channels;
        let at_once = self.seen.images.min(self.range.len());
        let mut scratch = Scratch::take();
        let (of_weights, panel) = (self.sums.len(), self.source.panel(s));
        let [copies, frames] =
            [self.seen.input.room(), frame.numbers()].map(|numbers| scratch_length(&[at_once, numbers]));
        let most = Seen { images: at_once, ..self.seen };
        let [input_pairs, gradient_pairs] = most.weights_room(self.form);
        let pairs = input_pairs.saturating_add(gradient_pairs);
        let [copy, gradient, pairs, places, panel, band, lost] = scratch.split([
            copies,
            frames,
            pairs,
            if self.passes.is_empty() { 0 } else { most.input_room(self.form) },
            panel,
            of_weights,
            of_weights,
        ])?;
        band.fill(0.0);
        lost.fill(0.0);
        let parts = [band.as_mut_ptr(), self.sums.as_mut_ptr(), lost.as_mut_ptr()];
        let mut of_band = 0;
        // What is written per image lies within the border, which stays zero.
        gradient.fill(0.0);
        let gradient = gradient.as_mut_ptr();
        for first in self.range.clone().step_by(at_once.max(1)) {
            let images = first..self.range.end.min(first + at_once);
            // SAFETY: the scratch memory has room for the images, their gradients in their border, and a panel; no two threads
            // have an image in common.
            unsafe {
                for (index, image) in images.clone().enumerate() {
                    let start = (frame.before[0] * frame.copy[1] + frame.before[1]) * row;
                    let start = gradient.add(index * frame.numbers() + start);
                    let cells = Cells { start, row: frame.copy[1] * row, pixel: row };
                    self.source.gradient(s, self.norm, image, panel.as_mut_ptr(), cells);
                }
                let from = self.input.as_ptr().add(first * block.input_numbers());
                let copies = Singles { rounds: self.form == Form::Rounded };
                let input = self.seen.input.copied(
                    s,
                    copies,
                    (images.len(), 0..self.seen.input.copy[0]),
                    from,
                    copy.as_mut_ptr(),
                );
                let seen = Seen { images: images.len(), ..self.seen };
                let [of_input, of_output] =
                    operands.for_weights(s, &seen, input, gradient, pairs.as_mut_ptr());
                let pixels = images.len() * self.pass.pixels_of_image;
                for first in (0..pixels).step_by(BAND) {
                    let pixels = first..pixels.min(first + BAND);
                    of_band += pixels.len();
                    let sums = WeightSums { input: of_input, gradient: of_output, sums: parts[0], row };
                    self.pass.add_weights(s, operands, pixels, sums);
                    if of_band >= BAND {
                        end_band(s, of_weights, parts);
                        of_band = 0;
                    }
                }
                if !self.passes.is_empty() {
                    let to = self.input_gradient.at(first * block.input_numbers());
                    let from = operands.for_input(s, &seen, gradient, places.as_mut_ptr());
                    self.input_gradients(s, operands, images.len(), (from, to));
                }
            }
        }
        // SAFETY: all three have a row for each entry, and one for the biases.
        unsafe {
            end_band(s, of_weights, parts);
            for vector in (0..of_weights).step_by(S::LANES) {
                Total::settle(s, parts[1].add(vector), parts[2].add(vector));
            }
        }
        Ok(())
    }
}

impl Backward<'_> {
    /// # Safety
    /// The gradients of so many images in their border can be read, and as many images of the input written.
    #[inline(always)]
    unsafe fn input_gradients<S: Simd>(
        &self,
        s: S,
        operands: impl Operands<S>,
        images: usize,
        (from, to): (*const f32, *mut f32),
    ) {
        let channels = self.source.spread.block.channels;
        let mut packed = self.packed.as_ptr();
        for pass in self.passes {
            // SAFETY: the caller's promise; the weights of all passes lie one after another.
            unsafe {
                pass.run(
                    s,
                    operands,
                    0..images * pass.pixels_of_image,
                    channels.div_ceil(S::LANES),
                    Places { packed, start: &[], from, to, width: channels },
                );
                packed = packed.add(self.packing.numbers(pass.entries.len()));
            }
        }
    }
}
