//! Time of one step of each optimizer over the variables of the study's network, by kernel and by libtorch's functions:
//! `cargo bench -p pool-models --bench optimizers`.

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use pool_models::{
    AdamSettings, Conv2d, Dense, Dropout, Flatten, Kernels, Optimizer, OptimizerSpec, Pool, Sequential,
    SgdSettings,
};
use tch::nn::VarStore;
use tch::{Device, Kind, Tensor};

fn optimizers() -> [(&'static str, OptimizerSpec); 4] {
    let sgd = |momentum, nesterov| OptimizerSpec::Sgd(SgdSettings { momentum, nesterov });
    [
        ("adam", OptimizerSpec::default()),
        ("adamw", OptimizerSpec::AdamW(AdamSettings::default())),
        ("sgd", sgd(0.0, false)),
        ("nesterov", sgd(0.9, true)),
    ]
}

/// The variables of the study's network with pooling, 592,074 numbers.
fn variables() -> VarStore {
    let variables = VarStore::new(Device::Cpu);
    let network = Sequential::new([1, 28, 28])
        .add(Conv2d::new(32, 5).relu())
        .add(Pool::max(2))
        .add(Dropout::new(0.2))
        .add(Flatten)
        .add(Dense::new(128).relu())
        .add(Dense::new(10));
    network.build(&variables.root()).expect("the study's network can be built");
    variables
}

/// A sum of all variables, whose gradients of ones cost next to nothing.
fn loss(variables: &VarStore) -> Tensor {
    variables.trainable_variables().iter().map(|variable| variable.sum(Kind::Float)).sum()
}

fn optimizer_step(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("optimizer_step");
    for (name, spec) in optimizers() {
        for kernels in [Kernels::Fast, Kernels::Reference] {
            let variables = variables();
            let optimizer = Optimizer::new(&variables, spec, 1e-6).expect("an optimizer can be made");
            let mut optimizer = optimizer.with_kernels(kernels).with_weight_decay(1e-4);
            group.bench_function(BenchmarkId::new(name, kernels), |bencher| {
                bencher.iter(|| {
                    optimizer.step(&loss(&variables)).expect("the loss depends on every variable");
                });
            });
        }
    }
    group.finish();
}

criterion_group!(benches, optimizer_step);
criterion_main!(benches);
