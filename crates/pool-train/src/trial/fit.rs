//! Training: the protocol of the published study, step by step and epoch by epoch.

use std::collections::HashMap;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use mnist_data::BatchOrder;
use pool_models::{Mode, Net, Optimizer, count_errors, smoothed_cross_entropy};
use pool_records::{EarlierEpochs, EpochRecord, RunLayout, StopFlag, TrialEvent, TrialStatus};
use pool_spec::{ComputeDevice, Kernels, StepSizes, TrainSpec};
use tch::nn::VarStore;
use tch::{Kind, Tensor};

use super::checkpoint::{Checkpoints, Progress, Resumed};
use super::early_stopping::{Patience, Verdict};
use super::evaluate::evaluate;
use crate::TrainError;
use crate::augmented::BatchAugmenter;
use crate::device::{Stopwatch, evaluation_batch, seed_device, torch};
use crate::resident::{ImageSet, ResidentData};
use crate::usage::PeakMemory;

/// A network with its optimizer, and the images it learns from.
pub(crate) struct Training<'a> {
    net: &'a Net,
    images: &'a ImageSet,
    /// What changes them each time that they are seen.
    augmenter: Option<&'a BatchAugmenter>,
    steps_per_epoch: u64,
    optimizer: Optimizer,
    step_sizes: StepSizes,
    label_smoothing: f64,
}

/// What a step says of its batch, before the weights changed. Scalars on libtorch's side: reading them is left to the
/// caller, who sums many first.
pub(crate) struct StepResult {
    /// Mean cross-entropy, nats, against smoothed labels where they are smoothed.
    pub(crate) loss: Tensor,
    /// Images misclassified.
    pub(crate) errors: Tensor,
}

impl<'a> Training<'a> {
    /// With the optimizer of the recipe, over all variables.
    pub(crate) fn new(
        spec: &TrainSpec,
        net: &'a Net,
        images: &'a ImageSet,
        variables: &VarStore,
        kernels: Kernels,
    ) -> Result<Self, TrainError> {
        let optimizer = Optimizer::new(variables, spec.optimizer, spec.learning_rate)?;
        let optimizer = optimizer
            .with_kernels(kernels)
            .with_weight_decay(spec.weight_decay)
            .with_clip_norm(spec.clip_norm);
        let steps_per_epoch = steps_per_epoch(spec, images);
        let step_sizes = spec.step_sizes(steps_per_epoch);
        Ok(Self {
            net,
            images,
            augmenter: None,
            steps_per_epoch,
            optimizer,
            step_sizes,
            label_smoothing: spec.label_smoothing,
        })
    }

    /// Changes the images each time that they are seen.
    pub(crate) fn augmented(self, augmenter: Option<&'a BatchAugmenter>) -> Self {
        Self { augmenter, ..self }
    }

    /// What changes the weights.
    pub(crate) fn optimizer(&mut self) -> &mut Optimizer {
        &mut self.optimizer
    }

    /// Gathers the images with these indices (`[count]`, `i64`), and changes the weights by them.
    pub(crate) fn step(&mut self, indices: &Tensor) -> Result<StepResult, TrainError> {
        let mut batch = self.images.gather(indices)?;
        if let Some(augmenter) = self.augmenter {
            // From 0. The optimizer's steps are those of the trial, whichever process took them.
            let epoch = self.optimizer.steps() / self.steps_per_epoch;
            augmenter.augment(&mut batch, epoch, indices)?;
        }
        let logits = self.net.forward(&batch.images, Mode::Training)?;
        let loss = smoothed_cross_entropy(&logits, &batch.labels, self.label_smoothing)?;
        self.optimizer.set_learning_rate(self.step_sizes.of(self.optimizer.steps()));
        self.optimizer.step(&loss)?;
        let _guard = tch::no_grad_guard();
        Ok(StepResult { loss: loss.f_detach()?, errors: count_errors(&logits, &batch.labels)? })
    }
}

fn steps_per_epoch(spec: &TrainSpec, images: &ImageSet) -> u64 {
    images.len().div_ceil(spec.batch_size) as u64
}

/// How often a running epoch reports.
const STEP_EVENT_INTERVAL: Duration = Duration::from_millis(200);

/// Everything that training needs besides the variables.
pub(super) struct Fit<'a> {
    pub(super) spec: &'a TrainSpec,
    pub(super) seed: u64,
    pub(super) net: &'a Net,
    pub(super) kernels: Kernels,
    pub(super) device: ComputeDevice,
    pub(super) data: &'a ResidentData,
    pub(super) folder: &'a Path,
    pub(super) stop: &'a StopFlag,
    /// The epoch after which to pause.
    pub(super) until_epoch: Option<u32>,
    pub(super) checkpoints: Checkpoints,
    pub(super) memory: &'a PeakMemory,
}

