//! Measures a framework: trains epochs, predicts all test images and then single ones, as all other peers do.

use std::error::Error;
use std::time::Instant;

use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use serde_json::{Value, json};

use crate::mnist::Images;
use crate::resident_memory::PeakMemory;
use crate::work::Work;

/// A framework with a network and an optimizer. Its images are the data set as its own tensors.
pub trait Peer: Sized {
    type Images;

    /// Framework and version.
    const PROGRAM: &str;

    fn new(work: &Work) -> Result<Self, Box<dyn Error>>;

    fn tensors(images: &Images) -> Result<Self::Images, Box<dyn Error>>;

    /// A step for the images with these indices. Gives the mean loss.
    fn train_step(&mut self, images: &Self::Images, indices: &[u32]) -> Result<f64, Box<dyn Error>>;

    /// Classes of `count` images from `first` on.
    fn classes(&self, images: &Self::Images, first: usize, count: usize) -> Result<Vec<u8>, Box<dyn Error>>;

    fn parameters(&self) -> usize;
}

pub fn measure<P: Peer>(work: &Work) -> Result<Value, Box<dyn Error>> {
    let (train, test) = (Images::train(work.train_images)?, Images::test()?);
    let (train_images, test_images) = (P::tensors(&train)?, P::tensors(&test)?);

    let memory = PeakMemory::start();
    let mut peer = P::new(work)?;
    let mut random = StdRng::seed_from_u64(work.seed);
    let mut order: Vec<u32> = (0..train.len() as u32).collect();
    let (mut epoch_s, mut train_loss) = (Vec::new(), Vec::new());
    for _ in 0..work.epochs {
        let start = Instant::now();
        order.shuffle(&mut random);
        let mut loss_sum = 0.0;
        for indices in order.chunks(work.batch_size) {
            loss_sum += peer.train_step(&train_images, indices)? * indices.len() as f64;
        }
        epoch_s.push(start.elapsed().as_secs_f64());
        train_loss.push(loss_sum / train.len() as f64);
    }

    let predict_all = || -> Result<Vec<u8>, Box<dyn Error>> {
        let mut classes = Vec::with_capacity(test.len());
        for first in (0..test.len()).step_by(work.batch_size) {
            classes.extend(peer.classes(&test_images, first, work.batch_size.min(test.len() - first))?);
        }
        Ok(classes)
    };
    let classes = predict_all()?;
    let prediction_s = timed(work.predictions, |_| predict_all())?;
    timed(work.latency_warm_up, |index| peer.classes(&test_images, index, 1))?;
    let latency_s = timed(work.latencies, |index| peer.classes(&test_images, index, 1))?;
    let added_peak_bytes = memory.added_bytes();
    let errors = classes.iter().zip(&test.labels).filter(|(class, label)| class != label).count();
    Ok(json!({
        "program": P::PROGRAM,
        "threads": rayon::current_num_threads(),
        "train_images": train.len(),
        "test_images": test.len(),
        "batch_size": work.batch_size,
        "parameters": peer.parameters(),
        "epoch_s": epoch_s,
        "train_loss": train_loss,
        "prediction_s": prediction_s,
        "latency_s": latency_s,
        "test_error": errors as f64 / test.len() as f64,
        "added_peak_bytes": added_peak_bytes,
    }))
}

/// Seconds of each of `count` repetitions.
fn timed<T>(
    count: usize,
    action: impl Fn(usize) -> Result<T, Box<dyn Error>>,
) -> Result<Vec<f64>, Box<dyn Error>> {
    let once = |index| {
        let start = Instant::now();
        action(index)?;
        Ok(start.elapsed().as_secs_f64())
    };
    (0..count).map(once).collect()
}
