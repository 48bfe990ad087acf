//! `pool-cli doctor`: is this machine ready?

use std::path::Path;

use mnist_data::{DataDir, PublicSet, verify};
use pool_models::{BlockTimes, BlockWay, block_times};
use pool_spec::{BuiltInNetwork, ComputeDevice, DeviceChoice, Kernels};
use pool_train::{LIBTORCH_VERSION, resolve_device};
use serde::Serialize;

use super::data::{EXPECTED, all_intact, is_absent};
use crate::args::DoctorArgs;
use crate::exit::Outcome;
use crate::output::{print, print_json};

#[derive(Debug, Serialize)]
struct Finding {
    what: &'static str,
    healthy: bool,
    /// The study runs without it.
    is_optional: bool,
    found: String,
    /// How to mend it, when it is not healthy.
    cure: Option<String>,
}

pub(crate) fn run(args: &DoctorArgs) -> anyhow::Result<Outcome> {
    if args.kernels {
        return time_kernels(args);
    }
    let findings = examine();
    if args.json {
        print_json(&findings)?;
    } else {
        for Finding { what, healthy, found, cure, .. } in &findings {
            let mark = if *healthy { "ok " } else { "-- " };
            print(&format!("{mark}{what:<14} {found}\n"))?;
            if let Some(cure) = cure {
                print(&format!("                  {cure}\n"))?;
            }
        }
    }
    let ready = findings.iter().all(|finding| finding.healthy || finding.is_optional);
    Ok(if ready { Outcome::Done } else { Outcome::Missing })
}

/// The times of one network's convolution blocks.
#[derive(Debug, Serialize)]
struct NetworkTimes {
    network: BuiltInNetwork,
    blocks: Vec<BlockTimes>,
}

fn time_kernels(args: &DoctorArgs) -> anyhow::Result<Outcome> {
    let samples = args.batch as usize;
    let mut all = Vec::new();
    for network in BuiltInNetwork::ALL {
        let blocks = block_times(&network.example().infer()?, samples)?;
        if !args.json {
            let word = serde_json::to_value(network)?;
            print(&times_table(word.as_str().unwrap_or_default(), &blocks, samples))?;
        }
        all.push(NetworkTimes { network, blocks });
    }
    if args.json {
        print_json(&all)?;
    }
    Ok(Outcome::Done)
}

/// Milliseconds of each way, a star at the one by which networks are computed, and a mark where another is 10 % faster.
fn times_table(network: &str, blocks: &[BlockTimes], samples: usize) -> String {
    let threads = tch::get_num_threads();
    let mut text = format!(
        "{network}: a training step of {samples} pictures on {threads} threads, in ms, and in libtorch's two layouts\n\
         {:>10} {:>10} {:>10} {:>8}\n",
        "kernel", "first", "last", "GFLOP/s"
    );
    for block in blocks {
        let mark = if block.pick_to_fastest() > 1.1 { '!' } else { ' ' };
        text.push(mark);
        for (way, seconds) in BlockWay::ALL.into_iter().zip(block.seconds) {
            let star = if way == block.pick { '*' } else { ' ' };
            text += &format!("{:9.2}{star} ", seconds * 1e3);
        }
        let rate = 2e-9 * block.multiply_adds as f64 / block.seconds[block.pick as usize];
        text += &format!("{rate:8.0}  {}\n", block.what);
    }
    text + "\n"
}

fn examine() -> Vec<Finding> {
    let mut findings = vec![libtorch(), cuda(), threads(), processor(), kernels()];
    let dir = DataDir::from_env();
    findings.extend(PublicSet::ALL.map(|set| data_set(set, &dir)));
    findings
}

fn libtorch() -> Finding {
    let folder = option_env!("POOL_LIBTORCH_LIB").unwrap_or("an unknown folder");
    // The program would not have started without one; ask it something to be sure that it answers.
    let sum =
        tch::Tensor::from_slice(&[1.0f32, 2.0]).f_sum(tch::Kind::Float).and_then(|sum| f64::try_from(&sum));
    match sum {
        Ok(3.0) => healthy("libtorch", format!("{LIBTORCH_VERSION}, in {folder}")),
        other => Finding {
            what: "libtorch",
            healthy: false,
            is_optional: false,
            found: format!("in {folder}, but it cannot add 1 and 2: {other:?}"),
            cure: Some("run scripts/setup again and rebuild".to_owned()),
        },
    }
}

