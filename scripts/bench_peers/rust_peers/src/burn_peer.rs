//! burn on its own back end for CPUs, flex, with a training loop of one's own as the Burn Book has it. Weights start as
//! Keras's and pool-cli's do (Glorot-uniform, zero biases), so that losses can be compared.

use std::error::Error;

use burn::module::{Module, ModuleVisitor, Param};
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::loss::{CrossEntropyLoss, CrossEntropyLossConfig};
use burn::nn::pool::{
    AdaptiveAvgPool2d, AdaptiveAvgPool2dConfig, AvgPool2d, AvgPool2dConfig, MaxPool2d, MaxPool2dConfig,
};
use burn::nn::{
    BatchNorm, BatchNormConfig, Dropout, DropoutConfig, Initializer, Linear, LinearConfig, PaddingConfig2d,
    Relu,
};
use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer};
use burn::tensor::{Device, Int, Tensor, TensorData};

use crate::mnist::{Images, SIDE};
use crate::peer::Peer;
use crate::work::{Conv, Layer, Work};

pub struct BurnPeer {
    /// Taken out only while a step is done.
    net: Option<Chain>,
    optimizer: ModuleOptimizer,
    loss: CrossEntropyLoss,
    learning_rate: f64,
}

pub struct BurnImages {
    /// `[N, 1, H, W]`
    pixels: Tensor<4>,
    labels: Tensor<1, Int>,
}

impl Peer for BurnPeer {
    type Images = BurnImages;

    const PROGRAM: &str = "burn 0.22.1, flex";

    fn new(work: &Work) -> Result<Self, Box<dyn Error>> {
        let device = Device::flex().autodiff();
        device.seed(work.seed);
        Ok(Self {
            net: Some(Chain::new(&work.layers, work, &device)),
            optimizer: AdamConfig::new().with_epsilon(work.adam_epsilon as f32).init(),
            loss: CrossEntropyLossConfig::new().init(&device),
            learning_rate: work.learning_rate,
        })
    }

    fn tensors(images: &Images) -> Result<BurnImages, Box<dyn Error>> {
        let device = Device::flex();
        let labels: Vec<i32> = images.labels.iter().map(|&label| label.into()).collect();
        let pixels = TensorData::new(images.pixels.clone(), [images.len(), 1, SIDE, SIDE]);
        Ok(BurnImages {
            pixels: Tensor::from_data(pixels, &device),
            labels: Tensor::from_data(TensorData::new(labels, [images.len()]), &device),
        })
    }

    fn train_step(&mut self, images: &BurnImages, indices: &[u32]) -> Result<f64, Box<dyn Error>> {
        let device = Device::flex();
        let indices: Vec<i32> = indices.iter().map(|&index| index as i32).collect();
        let count = indices.len();
        let indices = Tensor::<1, Int>::from_data(TensorData::new(indices, [count]), &device);
        let pixels = images.pixels.clone().select(0, indices.clone()).to_device(&device.clone().autodiff());
        let labels = images.labels.clone().select(0, indices).to_device(&device.autodiff());
        let net = self.net.take().expect("a net between steps");
        let loss = self.loss.forward(net.logits(pixels), labels);
        let gradients = GradientsParams::from_grads(loss.backward(), &net);
        self.net = Some(self.optimizer.step(self.learning_rate, net, gradients));
        Ok(loss.into_scalar::<f32>().into())
    }

    fn classes(&self, images: &BurnImages, first: usize, count: usize) -> Result<Vec<u8>, Box<dyn Error>> {
        let pixels = images.pixels.clone().narrow(0, first, count);
        let net = self.net.as_ref().expect("a net between steps").valid();
        let classes = net.logits(pixels).argmax(1).into_data_as::<i32>().try_into_vec::<i32>()?;
        Ok(classes.into_iter().map(|class| class as u8).collect())
    }

    fn parameters(&self) -> usize {
        let mut trained = Trained(0);
        self.net.as_ref().expect("a net between steps").visit(&mut trained);
        trained.0
    }
}

/// Counts the parameters that gradients change: all but the averages of batch normalisation.
struct Trained(usize);

impl ModuleVisitor for Trained {
    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
        if parameter.is_require_grad() {
            self.0 += parameter.shape().num_elements();
        }
    }
}

