//! The first layers of a network as one: convolution, activation, pooling and dropout of images.
//!
//! Only the first layers' input needs no gradient, and only their input has few channels: there the convolution's output
//! is by far the largest tensor of the network, and computing it is cheaper than storing it.

use pool_kernels::{ConvPool, ConvPoolReduce};
use tch::Tensor;

use crate::convolution::{activate, convolve};
use crate::layer_facts::conv_axes;
use crate::native::{ConvVariables, Kept, conv_pool, kernels_take};
use crate::net::BuiltLayer;
use crate::pool::AxisWindow;
use crate::sequential::InferredLayer;
use crate::{Activation, Conv, Geometry, Kernels, Layer, Mode, ModelError, Pool, Reducer};

/// Which layers are computed as one, and how.
#[derive(Debug)]
pub(crate) struct FirstBlock {
    block: ConvPool,
    pool: Option<Pool>,
    drops: bool,
}

/// Pixels under a kernel, beyond which libtorch's convolution is faster.
const MOST_TAPS: usize = 150;

impl FirstBlock {
    /// The block that a network begins with, if it is one that the kernel knows.
    pub(crate) fn of(layers: &[InferredLayer]) -> Option<Self> {
        let first = layers.first()?;
        let Layer::Conv2d(conv) = &first.layer else { return None };
        let (input, kernel) = plain_convolution(conv, &first.input)?;
        let pool = match layers.get(1).map(|layer| &layer.layer) {
            Some(Layer::Pool(pool)) => Some(pool.clone()),
            _ => None,
        };
        let (reduce, window) = match &pool {
            Some(pool) => plain_pooling(pool, &layers[1].input[1..])?,
            None => (ConvPoolReduce::Mean, [1, 1]),
        };
        let relu = match conv.activation {
            None => false,
            Some(Activation::Relu) => true,
            Some(Activation::Tanh | Activation::Elu | Activation::Sigmoid | Activation::Softplus) => {
                return None;
            }
        };
        let block = ConvPool { input, filters: conv.filters, kernel, relu, reduce, window };
        let dropout = layers.get(1 + usize::from(pool.is_some()));
        let drops = dropout.is_some_and(|layer| matches!(layer.layer, Layer::Dropout(_)));
        block.is_possible().then_some(Self { block, pool, drops })
    }

    /// How many layers of the network it stands for.
    pub(crate) fn layers(&self) -> usize {
        1 + usize::from(self.pool.is_some()) + usize::from(self.drops)
    }

    /// Whether a mask of dropout is kept for its backward pass.
    pub(crate) fn keeps_mask(&self) -> bool {
        self.drops
    }

    /// Whether the kernel can take these images, with the variables of the first of `layers`.
    pub(crate) fn takes(&self, layers: &[BuiltLayer], images: &Tensor) -> bool {
        let BuiltLayer::Conv { weight, bias, .. } = &layers[0] else { return false };
        kernels_take(&[images, weight, bias]) && !images.requires_grad() && images.size()[0] > 0
    }

    /// What the first of `layers` give for `images`.
    pub(crate) fn forward(
        &self,
        layers: &[BuiltLayer],
        images: &Tensor,
        mode: Mode,
    ) -> Result<Tensor, ModelError> {
        let BuiltLayer::Conv { weight, bias, axes, activation } = &layers[0] else {
            unreachable!("the block was made of these layers")
        };
        let kept = match &layers[self.layers() - 1] {
            BuiltLayer::Dropout { rate, random } if mode == Mode::Training => {
                let [rows, columns] = self.block.output();
                let entries = images.size()[0] as usize * self.block.filters * rows * columns;
                Some(Kept::draw(*rate, random.next_stream(), entries))
            }
            _ => None,
        };
        let (axes, activation, pool) = (axes.clone(), *activation, self.pool.clone());
        let plain = move |inputs: &[Tensor]| {
            let convolved = activate(convolve(&inputs[0], &inputs[1], &inputs[2], &axes)?, activation)?;
            match &pool {
                Some(pool) => pool.without_variables(Kernels::Reference).forward(&convolved, mode),
                None => Ok(convolved),
            }
        };
        conv_pool(self.block, images, ConvVariables { weight, bias }, kept, plain)
    }
}

/// The images' sizes and the kernel's, of a convolution with stride 1 and without padding.
fn plain_convolution(conv: &Conv<2>, input: &[usize]) -> Option<([usize; 3], [usize; 2])> {
    let axes = conv_axes(conv, input).ok()?;
    let [rows, columns] = axes[..] else { return None };
    let plain =
        |axis: AxisWindow| axis.stride == 1 && axis.dilation == 1 && axis.before == 0 && axis.after == 0;
    let taps = input[0] * rows.size * columns.size;
    let fits = plain(rows) && plain(columns) && taps <= MOST_TAPS;
    fits.then_some(([input[0], rows.input, columns.input], [rows.size, columns.size]))
}

/// The reducer and the window of pooling without overlap, padding and holes.
fn plain_pooling(pool: &Pool, spatial: &[usize]) -> Option<(ConvPoolReduce, [usize; 2])> {
    let Pool::Reduce { reducer, geometry: Geometry::Window(window) } = pool else { return None };
    let reduce = match reducer {
        Reducer::Max => ConvPoolReduce::Max,
        Reducer::Avg => ConvPoolReduce::Mean,
        _ => return None,
    };
    let axes = window.resolve_pooling(spatial).ok()?;
    let plain = |axis: &AxisWindow| {
        axis.stride == axis.size && axis.dilation == 1 && [axis.before, axis.after, axis.overhang] == [0; 3]
    };
    let [rows, columns] = axes[..] else { return None };
    axes.iter().all(plain).then_some((reduce, [rows.size, columns.size]))
}