/// How training ended.
pub(super) enum FitEnd {
    Fitted(Fitted),
    /// After these epochs, with a checkpoint to go on from.
    Paused(Vec<EpochRecord>),
}

/// What training leaves besides the variables.
pub(super) struct Fitted {
    pub(super) status: TrialStatus,
    pub(super) epochs: Vec<EpochRecord>,
    /// Those that earlier processes of the trial trained otherwise.
    pub(super) earlier: Vec<EarlierEpochs>,
    pub(super) best_epoch: Option<u32>,
    /// The peak of memory that earlier processes of the trial saw.
    pub(super) resident_peak_bytes: Option<u64>,
}

impl Fit<'_> {
    /// Trains until the last epoch, early stopping, or divergence, and leaves the weights to be evaluated in
    /// `variables`; or until it is to pause.
    pub(super) fn run(
        &self,
        variables: &mut VarStore,
        on_event: &mut dyn FnMut(TrialEvent),
    ) -> Result<FitEnd, TrainError> {
        let training = Training::new(self.spec, self.net, &self.data.train, variables, self.kernels)?;
        let mut training = training.augmented(self.data.augmenter.as_ref());
        let order = BatchOrder::new(self.data.train.len(), self.seed);
        let mut last_checkpoint = Instant::now();
        let Resumed { epochs, earlier, changes, mut best, resident_peak_bytes } =
            self.checkpoints.resume(self.net, variables, training.optimizer());
        let steps = steps_per_epoch(self.spec, &self.data.train);
        on_event(TrialEvent::Started { epochs: self.spec.epochs, steps });
        if let Some(last) = epochs.last() {
            tracing::info!(epoch = last.epoch, "going on");
            if !changes.is_empty() {
                let with = changes.join(", ");
                tracing::warn!(with, "the last digits may differ from those of a trial that ran through");
            }
            on_event(TrialEvent::Resumed { epoch: last.epoch, changes });
        }
        let mut patience = self.spec.early_stopping.map(|rule| Patience::after(rule, &epochs));
        let mut history = History::create(self.folder, epochs)?;
        let mut status = TrialStatus::Finished;

        for epoch in history.next_epoch()..=self.spec.epochs {
            if self.until_epoch.is_some_and(|last| epoch > last) {
                let progress = self.progress(&history.epochs, &earlier, best.as_ref(), resident_peak_bytes);
                self.checkpoints.store(&progress, self.net, variables, training.optimizer())?;
                return Ok(FitEnd::Paused(history.epochs));
            }
            seed_device(self.device, self.seed, epoch);
            let record = self.epoch(epoch, &order, &mut training, on_event)?;
            history.push(record)?;
            on_event(TrialEvent::Epoch(record));
            if !(record.train_loss.is_finite() && record.validation_loss.is_finite()) {
                tracing::warn!(epoch, loss = record.train_loss, "the loss is no longer a number; stopping");
                status = TrialStatus::Diverged;
                break;
            }
            match patience.as_mut().map(|patience| patience.judge(&record)) {
                Some(Verdict::Improved) => {
                    // The old copy goes before the new one is made: two would stand in the measured memory.
                    drop(best.take());
                    best = Some((epoch, snapshot(variables)?));
                }
                Some(Verdict::Stop) => {
                    status = TrialStatus::StoppedEarly;
                    break;
                }
                Some(Verdict::Waiting) | None => {}
            }
            if epoch < self.spec.epochs && self.checkpoints.are_due(last_checkpoint) {
                let progress = self.progress(&history.epochs, &earlier, best.as_ref(), resident_peak_bytes);
                self.checkpoints.save(&progress, self.net, variables, training.optimizer());
                last_checkpoint = Instant::now();
            }
        }

        let best_epoch = match (best, self.spec.early_stopping) {
            (Some((epoch, weights)), Some(rule)) if rule.restore_best && status != TrialStatus::Diverged => {
                restore(variables, &weights)?;
                Some(epoch)
            }
            _ if status == TrialStatus::Diverged => None,
            _ => history.epochs.last().map(|last| last.epoch),
        };
        let epochs = history.epochs;
        Ok(FitEnd::Fitted(Fitted { status, epochs, earlier, best_epoch, resident_peak_bytes }))
    }

    fn progress<'p>(
        &self,
        epochs: &'p [EpochRecord],
        earlier: &'p [EarlierEpochs],
        best: Option<&'p (u32, Weights)>,
        earlier_peak_bytes: Option<u64>,
    ) -> Progress<'p> {
        let resident_peak_bytes = self.memory.peak_bytes().max(earlier_peak_bytes);
        Progress { epochs, earlier, best, resident_peak_bytes }
    }

    fn epoch(
        &self,
        epoch: u32,
        order: &BatchOrder,
        training: &mut Training<'_>,
        on_event: &mut dyn FnMut(TrialEvent),
    ) -> Result<EpochRecord, TrainError> {
        let permutation = Tensor::f_from_slice(&order.epoch(epoch.into()))?;
        let permutation = permutation.f_to_device(torch(self.device))?;
        let clock = Stopwatch::start(self.device);
        let (train_loss, train_error) = self.steps(epoch, &permutation, training, on_event)?;
        let train_s = clock.read_s();

        let clock = Stopwatch::start(self.device);
        let held_out = &self.data.validation;
        let batch_size = evaluation_batch(self.device, self.spec.batch_size);
        let validation = evaluate(&self.net.predictor()?, held_out, batch_size, self.stop)?;
        let validation_s = clock.read_s();
        tracing::info!(epoch, train_loss, train_error, validation.loss, train_s, "epoch done");
        Ok(EpochRecord {
            epoch,
            train_loss,
            train_error,
            validation_loss: validation.loss,
            validation_error: validation.error_rate(),
            train_s,
            validation_s,
        })
    }

    /// All steps of an epoch, over the images in this order. Gives the mean loss and the share of errors.
    fn steps(
        &self,
        epoch: u32,
        permutation: &Tensor,
        training: &mut Training<'_>,
        on_event: &mut dyn FnMut(TrialEvent),
    ) -> Result<(f64, f64), TrainError> {
        let images = self.data.train.len();
        // Sums stay on the device and are read once, after the last step: to read one earlier is to wait for all steps
        // that the device was given so far.
        let mut loss_sum = Tensor::f_zeros([], (Kind::Double, permutation.device()))?;
        let mut error_sum = Tensor::f_zeros([], (Kind::Int64, permutation.device()))?;
        let mut last_event = Instant::now();
        for (step, first) in (0..images).step_by(self.spec.batch_size).enumerate() {
            self.stop.check()?;
            let count = self.spec.batch_size.min(images - first);
            let StepResult { loss, errors } =
                training.step(&permutation.f_narrow(0, first as i64, count as i64)?)?;
            loss_sum = loss_sum.f_add(&loss.f_mul_scalar(count as f64)?)?;
            error_sum = error_sum.f_add(&errors)?;
            if last_event.elapsed() >= STEP_EVENT_INTERVAL {
                last_event = Instant::now();
                on_event(TrialEvent::Step { epoch, done: step as u64 + 1 });
            }
        }
        let images = images as f64;
        Ok((f64::try_from(&loss_sum)? / images, i64::try_from(&error_sum)? as f64 / images))
    }
}