/// Layers, one after the other.
#[derive(Module, Debug)]
struct Chain {
    layers: Vec<Built>,
}

/// All of them take and give `[N, C, H, W]`, dense layers with a height and a width of 1, so that one type holds a network.
#[derive(Module, Debug)]
enum Built {
    Conv(Conv2d),
    BatchNorm(BatchNorm),
    Relu(Relu),
    MaxPool(MaxPool2d),
    AveragePool(AvgPool2d),
    GlobalAverage(AdaptiveAvgPool2d),
    Dropout(Dropout),
    Dense(Linear),
    Residual(Residual),
}

#[derive(Module, Debug)]
struct Residual {
    block: Chain,
    shortcut: Chain,
}

impl Chain {
    fn new(layers: &[Layer], work: &Work, device: &Device) -> Self {
        Self { layers: layers.iter().filter_map(|layer| Built::new(layer, work, device)).collect() }
    }

    fn forward(&self, values: Tensor<4>) -> Tensor<4> {
        self.layers.iter().fold(values, |values, layer| layer.forward(values))
    }

    fn logits(&self, images: Tensor<4>) -> Tensor<2> {
        self.forward(images).flatten(1, 3)
    }
}

impl Built {
    /// `None` for `flatten`, which `Dense` does.
    fn new(layer: &Layer, work: &Work, device: &Device) -> Option<Self> {
        Some(match layer {
            Layer::Conv(conv) => Self::Conv(convolution(conv, device)),
            Layer::BatchNorm { channels } => Self::BatchNorm(
                BatchNormConfig::new(*channels)
                    .with_epsilon(work.batch_norm_epsilon)
                    .with_momentum(1.0 - work.batch_norm_momentum)
                    .init(device),
            ),
            Layer::Relu => Self::Relu(Relu::new()),
            Layer::MaxPool => Self::MaxPool(MaxPool2dConfig::new([2, 2]).init()),
            Layer::AveragePool => Self::AveragePool(AvgPool2dConfig::new([2, 2]).init()),
            Layer::GlobalAverage => Self::GlobalAverage(AdaptiveAvgPool2dConfig::new([1, 1]).init()),
            Layer::Dropout { share } => Self::Dropout(DropoutConfig::new((*share).into()).init()),
            Layer::Flatten => return None,
            Layer::Dense { inputs, units } => Self::Dense(Linear {
                bias: Some(Initializer::Zeros.init([*units], device)),
                ..LinearConfig::new(*inputs, *units).with_initializer(glorot()).init(device)
            }),
            Layer::Residual { layers, shortcut } => Self::Residual(Residual {
                block: Chain::new(layers, work, device),
                shortcut: Chain::new(shortcut, work, device),
            }),
        })
    }

    fn forward(&self, values: Tensor<4>) -> Tensor<4> {
        match self {
            Self::Conv(conv) => conv.forward(values),
            Self::BatchNorm(norm) => norm.forward(values),
            Self::Relu(relu) => relu.forward(values),
            Self::MaxPool(pool) => pool.forward(values),
            Self::AveragePool(pool) => pool.forward(values),
            Self::GlobalAverage(pool) => pool.forward(values),
            Self::Dropout(dropout) => dropout.forward(values),
            Self::Dense(dense) => dense.forward(values.flatten::<2>(1, 3)).unsqueeze_dims(&[2, 3]),
            Self::Residual(Residual { block, shortcut }) => {
                block.forward(values.clone()) + shortcut.forward(values)
            }
        }
    }
}

fn convolution(conv: &Conv, device: &Device) -> Conv2d {
    let &Conv { channels, filters, kernel, padding, stride, bias } = conv;
    let layer = Conv2dConfig::new([channels, filters], [kernel, kernel])
        .with_stride([stride, stride])
        .with_padding(PaddingConfig2d::Explicit(padding, padding, padding, padding))
        .with_bias(bias)
        .with_initializer(glorot())
        .init(device);
    Conv2d { bias: bias.then(|| Initializer::Zeros.init([filters], device)), ..layer }
}

fn glorot() -> Initializer {
    Initializer::XavierUniform { gain: 1.0 }
}
