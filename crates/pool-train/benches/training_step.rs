//! One training step and one prediction of the study's network, per arm and implementation, at the study's batch size:
//! `cargo bench -p pool-train`.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use pool_models::{
    Kernels, Mode, Net, Optimizer, OptimizerSpec, Pool, count_errors, cross_entropy, predicted_classes,
};
use pool_spec::NetworkTemplate;
use tch::nn::VarStore;
use tch::{Device, Kind, Tensor};

const BATCH: i64 = 200;
/// Batches are gathered from as many images as fit into few megabytes; a whole data set's lie further apart.
const IMAGES: i64 = 2_000;

fn arms() -> [(&'static str, Pool); 3] {
    [("average", Pool::avg(2)), ("maximum", Pool::max(2)), ("none", Pool::None)]
}

/// Every arm with every implementation.
fn subjects() -> impl Iterator<Item = (&'static str, Pool, Kernels)> {
    let both = [Kernels::Fast, Kernels::Reference];
    arms().into_iter().flat_map(move |(name, pool)| both.map(|kernels| (name, pool.clone(), kernels)))
}

fn build(pool: &Pool, kernels: Kernels) -> (VarStore, Net) {
    let variables = VarStore::new(Device::Cpu);
    let model = NetworkTemplate::reference().fill([1, 28, 28], 10, &pool.clone().into(), 1);
    let model = model.expect("the study's network has one place");
    let net = model.build(&variables.root()).expect("the study's network can be built");
    (variables, net.with_kernels(kernels))
}

fn images_and_labels() -> (Tensor, Tensor) {
    let images = Tensor::rand([IMAGES, 1, 28, 28], (Kind::Float, Device::Cpu));
    let labels = Tensor::randint(10, [IMAGES], (Kind::Int64, Device::Cpu));
    (images, labels)
}

/// What a trial does with each batch: gather it, forward, loss, backward, Adam, count the errors.
fn training_step(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("training_step");
    group.sample_size(20);
    let (images, labels) = images_and_labels();
    for (name, pool, kernels) in subjects() {
        let (variables, net) = build(&pool, kernels);
        let optimizer = Optimizer::new(&variables, OptimizerSpec::default(), 1e-3).expect("Adam can be made");
        let mut optimizer = optimizer.with_kernels(kernels);
        let order = Tensor::randperm(IMAGES, (Kind::Int64, Device::Cpu)).split(BATCH, 0);
        let mut batches = order.iter().cycle();
        group.bench_function(BenchmarkId::new(name, kernels), |bencher| {
            bencher.iter(|| {
                let indices = batches.next().expect("a cycle has no end");
                let labels = labels.index_select(0, indices);
                let logits =
                    net.forward(&images.index_select(0, indices), Mode::Training).expect("the shapes fit");
                let loss = cross_entropy(&logits, &labels).expect("the shapes fit");
                optimizer.step(&loss).expect("the loss depends on every variable");
                let _guard = tch::no_grad_guard();
                black_box(count_errors(&logits, &labels).expect("as many labels as logits"))
            });
        });
    }
    group.finish();
}

fn prediction(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("prediction");
    group.sample_size(20);
    let images = images_and_labels().0.narrow(0, 0, BATCH);
    for (name, pool, kernels) in subjects() {
        let (_variables, net) = build(&pool, kernels);
        group.bench_function(BenchmarkId::new(name, kernels), |bencher| {
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
