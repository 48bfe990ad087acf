//! Pooling by kernels, as an operator of libtorch.

#![expect(unsafe_code, reason = "tensors' memory as slices")]

use std::sync::Arc;

use pool_kernels::{Batch, Isa, Layout, Pooling, Reduce, Stream, WindowTable};
use tch::{Device, Kind, TchError, Tensor};

use super::shim::{Operation, TorchThreads, attach};
use super::slices::{empty, f32_slice, f32_slice_mut, in_layout, with_layout};
use crate::ModelError;
use crate::error::out_of_memory;

/// What a kernel needs to know to pool a batch.
pub(crate) struct KernelPooling {
    pub(crate) windows: Arc<WindowTable>,
    pub(crate) reduce: Reduce,
    /// One number in `[0, 1)` per output, `[N, C, output...]`, for reducers that draw.
    pub(crate) draws: Option<Tensor>,
    /// The output's sizes along the spatial axes.
    pub(crate) output: Vec<i64>,
}

impl KernelPooling {
    /// Pools `[N, C, spatial...]` of numbers; `plain` does the same with libtorch's functions.
    pub(crate) fn forward(
        self,
        input: &Tensor,
        plain: impl Fn(&Tensor) -> Result<Tensor, TchError> + Send + 'static,
    ) -> Result<Tensor, TchError> {
        let (batch, layout) = with_layout(input)?;
        let size: Vec<i64> = batch.size()[..2].iter().chain(&self.output).copied().collect();
        let mut output = empty(&size, layout)?;
        let pooling = self.pooling(&batch, layout);
        // SAFETY: nobody writes to a graph's tensors while they are read; what is written was just made here.
        let (read, written) = unsafe { (f32_slice(&batch), f32_slice_mut(&mut output)) };
        pooling.forward(Isa::best(), &TorchThreads, read, written).map_err(out_of_memory)?;
        attach(output, &[input], PoolingOperation { pooling: self, plain })
    }

    fn pooling(&self, batch: &Tensor, layout: Layout) -> Pooling<'_> {
        let (samples, channels) = (batch.size()[0] as usize, batch.size()[1] as usize);
        // SAFETY: the draws are this operation's own, and nobody writes to them any more.
        let draws = self.draws.as_ref().map_or(&[][..], |draws| unsafe { f32_slice(draws) });
        Pooling {
            windows: &self.windows,
            reduce: self.reduce,
            batch: Batch { samples, channels, layout },
            draws,
        }
    }
}

struct PoolingOperation<P> {
    pooling: KernelPooling,
    plain: P,
}

impl<P: Fn(&Tensor) -> Result<Tensor, TchError> + Send + 'static> Operation for PoolingOperation<P> {
    fn gradients(
        &self,
        output_gradient: &Tensor,
        inputs: &[Tensor],
        _needed: &[bool],
    ) -> Result<Vec<Option<Tensor>>, TchError> {
        let (batch, layout) = with_layout(&inputs[0])?;
        let output_gradient = in_layout(output_gradient, layout)?;
        let mut gradient = empty(&batch.size(), layout)?;
        let pooling = self.pooling.pooling(&batch, layout);
        // SAFETY: nobody writes to a graph's tensors while they are read; what is written was just made here.
        let (read, of_output, written) =
            unsafe { (f32_slice(&batch), f32_slice(&output_gradient), f32_slice_mut(&mut gradient)) };
        pooling.backward(Isa::best(), &TorchThreads, read, of_output, written).map_err(out_of_memory)?;
        Ok(vec![Some(gradient)])
    }

    fn reference(&self, inputs: &[Tensor]) -> Result<Tensor, ModelError> {
        Ok((self.plain)(&inputs[0])?)
    }
}

/// Uniform numbers on `[0, 1)` in a new tensor of this shape, on the CPU.
pub(crate) fn uniform(stream: Stream, shape: &[i64]) -> Result<Tensor, TchError> {
    let mut draws = Tensor::f_empty(shape, (Kind::Float, Device::Cpu))?;
    // SAFETY: the tensor was just made.
    stream.fill_uniform(Isa::best(), &TorchThreads, unsafe { f32_slice_mut(&mut draws) });
    Ok(draws)
}
