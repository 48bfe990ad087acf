//! Durations of training and prediction, and the energy of an epoch: of a whole measurement, and of the few steps by which a plan is estimated.

use std::path::Path;
use std::time::{Duration, Instant};

use mnist_data::{BatchOrder, PictureShape};
use pool_metrics::median;
use pool_models::Net;
use pool_records::{EnergyMissing, Latency, PredictionTimes, Probe, StepTimes, StopFlag};
use pool_spec::{ComputeDevice, CostSpec, Kernels, TrialSpec};
use tch::nn::VarStore;
use tch::{Kind, Tensor};

use crate::TrainError;
use crate::augmented::BatchAugmenter;
use crate::context::TrialContext;
use crate::device::{Stopwatch, torch};
use crate::energy::{EnergyMeter, POWERCAP};
use crate::resident::{Batch, ImageSet, ResidentData};
use crate::trial::{Training, predict};
use crate::usage::resident_peak_bytes;

/// Steps before the clock starts: libtorch compiles kernels, the allocator grows, the caches fill.
const WARM_UP_STEPS: usize = 20;
/// The batch size at which the published study predicts its test images.
const STUDYS_BATCH: usize = 200;
/// Repetitions of predicting all test images, by all processes of an arm together, after one in each that warms up.
const PREDICTIONS: usize = 7;
/// The batch sizes whose latency is measured: one image as it comes, a small batch, the study's.
const LATENCY_BATCHES: [usize; 3] = [1, 32, STUDYS_BATCH];
/// Repetitions of a batch, by all processes together: the 99th percentile needs a hundred.
const FEWEST_LATENCIES: usize = 100;
const MOST_LATENCIES: usize = 1_000;
/// Time of all processes for one batch size's repetitions, once there are enough.
const LATENCY_TIME: Duration = Duration::from_secs(2);
/// Batches before the clock starts.
const LATENCY_WARM_UP: usize = 10;

/// What an epoch took: seconds of each step, and joules in all.
struct EpochCost {
    step_s: Vec<f64>,
    energy_j: Result<f64, EnergyMissing>,
}

/// Times one network on one data set.
pub(super) struct Clock<'a> {
    pub(super) spec: &'a CostSpec,
    pub(super) net: &'a Net,
    pub(super) kernels: Kernels,
    pub(super) device: ComputeDevice,
    pub(super) data: &'a ResidentData,
    pub(super) stop: &'a StopFlag,
}

impl Clock<'_> {
    /// Whole epochs, step by step. Every step ends with its loss read back, so that it is over when the clock says so. Energy
    /// is that of the whole epoch, with what little there is between its steps.
    pub(super) fn training(&self, variables: &VarStore) -> Result<StepTimes, TrainError> {
        let batch_size = self.spec.train.batch_size;
        let images = self.data.train.len();
        let training = Training::new(&self.spec.train, self.net, &self.data.train, variables, self.kernels)?;
        let mut training = training.augmented(self.data.augmenter.as_ref());
        let order = BatchOrder::new(images, 0);
        let mut run = |epoch: u64, most: usize| -> Result<EpochCost, TrainError> {
            let permutation = Tensor::f_from_slice(&order.epoch(epoch))?.f_to_device(torch(self.device))?;
            let batches = permutation.f_split(batch_size as i64, 0)?;
            let mut energy = EnergyMeter::start(Path::new(POWERCAP), self.device);
            let timed = batches.iter().take(most).map(|indices| {
                self.stop.check()?;
                energy.keep_up();
                self.seconds(|| Ok(f64::try_from(&training.step(indices)?.loss)?))
            });
            let step_s: Vec<f64> = timed.collect::<Result<_, TrainError>>()?;
            Ok(EpochCost { step_s, energy_j: energy.read_j() })
        };
        let warm_up_steps = run(0, WARM_UP_STEPS)?.step_s.len() as u64;
        let epochs: Vec<EpochCost> =
            (1..=self.spec.epochs).map(|epoch| run(epoch.into(), usize::MAX)).collect::<Result<_, _>>()?;
        let energies: Result<Vec<f64>, EnergyMissing> = epochs.iter().map(|epoch| epoch.energy_j).collect();
        Ok(StepTimes {
            batch_size: batch_size as u64,
            steps_per_epoch: images.div_ceil(batch_size) as u64,
            warm_up_steps,
            epoch_s: epochs.iter().map(|epoch| epoch.step_s.iter().sum()).collect(),
            energy_missing: energies.as_ref().err().copied(),
            energy_j: energies.ok().and_then(|energies| median(&energies)),
            step_s: epochs.into_iter().flat_map(|epoch| epoch.step_s).collect(),
        })
    }

    /// The class of every test image, from the pixels in the device's memory to the classes read back by the host.
    pub(super) fn prediction(&self) -> Result<PredictionTimes, TrainError> {
        let batches = self.data.test.whole()?.images.f_split(STUDYS_BATCH as i64, 0)?;
        let predictor = self.net.predictor()?;
        let all = || {
            batches.iter().try_for_each(|batch| {
                self.stop.check()?;
                predict(&predictor, batch).map(drop)
            })
        };
        all()?;
        let images = self.data.test.len() as u64;
        Ok(PredictionTimes {
            batch_size: images.min(STUDYS_BATCH as u64),
            images,
            seconds: (0..self.share_of(PREDICTIONS)).map(|_| self.seconds(all)).collect::<Result<_, _>>()?,
        })
    }

    /// One batch at a time, a different one every time; as with predictions, the way of the pixels to the device does
    /// not count.
    pub(super) fn latencies(&self) -> Result<Vec<Latency>, TrainError> {
        batches_of(self.data.test.len() as u64)
            .into_iter()
            .map(|batch_size| self.latency(batch_size))
            .collect()
    }

    fn latency(&self, batch_size: usize) -> Result<Latency, TrainError> {
        let batches = self.data.test.whole()?.images.f_split(batch_size as i64, 0)?;
        // The last batch may be a part of one.
        let whole = batches.len().saturating_sub(1).max(1);
        let mut next = batches[..whole].iter().cycle();
        let predictor = self.net.predictor()?;
        let mut once = || {
            self.stop.check()?;
            next.next().map_or(Ok(()), |batch| predict(&predictor, batch).map(drop))
        };
        for _ in 0..LATENCY_WARM_UP {
            once()?;
        }
        let mut times = Vec::new();
        let start = Instant::now();
        let (fewest, most) = (self.share_of(FEWEST_LATENCIES), self.share_of(MOST_LATENCIES));
        let time = LATENCY_TIME / self.spec.processes.max(1);
        while times.len() < fewest || (times.len() < most && start.elapsed() < time) {
            times.push(self.seconds(&mut once)?);
        }
        Ok(Latency { batch_size: batch_size as u64, seconds: times })
    }

    /// What one process does of so many repetitions.
    fn share_of(&self, repetitions: usize) -> usize {
        repetitions.div_ceil(self.spec.processes.max(1) as usize)
    }

    fn seconds<T>(&self, work: impl FnOnce() -> Result<T, TrainError>) -> Result<f64, TrainError> {
        let stopwatch = Stopwatch::start(self.device);
        work()?;
        Ok(stopwatch.read_s())
    }
}

