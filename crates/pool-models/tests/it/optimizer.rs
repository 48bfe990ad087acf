//! The steps of every optimizer are those of libtorch, PyTorch and Keras, and training that goes on from a saved state is
//! training that never stopped.

use std::collections::BTreeMap;

use crate::common::device;
use pool_models::{
    AdamSettings, BatchNorm, Conv2d, Dense, Dropout, Flatten, Kernels, Mode, ModelError, Net, Optimizer,
    OptimizerSpec, Pool, Precision, Sequential, SgdSettings, cross_entropy,
};
use pool_spec::TrainSpec;
use tch::nn::{self, OptimizerConfig, VarStore};
use tch::{Device, Kind, Tensor};

fn build(kernels: Kernels) -> (VarStore, Net) {
    let model = Sequential::new([1, 12, 12])
        .add(Conv2d::new(5, 3).relu())
        .add(Pool::max(2))
        .add(Dropout::new(0.2))
        .add(Flatten)
        .add(Dense::new(10))
        .seed(2);
    let variables = VarStore::new(Device::Cpu);
    let net = model.build(&variables.root()).unwrap().with_kernels(kernels);
    (variables, net)
}

fn loss(net: &Net, mode: Mode) -> Tensor {
    let images = Tensor::arange(8 * 144, (Kind::Float, Device::Cpu)).sin().reshape([8, 1, 12, 12]);
    let labels = Tensor::arange(8, (Kind::Int64, Device::Cpu));
    cross_entropy(&net.forward(&images, mode).unwrap(), &labels).unwrap()
}

fn numbers(variables: &VarStore) -> Vec<f32> {
    let mut named: Vec<(String, Tensor)> = variables.variables().into_iter().collect();
    named.sort_by(|left, right| left.0.cmp(&right.0));
    named
        .iter()
        .flat_map(|(_, tensor)| Vec::<f32>::try_from(tensor.detach().flatten(0, -1)).unwrap())
        .collect()
}

const BOTH: [Kernels; 2] = [Kernels::Fast, Kernels::Reference];

fn adam() -> OptimizerSpec {
    OptimizerSpec::Adam(AdamSettings::default())
}

/// Every optimizer with every rule that it can have.
fn all() -> [OptimizerSpec; 8] {
    let sgd = |momentum, nesterov| SgdSettings { momentum, nesterov };
    [
        adam(),
        OptimizerSpec::AdamW(AdamSettings { beta1: 0.8, beta2: 0.99, epsilon: 1e-6 }),
        OptimizerSpec::Sgd(sgd(0.0, false)),
        OptimizerSpec::Sgd(sgd(0.9, false)),
        OptimizerSpec::Sgd(sgd(0.9, true)),
        OptimizerSpec::SgdW(sgd(0.0, false)),
        OptimizerSpec::SgdW(sgd(0.9, false)),
        OptimizerSpec::SgdW(sgd(0.9, true)),
    ]
}

