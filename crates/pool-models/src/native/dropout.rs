//! Dropout with masks of a layer's own generator, or a device's.

use pool_kernels::{DropRate, Isa, KeepMask, Layout, Stream};
use tch::{Device, TchError, Tensor};

use super::numbers::{are_numbers, empty, in_layout, numbers, numbers_mut};
use super::shim::{Operation, TorchThreads, attach, is_tracing, needs_graph};
use crate::Kernels;

/// Which entries of a batch `[N, C, spatial...]` are kept, and what they are multiplied by. The mask's numbers go through
/// the batch with the channels last.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) mask: KeepMask,
    pub(crate) scale: f32,
}

impl Kept {
    pub(crate) fn draw(rate: f64, stream: Stream, entries: usize) -> Self {
        let rate = DropRate::nearest(rate);
        let mut mask = KeepMask::default();
        mask.draw(Isa::best(), &TorchThreads, stream, rate, entries);
        Self { mask, scale: rate.scale() }
    }

    /// What each entry of a batch like this is multiplied by.
    pub(crate) fn factors(&self, batch: &Tensor) -> Result<Tensor, TchError> {
        let factor = |entry| if self.mask.keeps(entry) { self.scale } else { 0.0 };
        let factors: Vec<f32> = (0..self.mask.len()).map(factor).collect();
        let mut size = batch.size();
        let channels = if size.len() > 1 { size.remove(1) } else { 1 };
        size.push(channels);
        let mut factors = Tensor::f_from_slice(&factors)?.f_reshape(&size)?;
        if batch.dim() > 1 {
            factors = factors.f_movedim([-1i64].as_slice(), [1i64].as_slice())?;
        } else {
            factors = factors.f_squeeze_dim(-1)?;
        }
        factors.f_to_kind(batch.kind())?.f_to_device(batch.device())
    }

    fn apply(&self, batch: &Tensor) -> Result<Tensor, TchError> {
        let batch = in_layout(batch, Layout::ChannelsLast)?;
        let mut kept = empty(&batch.size(), Layout::ChannelsLast)?;
        self.mask.apply(Isa::best(), &TorchThreads, self.scale, numbers(&batch), numbers_mut(&mut kept));
        Ok(kept)
    }
}

/// Sets entries to zero with probability `rate`, and scales the others up. On the CPU the mask is the stream's; other
/// devices draw it themselves.
pub(crate) fn dropout(
    input: &Tensor,
    rate: f64,
    stream: Stream,
    kernels: Kernels,
) -> Result<Tensor, TchError> {
    if input.device() != Device::Cpu {
        // A mask from here would have to be copied there, and every step would wait for it.
        return input.f_dropout(rate, true);
    }
    let kept = Kept::draw(rate, stream, input.numel());
    if kernels == Kernels::Reference || !are_numbers(input) || is_tracing() {
        return input.f_mul(&kept.factors(input)?);
    }
    let output = kept.apply(input)?;
    if needs_graph(&[input]) { attach(output, &[input], kept) } else { Ok(output) }
}

impl Operation for Kept {
    fn backward(
        &self,
        output_gradient: &Tensor,
        _inputs: &[Tensor],
        _needed: &[bool],
    ) -> Result<Vec<Option<Tensor>>, TchError> {
        Ok(vec![Some(self.apply(output_gradient)?)])
    }

    fn reference(&self, inputs: &[Tensor]) -> Result<Tensor, TchError> {
        inputs[0].f_mul(&self.factors(&inputs[0])?)
    }
}
