//! The first layers of a network as one step: convolution, activation, pooling and dropout of images.

use pool_kernels::{ConvPool, ConvPoolReduce};
use pool_spec::{BlockReduce, ConvBlock, Pool};
use tch::Tensor;

use crate::layers::activation::activate;
use crate::layers::conv::convolve;
use crate::layers::{BuiltConv, BuiltDropout, BuiltLayer};
use crate::native::{ConvVariables, DropoutMask, conv_pool, kernels_support};
use crate::{Kernels, Mode, ModelError, PoolLayer};

/// A [`ConvBlock`] as the kernel knows it.
#[derive(Debug)]
pub(crate) struct BuiltConvBlock {
    kernel: ConvPool,
    pool: Option<Pool>,
    layers: usize,
}

impl BuiltConvBlock {
    /// `None` where sizes are beyond the kernel's.
    pub(crate) fn new(block: &ConvBlock) -> Option<Self> {
        let reduce = match block.reduce {
            BlockReduce::Max => ConvPoolReduce::Max,
            BlockReduce::Mean => ConvPoolReduce::Mean,
        };
        let &ConvBlock { input, filters, kernel, relu, window, .. } = block;
        let kernel = ConvPool { input, filters, kernel, relu, reduce, window };
        kernel.is_possible().then(|| Self { kernel, pool: block.pool.clone(), layers: block.layers() })
    }

    /// How many layers of the network it stands for.
    pub(crate) fn layers(&self) -> usize {
        self.layers
    }

    /// What `layers`, those that it stands for, give for `images`; `None` where the kernel cannot take them.
    pub(crate) fn forward(
        &self,
        layers: &[BuiltLayer],
        images: &Tensor,
        mode: Mode,
    ) -> Result<Option<Tensor>, ModelError> {
        let Some(BuiltLayer::Conv(BuiltConv { weight, bias: Some(bias), axes, activation, .. })) =
            layers.first()
        else {
            return Ok(None);
        };
        let possible = kernels_support(&[images, weight, bias]);
        if !possible || images.requires_grad() || images.size()[0] == 0 {
            return Ok(None);
        }
        let mask = match layers.last() {
            Some(BuiltLayer::Dropout(BuiltDropout { rate, random })) if mode == Mode::Training => {
                let [rows, columns] = self.kernel.output();
                let entries = images.size()[0] as usize * self.kernel.filters * rows * columns;
                Some(DropoutMask::draw(*rate, random.next_stream(), entries)?)
            }
            _ => None,
        };
        let (axes, activation, pool) = (axes.clone(), *activation, self.pool.clone());
        let plain = move |inputs: &[Tensor]| {
            let convolved =
                activate(convolve(&inputs[0], &inputs[1], Some(&inputs[2]), &axes, 1)?, activation)?;
            match &pool {
                Some(pool) => {
                    PoolLayer::without_variables(pool, Kernels::Reference).forward(&convolved, mode)
                }
                None => Ok(convolved),
            }
        };
        conv_pool(self.kernel, images, ConvVariables { weight, bias }, mask, plain).map(Some)
    }
}
