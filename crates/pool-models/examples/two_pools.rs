//! A model of one's own, with tch's layers and two different pooling layers, one of which learns:
//! `cargo run -p pool-models --example two_pools`.

use pool_models::{Learned, Mode, ModelError, Pool, PoolLayer, Reducer};
use tch::nn::{self, Module, OptimizerConfig};
use tch::{Device, Kind, Tensor};

/// 3x32x32 colour pictures in, ten logits out.
struct TwoPools {
    first: nn::Conv2D,
    blur: PoolLayer,
    second: nn::Conv2D,
    gem: PoolLayer,
    last: nn::Linear,
}

impl TwoPools {
    fn new(path: &nn::Path<'_>, seed: u64) -> Result<Self, ModelError> {
        // Anti-aliased maximum in the middle, a generalised mean with learned exponents at the end.
        let gem = Pool::global(Reducer::Gem { p: 3.0, learned: Learned::Channel });
        Ok(Self {
            first: nn::conv2d(path / "first", 3, 16, 3, nn::ConvConfig::default()),
            blur: Pool::blur(2).build(&[16, 30, 30], seed, &(path / "blur"))?,
            second: nn::conv2d(path / "second", 16, 32, 3, nn::ConvConfig::default()),
            gem: gem.build(&[32, 13, 13], seed, &(path / "gem"))?,
            last: nn::linear(path / "last", 32, 10, nn::LinearConfig::default()),
        })
    }

    fn forward(&self, images: &Tensor, mode: Mode) -> Result<Tensor, ModelError> {
        let first = self.blur.forward(&self.first.forward(images).relu(), mode)?;
        let second = self.gem.forward(&self.second.forward(&first).relu(), mode)?;
        Ok(self.last.forward(&second))
    }
}

fn main() -> Result<(), ModelError> {
    tch::manual_seed(0);
    let weights = nn::VarStore::new(Device::Cpu);
    let model = TwoPools::new(&weights.root(), 0)?;
    let mut optimizer = nn::Adam::default().build(&weights, 1e-3)?;

    let images = Tensor::rand([64, 3, 32, 32], (Kind::Float, Device::Cpu));
    let labels = Tensor::randint(10, [64], (Kind::Int64, Device::Cpu));
    for step in 0..5 {
        let loss = pool_models::cross_entropy(&model.forward(&images, Mode::Training)?, &labels)?;
        optimizer.backward_step(&loss);
        println!("step {step}: loss {:.4}", loss.double_value(&[]));
    }
    let exponents = &weights.variables()["gem.p"];
    let (least, greatest) = (exponents.min().double_value(&[]), exponents.max().double_value(&[]));
    println!("the exponents of gem started at 3 and are now {least:.3} to {greatest:.3}");
    Ok(())
}
