//! What own kernels compute equals what libtorch's functions compute: values, gradients, and gradients of gradients, of
//! every layer, in every layout, by networks and in training.

mod common;

use common::{distance, every_layer, sample, shape};
use pool_models::{
    Activation, BatchNorm, Conv1d, Conv2d, Dense, Dropout, Flatten, Kernels, Mode, Net, Padding, Parallel,
    Pool, PoolLayer, Reducer, Sequential, Window, cross_entropy,
};
use tch::nn::VarStore;
use tch::{Device, Kind, Tensor};

const WAYS: [Kernels; 2] = [Kernels::Fast, Kernels::Reference];

/// Values in random order, many of them equal, with channels last in memory if told so.
fn input(shape: &[i64], channels_last: bool) -> Tensor {
    let count: i64 = shape.iter().product();
    let values: Vec<f32> = (0..count).map(|place| ((place * 7_919 + 13) % 97) as f32 / 16.0 - 3.0).collect();
    let batch = Tensor::from_slice(&values).reshape(shape);
    if !channels_last {
        return batch;
    }
    let order: Vec<i64> = [0].into_iter().chain(2..shape.len() as i64).chain([1]).collect();
    let back: Vec<i64> = [0, shape.len() as i64 - 1].into_iter().chain(1..shape.len() as i64 - 1).collect();
    batch.permute(&order).contiguous().permute(&back)
}

struct Run {
    output: Tensor,
    gradients: Vec<Tensor>,
    second: Vec<Tensor>,
}

/// Both gradients of a weighted sum, by the input and the variables.
fn run(layer: &PoolLayer, variables: &VarStore, input: &Tensor, mode: Mode) -> Run {
    let leaf = input.detach().set_requires_grad(true);
    let output = layer.forward(&leaf, mode).unwrap_or_else(|error| panic!("{}: {error}", layer.pool()));
    let weights =
        Tensor::arange(output.numel() as i64, (Kind::Float, Device::Cpu)).sin().reshape(output.size());
    let mut leaves = vec![leaf];
    let mut named: Vec<(String, Tensor)> = variables.variables().into_iter().collect();
    named.sort_by(|left, right| left.0.cmp(&right.0));
    leaves.extend(named.into_iter().map(|(_, variable)| variable));
    let sum = (output.square() * weights).sum(Kind::Float);
    let gradients = Tensor::run_backward(&[sum], &leaves, true, true);
    // Gradients of gradients, where these depend on the input at all.
    let norm =
        gradients.iter().map(|gradient| gradient.square().sum(Kind::Float)).reduce(|a, b| a + b).unwrap();
    let second =
        if norm.requires_grad() { Tensor::run_backward(&[norm], &leaves[..1], false, false) } else { vec![] };
    let detached = |tensors: Vec<Tensor>| tensors.iter().map(Tensor::detach).collect();
    Run { output: output.detach(), gradients: detached(gradients), second: detached(second) }
}

#[test]
fn every_layer_in_every_rank_and_layout() {
    let shapes =
        [(1, 3, 19), (2, 18, 9), (3, 2, 6)].map(|(rank, channels, size)| shape(rank, channels, size));
    hold_equal(&every_layer(), &shapes);
}

/// Small maxima and means are left to libtorch.
#[test]
fn large_maxima_and_means() {
    let pools = [
        Pool::max(2),
        Pool::max(Window::new(3).stride(2).padding(Padding::Same)),
        Pool::max(Window::new(3).stride(2).padding(Padding::Symmetric(1.into())).dilation(2).ceil()),
        Pool::adaptive(Reducer::Max, 7),
        Pool::global(Reducer::Max),
        Pool::avg(2),
        Pool::avg(Window::new(2).stride(1).dilation(2)),
        Pool::avg(Window::new(3).stride(2).padding(Padding::Symmetric(1.into())).count_padding().ceil()),
        Pool::adaptive(Reducer::Avg, 5),
        Pool::global(Reducer::Avg),
        Pool::window(Reducer::AvgMax, 2),
    ];
    hold_equal(&pools, &[vec![4, 18, 1_000], vec![3, 40, 33, 29], vec![2, 16, 14, 13, 15]]);
}

