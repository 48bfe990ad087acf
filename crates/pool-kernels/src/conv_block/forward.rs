//! From images to the block's output.

use super::ending::Ending;
use super::images::{Convolution, Convolve, Finish, Normalize};
use super::operands::Form;
use super::passes::Frame;
use super::plan::Plan;
use super::statistics::{FIGURES, of_batch};
use super::winograd::{Plane, Winograd};
use super::{ConvBlock, SliceLengths};
use crate::dropout::KeepMask;
use crate::isa::Isa;
use crate::memory::{OutOfMemory, Scratch, scratch_length};
use crate::panel::Layout;
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
    /// What is added to the convolution, or to what it was normalised to, before the activation:
    /// `[N, rows, columns, filters]` of the convolution's output. `None` adds nothing.
    pub addend: Option<&'a [f32]>,
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
        let ConvBlockForward { input, weight, bias, norm, addend, keep, output, layout, routes } = data;
        self.check_weights(weight.len());
        let lengths = SliceLengths { input: input.len(), output: output.len(), routes: routes.len() };
        let count = self.check_lengths(isa, lengths);
        assert!(keep.is_none_or(|(mask, _)| mask.len() == output.len()), "numbers of the mask");
        assert!(bias.is_none_or(|bias| bias.len() == self.filters), "biases");
        self.check_addend(count, addend.map(<[f32]>::len));
        if let Some(norm) = &norm {
            let lengths = [norm.bias.len(), norm.mean.len(), norm.variance.len()];
            assert_eq!(lengths, [self.filters; 3], "figures of the channels");
            assert!(norm.weight.is_none_or(|weight| weight.len() == self.filters), "factors");
            assert_eq!(norm.convolved.len(), self.convolved_numbers(isa, count), "the convolution's output");
        }

        let row = self.filters_in_vectors(isa);
        let form = self.form(isa);
        let plan = self.forward_plan(isa, form)?;
        let figures = norm.as_ref().map_or(0, |_| scratch_length(&[count, FIGURES, row]));
        let mut scratch = Scratch::take();
        let [packed, start, figures, factor, summand] =
            scratch.split([self.packed_numbers(isa, &plan), row, figures, row, row])?;
        self.pack(isa, form, &plan, (weight, bias), (packed, start));
        let convolution = Convolution { block: self, form, plan: &plan, packed, start, input };
        let mut ending = Ending { block: self, affine: None, addend, keep };
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

    /// How the convolution is computed, whose output has no border.
    pub(super) fn forward_plan(&self, isa: Isa, form: Form) -> Result<Plan, OutOfMemory> {
        let [rows, columns] = self.convolved();
        let (pixel, image) = (self.filters_in_vectors(isa), self.cell_numbers(isa.lanes()));
        if !self.is_in_tiles(form) {
            let pass = self.forward_pass(form, Frame { image, columns, pixel }, [0; 2])?;
            return Ok(self.plan(pass));
        }
        let from = self.input_border(form).plane([0; 2]);
        let to = Plane { first: 0, image, row: columns * pixel, pixel, channels: pixel };
        Ok(Plan::Tiles(Winograd::new([rows, columns], self.channels, [from, to], isa.lanes())?))
    }

    /// The numbers of the weights.
    pub(super) fn packed_numbers(&self, isa: Isa, plan: &Plan) -> usize {
        plan.packed_numbers(self.packing(isa, self.filters))
    }

    /// Lays out weights, and biases in whole vectors.
    pub(super) fn pack(
        &self,
        isa: Isa,
        form: Form,
        plan: &Plan,
        (weight, bias): (&[f32], Option<&[f32]>),
        (packed, start): (&mut [f32], &mut [f32]),
    ) {
        plan.pack(
            (isa, self.packing(isa, self.filters)),
            (form, self.channels_of_filter()),
            |filter, channel, tap| weight[self.weight_number(filter, channel, tap)],
            packed,
        );
        start.fill(0.0);
        if let Some(bias) = bias {
            start[..bias.len()].copy_from_slice(bias);
        }
    }
}
