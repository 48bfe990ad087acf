//! Networks of own kernels learn and predict the same to the last bit on any number of threads.

use pool_models::{
    Activation, BatchNorm, Conv2d, Dense, Dropout, Flatten, Mode, Optimizer, OptimizerSpec, Padding, Pool,
    Sequential, cross_entropy,
};
use tch::nn::VarStore;
use tch::{Device, Kind, Tensor};

/// Of libtorch, whose number of threads is the process's: nothing else runs meanwhile.
static ONE_AT_A_TIME: std::sync::Mutex<()> = std::sync::Mutex::new(());

fn bits(tensor: &Tensor) -> Vec<u32> {
    let numbers = Vec::<f32>::try_from(&tensor.detach().flatten(0, -1)).unwrap();
    numbers.into_iter().map(f32::to_bits).collect()
}

fn random(shape: &[i64]) -> Tensor {
    tch::manual_seed(3);
    Tensor::rand(shape, (Kind::Float, Device::Cpu))
}

/// What `compute` gives with one, two and three threads.
fn with_threads<T>(compute: impl Fn() -> T) -> [T; 3] {
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    [1, 2, 3].map(|threads| {
        tch::set_num_threads(threads);
        compute()
    })
}

/// Losses of a few steps, what the variables are after them, and logits.
fn trained(model: &Sequential, images: &Tensor, labels: &Tensor) -> Vec<(String, Vec<u32>)> {
    let variables = VarStore::new(Device::Cpu);
    let net = model.build(&variables.root()).unwrap();
    let mut optimizer = Optimizer::new(&variables, OptimizerSpec::default(), 1e-3).unwrap();
    let mut found = Vec::new();
    for step in 1..=3 {
        let loss = cross_entropy(&net.forward(images, Mode::Training).unwrap(), labels).unwrap();
        optimizer.step(&loss).unwrap();
        found.push((format!("loss of step {step}"), bits(&loss)));
    }
    let mut named: Vec<(String, Vec<u32>)> =
        variables.variables().iter().map(|(name, variable)| (name.clone(), bits(variable))).collect();
    named.sort();
    found.extend(named);
    let logits = tch::no_grad(|| net.forward(images, Mode::Inference).unwrap());
    found.push(("logits".to_owned(), bits(&logits)));
    found
}

#[test]
fn the_studys_networks_learn_and_predict_the_same_on_one_two_and_three_threads() {
    let labels = Tensor::arange(200, (Kind::Int64, Device::Cpu)).remainder(10);
    let images = random(&[200, 1, 28, 28]);
    for pool in [Pool::max(2), Pool::avg(2), Pool::None] {
        let model = Sequential::new([1, 28, 28])
            .add(Conv2d::new(32, 5).relu())
            .add(pool.clone())
            .add(Dropout::new(0.2))
            .add(Flatten)
            .add(Dense::new(128).relu())
            .add(Dense::new(10))
            .seed(1);
        let [one, two, three] = with_threads(|| trained(&model, &images, &labels));
        for ((alone, two), three) in one.iter().zip(&two).zip(&three) {
            assert!(alone == two && alone == three, "{pool}: {}", alone.0);
        }
    }
}

#[test]
fn convolutions_and_batch_normalisation_give_the_same_on_one_two_and_three_threads() {
    let labels = Tensor::arange(40, (Kind::Int64, Device::Cpu)).remainder(10);
    let images = random(&[40, 3, 16, 16]);
    let conv = |filters| Conv2d::new(filters, 3).padding(Padding::Same).without_bias();
    let model = Sequential::new([3, 16, 16])
        .add(conv(16))
        .add(BatchNorm::default())
        .add(Activation::Relu)
        .add(conv(32).stride(2))
        .add(BatchNorm::default())
        .add(Activation::Relu)
        .add(Pool::max(2))
        .add(conv(24))
        .add(Flatten)
        .add(Dense::new(10))
        .seed(1);
    let [one, two, three] = with_threads(|| trained(&model, &images, &labels));
    for ((alone, two), three) in one.iter().zip(&two).zip(&three) {
        assert!(alone == two && alone == three, "{}", alone.0);
    }
}

/// libtorch's gradient of the weights differs between one and two threads in the second, third and fourth of these.
#[test]
fn dense_layers_small_and_large_give_the_same_on_one_two_and_three_threads() {
    for (samples, inputs, units) in [
        (1, 128, 10),
        (7, 129, 31),
        (8, 128, 10),
        (200, 128, 10),
        (200, 576, 4),
        (16, 300, 40),
        (4, 4_608, 128),
    ] {
        let model = Sequential::new([1, 1, inputs as usize]).add(Flatten).add(Dense::new(units)).seed(1);
        let labels = Tensor::zeros([samples], (Kind::Int64, Device::Cpu));
        let batch = random(&[samples, 1, 1, inputs]);
        let [one, two, three] = with_threads(|| trained(&model, &batch, &labels));
        assert!(one == two && one == three, "{samples} of {inputs} to {units}");
    }
}
