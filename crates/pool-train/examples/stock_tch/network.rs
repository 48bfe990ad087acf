//! A network of tch's own layers. Weights start as pool-train's do (Glorot-uniform, zero biases), so that losses can be
//! compared.

use serde::Deserialize;
use tch::Tensor;
use tch::nn::{self, ModuleT};

/// A layer as `scripts/bench_peers/networks.py` lists it; the pooling layers are 2x2.
#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Layer {
    Conv { channels: i64, filters: i64, kernel: i64, padding: i64, stride: i64, bias: bool },
    BatchNorm { channels: i64 },
    Relu,
    MaxPool,
    AveragePool,
    GlobalAverage,
    Dropout { share: f64 },
    Flatten,
    Dense { inputs: i64, units: i64 },
    Residual { layers: Vec<Layer>, shortcut: Vec<Layer> },
}

/// How batch normalisation averages.
#[derive(Clone, Copy)]
pub(crate) struct Normalization {
    pub(crate) momentum: f64,
    pub(crate) epsilon: f64,
}

pub(crate) fn sequential(path: &nn::Path<'_>, layers: &[Layer], norm: Normalization) -> nn::SequentialT {
    let layers = layers.iter().enumerate();
    layers.fold(nn::seq_t(), |net, (index, layer)| add(net, &(path / index), layer, norm))
}

fn add(net: nn::SequentialT, path: &nn::Path<'_>, layer: &Layer, norm: Normalization) -> nn::SequentialT {
    match *layer {
        Layer::Conv { channels, filters, kernel, padding, stride, bias } => {
            let config = nn::ConvConfig {
                padding,
                stride,
                bias,
                ws_init: glorot(channels * kernel * kernel, filters * kernel * kernel),
                bs_init: nn::Init::Const(0.0),
                ..nn::ConvConfig::default()
            };
            net.add(nn::conv2d(path, channels, filters, kernel, config))
        }
        Layer::BatchNorm { channels } => {
            let config = nn::BatchNormConfig {
                eps: norm.epsilon,
                momentum: 1.0 - norm.momentum,
                ws_init: nn::Init::Const(1.0),
                ..nn::BatchNormConfig::default()
            };
            net.add(nn::batch_norm2d(path, channels, config))
        }
        Layer::Relu => net.add_fn(Tensor::relu),
        Layer::MaxPool => net.add_fn(|images| images.max_pool2d_default(2)),
        // Not avg_pool2d_default, which divides by 1 and so returns sums.
        Layer::AveragePool => {
            net.add_fn(|images| images.avg_pool2d([2, 2], [2, 2], [0, 0], false, true, None::<i64>))
        }
        Layer::GlobalAverage => net.add_fn(|images| images.adaptive_avg_pool2d([1, 1]).flat_view()),
        Layer::Dropout { share } => net.add_fn_t(move |values, train| values.dropout(share, train)),
        Layer::Flatten => net.add_fn(Tensor::flat_view),
        Layer::Dense { inputs, units } => {
            let config = nn::LinearConfig {
                ws_init: glorot(inputs, units),
                bs_init: Some(nn::Init::Const(0.0)),
                ..nn::LinearConfig::default()
            };
            net.add(nn::linear(path, inputs, units, config))
        }
        Layer::Residual { ref layers, ref shortcut } => net.add(Residual {
            block: sequential(&(path / "block"), layers, norm),
            shortcut: sequential(&(path / "shortcut"), shortcut, norm),
        }),
    }
}

#[derive(Debug)]
struct Residual {
    block: nn::SequentialT,
    shortcut: nn::SequentialT,
}

impl ModuleT for Residual {
    fn forward_t(&self, values: &Tensor, train: bool) -> Tensor {
        self.block.forward_t(values, train) + self.shortcut.forward_t(values, train)
    }
}

fn glorot(inputs: i64, outputs: i64) -> nn::Init {
    let bound = (6.0 / (inputs + outputs) as f64).sqrt();
    nn::Init::Uniform { lo: -bound, up: bound }
}