fn hold_equal(pools: &[Pool], shapes: &[Vec<i64>]) {
    tch::set_num_threads(1);
    for pool in pools {
        for shape in shapes {
            if pool.output_shape(&sample(shape)).is_err() {
                continue;
            }
            for channels_last in [false, true] {
                let input = input(shape, channels_last);
                for mode in [Mode::Training, Mode::Inference] {
                    let [fast, reference] = WAYS.map(|kernels| {
                        let variables = VarStore::new(Device::Cpu);
                        let layer =
                            pool.build(&sample(shape), 5, &variables.root()).unwrap().with_kernels(kernels);
                        run(&layer, &variables, &input, mode)
                    });
                    let what = format!("{pool}, {shape:?}, channels last: {channels_last}, {mode:?}");
                    let close = |left: &[Tensor], right: &[Tensor], tolerance: f64, which: &str| {
                        assert_eq!(left.len(), right.len(), "{what}: {which}");
                        for (left, right) in left.iter().zip(right) {
                            let scale = right.abs().max().double_value(&[]).max(1.0);
                            let apart = (left - right).abs().max().double_value(&[]) / scale;
                            assert!(apart <= tolerance, "{what}: {which} {apart:e} apart");
                        }
                    };
                    assert!(distance(&fast.output, &reference.output) <= 3e-6, "{what}");
                    close(&fast.gradients, &reference.gradients, 1e-5, "gradients");
                    close(&fast.second, &reference.second, 1e-4, "gradients of gradients");
                }
            }
        }
    }
}

#[test]
fn a_graph_is_freed_after_use_and_changed_inputs_are_noticed() {
    let leaf = input(&[1, 2, 8, 8], false).set_requires_grad(true);
    let squared = leaf.square();
    let output = Pool::max(2).forward(&squared).unwrap();
    output.sum(Kind::Float).backward();
    let again = output.sum(Kind::Float).f_backward().unwrap_err().to_string();
    assert!(again.contains("second time"), "{again}");

    let mut changed = leaf.square();
    let output = Pool::max(2).forward(&changed).unwrap();
    let _ = changed.fill_(0.0);
    let error = output.sum(Kind::Float).f_backward().map(|()| "nothing").unwrap_err().to_string();
    assert!(error.contains("modified by an inplace operation"), "{error}");
}

fn networks() -> Vec<(&'static str, Sequential)> {
    let study = |pool: Pool| {
        Sequential::new([1, 28, 28])
            .add(Conv2d::new(32, 5).relu())
            .add(pool)
            .add(Dropout::new(0.2))
            .add(Flatten)
            .add(Dense::new(128).relu())
            .add(Dense::new(10))
    };
    vec![
        ("average", study(Pool::avg(2))),
        ("maximum", study(Pool::max(2))),
        ("none", study(Pool::None)),
        ("overlapping windows", study(Pool::max(Window::new(3).stride(2)))),
        ("another reducer", study(Pool::window(Reducer::Lp { p: 2.0 }, 2))),
        (
            "three channels, two blocks",
            Sequential::new([3, 20, 17])
                .add(Conv2d::new(20, 3))
                .add(Pool::max([2, 3]))
                .add(BatchNorm::default())
                .add(Activation::Relu)
                .add(Conv2d::new(8, [3, 2]).relu())
                .add(Dropout::new(0.3))
                .add(Pool::global(Reducer::Avg))
                .add(Dropout::new(0.1))
                .add(Dense::new(4)),
        ),
        (
            "normalised blocks, strides and padding",
            Sequential::new([3, 19, 17])
                .add(Conv2d::new(12, 3).padding(Padding::Same).without_bias())
                .add(BatchNorm::default())
                .add(Activation::Relu)
                .add(Pool::max(2))
                .add(Conv2d::new(24, 3).stride(2).padding(Padding::Same))
                .add(BatchNorm { scale: false, ..BatchNorm::default() })
                .add(Dropout::new(0.2))
                .add(Conv2d::new(17, [1, 2]).dilation(2).relu())
                .add(Pool::avg([2, 1]))
                .add(Flatten)
                .add(Dense::new(4)),
        ),
        (
            "branches",
            Sequential::new([1, 12, 12])
                .add(Conv2d::new(16, 3).without_bias())
                .add(BatchNorm::default())
                .add(Activation::Relu)
                .add(Parallel::residual(
                    [
                        Conv2d::new(16, 3).padding(Padding::Same).without_bias().into(),
                        BatchNorm::default().into(),
                        Activation::Relu.into(),
                        Conv2d::new(16, 3).padding(Padding::Same).without_bias().into(),
                        BatchNorm::default().into(),
                    ],
                    [],
                ))
                .add(Activation::Relu)
                .add(Parallel::residual(
                    [
                        Conv2d::new(24, 3).stride(2).padding(Padding::Same).into(),
                        BatchNorm::default().into(),
                        Activation::Relu.into(),
                    ],
                    [Conv2d::new(24, 1).stride(2).into(), BatchNorm::default().into()],
                ))
                .add(Pool::global(Reducer::Avg))
                .add(Flatten)
                .add(Dense::new(4)),
        ),
        (
            "groups, holes and no biases",
            Sequential::new([2, 16, 12])
                .add(Conv2d::new(8, 3).groups(2).activation(Activation::Silu))
                .add(Pool::max(2))
                .add(Conv2d::new(8, 2).groups(8).dilation(2).without_bias())
                .add(Flatten)
                .add(Dense::new(3).without_bias()),
        ),
        (
            "sound",
            Sequential::new([2, 60])
                .add(Conv1d::new(6, 5).relu())
                .add(Pool::max(2))
                .add(Dropout::new(0.3))
                .add(Flatten)
                .add(Dense::new(3)),
        ),
    ]
}

