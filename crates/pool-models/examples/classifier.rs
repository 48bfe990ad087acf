//! A classifier in ten lines: `cargo run -p pool-models --example classifier`.

use pool_models::{Conv2d, Dense, Dropout, Flatten, Mode, Pool, Sequential};
use tch::{Device, Kind, Tensor, nn};

fn main() -> Result<(), pool_models::ModelError> {
    let model = Sequential::new([1, 28, 28])
        .add(Conv2d::new(32, 5).relu())
        .add(Pool::max(2)) // Keras: model.add(MaxPooling2D(pool_size=(2, 2)))
        .add(Dropout::new(0.2))
        .add(Flatten)
        .add(Dense::new(128).relu())
        .add(Dense::new(10));
    println!("{}", model.summary()?);

    let weights = nn::VarStore::new(Device::Cpu);
    let net = model.build(&weights.root())?;
    let images = Tensor::zeros([200, 1, 28, 28], (Kind::Float, Device::Cpu));
    println!("logits: {:?}", net.forward(&images, Mode::Inference)?.size());
    Ok(())
}
