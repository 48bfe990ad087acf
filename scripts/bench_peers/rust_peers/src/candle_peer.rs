//! candle on the CPU, after its MNIST example: layers over a `VarMap`, and `AdamW` without decay, which is Adam. Weights
//! start as Keras's and pool-cli's do (Glorot-uniform, zero biases), so that losses can be compared.

use std::error::Error;

use candle_core::{D, DType, Device, Result, Tensor, Var};
use candle_nn::{
    AdamW, BatchNorm, BatchNormConfig, Conv2d, Conv2dConfig, Dropout, Init, Linear, Module, ModuleT,
    Optimizer, ParamsAdamW, VarBuilder, VarMap, batch_norm, loss,
};

use crate::mnist::{Images, SIDE};
use crate::peer::Peer;
use crate::work::{Conv, Layer, Work};

pub struct CandlePeer {
    net: Chain,
    optimizer: AdamW,
    parameters: usize,
}

pub struct CandleImages {
    /// `[N, 1, H, W]`
    pixels: Tensor,
    labels: Tensor,
}

impl Peer for CandlePeer {
    type Images = CandleImages;

    const PROGRAM: &str = "candle 0.11.1";

    fn new(work: &Work) -> std::result::Result<Self, Box<dyn Error>> {
        let variables = VarMap::new();
        let net =
            Chain::new(&work.layers, work, &VarBuilder::from_varmap(&variables, DType::F32, &Device::Cpu))?;
        // The statistics of batch normalisation are variables as well, but no gradient reaches them.
        let trained = trained(&variables);
        let parameters = trained.iter().map(|variable| variable.elem_count()).sum();
        let settings = ParamsAdamW {
            lr: work.learning_rate,
            eps: work.adam_epsilon,
            weight_decay: 0.0,
            ..ParamsAdamW::default()
        };
        Ok(Self { net, optimizer: AdamW::new(trained, settings)?, parameters })
    }

    fn tensors(images: &Images) -> std::result::Result<CandleImages, Box<dyn Error>> {
        let labels: Vec<u32> = images.labels.iter().map(|&label| label.into()).collect();
        Ok(CandleImages {
            pixels: Tensor::from_slice(&images.pixels, (images.len(), 1, SIDE, SIDE), &Device::Cpu)?,
            labels: Tensor::from_vec(labels, images.len(), &Device::Cpu)?,
        })
    }

    fn train_step(
        &mut self,
        images: &CandleImages,
        indices: &[u32],
    ) -> std::result::Result<f64, Box<dyn Error>> {
        let indices = Tensor::from_slice(indices, indices.len(), &Device::Cpu)?;
        let logits = self.net.forward_t(&images.pixels.index_select(&indices, 0)?, true)?;
        let loss = loss::cross_entropy(&logits, &images.labels.index_select(&indices, 0)?)?;
        self.optimizer.backward_step(&loss)?;
        Ok(loss.to_scalar::<f32>()?.into())
    }

    fn classes(
        &self,
        images: &CandleImages,
        first: usize,
        count: usize,
    ) -> std::result::Result<Vec<u8>, Box<dyn Error>> {
        let logits = self.net.forward_t(&images.pixels.narrow(0, first, count)?, false)?;
        let classes = logits.argmax(D::Minus1)?.to_vec1::<u32>()?;
        Ok(classes.into_iter().map(|class| class as u8).collect())
    }

    fn parameters(&self) -> usize {
        self.parameters
    }
}

fn trained(variables: &VarMap) -> Vec<Var> {
    let data = variables.data().lock().expect("no thread has panicked");
    data.iter().filter(|(name, _)| !name.contains("running_")).map(|(_, variable)| variable.clone()).collect()
}

/// Layers, one after the other.
struct Chain(Vec<Built>);

enum Built {
    Conv(Conv2d),
    BatchNorm(BatchNorm),
    Relu,
    MaxPool,
    AveragePool,
    GlobalAverage,
    Dropout(Dropout),
    Flatten,
    Dense(Linear),
    Residual { block: Chain, shortcut: Chain },
}

