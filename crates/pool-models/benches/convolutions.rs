//! Times of the convolution blocks of every built-in network, by the kernels and by libtorch's functions:
//! `cargo bench -p pool-models --bench convolutions`. Ends with 1 if the way by which networks are computed takes 10 % longer
//! than another one, in the best of three tries.

use std::process::ExitCode;

use pool_models::{BlockTimes, BuiltInNetwork, block_times};

const IMAGES: usize = 128;
const MOST: f64 = 1.1;
const TRIES: usize = 3;

fn times(network: BuiltInNetwork) -> Vec<BlockTimes> {
    let model = network.example().infer().expect("a built-in network fits together");
    block_times(&model, IMAGES).expect("memory for a block")
}

fn main() -> ExitCode {
    // Criterion's options, which Cargo passes on, mean nothing here; nothing is timed when tests are listed.
    if std::env::args().any(|argument| argument == "--list" || argument == "--test") {
        return ExitCode::SUCCESS;
    }
    let mut has_lost = false;
    for network in BuiltInNetwork::ALL {
        let mut best = times(network);
        for _ in 1..TRIES {
            for (best, again) in best.iter_mut().zip(times(network)) {
                if again.pick_to_fastest() < best.pick_to_fastest() {
                    *best = again;
                }
            }
        }
        for block in &best {
            let ratio = block.pick_to_fastest();
            let [kernel, first, last] = block.seconds.map(|seconds| seconds * 1e3);
            let verdict = if ratio > MOST { "LOST" } else { "ok" };
            println!(
                "{verdict:4} {ratio:5.2}  kernel {kernel:7.2} ms, libtorch {first:7.2} and {last:7.2}  {network:?}: {}",
                block.what
            );
            has_lost |= ratio > MOST;
        }
    }
    if has_lost { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
