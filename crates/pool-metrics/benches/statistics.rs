//! Cost of the statistics that a report computes per pair of arms, at the size of MNIST's test set.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use pool_metrics::{
    ConfusionMatrix, PairedPredictions, Resampling, holm, mcnemar_from_predictions, paired_bootstrap,
    pareto_front, seeds_needed,
};

const IMAGES: usize = 10_000;
const CLASSES: u16 = 10;

/// Evenly spread numbers below `bound`: the same on every run, with no pattern that a branch predictor would learn.
struct Scatter(u64);

impl Scatter {
    fn below(&mut self, bound: u64) -> u64 {
        // Knuth's MMIX multiplier; only the high bits of a linear congruential generator are worth using.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    fn labels(&mut self) -> Vec<u16> {
        (0..IMAGES).map(|_| self.below(u64::from(CLASSES)) as u16).collect()
    }

    /// Wrong about once in a hundred, as the study's networks are.
    fn predictions(&mut self, labels: &[u16]) -> Vec<u16> {
        labels.iter().map(|&label| if self.below(100) == 0 { (label + 1) % CLASSES } else { label }).collect()
    }

    fn fractions(&mut self, count: usize) -> Vec<f64> {
        (0..count).map(|_| self.below(1_000_000) as f64 / 1e6).collect()
    }
}

fn statistics(criterion: &mut Criterion) {
    let mut scatter = Scatter(1);
    let labels = scatter.labels();
    let a = scatter.predictions(&labels);
    let b = scatter.predictions(&labels);
    criterion.bench_function("mcnemar of 10,000 predictions", |bencher| {
        bencher.iter(|| mcnemar_from_predictions(black_box(&labels), black_box(&a), black_box(&b)));
    });
    criterion.bench_function("confusion matrix of 10,000 predictions", |bencher| {
        bencher.iter(|| {
            ConfusionMatrix::from_predictions(black_box(&labels), black_box(&a), usize::from(CLASSES))
        });
    });

    let seeds: Vec<_> =
        (0..30).map(|_| (scatter.predictions(&labels), scatter.predictions(&labels))).collect();
    let pairs: Vec<_> = seeds.iter().map(|(a, b)| PairedPredictions { a, b }).collect();
    for count in [4, 5, 30] {
        let name = format!("bootstrap of 10,000 predictions x {count} seeds, 10,000 resamples");
        criterion.bench_function(&name, |bencher| {
            bencher.iter(|| {
                paired_bootstrap(black_box(&labels), black_box(&pairs[..count]), &Resampling::default(), None)
            });
        });
    }
    for (effect, name) in [(1.0, "seeds needed: 10"), (0.01, "seeds needed: 78,491")] {
        criterion.bench_function(name, |bencher| {
            bencher.iter(|| seeds_needed(black_box(effect), black_box(1.0), 0.05, 0.8, 0.0));
        });
    }

    let p_values = scatter.fractions(100);
    criterion.bench_function("holm of 100 p-values", |bencher| bencher.iter(|| holm(black_box(&p_values))));

    let points: Vec<Vec<f64>> = (0..200).map(|_| scatter.fractions(4)).collect();
    criterion.bench_function("pareto front of 200 points, 4 objectives", |bencher| {
        bencher.iter(|| pareto_front(black_box(&points)));
    });
}

criterion_group!(benches, statistics);
criterion_main!(benches);