impl Chain {
    fn new(layers: &[Layer], work: &Work, variables: &VarBuilder<'_>) -> Result<Self> {
        let layers = layers.iter().enumerate();
        layers
            .map(|(index, layer)| Built::new(layer, work, variables.pp(index)))
            .collect::<Result<_>>()
            .map(Self)
    }
}

impl ModuleT for Chain {
    fn forward_t(&self, values: &Tensor, train: bool) -> Result<Tensor> {
        self.0.iter().try_fold(values.clone(), |values, layer| layer.forward_t(&values, train))
    }
}

impl Built {
    fn new(layer: &Layer, work: &Work, variables: VarBuilder<'_>) -> Result<Self> {
        Ok(match layer {
            Layer::Conv(conv) => Self::Conv(convolution(conv, &variables)?),
            Layer::BatchNorm { channels } => {
                let momentum = 1.0 - work.batch_norm_momentum;
                let config =
                    BatchNormConfig { eps: work.batch_norm_epsilon, momentum, ..BatchNormConfig::default() };
                Self::BatchNorm(batch_norm(*channels, config, variables)?)
            }
            Layer::Relu => Self::Relu,
            Layer::MaxPool => Self::MaxPool,
            Layer::AveragePool => Self::AveragePool,
            Layer::GlobalAverage => Self::GlobalAverage,
            Layer::Dropout { share } => Self::Dropout(Dropout::new(*share)),
            Layer::Flatten => Self::Flatten,
            Layer::Dense { inputs, units } => {
                let weight =
                    variables.get_with_hints((*units, *inputs), "weight", glorot(*inputs, *units))?;
                Self::Dense(Linear::new(weight, Some(bias(*units, &variables)?)))
            }
            Layer::Residual { layers, shortcut } => Self::Residual {
                block: Chain::new(layers, work, &variables.pp("block"))?,
                shortcut: Chain::new(shortcut, work, &variables.pp("shortcut"))?,
            },
        })
    }
}

impl ModuleT for Built {
    fn forward_t(&self, values: &Tensor, train: bool) -> Result<Tensor> {
        match self {
            Self::Conv(conv) => conv.forward(values),
            Self::BatchNorm(norm) => norm.forward_t(values, train),
            Self::Relu => values.relu(),
            Self::MaxPool => whole_windows(values)?.max_pool2d(2),
            Self::AveragePool => whole_windows(values)?.avg_pool2d(2),
            Self::GlobalAverage => values.mean((2, 3)),
            Self::Dropout(dropout) => dropout.forward(values, train),
            Self::Flatten => values.flatten_from(1),
            Self::Dense(dense) => dense.forward(values),
            Self::Residual { block, shortcut } => {
                block.forward_t(values, train)? + shortcut.forward_t(values, train)?
            }
        }
    }
}

/// Without the last row and column where their number is odd: candle's gradients of pooling are wrong with them.
fn whole_windows(values: &Tensor) -> Result<Tensor> {
    let (_, _, height, width) = values.dims4()?;
    if height % 2 == 0 && width % 2 == 0 {
        return Ok(values.clone());
    }
    values.narrow(2, 0, height / 2 * 2)?.narrow(3, 0, width / 2 * 2)?.contiguous()
}

fn convolution(conv: &Conv, variables: &VarBuilder<'_>) -> Result<Conv2d> {
    let &Conv { channels, filters, kernel, padding, stride, bias: has_bias } = conv;
    let init = glorot(channels * kernel * kernel, filters * kernel * kernel);
    let weight = variables.get_with_hints((filters, channels, kernel, kernel), "weight", init)?;
    let bias = has_bias.then(|| bias(filters, variables)).transpose()?;
    Ok(Conv2d::new(weight, bias, Conv2dConfig { padding, stride, ..Conv2dConfig::default() }))
}

fn bias(units: usize, variables: &VarBuilder<'_>) -> Result<Tensor> {
    variables.get_with_hints(units, "bias", Init::Const(0.0))
}

fn glorot(inputs: usize, outputs: usize) -> Init {
    let bound = (6.0 / (inputs + outputs) as f64).sqrt();
    Init::Uniform { lo: -bound, up: bound }
}