fn greatest_difference(left: &VarStore, right: &VarStore) -> f32 {
    numbers(left).iter().zip(numbers(right)).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

fn steps_are_libtorchs(spec: OptimizerSpec, config: impl OptimizerConfig + Copy) {
    tch::set_num_threads(1);
    for kernels in BOTH {
        let (ours, net) = build(kernels);
        let mut optimizer = Optimizer::new(&ours, spec, 0.01).unwrap().with_kernels(kernels);
        let (theirs, peer) = build(kernels);
        let mut libtorchs = config.build(&theirs, 0.01).unwrap();
        for step in 0..20 {
            optimizer.step(&loss(&net, Mode::Inference)).unwrap();
            libtorchs.backward_step(&loss(&peer, Mode::Inference));
            let apart = greatest_difference(&ours, &theirs);
            assert!(apart <= 2e-5, "{spec:?}, {kernels}, step {step}: {apart}");
        }
        assert_eq!(optimizer.steps(), 20);
    }
}

#[test]
fn steps_are_those_of_libtorchs_optimizers() {
    let epsilon = AdamSettings::default().epsilon;
    steps_are_libtorchs(adam(), nn::Adam { eps: epsilon, ..nn::Adam::default() });
    for (momentum, nesterov) in [(0.0, false), (0.9, false), (0.9, true)] {
        let spec = OptimizerSpec::Sgd(SgdSettings { momentum, nesterov });
        steps_are_libtorchs(spec, nn::Sgd { momentum, dampening: 0.0, wd: 0.0, nesterov });
    }
}

#[test]
fn kernels_and_libtorch_take_the_same_steps_with_weight_decay() {
    tch::set_num_threads(1);
    for spec in all() {
        let [fast, reference] = BOTH.map(|kernels| {
            let (variables, net) = build(kernels);
            let optimizer = Optimizer::new(&variables, spec, 0.01).unwrap().with_kernels(kernels);
            let mut optimizer = optimizer.with_weight_decay(0.1);
            for _ in 0..10 {
                optimizer.step(&loss(&net, Mode::Inference)).unwrap();
            }
            variables
        });
        let apart = greatest_difference(&fast, &reference);
        assert!(apart <= 2e-5, "{spec:?}: {apart}");
    }
}

#[test]
fn weights_decay_and_what_is_learned_per_channel_or_cell_does_not() {
    let pools = [
        "lip",
        "{ reduce = { gem = { learned = 'channel' } }, size = 2 }",
        "{ reduce = { mixed = { learned = 'layer' } }, size = 1 }",
        "gated",
        "{ strided_conv = { size = 1 } }",
        "attention",
    ];
    let mut model = Sequential::new([1, 24, 24]).add(Conv2d::new(3, 3)).add(BatchNorm::default());
    for pool in pools {
        model = model.add(pool.parse::<Pool>().unwrap());
    }
    let variables = VarStore::new(Device::Cpu);
    let _net = model.add(Flatten).add(Dense::new(2)).build(&variables.root()).unwrap();
    tch::no_grad(|| variables.variables().into_values().for_each(|mut variable| drop(variable.fill_(1.0))));
    for spec in all() {
        let mut optimizer = Optimizer::new(&variables, spec, 0.5).unwrap().with_weight_decay(0.5);
        let before: BTreeMap<String, Tensor> =
            variables.variables().into_iter().map(|(name, variable)| (name, variable.copy())).collect();
        // A loss that asks for no change, so that only decay changes anything.
        let none =
            variables.trainable_variables().iter().map(|variable| variable.sum(Kind::Float) * 0.0).sum();
        optimizer.step(&none).unwrap();
        let mut decayed: Vec<String> = variables
            .variables()
            .into_iter()
            .filter(|(name, variable)| {
                let difference = (variable - &before[name]).abs().max().double_value(&[]);
                difference > 0.0
            })
            .map(|(name, _)| name)
            .collect();
        decayed.sort();
        assert_eq!(
            decayed,
            ["conv2d.weight", "dense.weight", "lip_pooling2d.projection", "strided_conv2d.weight"],
            "{spec:?}"
        );
    }
}

#[test]
fn going_on_from_a_saved_state_is_never_having_stopped() {
    tch::set_num_threads(1);
    for (spec, kernels) in all().into_iter().flat_map(|spec| BOTH.map(|kernels| (spec, kernels))) {
        let new = |variables: &VarStore| {
            let optimizer = Optimizer::new(variables, spec, 1e-3).unwrap();
            optimizer.with_kernels(kernels).with_weight_decay(0.1)
        };
        let (variables, net) = build(kernels);
        let mut optimizer = new(&variables);
        let steps = |optimizer: &mut Optimizer, count| {
            (0..count).for_each(|_| optimizer.step(&loss(&net, Mode::Inference)).unwrap());
        };
        steps(&mut optimizer, 3);
        let state = copied_state(&optimizer);
        let weights = numbers(&variables);
        steps(&mut optimizer, 4);
        let uninterrupted = numbers(&variables);

        let (restored, again) = build(kernels);
        set_numbers(&restored, &weights);
        let mut optimizer = new(&restored);
        optimizer.set_state(&state).unwrap();
        for _ in 0..4 {
            optimizer.step(&loss(&again, Mode::Inference)).unwrap();
        }
        assert_eq!(numbers(&restored), uninterrupted, "{spec:?}, {kernels}");
    }
}

fn set_numbers(variables: &VarStore, numbers: &[f32]) {
    let _guard = tch::no_grad_guard();
    let mut rest = numbers;
    let mut named: Vec<(String, Tensor)> = variables.variables().into_iter().collect();
    named.sort_by(|left, right| left.0.cmp(&right.0));
    for (_, mut variable) in named {
        let (own, others) = rest.split_at(variable.numel());
        variable.copy_(&Tensor::from_slice(own).reshape(variable.size()));
        rest = others;
    }
}

/// What the optimizer's next step does not change.
fn copied_state(optimizer: &Optimizer) -> Vec<(String, Tensor)> {
    optimizer.state().unwrap().into_iter().map(|(name, tensor)| (name, tensor.copy())).collect()
}

#[test]
fn a_state_of_another_network_or_optimizer_is_refused_and_changes_nothing() {
    let (variables, net) = build(Kernels::Fast);
    let mut adam = Optimizer::new(&variables, adam(), 1e-3).unwrap();
    adam.step(&loss(&net, Mode::Inference)).unwrap();
    let own = copied_state(&adam);
    let without = |name: &str| -> Vec<(String, Tensor)> {
        own.iter()
            .filter(|(entry, _)| entry != name)
            .map(|(entry, t)| (entry.clone(), t.shallow_clone()))
            .collect()
    };
    let mut foreign = without("");
    foreign.push(("first/other.weight".to_owned(), Tensor::zeros([1], (Kind::Float, Device::Cpu))));
    let momentum = OptimizerSpec::Sgd(SgdSettings { momentum: 0.9, nesterov: true });
    let of_another = copied_state(&Optimizer::new(&variables, momentum, 0.1).unwrap());
    for (state, entry) in [
        (of_another, "first/conv2d.bias"),
        (without("steps"), "steps"),
        (without("first/dense.bias"), "first/dense.bias"),
        (foreign, "first/other.weight"),
    ] {
        match adam.set_state(&state) {
            Err(error @ ModelError::OptimizerState { .. }) => assert_eq!(
                error.to_string(),
                format!(
                    "{entry} of the optimizer's state is missing, of another shape, or of another network or optimizer"
                )
            ),
            other => panic!("{other:?}"),
        }
    }
    let after = adam.state().unwrap();
    assert!(own.iter().zip(&after).all(|(before, after)| before.0 == after.0 && before.1 == after.1));
}

#[test]
fn a_loss_without_a_variable_is_refused() {
    let (variables, net) = build(Kernels::Fast);
    let unused = variables.root().zeros("unused", &[3]);
    let mut adam = Optimizer::new(&variables, adam(), 1e-3).unwrap();
    let refused = adam.step(&loss(&net, Mode::Inference)).unwrap_err();
    assert!(matches!(&refused, ModelError::NoGradient { variable } if variable == "unused"), "{refused}");
    assert_eq!((adam.steps(), unused.abs().sum(Kind::Float).double_value(&[])), (0, 0.0));
}

/// bfloat16 has 8 bits of mantissa: a sum of products is off by about a percent of its terms.
#[test]
fn products_in_bf16_are_near_those_in_f32_and_learn() {
    tch::set_num_threads(1);
    let (variables, net) = build(Kernels::Fast);
    let exact = loss(&net, Mode::Inference).double_value(&[]);
    let net = net.with_precision(Precision::Bf16);
    let rounded = loss(&net, Mode::Inference);
    assert_eq!(rounded.kind(), Kind::Float);
    let apart = (rounded.double_value(&[]) - exact).abs();
    assert!(apart > 0.0 && apart < 0.02, "{apart}");
    let mut adam = Optimizer::new(&variables, adam(), 0.01).unwrap();
    for _ in 0..30 {
        adam.step(&loss(&net, Mode::Training)).unwrap();
    }
    assert!(loss(&net, Mode::Inference).double_value(&[]) < 0.5 * exact);
    assert!(variables.variables().values().all(|variable| variable.kind() == Kind::Float));
}

#[derive(serde::Deserialize)]
struct Golden {
    start: GoldenVariables,
    scales: Vec<f64>,
    cases: Vec<GoldenCase>,
}

#[derive(serde::Deserialize)]
struct GoldenVariables {
    weight: [[f64; 3]; 1],
    bias: [f64; 2],
}

#[derive(serde::Deserialize)]
struct GoldenCase {
    peer: String,
    train: serde_json::Value,
    after: Vec<GoldenStep>,
}

#[derive(serde::Deserialize)]
struct GoldenStep {
    step: usize,
    weight: [f64; 3],
    bias: [f64; 2],
}

/// Twenty steps of every optimizer with every schedule, as PyTorch and Keras take them: scripts/golden/optimizers.py.
#[test]
fn every_step_goes_where_pytorchs_and_kerass_go() {
    const STEPS_PER_EPOCH: u64 = 5;
    let golden: Golden = serde_json::from_str(include_str!("../golden/optimizers.json")).unwrap();
    let ways =
        [(Kernels::Fast, Kind::Float), (Kernels::Reference, Kind::Float), (Kernels::Reference, Kind::Double)];
    for (GoldenCase { peer, train, after }, (kernels, kind)) in
        golden.cases.iter().flat_map(|case| ways.map(|way| (case, way)))
    {
        let train: TrainSpec = serde_json::from_value(train.clone()).unwrap();
        let store = VarStore::new(device());
        let variable =
            |name, start: Tensor| store.root().var_copy(name, &start.to_kind(kind).to_device(device()));
        let weight = variable("weight", Tensor::from_slice2(&golden.start.weight));
        let bias = variable("bias", Tensor::from_slice(&golden.start.bias));
        let optimizer = Optimizer::new(&store, train.optimizer, train.learning_rate).unwrap();
        let mut optimizer = optimizer
            .with_kernels(kernels)
            .with_weight_decay(train.weight_decay)
            .with_clip_norm(train.clip_norm);
        let sizes = train.step_sizes(STEPS_PER_EPOCH);
        for (step, scale) in golden.scales.iter().enumerate() {
            let loss = (weight.square() - &weight).sum(kind) + (bias.square() - &bias).sum(kind);
            optimizer.set_learning_rate(sizes.of(step as u64));
            optimizer.step(&(loss * *scale)).unwrap();
            let Some(expected) = after.iter().find(|stored| stored.step == step + 1) else { continue };
            for (variable, expected) in [(&weight, &expected.weight[..]), (&bias, &expected.bias)] {
                let found =
                    Vec::<f64>::try_from(variable.detach().flatten(0, -1).to_kind(Kind::Double)).unwrap();
                for (found, expected) in found.iter().zip(expected) {
                    let close = (found - expected).abs() <= 1e-6 * (1.0 + expected.abs());
                    let words = train.optimizer_words();
                    assert!(
                        close,
                        "{peer}: {words}, {kernels}, {kind:?}, step {step}: {found}, not {expected}"
                    );
                }
            }
        }
    }
}
