//! Networks with branches: their values and gradients, whatever computes them, and what a file of them holds.

use pool_models::{
    Activation, BatchNorm, BranchInput, Conv2d, Dense, Join, Kernels, Layer, Mode, Net, Padding, Parallel,
    Pool, Reducer, Sequential,
};
use tch::nn::VarStore;
use tch::{Device, Kind, Tensor};

fn conv(filters: usize) -> Layer {
    Conv2d::new(filters, 3).padding(Padding::Same).into()
}

fn built(model: &Sequential) -> (Net, VarStore) {
    let variables = VarStore::new(Device::Cpu);
    (model.build(&variables.root()).unwrap(), variables)
}

fn images(shape: &[i64]) -> Tensor {
    Tensor::arange(shape.iter().product::<i64>(), (Kind::Float, Device::Cpu)).sin().reshape(shape)
}

#[test]
fn branches_that_are_added_give_the_sum_of_what_each_gives() {
    let inputs = images(&[2, 3, 6, 6]);
    let (net, variables) = built(&Sequential::new([3, 6, 6]).add(Parallel::residual([conv(3)], [])));
    let (weight, bias) = (&variables.variables()["conv2d.weight"], &variables.variables()["conv2d.bias"]);
    let expected = inputs.conv2d(weight, Some(bias), 1, 1, 1, 1) + &inputs;
    let found = net.forward(&inputs, Mode::Inference).unwrap();
    assert!(found.allclose(&expected, 1e-6, 1e-6, false));
}

#[test]
fn shares_are_the_channels_in_order() {
    let shuffled = Parallel {
        input: BranchInput::Shares,
        ..Parallel::new([vec![Activation::Relu.into()], vec![Pool::max(1).into()], Vec::new()], Join::Concat)
    };
    let inputs = images(&[2, 6, 2, 2]);
    let (net, _variables) = built(&Sequential::new([6, 2, 2]).add(shuffled));
    let expected = Tensor::cat(&[inputs.narrow(1, 0, 2).relu(), inputs.narrow(1, 2, 4)], 1);
    assert_eq!(net.forward(&inputs, Mode::Inference).unwrap(), expected);
}

/// A residual network with everything in it that branches can have.
fn network() -> Sequential {
    let shares = Parallel {
        input: BranchInput::Shares,
        ..Parallel::new([vec![conv(2)], vec![Pool::max(3).into(), conv(3)]], Join::Concat)
    };
    let down = Parallel::residual(
        [Conv2d::new(8, 3).stride(2).padding(Padding::Same).into(), BatchNorm::default().into()],
        [Pool::avg(2).into(), Conv2d::new(8, 1).without_bias().into()],
    );
    let narrow =
        Parallel { branches: vec![vec![Pool::max(3).into(), conv(2)], vec![Pool::avg(3).into()]], ..shares };
    Sequential::new([1, 12, 12])
        .add(Conv2d::new(4, 1).relu())
        .add(down)
        .add(Activation::Relu)
        .add(Parallel::residual([conv(8), Parallel::residual([conv(8)], []).into()], []))
        .add(narrow)
        .add(Pool::global(Reducer::Avg))
        .add(Dense::new(3))
        .seed(5)
}

#[test]
fn fast_kernels_and_libtorch_give_the_same_values_and_gradients() {
    let gradients = |kernels: Kernels| {
        let (net, variables) = built(&network());
        let output = net.with_kernels(kernels).forward(&images(&[4, 1, 12, 12]), Mode::Training).unwrap();
        output.square().sum(Kind::Float).backward();
        let mut named: Vec<_> = variables.variables().into_iter().collect();
        named.sort_by(|a, b| a.0.cmp(&b.0));
        let of_each = named.into_iter().filter(|(_, variable)| variable.requires_grad());
        (output.detach(), of_each.map(|(name, variable)| (name, variable.grad())).collect::<Vec<_>>())
    };
    let ((fast, of_fast), (reference, of_reference)) =
        (gradients(Kernels::Fast), gradients(Kernels::Reference));
    assert!(fast.allclose(&reference, 1e-4, 1e-5, false));
    assert_eq!(of_fast.len(), 15);
    for ((name, fast), (_, reference)) in of_fast.iter().zip(&of_reference) {
        assert!(fast.allclose(reference, 1e-3, 1e-5, false), "{name}");
    }
}

#[test]
fn a_torchscript_file_of_a_residual_network_predicts_the_same() {
    let (net, _variables) = built(&network());
    assert!(crate::torchscript::greatest_distance(&net) < 1e-6);
}
