//! From the gradient of the block's output to those of the input and of all variables.

#![expect(unsafe_code, reason = "several threads write to parts of their own")]

use std::ops::Range;

use super::border::Border;
use super::depthwise::Depthwise;
use super::ending::{Cells, Spread};
use super::gradient::{BatchNormGradients, Norm, PER_CHANNEL, Source};
use super::operands::{Form, Operands, ProductKernel, Seen, Singles};
use super::passes::{Frame, GradientAxis};
use super::plan::Plan;
use super::products::{Packing, Places};
use super::statistics::FIGURES;
use super::weights::{BAND, WeightSums, end_band};
use super::winograd::{Plane, Winograd, in_tiles, seen_by_tiles};
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
    /// Gradient of what was added before the activation, written whole; empty if it is not needed.
    pub addend_gradient: &'a mut [f32],
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
        let of_addend = (!data.addend_gradient.is_empty()).then_some(data.addend_gradient.len());
        self.check_addend(count, of_addend);
        let wanted = !data.input_gradient.is_empty();
        assert!(!wanted || data.input_gradient.len() == input.len(), "gradient of the input");

        let row = self.filters_in_vectors(isa);
        let axes = self.axes.each_ref().map(GradientAxis::of);
        // The gradient of the convolution's output has the border that the input's gradient needs.
        let form = self.form(isa);
        let frame = self.gradient_frame((isa, form), wanted.then_some(&axes));
        // The gradient of the weights is a sum over pixels, of which pairs are made later.
        let input_form = if form == Form::Pairs { Form::Singles } else { form };
        let seen = Seen {
            images: self.images_at_once(),
            input: Border { form: input_form, ..self.input_border(form) },
            gradient: frame,
            ahead: self.axes[1].stride * self.channels,
        };
        let of_weights = self.weights_plan((isa, form), &seen)?;
        let of_input = if wanted { self.input_plans((isa, form), &axes, &frame)? } else { Vec::new() };
        let packing = self.packing(isa, self.channels);
        let packed_lengths = of_input.iter().map(|plan| plan.packed_numbers(packing));
        let sums = scratch_length(&[of_weights.row_of_biases() + 1, row]);
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
        for plan in &of_input {
            let part = rest.split_off_mut(..plan.packed_numbers(packing)).expect("room for all plans");
            // Tiles see the gradient from the last tap to the first.
            let last = if matches!(plan, Plan::Tiles(_)) { self.taps() - 1 } else { 0 };
            plan.pack(
                (isa, packing),
                (form, self.filters_of_channel()),
                // Of a depthwise convolution, the only channel that a filter sees is its own.
                |channel, filter, tap| {
                    let (filter, channel) = if self.depthwise { (channel, 0) } else { (filter, channel) };
                    weight[self.weight_number(filter, channel, last.abs_diff(tap))]
                },
                part,
            );
        }
        partial[..sums].fill(0.0);

        let spread = Spread { block: self, scale: data.scale };
        let addend_gradient = &DisjointSlices::new(data.addend_gradient);
        let source = Source { spread, output_gradient, layout, routes, addend_gradient };
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
                        of_weights: &of_weights,
                        of_input: &of_input,
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
            first[of_weights.row_of_biases() * row..].fill(0.0);
        }
        if let Some(bias) = data.bias_gradient {
            bias.copy_from_slice(&first[of_weights.row_of_biases() * row..][..self.filters]);
        }
        self.unpack(isa, &of_weights, first, data.weight_gradient);
        Ok(())
    }

    /// The gradient of the convolution's output with the border that the plans need: `axes` where the gradient of the input is
    /// wanted.
    fn gradient_frame(&self, (isa, form): (Isa, Form), axes: Option<&[GradientAxis; 2]>) -> Border {
        let convolved = self.convolved();
        let before = axes.map_or([0; 2], |axes| axes.each_ref().map(|axis| axis.before));
        let mut copy = axes.map_or(convolved, |axes| axes.each_ref().map(|axis| axis.padded));
        if self.is_in_tiles(form) {
            for (axis, copy) in copy.iter_mut().enumerate() {
                let of_input =
                    axes.map_or(0, |axes| axes[axis].first() + seen_by_tiles(self.axes[axis].input));
                *copy = (before[axis] + in_tiles(convolved[axis])).max(of_input).max(*copy);
            }
        }
        let channels = self.filters_in_vectors(isa);
        Border { image: convolved, before, copy, channels, form: Form::Singles }
    }

    /// How the gradient of the weights is computed.
    fn weights_plan(&self, (isa, form): (Isa, Form), seen: &Seen) -> Result<Plan, OutOfMemory> {
        let Seen { input, gradient: frame, .. } = seen;
        if self.is_in_tiles(form) {
            let planes = [input.plane([0; 2]), frame.plane(frame.before)];
            let winograd = Winograd::new(self.convolved(), self.channels, planes, isa.lanes())?;
            return Ok(Plan::Tiles(winograd));
        }
        let place = Frame { image: frame.numbers(), columns: frame.copy[1], pixel: frame.channels };
        let pass = self.forward_pass(input.form, place, frame.before)?;
        Ok(self.plan(if form == Form::Pairs { pass.in_pairs(frame.channels)? } else { pass }))
    }

    /// How the gradient of the input is computed.
    fn input_plans(
        &self,
        (isa, form): (Isa, Form),
        axes: &[GradientAxis; 2],
        frame: &Border,
    ) -> Result<Vec<Plan>, OutOfMemory> {
        let mut plans = Vec::new();
        if self.is_in_tiles(form) {
            let ([rows, columns], pixel) = (self.axes.map(|axis| axis.input), self.channels);
            let to =
                Plane { first: 0, image: self.input_numbers(), row: columns * pixel, pixel, channels: pixel };
            let from = frame.plane(axes.each_ref().map(GradientAxis::first));
            plans.push(Plan::Tiles(Winograd::new([rows, columns], self.filters, [from, to], isa.lanes())?));
            return Ok(plans);
        }
        let (image, pixel) = (form.places(frame.numbers()), form.places(frame.channels));
        let passes = self.gradient_passes(axes, (form, Frame { image, columns: frame.copy[1], pixel }))?;
        plans.extend(passes.into_iter().map(|pass| self.plan(pass)));
        Ok(plans)
    }

    /// Takes the weights out of the sums.
    fn unpack(&self, isa: Isa, plan: &Plan, sums: &[f32], weight: &mut [f32]) {
        let (taps, channels, row) = (self.taps(), self.channels_of_filter(), self.filters_in_vectors(isa));
        match plan {
            Plan::Taps(_) | Plan::Channels(_) => {
                for filter in 0..self.filters {
                    for channel in 0..channels {
                        for tap in 0..taps {
                            weight[self.weight_number(filter, channel, tap)] =
                                sums[(tap * channels + channel) * row + filter];
                        }
                    }
                }
            }
            Plan::Tiles(winograd) => {
                winograd.weights_of(isa, (sums, self.filters), |filter, channel, tap, gradient| {
                    weight[self.weight_number(filter, channel, tap)] = gradient;
                });
            }
        }
    }
}