fn build(model: &Sequential, kernels: Kernels) -> (VarStore, Net) {
    let variables = VarStore::new(Device::Cpu);
    let net = model.clone().seed(3).build(&variables.root()).unwrap().with_kernels(kernels);
    (variables, net)
}

#[test]
fn networks_learn_alike_dropout_included() {
    tch::set_num_threads(1);
    for (name, model) in networks() {
        let shape: Vec<i64> = [6].into_iter().chain(model.input.iter().map(|&n| n as i64)).collect();
        let images = input(&shape, false) / 3.0;
        let labels = Tensor::from_slice(&[0i64, 1, 2, 0, 1, 2]);
        let [fast, reference] = WAYS.map(|kernels| {
            let (variables, net) = build(&model, kernels);
            let mut named: Vec<(String, Tensor)> = variables.variables().into_iter().collect();
            named.retain(|(_, variable)| variable.requires_grad());
            named.sort_by(|left, right| left.0.cmp(&right.0));
            let leaves: Vec<&Tensor> = named.iter().map(|(_, variable)| variable).collect();
            (0..3)
                .map(|_| {
                    let loss =
                        cross_entropy(&net.forward(&images, Mode::Training).unwrap(), &labels).unwrap();
                    let gradients = Tensor::run_backward(&[&loss], &leaves, false, false);
                    tch::no_grad(|| {
                        for (leaf, gradient) in leaves.iter().zip(&gradients) {
                            let _ = leaf.shallow_clone().subtract_(&(gradient * 0.05));
                        }
                    });
                    (loss.double_value(&[]), net.forward(&images, Mode::Inference).unwrap().detach())
                })
                .collect::<Vec<_>>()
        });
        for (step, (fast, reference)) in fast.iter().zip(&reference).enumerate() {
            assert!(
                (fast.0 - reference.0).abs() <= 1e-4 * (1.0 + reference.0),
                "{name}, step {step}: {fast:?} {reference:?}"
            );
            let apart = distance(&fast.1, &reference.1);
            assert!(apart <= 1e-3, "{name}, step {step}: predictions {apart} apart");
        }
    }
}

#[test]
fn convolution_blocks_have_gradients_of_gradients() {
    tch::set_num_threads(1);
    for name in ["maximum", "normalised blocks, strides and padding", "branches"] {
        let (_, model) = networks().into_iter().find(|(other, _)| *other == name).unwrap();
        let shape: Vec<i64> = [4].into_iter().chain(model.input.iter().map(|&n| n as i64)).collect();
        let images = input(&shape, false) / 3.0;
        let [fast, reference] = WAYS.map(|kernels| {
            let (variables, net) = build(&model, kernels);
            let weight = variables.variables()["conv2d.weight"].shallow_clone();
            let output = net.forward(&images, Mode::Training).unwrap().square().sum(Kind::Float);
            let gradient = Tensor::run_backward(&[output], &[&weight], true, true).swap_remove(0);
            let norm = gradient.square().sum(Kind::Float);
            Tensor::run_backward(&[norm], &[&weight], false, false).swap_remove(0)
        });
        let apart = distance(&fast, &reference) / reference.abs().max().double_value(&[]);
        assert!(apart <= 1e-3, "{name}: {apart} apart");
    }
}

#[test]
fn threads_change_no_bit() {
    let (_, model) = networks().swap_remove(1);
    let images = input(&[100, 1, 28, 28], false) / 3.0;
    let block = Pool::max(Window::new(3).stride(2));
    let results = [1, 2, 3].map(|threads| {
        tch::set_num_threads(threads);
        let (variables, net) = build(&model, Kernels::Fast);
        let weight = variables.variables()["conv2d.weight"].shallow_clone();
        let features = net.forward(&images, Mode::Training).unwrap().square().sum(Kind::Float);
        let gradient = Tensor::run_backward(&[features], &[&weight], false, false).swap_remove(0);
        let leaf = images.detach().set_requires_grad(true);
        let pooled = block.forward(&leaf).unwrap();
        pooled.square().sum(Kind::Float).backward();
        (pooled.detach(), leaf.grad(), gradient)
    });
    tch::set_num_threads(1);
    assert!(results.windows(2).all(|pair| pair[0].0 == pair[1].0 && pair[0].1 == pair[1].1));
    // libtorch's own products of matrices may differ with the number of threads.
    for (_, _, gradient) in &results[1..] {
        assert!(distance(gradient, &results[0].2) <= 1e-3);
    }
}
