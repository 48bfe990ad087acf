//! One training step and one prediction of the study's network, per arm, at the study's batch size.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use pool_models::{Mode, Net, Pool, cross_entropy, predicted_classes};
use pool_train::NetworkTemplate;
use tch::nn::{self, OptimizerConfig};
use tch::{Device, Kind, Tensor};

const BATCH: i64 = 200;

fn arms() -> [(&'static str, Pool); 3] {
    [("average", Pool::avg(2)), ("maximum", Pool::max(2)), ("none", Pool::None)]
}

fn build(pool: &Pool) -> (nn::VarStore, Net) {
    let variables = nn::VarStore::new(Device::Cpu);
    let model = NetworkTemplate::reference(10).fill([1, 28, 28], pool, 1);
    let net = model.build(&variables.root()).expect("the study's network can be built");
    (variables, net)
}

fn batch() -> (Tensor, Tensor) {
    let images = Tensor::rand([BATCH, 1, 28, 28], (Kind::Float, Device::Cpu));
    let labels = Tensor::randint(10, [BATCH], (Kind::Int64, Device::Cpu));
    (images, labels)
}

fn training_step(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("training_step");
    group.sample_size(20);
    let (images, labels) = batch();
    for (name, pool) in arms() {
        let (variables, net) = build(&pool);
        let mut optimizer = nn::Adam::default().build(&variables, 1e-3).expect("Adam can be built");
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let logits = net.forward(&images, Mode::Training).expect("the shapes fit");
                let loss = cross_entropy(&logits, &labels).expect("the shapes fit");
                optimizer.backward_step(&loss);
            });
        });
    }
    group.finish();
}

fn prediction(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("prediction");
    group.sample_size(20);
    let (images, _) = batch();
    for (name, pool) in arms() {
        let (_variables, net) = build(&pool);
        group.bench_function(name, |bencher| {
            let _guard = tch::no_grad_guard();
            bencher.iter(|| {
                let logits = net.forward(&images, Mode::Inference).expect("the shapes fit");
                black_box(predicted_classes(&logits).expect("logits have rows"))
            });
        });
    }
    group.finish();
}

criterion_group!(benches, training_step, prediction);
criterion_main!(benches);
