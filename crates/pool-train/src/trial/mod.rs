//! One trial: load, build, fit, evaluate, and one record of it.

mod checkpoint;
mod early_stopping;
mod evaluate;
mod fit;
mod step;
mod test_images;

use std::path::Path;
use std::time::Duration;

use mnist_data::DataDir;
use pool_models::{Net, save_weights};
use pool_records::{
    Evaluation, ModelFacts, PausedTrial, RECORD_VERSION, RunLayout, StopFlag, TestResults, TrialEvent,
    TrialRecord, TrialStatus,
};
use pool_spec::{ComputeDevice, Kernels, Precision, Sequential, TaskSpec, TrialSpec};
use tch::nn;

use crate::machine::evaluation_batch;

pub(crate) use evaluate::{Examined, examine, predict};
use evaluate::{evaluation_of, logits_of};
pub(crate) use step::Training;

use crate::TrainError;
use crate::machine::{self, PeakMemory, ProcessorUse, torch};
use crate::resident::{ImageTensors, ResidentData};
use checkpoint::Checkpoints;
use fit::{Fit, FitEnd, Fitted};

/// Runtime options that are not part of a trial's identity. They change results by rounding at most, except that CUDA
/// draws its own dropout masks. Our kernels round alike on any number of threads; libtorch's convolutions and sums do not.
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
    /// Pause after this epoch. `None` trains to the end.
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
        let variables = nn::VarStore::new(torch(self.device));
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

/// Runs a trial and returns its record, or what it has come to after `until_epoch`. Leaves `history.jsonl` (one epoch per
/// line, as it goes) and `model.safetensors` in `folder`; the record itself is for the caller to store. If an earlier
/// process left a checkpoint in the folder, the trial resumes from it: except for its times, the record is the one that an
/// uninterrupted trial would leave. A checkpoint that cannot be used is logged, and the trial begins again.
///
/// # Errors
/// Missing data, a network that cannot be built, a folder that cannot be written, or [`RunError::Stopped`].
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
        spec: spec.clone(),
        status,
        class_images: data.class_images.clone(),
        model: ModelFacts::new(&spec.model, spec.train.batch_size)?,
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
        let batch_size = evaluation_batch(device, spec.train.batch_size);
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
