//! A network written as TorchScript gives what the network gives, whatever the size of the batch.

use std::path::Path;

use crate::common::{distance, every_layer};
use pool_models::{
    Activation, BatchNorm, Conv1d, Conv2d, Conv3d, Dense, Dropout, Flatten, Layer, Mode, Net, Padding, Pool,
    Sequential, SpaceToDepth, cross_entropy, save_torchscript,
};
use tch::nn::{self, OptimizerConfig, VarStore};
use tch::{CModule, Device, Kind, Tensor};

/// A thread of libtorch's for each thread of the tests would leave the machine no time for anything else.
fn built(model: &Sequential) -> (Net, VarStore) {
    tch::set_num_threads(1);
    let variables = VarStore::new(Device::Cpu);
    (model.build(&variables.root()).unwrap(), variables)
}

fn batch(size: i64, sample: &[usize]) -> Tensor {
    let shape: Vec<i64> = std::iter::once(size).chain(sample.iter().map(|&n| n as i64)).collect();
    Tensor::rand(shape, (Kind::Float, Device::Cpu))
}

fn exported(net: &Net) -> CModule {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.pt");
    save_torchscript(net, &path).unwrap_or_else(|error| panic!("{error}"));
    CModule::load(&path).unwrap()
}

/// The greatest difference over batches of several sizes, none of which was recorded.
pub(crate) fn greatest_distance(net: &Net) -> f64 {
    let module = exported(net);
    let apart = |size| {
        let input = batch(size, net.input());
        distance(&module.forward_ts(&[&input]).unwrap(), &net.forward(&input, Mode::Inference).unwrap())
    };
    [1, 3, 7].map(apart).into_iter().fold(0.0, f64::max)
}

const CONVOLUTIONS: [fn() -> Layer; 3] = [
    || Conv1d::new(4, 2).relu().into(),
    || Conv2d::new(4, 2).relu().into(),
    || Conv3d::new(4, 2).relu().into(),
];

#[test]
fn every_operator_over_one_to_three_axes() {
    let mut wrong = Vec::new();
    for pool in every_layer() {
        for (axes, convolution) in (1..).zip(CONVOLUTIONS) {
            let input: Vec<usize> = std::iter::once(2).chain(std::iter::repeat_n(9, axes)).collect();
            let model = Sequential::new(input).add(convolution()).add(pool.clone()).seed(1);
            let model = model.add(Flatten).add(Dense::new(3));
            let apart = greatest_distance(&built(&model).0);
            if apart > 1e-6 {
                wrong.push(format!("{pool} over {axes} axes: off by {apart:e}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// All kinds of layers, after a few steps of training.
fn trained() -> (Net, VarStore) {
    let activations = [
        Activation::Tanh,
        Activation::Elu,
        Activation::Sigmoid,
        Activation::Softplus,
        Activation::LeakyRelu,
        Activation::Gelu,
        Activation::Silu,
        Activation::HardSwish,
        Activation::Relu,
    ];
    let model = Sequential::new([1, 12, 12])
        .add(Conv2d::new(4, [3, 2]).stride(2).padding(Padding::Same))
        .add(SpaceToDepth::new(2))
        .add(Conv2d::new(16, 2).groups(16).dilation(2).padding(Padding::Same).without_bias())
        .add(BatchNorm { scale: false, ..BatchNorm::default() })
        .add(BatchNorm::default())
        .add(Dropout::new(0.5));
    let model = activations.into_iter().fold(model, Sequential::add);
    let model = model.add(Pool::strided_conv(2)).add(Flatten).add(Dense::new(3).without_bias());
    let (net, variables) = built(&model);
    let mut optimizer = nn::Adam::default().build(&variables, 0.01).unwrap();
    let labels = Tensor::arange(30, (Kind::Int64, Device::Cpu)).remainder(3);
    for _ in 0..3 {
        let logits = net.forward(&batch(30, &[1, 12, 12]), Mode::Training).unwrap();
        optimizer.backward_step(&cross_entropy(&logits, &labels).unwrap());
    }
    (net, variables)
}

#[test]
fn every_layer_predicts_with_the_present_weights_and_statistics() {
    assert!(greatest_distance(&trained().0) < 1e-6);
}

#[test]
fn a_network_without_layers_gives_its_input() {
    assert_eq!(greatest_distance(&built(&Sequential::new([2, 5])).0), 0.0);
}

#[test]
fn a_network_in_double_precision_is_written_in_single() {
    let (net, mut variables) = trained();
    variables.double();
    let input = batch(3, &[1, 12, 12]);
    let found = exported(&net).forward_ts(&[&input]).unwrap();
    assert_eq!(found.kind(), Kind::Float);
    let expected = net.forward(&input.to_kind(Kind::Double), Mode::Inference).unwrap();
    assert!(distance(&found.to_kind(Kind::Double), &expected) < 1e-5);
}

#[test]
fn nothing_asks_for_a_gradient_and_the_network_goes_on_learning() {
    let (net, variables) = trained();
    let module = exported(&net);
    assert!(module.named_parameters().unwrap().is_empty());
    assert!(!module.forward_ts(&[batch(2, &[1, 12, 12])]).unwrap().requires_grad());
    assert!(net.forward(&batch(2, &[1, 12, 12]), Mode::Training).unwrap().requires_grad());
    assert!(variables.trainable_variables().iter().all(Tensor::requires_grad));
}

#[test]
fn a_file_is_the_same_each_time_and_nothing_lies_beside_it() {
    let (net, variables) = trained();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.pt");
    let bytes = || {
        save_torchscript(&net, &path).unwrap();
        std::fs::read(&path).unwrap()
    };
    let first = bytes();
    assert_eq!(first, bytes());
    let weights: usize = variables.variables().values().map(|variable| 4 * variable.numel()).sum();
    assert!(first.len() > weights, "the weights are inside");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_file_that_cannot_be_written_is_named() {
    let (net, _variables) = built(&Sequential::new([1, 4]).add(Pool::max(2)));
    let folder = tempfile::tempdir().unwrap();
    for (path, cause) in [
        (folder.path().to_owned(), "it is no regular file, and would be replaced by one"),
        (Path::new("nowhere").join("model.pt"), "its folder does not exist"),
    ] {
        let expected = format!("{}: cannot write it: {cause}", path.display());
        assert_eq!(save_torchscript(&net, &path).unwrap_err().to_string(), expected);
    }
}
