//! Pooling by kernels, as an operator of libtorch.

use std::sync::Arc;

use pool_kernels::{Batch, Isa, Layout, Pooling, Reduce, Windows};
use tch::{TchError, Tensor};

use super::numbers::{empty, in_layout, numbers, numbers_mut, with_layout};
use super::shim::{Operation, TorchThreads, attach};
use crate::ModelError;
use crate::error::out_of_memory;

/// What a kernel needs to know to pool a batch.
pub(crate) struct KernelPooling {
    pub(crate) windows: Arc<Windows>,
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
        pooling
            .forward(Isa::best(), &TorchThreads, numbers(&batch), numbers_mut(&mut output))
            .map_err(out_of_memory)?;
        attach(output, &[input], PoolingOperation { pooling: self, plain })
    }

    fn pooling(&self, batch: &Tensor, layout: Layout) -> Pooling<'_> {
        let (samples, channels) = (batch.size()[0] as usize, batch.size()[1] as usize);
        Pooling {
            windows: &self.windows,
            reduce: self.reduce,
            batch: Batch { samples, channels, layout },
            draws: self.draws.as_ref().map_or(&[], numbers),
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
        pooling
            .backward(
                Isa::best(),
                &TorchThreads,
                numbers(&batch),
                numbers(&output_gradient),
                numbers_mut(&mut gradient),
            )
            .map_err(out_of_memory)?;
        Ok(vec![Some(gradient)])
    }

    fn reference(&self, inputs: &[Tensor]) -> Result<Tensor, ModelError> {
        Ok((self.plain)(&inputs[0])?)
    }
}
