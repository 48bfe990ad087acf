//! Cost of a report: reading the records of a run, and rendering them.

#[path = "../tests/report/synthetic/mod.rs"]
#[expect(dead_code, unused_imports, reason = "a benchmark needs whole runs only")]
mod synthetic;

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use pool_report::{Analysis, PlotKind, Run, html_report, plot_files, results_csv};

use crate::synthetic::Synthetic;

/// The published study's arms with ten seeds; every record holds 10,000 predictions.
fn report(criterion: &mut Criterion) {
    let study = Synthetic::published(10, 10);
    let run = study.read();
    criterion
        .bench_function("read 30 records", |bencher| bencher.iter(|| Run::read(black_box(study.root()))));
    let analysis = study.analysis();
    criterion.bench_function("analysis of 30 trials", |bencher| {
        bencher.iter(|| Analysis::of(black_box(&run)));
    });
    criterion.bench_function("html report of 30 trials", |bencher| {
        bencher.iter(|| html_report(black_box(&run), &analysis));
    });
    criterion.bench_function("plots of 30 trials", |bencher| {
        bencher.iter(|| plot_files(black_box(&run), &analysis, &PlotKind::ALL));
    });
    criterion.bench_function("csv of 30 trials", |bencher| bencher.iter(|| results_csv(black_box(&run))));
}

criterion_group!(benches, report);
criterion_main!(benches);