pub(super) type Weights = HashMap<String, Tensor>;

/// A copy of every variable.
pub(super) fn snapshot(variables: &VarStore) -> Result<Weights, TrainError> {
    let _guard = tch::no_grad_guard();
    let copied = |(name, tensor): (String, Tensor)| {
        let mut copy = tensor.f_empty_like()?;
        copy.f_copy_(&tensor)?;
        Ok((name, copy))
    };
    variables.variables().into_iter().map(copied).collect()
}

pub(super) fn restore(variables: &VarStore, weights: &Weights) -> Result<(), TrainError> {
    let _guard = tch::no_grad_guard();
    for (name, mut tensor) in variables.variables() {
        if let Some(kept) = weights.get(&name) {
            tensor.f_copy_(kept)?;
        }
    }
    Ok(())
}

/// The epochs so far, in memory and in `history.jsonl`.
struct History {
    file: File,
    path: PathBuf,
    epochs: Vec<EpochRecord>,
}

impl History {
    /// With the epochs that earlier processes of the trial have trained.
    fn create(folder: &Path, epochs: Vec<EpochRecord>) -> Result<Self, TrainError> {
        let path = RunLayout::history_in(folder);
        let file = File::create(&path).map_err(TrainError::io("create", &path))?;
        let mut history = Self { file, path, epochs: Vec::new() };
        epochs.into_iter().try_for_each(|epoch| history.push(epoch))?;
        Ok(history)
    }

    fn next_epoch(&self) -> u32 {
        self.epochs.last().map_or(1, |last| last.epoch + 1)
    }

    fn push(&mut self, record: EpochRecord) -> Result<(), TrainError> {
        let line = serde_json::to_string(&record).expect("an epoch holds only what JSON can express");
        writeln!(self.file, "{line}").map_err(TrainError::io("write", &self.path))?;
        self.epochs.push(record);
        Ok(())
    }
}
