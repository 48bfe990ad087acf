use pool_models::{Conv2d, Dense, Flatten, Mode, ModelError, Padding, Pool, Sequential, Window};
use tch::{Device, Kind, Tensor, nn};

fn main() -> Result<(), ModelError> {
    let model = Sequential::new([3, 32, 32])
        .add(Conv2d::new(16, 3).relu())
        .add(Pool::max(Window::new(3).stride(2).padding(Padding::Same)))
        .add(Conv2d::new(32, 3).relu())
        .add(Pool::avg(2))
        .add(Flatten)
        .add(Dense::new(10));
    println!("{}", model.summary()?);

    let weights = nn::VarStore::new(Device::Cpu);
    let net = model.build(&weights.root())?;
    let images = Tensor::rand([8, 3, 32, 32], (Kind::Float, Device::Cpu));
    println!("{:?}", net.forward(&images, Mode::Inference)?.size());
    Ok(())
}
