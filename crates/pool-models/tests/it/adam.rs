//! Adam's steps are libtorch's own, and training that goes on from a saved state is training that never stopped.

use std::collections::BTreeMap;

use pool_models::{
    Adam, AdamSettings, Conv2d, Dense, Dropout, Flatten, Kernels, Mode, ModelError, Net, Pool, Precision,
    Sequential, cross_entropy,
};
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

#[test]
fn steps_are_those_of_libtorchs_adam() {
    tch::set_num_threads(1);
    let settings = AdamSettings { learning_rate: 0.01, ..AdamSettings::default() };
    for kernels in [Kernels::Fast, Kernels::Reference] {
        let (ours, net) = build(kernels);
        let mut adam = Adam::new(&ours, settings).unwrap().with_kernels(kernels);
        let (theirs, peer) = build(kernels);
        let mut libtorchs =
            nn::Adam { eps: settings.epsilon, ..nn::Adam::default() }.build(&theirs, 0.01).unwrap();
        for step in 0..20 {
            adam.step(&loss(&net, Mode::Inference)).unwrap();
            libtorchs.backward_step(&loss(&peer, Mode::Inference));
            let apart =
                numbers(&ours).iter().zip(numbers(&theirs)).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(apart <= 2e-5, "{kernels}, step {step}: {apart}");
        }
        assert_eq!(adam.steps(), 20);
    }
}

#[test]
fn going_on_from_a_saved_state_is_never_having_stopped() {
    tch::set_num_threads(1);
    for kernels in [Kernels::Fast, Kernels::Reference] {
        let (variables, net) = build(kernels);
        let mut adam = Adam::new(&variables, AdamSettings::default()).unwrap().with_kernels(kernels);
        let steps = |adam: &mut Adam, count| {
            (0..count).for_each(|_| adam.step(&loss(&net, Mode::Inference)).unwrap());
        };
        steps(&mut adam, 3);
        let state = copied_state(&adam);
        let weights = numbers(&variables);
        steps(&mut adam, 4);
        let uninterrupted = numbers(&variables);

        let (restored, again) = build(kernels);
        tch::no_grad(|| {
            let mut rest = &weights[..];
            let mut named: Vec<(String, Tensor)> = restored.variables().into_iter().collect();
            named.sort_by(|left, right| left.0.cmp(&right.0));
            for (_, mut variable) in named {
                let (own, others) = rest.split_at(variable.numel());
                variable.copy_(&Tensor::from_slice(own).reshape(variable.size()));
                rest = others;
            }
        });
        let mut adam = Adam::new(&restored, AdamSettings::default()).unwrap().with_kernels(kernels);
        adam.set_state(&state).unwrap();
        for _ in 0..4 {
            adam.step(&loss(&again, Mode::Inference)).unwrap();
        }
        assert_eq!(numbers(&restored), uninterrupted, "{kernels}");
    }
}

/// What the optimizer's next step does not change.
fn copied_state(adam: &Adam) -> Vec<(String, Tensor)> {
    adam.state().unwrap().into_iter().map(|(name, tensor)| (name, tensor.copy())).collect()
}

#[test]
fn a_state_of_another_network_is_refused_and_changes_nothing() {
    let (variables, net) = build(Kernels::Fast);
    let mut adam = Adam::new(&variables, AdamSettings::default()).unwrap();
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
    for (state, entry) in [
        (without("steps"), "steps"),
        (without("first/dense.bias"), "first/dense.bias"),
        (foreign, "first/other.weight"),
    ] {
        match adam.set_state(&state) {
            Err(ModelError::OptimizerState { entry: found }) => assert_eq!(found, entry),
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
    let mut adam = Adam::new(&variables, AdamSettings::default()).unwrap();
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
    let mut adam =
        Adam::new(&variables, AdamSettings { learning_rate: 0.01, ..AdamSettings::default() }).unwrap();
    for _ in 0..30 {
        adam.step(&loss(&net, Mode::Training)).unwrap();
    }
    assert!(loss(&net, Mode::Inference).double_value(&[]) < 0.5 * exact);
    assert!(variables.variables().values().all(|variable| variable.kind() == Kind::Float));
}

#[derive(serde::Deserialize)]
struct Golden {
    start: BTreeMap<String, Vec<f64>>,
    scales: Vec<f64>,
    cases: Vec<GoldenCase>,
}

#[derive(serde::Deserialize)]
struct GoldenCase {
    learning_rate: f64,
    clip_norm: Option<f64>,
    after: Vec<BTreeMap<String, Vec<f64>>>,
}

/// Twenty steps of PyTorch's Adam, with and without `clip_grad_norm_`: scripts/golden/optimizers.py.
#[test]
fn every_step_goes_where_pytorchs_goes() {
    let golden: Golden = serde_json::from_str(include_str!("../golden/optimizers.json")).unwrap();
    for (case, kernels) in golden
        .cases
        .iter()
        .flat_map(|case| [Kernels::Fast, Kernels::Reference].map(|kernels| (case, kernels)))
    {
        let store = VarStore::new(Device::Cpu);
        let variable = |name: &str| {
            let start: Vec<f32> = golden.start[name].iter().map(|&value| value as f32).collect();
            store.root().var_copy(name, &Tensor::from_slice(&start))
        };
        let (a, b) = (variable("a"), variable("b"));
        let settings = AdamSettings { learning_rate: case.learning_rate, ..AdamSettings::default() };
        let mut adam =
            Adam::new(&store, settings).unwrap().with_kernels(kernels).with_clip_norm(case.clip_norm);
        for (step, (scale, after)) in golden.scales.iter().zip(&case.after).enumerate() {
            let loss = (a.square() - &a).sum(Kind::Float) + b.square().sum(Kind::Float) * 0.5;
            adam.step(&(loss * *scale)).unwrap();
            for (name, found) in [("a", &a), ("b", &b)] {
                let found = Vec::<f32>::try_from(found.detach()).unwrap();
                for (found, expected) in found.iter().zip(&after[name]) {
                    let close = (f64::from(*found) - expected).abs() <= 1e-6 * (1.0 + expected.abs());
                    assert!(
                        close,
                        "{kernels}, clip {:?}, step {step}: {name} is {found}, not {expected}",
                        case.clip_norm
                    );
                }
            }
        }
    }
}
