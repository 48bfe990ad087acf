//! A network as a user of tch writes it, with tch's own layers, optimizer and dropout: a peer that
//! `scripts/bench-peers` measures pool-train against. It takes what to do as JSON and prints what it took as JSON.

mod network;

use std::error::Error;
use std::fs;
use std::time::Instant;

use mnist_data::{DataDir, Dataset, LabelledImages};
use serde::Deserialize;
use tch::nn::{self, ModuleT, OptimizerConfig};
use tch::{Device, Kind, Tensor};

use network::{Layer, Normalization, sequential};

/// `Work` of `scripts/bench_peers/work.py`.
#[derive(Deserialize)]
struct Work {
    layers: Vec<Layer>,
    epochs: u32,
    threads: i32,
    seed: i64,
    train_images: i64,
    batch_size: i64,
    learning_rate: f64,
    adam_epsilon: f64,
    batch_norm_momentum: f64,
    batch_norm_epsilon: f64,
    predictions: u32,
    latencies: i64,
    latency_warm_up: i64,
}

/// Images `[N, 1, H, W]` in `[0, 1]` and labels `[N]`.
fn tensors(set: &LabelledImages) -> (Tensor, Tensor) {
    let shape = [set.len() as i64, 1, set.height() as i64, set.width() as i64];
    let images = Tensor::from_data_size(set.pixels(), &shape, Kind::Uint8).to_kind(Kind::Float) / 255.0;
    let labels: Vec<i64> = set.labels().iter().map(|&label| label.into()).collect();
    (images, Tensor::from_slice(&labels))
}

/// Seconds, and the mean loss; the sum of the losses is read once, after the last step.
fn train_epoch(
    net: &nn::SequentialT,
    optimizer: &mut nn::Optimizer,
    images: &Tensor,
    labels: &Tensor,
    batch_size: i64,
) -> (f64, f64) {
    let start = Instant::now();
    let count = images.size()[0];
    let mut loss_sum = Tensor::zeros([], (Kind::Float, Device::Cpu));
    for indices in Tensor::randperm(count, (Kind::Int64, Device::Cpu)).split(batch_size, 0) {
        let logits = net.forward_t(&images.index_select(0, &indices), true);
        let loss = logits.cross_entropy_for_logits(&labels.index_select(0, &indices));
        optimizer.backward_step(&loss);
        loss_sum += loss.detach() * indices.size()[0];
    }
    let train_loss = loss_sum.double_value(&[]) / count as f64;
    (start.elapsed().as_secs_f64(), train_loss)
}

fn predicted_classes(net: &nn::SequentialT, images: &Tensor) -> Vec<i64> {
    let classes = tch::no_grad(|| net.forward_t(images, false).argmax(1, false));
    Vec::try_from(&classes).expect("classes are a list of integers")
}

fn seconds(action: impl FnOnce()) -> f64 {
    let start = Instant::now();
    action();
    start.elapsed().as_secs_f64()
}

/// A field of `/proc/self/status`, which counts in KiB; none outside Linux.
fn status_bytes(field: &str) -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with(field))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib * 1024)
}

fn main() -> Result<(), Box<dyn Error>> {
    let argument = std::env::args().nth(1).ok_or("usage: stock_tch WORK; scripts/bench-peers starts it")?;
    let work: Work = serde_json::from_str(&argument)?;
    tch::set_num_threads(work.threads);
    tch::manual_seed(work.seed);
    let data = Dataset::mnist(&DataDir::from_env())?;
    let (images, labels) = tensors(&data.train);
    let (images, labels) = (images.narrow(0, 0, work.train_images), labels.narrow(0, 0, work.train_images));
    let (test_images, test_labels) = tensors(&data.test);

    // Writing 5 resets the kernel's high-water mark (proc(5), clear_refs). Where that is refused, the peak can only
    // come out too high.
    let _ = fs::write("/proc/self/clear_refs", "5");
    let before_bytes = status_bytes("VmRSS:");
    let variables = nn::VarStore::new(Device::Cpu);
    let norm = Normalization { momentum: work.batch_norm_momentum, epsilon: work.batch_norm_epsilon };
    let net = sequential(&variables.root(), &work.layers, norm);
    let adam = nn::Adam { eps: work.adam_epsilon, ..nn::Adam::default() };
    let mut optimizer = adam.build(&variables, work.learning_rate)?;
    let (epoch_s, train_loss): (Vec<f64>, Vec<f64>) = (0..work.epochs)
        .map(|_| train_epoch(&net, &mut optimizer, &images, &labels, work.batch_size))
        .unzip();

    let batches = test_images.split(work.batch_size, 0);
    let predict_all =
        || -> Vec<i64> { batches.iter().flat_map(|batch| predicted_classes(&net, batch)).collect() };
    let predictions = predict_all();
    let prediction_s: Vec<f64> = (0..work.predictions).map(|_| seconds(|| drop(predict_all()))).collect();
    let predict_one = |index| seconds(|| drop(predicted_classes(&net, &test_images.narrow(0, index, 1))));
    for index in 0..work.latency_warm_up {
        predict_one(index);
    }
    let latency_s: Vec<f64> = (0..work.latencies).map(predict_one).collect();
    let peak_bytes = status_bytes("VmHWM:");

    let errors = Tensor::from_slice(&predictions).not_equal_tensor(&test_labels).sum(Kind::Int64);
    let parameters: usize = variables.trainable_variables().iter().map(Tensor::numel).sum();
    let result = serde_json::json!({
        "program": format!("libtorch {}", pool_train::LIBTORCH_VERSION),
        "threads": tch::get_num_threads(),
        "train_images": images.size()[0],
        "test_images": test_images.size()[0],
        "batch_size": work.batch_size,
        "parameters": parameters,
        "epoch_s": epoch_s,
        "train_loss": train_loss,
        "prediction_s": prediction_s,
        "latency_s": latency_s,
        "test_error": errors.int64_value(&[]) as f64 / test_images.size()[0] as f64,
        "added_peak_bytes": peak_bytes.zip(before_bytes).map(|(peak, before)| peak.saturating_sub(before)),
    });
    println!("{result}");
    Ok(())
}
