//! One trial: load, build, fit, evaluate, and one record of it.

mod checkpoint;
mod early_stopping;
mod evaluate;
mod event;
mod fit;
mod step;
mod test_images;

use std::path::Path;
use std::time::Duration;

use mnist_data::DataDir;
use pool_metrics::{
    Evaluation, PausedTrial, RECORD_VERSION, RunLayout, TestResults, TrialRecord, TrialSettings, TrialStatus,
};
use pool_models::{Kernels, Net, Precision, Sequential, save_weights};
use tch::nn;

pub(crate) use evaluate::{Examined, examine, predict};
use evaluate::{evaluation_of, logits_of};
pub use event::TrialEvent;
pub(crate) use step::Training;

use crate::machine::{self, PeakMemory, ProcessorUse};
use crate::resident::{ImageTensors, ResidentData};
use crate::run::StopFlag;
use crate::{ComputeDevice, EarlyStopping, TrainError, TrialSpec};
use checkpoint::Checkpoints;
use fit::{Fit, FitEnd, Fitted};

/// What a trial is told beside its settings: nothing here changes a loss by more than rounding, but for the masks of
/// dropout, which a CUDA device draws itself. Own kernels round alike on any number of threads; libtorch's convolutions
/// and sums do not.
#[derive(Debug, Clone)]
pub struct TrialContext {
    /// Where the data sets lie.
    pub data_dir: DataDir,
    /// Threads for libtorch.
    pub threads: u32,
    /// Tasks that may run at once, this one included.
    pub jobs: u32,
    /// Which implementation computes the layers.
    pub kernels: Kernels,
    /// Where the data lie and everything is computed.
    pub device: ComputeDevice,
    /// The shortest time between two checkpoints; they are written between epochs.
    pub checkpoint_every: Duration,
    /// The epoch after which a trial pauses, to be gone on with later or never; none trains it to its end.
    pub until_epoch: Option<u32>,
    /// The program and its version, for the record.
    pub program: String,
    /// Git revision that the program was built from.
    pub git_revision: Option<String>,
}

impl TrialContext {
    /// The network as it is computed here, and its variables on the device.
    pub(crate) fn build(
        &self,
        model: &Sequential,
        precision: Precision,
    ) -> Result<(nn::VarStore, Net), TrainError> {
        let variables = nn::VarStore::new(self.device.torch());
        let net = model.build(&variables.root())?.with_kernels(self.kernels).with_precision(precision);
        Ok((variables, net))
    }
}

/// How a trial's process has ended well.
#[derive(Debug)]
pub enum TrialEnd {
    /// The trial is over.
    Finished(Box<TrialRecord>),
    /// It has come to the epoch that it was to be trained until, and its checkpoint is stored.
    Paused(PausedTrial),
}

/// Runs a trial and returns its record, or what it has come to after `until_epoch`. Leaves `history.jsonl` (one epoch per line, as it goes) and
/// `model.safetensors` in `folder`; the record itself is for the caller to store. A folder with a checkpoint of an
/// earlier process is gone on from: the record is then the one that this process would have made, but for what it took
/// in time. A checkpoint that cannot be used is told of, and the trial begins anew.
///
/// # Errors
/// Missing data, a network that cannot be built, a folder that cannot be written, or [`TrainError::Stopped`].
pub fn run_trial(
    spec: &TrialSpec,
    folder: &Path,
    context: &TrialContext,
    stop: &StopFlag,
    on_event: &mut dyn FnMut(TrialEvent),
) -> Result<TrialEnd, TrainError> {
    let started = machine::now();
    let device = context.device;
    set_threads(context);

    let data = ResidentData::load(&spec.data, &context.data_dir, device)?;
    let memory = PeakMemory::start(device);
    let (mut variables, net) = context.build(&spec.model, spec.train.precision)?;

    let processor = ProcessorUse::start();
    let fit = Fit {
        spec: &spec.train,
        seed: spec.seed,
        net: &net,
        kernels: context.kernels,
        device,
        data: &data,
        folder,
        stop,
        until_epoch: context.until_epoch,
        checkpoints: Checkpoints::new(
            folder,
            spec.id(),
            context.checkpoint_every,
            machine::computed_with(context),
        ),
        memory: &memory,
    };
    let fitted = match fit.run(&mut variables, on_event)? {
        FitEnd::Fitted(fitted) => fitted,
        FitEnd::Paused(epochs) => {
            return Ok(TrialEnd::Paused(PausedTrial { version: RECORD_VERSION, id: spec.id(), epochs }));
        }
    };
    let contention = processor.contention(context.jobs);
    let resident_peak_bytes = memory.peak_bytes().max(fitted.resident_peak_bytes);
    tracing::debug!(?resident_peak_bytes, epochs = fitted.epochs.len(), "fitted");

    on_event(TrialEvent::Evaluating);
    // Weights that have diverged predict nothing worth reporting.
    let results = match fitted.status {
        TrialStatus::Diverged => Results::default(),
        TrialStatus::Finished | TrialStatus::StoppedEarly => {
            save_weights(&variables, &RunLayout::weights_in(folder))?;
            Results::of(spec, &net, &data, device, stop)?
        }
    };

    let Fitted { status, epochs, earlier, best_epoch, .. } = fitted;
    Ok(TrialEnd::Finished(Box::new(TrialRecord {
        version: RECORD_VERSION,
        id: spec.id(),
        study: spec.study.clone(),
        arm: spec.arm.clone(),
        seed: spec.seed,
        status,
        settings: settings(spec, &data),
        model: spec.model_facts()?,
        epochs,
        earlier,
        best_epoch,
        train: results.train,
        validation: results.validation,
        test: results.test,
        contention,
        resident_peak_bytes,
        provenance: machine::describe(context, started),
    })))
}

/// Tells libtorch how many threads it may use.
pub(crate) fn set_threads(context: &TrialContext) {
    tch::set_num_threads(i32::try_from(context.threads).unwrap_or(i32::MAX));
}

/// What is measured after training, with the weights that training ended on.
#[derive(Default)]
struct Results {
    train: Option<Evaluation>,
    validation: Option<Evaluation>,
    test: Option<TestResults>,
}

impl Results {
    fn of(
        spec: &TrialSpec,
        net: &Net,
        data: &ResidentData,
        device: ComputeDevice,
        stop: &StopFlag,
    ) -> Result<Self, TrainError> {
        let batch_size = device.evaluation_batch(spec.train.batch_size);
        let evaluation = |set: &ImageTensors| -> Result<Evaluation, TrainError> {
            evaluation_of(&logits_of(net, &set.images, batch_size, stop)?, &set.labels)
        };
        Ok(Self {
            train: Some(evaluation(&data.train)?),
            validation: Some(evaluation(&data.validation)?),
            test: Some(test_images::test(spec, net, data, device, stop)?),
        })
    }
}

fn settings(spec: &TrialSpec, data: &ResidentData) -> TrialSettings {
    TrialSettings {
        dataset: spec.data.source.to_string(),
        train_images: data.train.len(),
        validation_images: data.validation.len(),
        test_images: data.test.len(),
        class_images: Some(data.class_images.clone()),
        batch_size: spec.train.batch_size as u64,
        max_epochs: spec.train.epochs,
        optimizer: spec.train.optimizer(),
        early_stopping: spec
            .train
            .early_stopping
            .as_ref()
            .map_or("none".to_owned(), EarlyStopping::to_string),
        precision: spec.train.precision.to_string(),
    }
}
