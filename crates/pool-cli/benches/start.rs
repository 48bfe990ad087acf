//! How long the program takes to start, load libtorch and plan a sweep: what every trial pays before it trains.

use std::process::{Command, Stdio};

use criterion::{Criterion, criterion_group, criterion_main};

fn start(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("start");
    group.sample_size(20);
    let sweep = concat!(env!("CARGO_MANIFEST_DIR"), "/../../configs/sweep.toml");
    for (name, arguments) in [("version", vec!["--version"]), ("plan", vec!["plan", sweep])] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let status = Command::new(env!("CARGO_BIN_EXE_pool-cli"))
                    .args(&arguments)
                    .stdout(Stdio::null())
                    .status()
                    .expect("the program starts");
                assert!(status.success());
            });
        });
    }
    group.finish();
}

criterion_group!(benches, start);
criterion_main!(benches);