/// The batch sizes whose latency is measured on this many test images, rising, each once: of a small set all images are the
/// largest batch.
fn batches_of(test_images: u64) -> Vec<usize> {
    let most = usize::try_from(test_images).unwrap_or(usize::MAX);
    let mut batches = LATENCY_BATCHES.map(|batch_size| batch_size.min(most)).to_vec();
    batches.dedup();
    batches
}

/// Steps before the clock starts.
const PROBE_WARM_UP: usize = 3;
const FEWEST_PROBES: usize = 5;
const MOST_PROBES: usize = 100;
/// Time for steps, and for predictions, once there are enough.
const PROBE_TIME: Duration = Duration::from_millis(300);

/// Times steps and predictions of a trial's network, on random images of its data set's shape.
///
/// # Errors
/// A network that cannot be built.
pub fn probe(spec: &TrialSpec, context: &TrialContext) -> Result<Probe, TrainError> {
    context.set_threads();
    let device = context.device;
    let batch_size = spec.train.batch_size as i64;
    let inferred = spec.model.infer()?;
    let classes = inferred.output().and_then(|shape| shape.last().copied()).unwrap_or(1) as i64;
    let sides = spec.model.input.iter().map(|&side| side as i64);
    let shape: Vec<i64> = std::iter::once(batch_size).chain(sides).collect();
    let batch = Batch {
        images: Tensor::f_rand(&shape[..], (Kind::Float, torch(device)))?,
        labels: Tensor::f_randint(classes, [batch_size], (Kind::Int64, torch(device)))?,
    };
    let images = batch.images.shallow_clone();
    let set = ImageSet::Numbers(batch);
    let all = Tensor::f_arange(batch_size, (Kind::Int64, torch(device)))?;

    let (variables, net) = context.build(&spec.model, spec.train.precision)?;
    let training = Training::new(&spec.train, &net, &set, &variables, context.kernels)?;
    let augmenter = augmenter_of(spec);
    let mut training = training.augmented(augmenter.as_ref());
    let step_s = median_s(context, || Ok(f64::try_from(&training.step(&all)?.loss).map(drop)?))?;
    let predictor = net.predictor()?;
    let prediction_s = median_s(context, || predict(&predictor, &images).map(drop))?;
    Ok(Probe { step_s, prediction_s, peak_bytes: resident_peak_bytes(device) })
}

/// What changes images of the shape that the network takes.
fn augmenter_of(spec: &TrialSpec) -> Option<BatchAugmenter> {
    BatchAugmenter::new(spec.data.augment, PictureShape::of_sizes(&spec.model.input)?, &[], spec.seed)
}

fn median_s(
    context: &TrialContext,
    mut work: impl FnMut() -> Result<(), TrainError>,
) -> Result<f64, TrainError> {
    for _ in 0..PROBE_WARM_UP {
        work()?;
    }
    let mut times = Vec::new();
    let start = Instant::now();
    while times.len() < FEWEST_PROBES || (times.len() < MOST_PROBES && start.elapsed() < PROBE_TIME) {
        let stopwatch = Stopwatch::start(context.device);
        work()?;
        times.push(stopwatch.read_s());
    }
    Ok(median(&times).unwrap_or(f64::NAN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_test_set_is_timed_once_with_all_of_its_images() {
        let table: [(u64, &[usize]); 7] = [
            (1, &[1]),
            (5, &[1, 5]),
            (32, &[1, 32]),
            (33, &[1, 32, 33]),
            (199, &[1, 32, 199]),
            (200, &[1, 32, 200]),
            (10_000, &[1, 32, 200]),
        ];
        for (images, expected) in table {
            assert_eq!(batches_of(images), expected, "{images} test images");
        }
    }
}
