//! The cost of perturbing a test set of MNIST's size, for one perturbation of every kind.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use mnist_data::{Dataset, LabelledImages, Perturbation};

const IMAGES: usize = 10_000;

fn perturb(criterion: &mut Criterion) {
    let train = Dataset::bars_and_crosses(1).train;
    let pixels: Vec<u8> = train.pixels().iter().copied().cycle().take(IMAGES * 28 * 28).collect();
    let images = LabelledImages::new(28, 28, pixels, vec![0; IMAGES]).expect("parts that fit");

    let mut group = criterion.benchmark_group("perturb 10,000 pictures");
    group.throughput(Throughput::Elements(IMAGES as u64)).sample_size(20);
    for perturbation in [
        Perturbation::Shift { right: 2, down: 0 },
        Perturbation::CircularShift { right: 2, down: 0 },
        Perturbation::Rotation { degrees: 10.0 },
        Perturbation::Scale { factor: 0.9 },
        Perturbation::Noise { sd: 0.2 },
        Perturbation::Blur { sd: 0.5 },
        Perturbation::Blur { sd: 1.5 },
    ] {
        group.bench_function(format!("{perturbation:?}"), |bencher| {
            bencher.iter(|| images.perturbed(black_box(&perturbation), 1));
        });
    }
    group.finish();
}

criterion_group!(benches, perturb);
criterion_main!(benches);