/// The gradients of input and weights of some images.
struct Backward<'a> {
    source: &'a Source<'a>,
    norm: &'a Option<Norm<'a>>,
    form: Form,
    seen: Seen,
    of_weights: &'a Plan,
    of_input: &'a [Plan],
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
        let plans = self.of_input.iter().chain([self.of_weights]);
        let [copy, gradient, pairs, places, panel, room, band, lost] = scratch.split([
            copies,
            frames,
            pairs,
            if self.of_input.is_empty() { 0 } else { most.input_room(self.form) },
            panel,
            plans.map(Plan::room).fold(0, usize::max),
            of_weights,
            of_weights,
        ])?;
        let room = room.as_mut_ptr();
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
                let mut end_of = |terms: usize| {
                    of_band += terms;
                    if of_band >= BAND {
                        end_band(s, of_weights, parts);
                        of_band = 0;
                    }
                };
                match self.of_weights {
                    Plan::Taps(pass) | Plan::Channels(Depthwise { pass, .. }) => {
                        let pixels = images.len() * pass.pixels_of_image;
                        let places = WeightSums { input: of_input, gradient: of_output, sums: parts[0], row };
                        let of_biases = WeightSums { sums: parts[0].add(pass.entries.len() * row), ..places };
                        for first in (0..pixels).step_by(BAND) {
                            let pixels = first..pixels.min(first + BAND);
                            match self.of_weights {
                                Plan::Channels(depthwise) => depthwise.add_weights(s, pixels.clone(), places),
                                _ => pass.add_weights(s, operands, pixels.clone(), places),
                            }
                            pass.add_biases(s, operands, pixels.clone(), of_biases);
                            end_of(pixels.len());
                        }
                    }
                    Plan::Tiles(winograd) => {
                        for tiles in winograd.tiles(images.len(), 0..block.convolved()[0]) {
                            winograd.add_weights(
                                s,
                                operands,
                                &tiles,
                                [of_input, of_output],
                                (room, parts[0]),
                            );
                            end_of(tiles.count());
                        }
                    }
                }
                if !self.of_input.is_empty() {
                    let to = self.input_gradient.at(first * block.input_numbers());
                    let from = operands.for_input(s, &seen, gradient, places.as_mut_ptr());
                    self.input_gradients(s, operands, images.len(), (from, to, room));
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
        (from, to, room): (*const f32, *mut f32, *mut f32),
    ) {
        let block = self.source.spread.block;
        let mut packed = self.packed.as_ptr();
        for plan in self.of_input {
            let places = Places { packed, start: &[], from, to, width: block.channels };
            // SAFETY: the caller's promise; the weights of all plans lie one after another.
            unsafe {
                plan.run(s, operands, (images, 0..plan.rows()), places, room);
                packed = packed.add(plan.packed_numbers(self.packing));
            }
        }
    }
}
