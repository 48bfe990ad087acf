//! What the cost rows say is kept for the backward pass is what the process holds after the forward pass.
#![cfg(all(target_os = "linux", target_env = "gnu"))]

mod common;

use std::process::Command;

use common::every_layer;
use pool_models::{Mode, Pool};
use tch::{Device, Kind, Tensor, nn};

const MIB: f64 = (1u64 << 20) as f64;

/// Resident memory is read, so the allocator must give freed blocks back at once: glibc reads that from the environment
/// when a process starts.
#[test]
fn kept_tensors_are_what_stays_resident_after_the_forward_pass() {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "measure", "--ignored", "--nocapture", "--test-threads=1"])
        .envs([("MALLOC_MMAP_THRESHOLD_", "16384"), ("MALLOC_TRIM_THRESHOLD_", "16384")])
        .output()
        .unwrap();
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}{}", said(&output.stdout), said(&output.stderr));
}

#[test]
#[ignore = "run by the test above, in a process of its own"]
fn measure() {
    tch::set_num_threads(1);
    let wrong: Vec<String> = every_layer().iter().filter_map(disagreement).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Small tensors and pages cut in two stay below this.
const SLACK_MIB: f64 = 1.5;

fn disagreement(pool: &Pool) -> Option<String> {
    let (batch, sample) = (32, [32usize, 36, 36]);
    if *pool == Pool::None || pool.output_shape(&sample).is_err() {
        return None;
    }
    let leaf = Tensor::rand([batch, 32, 36, 36], (Kind::Float, Device::Cpu)).set_requires_grad(true);
    // The layer before keeps its own output; what the pooling layer reads of it costs nothing more.
    let input = leaf * 1.0;
    let variables = nn::VarStore::new(Device::Cpu);
    let layer = pool.build(&sample, 1, &variables.root()).unwrap();
    // What libtorch allocates once and for all.
    drop(layer.forward(&input, Mode::Training).unwrap());

    let before = resident_mib();
    let output = layer.forward(&input, Mode::Training).unwrap();
    let measured = resident_mib() - before;

    let cost = pool.cost(&sample).unwrap();
    let others = cost.kept.iter().filter(|tensor| tensor.what != "input" && tensor.what != "output");
    let kept = others.map(|tensor| tensor.bytes).sum::<u64>() * batch as u64 + 4 * output.numel() as u64;
    let expected = kept as f64 / MIB;
    let apart = (measured - expected).abs();
    (apart > SLACK_MIB + 0.05 * expected)
        .then(|| format!("{pool}: measured {measured:.1} MiB, the cost row says {expected:.1}"))
}

fn resident_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1024.0
}
