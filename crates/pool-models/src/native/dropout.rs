//! Dropout with masks of a layer's own generator, or a device's.

#![expect(unsafe_code, reason = "tensors' memory as slices")]

use pool_kernels::{DropRate, Isa, KeepMask, Layout, Stream};
use tch::{Device, TchError, Tensor};

use super::kernels_support;
use super::shim::{Operation, TorchThreads, attach};
use super::slices::{empty, f32_slice, f32_slice_mut, in_layout};
use crate::error::out_of_memory;
use crate::{Kernels, ModelError};

/// Which entries of a batch `[N, C, spatial...]` are kept, and what they are multiplied by. The mask's numbers go through
/// the batch with the channels last.
#[derive(Debug)]
pub(crate) struct DropoutMask {
    pub(crate) mask: KeepMask,
    pub(crate) scale: f32,
}

impl DropoutMask {
    pub(crate) fn draw(rate: f64, stream: Stream, entries: usize) -> Result<Self, TchError> {
        let rate = DropRate::nearest(rate);
        let mut mask = KeepMask::default();
        mask.draw(Isa::best(), &TorchThreads, stream, rate, entries).map_err(out_of_memory)?;
        Ok(Self { mask, scale: rate.scale() })
    }

    /// The same by libtorch's functions.
    pub(crate) fn plain(&self, batch: &Tensor) -> Result<Tensor, TchError> {
        let dropped: Vec<bool> = (0..self.mask.len()).map(|entry| !self.mask.keeps(entry)).collect();
        let mut size = batch.size();
        let channels = if size.len() > 1 { size.remove(1) } else { 1 };
        size.push(channels);
        let dropped = Tensor::f_from_slice(&dropped)?.f_reshape(&size)?;
        let dropped = if batch.dim() > 1 {
            dropped.f_movedim([-1i64].as_slice(), [1i64].as_slice())?
        } else {
            dropped.f_squeeze_dim(-1)?
        };
        batch.f_masked_fill(&dropped, 0.0)?.f_mul_scalar(f64::from(self.scale))
    }

    fn apply(&self, batch: &Tensor) -> Result<Tensor, TchError> {
        let batch = in_layout(batch, Layout::ChannelsLast)?;
        let mut kept = empty(&batch.size(), Layout::ChannelsLast)?;
        // SAFETY: nobody writes to a graph's tensors while they are read; what is written was just made here.
        let (read, written) = unsafe { (f32_slice(&batch), f32_slice_mut(&mut kept)) };
        self.mask.apply(Isa::best(), &TorchThreads, self.scale, read, written);
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
    let kept = DropoutMask::draw(rate, stream, input.numel())?;
    if kernels == Kernels::Reference || !kernels_support(&[input]) {
        return kept.plain(input);
    }
    let output = kept.apply(input)?;
    attach(output, &[input], kept)
}

impl Operation for DropoutMask {
    fn gradients(
        &self,
        output_gradient: &Tensor,
        _inputs: &[Tensor],
        _needed: &[bool],
    ) -> Result<Vec<Option<Tensor>>, TchError> {
        Ok(vec![Some(self.apply(output_gradient)?)])
    }

    fn reference(&self, inputs: &[Tensor]) -> Result<Tensor, ModelError> {
        Ok(self.plain(&inputs[0])?)
    }
}
