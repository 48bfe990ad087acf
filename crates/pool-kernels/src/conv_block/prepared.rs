//! A block for prediction, whose weights are laid out once for many batches.

use super::ending::Ending;
use super::images::{Convolution, Finish};
use super::operands::Form;
use super::plan::Plan;
use super::{ConvBlock, SliceLengths};
use crate::isa::Isa;
use crate::memory::{Numbers, OutOfMemory};
use crate::panel::Layout;
use crate::threads::{DisjointSlices, Threads};

/// A [`ConvBlock`] with its weights, for prediction: batch normalisation is folded into them, and nothing is dropped.
#[derive(Debug)]
pub struct PreparedConvBlock {
    block: ConvBlock,
    isa: Isa,
    form: Form,
    plan: Plan,
    packed: Numbers,
    start: Numbers,
}

impl ConvBlock {
    /// Lays out weights `[filters, C, kernel...]` and biases `[filters]`.
    ///
    /// # Errors
    /// Not enough memory for them.
    ///
    /// # Panics
    /// A block that is not possible, or slices of other lengths than those of the block.
    pub fn prepare(
        &self,
        isa: Isa,
        weight: &[f32],
        bias: Option<&[f32]>,
    ) -> Result<PreparedConvBlock, OutOfMemory> {
        self.check_weights(weight.len());
        assert!(bias.is_none_or(|bias| bias.len() == self.filters), "biases");
        let form = self.form(isa);
        let plan = self.forward_plan(isa, form)?;
        let mut packed = Numbers::zeros(self.packed_numbers(isa, &plan))?;
        let mut start = Numbers::zeros(self.filters_in_vectors(isa))?;
        self.pack(isa, form, &plan, (weight, bias), (packed.as_mut_slice(), start.as_mut_slice()));
        Ok(PreparedConvBlock { block: *self, isa, form, plan, packed, start })
    }
}

impl PreparedConvBlock {
    /// Computes the block's output `[N, filters, output...]` or `[N, output..., filters]`, as `layout` says, from
    /// `[N, height, width, C]` and from what is added before the activation, if that is anything. It does not depend on the number
    /// of threads.
    ///
    /// # Errors
    /// Not enough memory for an image with its border and its convolution.
    ///
    /// # Panics
    /// Slices of other lengths than those of the block.
    pub fn forward(
        &self,
        threads: &dyn Threads,
        (input, addend): (&[f32], Option<&[f32]>),
        output: &mut [f32],
        layout: Layout,
    ) -> Result<(), OutOfMemory> {
        let Self { block, isa, form, ref plan, .. } = *self;
        let lengths = SliceLengths { input: input.len(), output: output.len(), routes: 0 };
        let count = block.check_lengths(isa, lengths);
        block.check_addend(count, addend.map(<[f32]>::len));
        let (packed, start) = (self.packed.as_slice(), self.start.as_slice());
        let convolution = Convolution { block: &block, form, plan, packed, start, input };
        let ending = Ending { block: &block, affine: None, addend, keep: None };
        let (output, routes) = (DisjointSlices::new(output), DisjointSlices::new(&mut []));
        convolution.whole(isa, threads, count, &Finish { ending, output: &output, layout, routes: &routes })
    }
}