fn cuda() -> Finding {
    let found = if let Ok(device @ ComputeDevice::Cuda(_)) = resolve_device(DeviceChoice::Auto) {
        format!(
            "usable, {} device(s); a sweep without --device computes on {device}",
            tch::Cuda::device_count()
        )
    } else if cuda_library_is_there() {
        "not usable: this libtorch has CUDA, but it finds no NVIDIA device or driver".to_owned()
    } else {
        "not usable: this libtorch is built for the CPU (scripts/setup --cuda fetches the other)".to_owned()
    };
    healthy("cuda", found)
}

fn cuda_library_is_there() -> bool {
    option_env!("POOL_LIBTORCH_LIB").is_some_and(|folder| Path::new(folder).join("libtorch_cuda.so").exists())
}

fn threads() -> Finding {
    let available = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    healthy("threads", format!("{available} available, libtorch uses {} by default", tch::get_num_threads()))
}

fn processor() -> Finding {
    let name = pool_train::cpu_name().unwrap_or_else(|| std::env::consts::ARCH.to_owned());
    let features = cpu_features();
    let features =
        if features.is_empty() { String::new() } else { format!(", with {}", features.join(", ")) };
    healthy("processor", format!("{name}{features}"))
}

/// Those that run, which POOL_KERNELS_ISA may have held back.
fn kernels() -> Finding {
    healthy("kernels", pool_models::describe_kernels(Kernels::Fast))
}

/// Instruction sets that libtorch's kernels make use of.
fn cpu_features() -> Vec<&'static str> {
    let mut features = Vec::new();
    #[cfg(target_arch = "x86_64")]
    {
        let candidates = [
            ("AVX2", std::arch::is_x86_feature_detected!("avx2")),
            ("AVX-512", std::arch::is_x86_feature_detected!("avx512f")),
            ("AVX-512 BF16", std::arch::is_x86_feature_detected!("avx512bf16")),
        ];
        features.extend(candidates.into_iter().filter_map(|(name, there)| there.then_some(name)));
    }
    features
}

fn data_set(set: PublicSet, dir: &DataDir) -> Finding {
    let is_optional = set != EXPECTED;
    let lacking = |found: String, cure: Option<String>| Finding {
        what: set.name(),
        healthy: false,
        is_optional,
        found,
        cure,
    };
    let files = match verify(set, dir) {
        Ok(files) => files,
        Err(error) => return lacking(error.to_string(), None),
    };
    let folder = files.first().and_then(|file| file.path.parent()).unwrap_or(Path::new("")).display();
    if all_intact(&files) {
        return healthy(set.name(), format!("intact in {folder}"));
    }
    let troubled: Vec<String> = files
        .iter()
        .filter(|file| !all_intact(std::slice::from_ref(*file)))
        .map(|file| format!("{}: {}", file.name, file.state))
        .collect();
    let found = if is_absent(&files) { format!("not in {folder}") } else { troubled.join("; ") };
    let cure = match set {
        PublicSet::Mnist => "run scripts/setup, or pool-cli data fetch mnist".to_owned(),
        PublicSet::FashionMnist => {
            "only needed to train on it: pool-cli data fetch fashion-mnist, or on Debian: \
                                    apt-get install dataset-fashion-mnist"
                .to_owned()
        }
        PublicSet::Kmnist | PublicSet::EmnistLetters | PublicSet::Cifar10 | PublicSet::Cifar100 => {
            format!("only needed to train on it: pool-cli data fetch {set}")
        }
    };
    lacking(found, Some(cure))
}

fn healthy(what: &'static str, found: String) -> Finding {
    Finding { what, healthy: true, is_optional: false, found, cure: None }
}
