//! tmp
use pool_train::*;
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let dd = mnist_data::DataDir::from_env().unwrap();
    let plan = Sweep::read(a[1].as_ref()).unwrap().plan(&dd).unwrap();
    let ctx = TrialContext {
        data_dir: dd,
        threads: a[4].parse().unwrap(),
        jobs: 1,
        program: String::new(),
        git_revision: None,
    };
    let batch: usize = a[3].parse().unwrap();
    for m in &plan.measurements {
        if m.spec().arm != a[2] {
            continue;
        }
        for (name, phase) in [("training", Phase::Training), ("inference", Phase::Inference)] {
            if name != a[5] {
                continue;
            }
            let b = measure_peak(m.spec(), phase, batch, &ctx).unwrap().unwrap();
            let inf = m.spec().model.infer().unwrap();
            let e = (if name == "training" {
                pool_metrics::MemoryModel::Training
            } else {
                pool_metrics::MemoryModel::Inference
            })
            .estimate(&inf.costs(), inf.input_elements, batch as u64);
            let items: Vec<String> =
                e.items.iter().map(|i| format!("{} {:.1}", i.what, i.bytes as f64 / 1048576.0)).collect();
            println!(
                "{name} {} b{batch}: measured {:.1} model {:.1} ratio {:.2} [{}]",
                m.spec().arm,
                b as f64 / 1048576.0,
                e.total_bytes() as f64 / 1048576.0,
                e.total_bytes() as f64 / b as f64,
                items.join(", ")
            );
        }
    }
}
