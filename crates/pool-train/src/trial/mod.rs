//! One trial: load, build, fit, evaluate, and one record of it.

mod checkpoint;
mod early_stopping;
mod evaluate;
mod fit;

use std::path::Path;

use pool_models::{Net, save_weights};
use pool_records::{
    Evaluation, ModelFacts, PausedTrial, RECORD_VERSION, RunLayout, StopFlag, TestResults, TrialEvent,
    TrialRecord, TrialStatus,
};
use pool_spec::{ComputeDevice, TaskSpec, TrialSpec};

pub(crate) use evaluate::{Examined, examine, predict};
use evaluate::{evaluate, examine_test_images};
pub(crate) use fit::Training;

use crate::TrainError;
use crate::context::{TrialContext, now};
use crate::device::evaluation_batch;
use crate::resident::ResidentData;
use crate::usage::{PeakMemory, ProcessorUse};
use checkpoint::Checkpoints;
use fit::{Fit, FitEnd, Fitted};

/// How a trial's process ended, if it succeeded.
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
/// Missing data, a network that cannot be built, a folder that cannot be written, or [`RunError::Stopped`](pool_records::RunError::Stopped).
pub fn run_trial(
    spec: &TrialSpec,
    folder: &Path,
    context: &TrialContext,
    stop: &StopFlag,
    on_event: &mut dyn FnMut(TrialEvent),
) -> Result<TrialEnd, TrainError> {
    let started = now();
    let device = context.device;
    context.set_threads();

    let data = ResidentData::load(&spec.data, spec.seed, &context.data_dir, device)?;
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
        checkpoints: Checkpoints::new(folder, spec.id(), context.checkpoint_every, context.computed_with()),
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
            Results::measure(spec, &net, &data, device, stop)?
        }
    };

    let Fitted { status, epochs, earlier, best_epoch, .. } = fitted;
    Ok(TrialEnd::Finished(Box::new(TrialRecord {
        version: RECORD_VERSION,
        id: spec.id(),
        spec: spec.clone(),
        status,
        class_images: data.class_images.clone(),
        class_names: data.class_names.clone(),
        remarks: data.remarks.clone(),
        normalization: data.normalization.clone(),
        model: ModelFacts::new(&spec.model, &spec.train)?,
        epochs,
        earlier,
        best_epoch,
        train: results.train,
        validation: results.validation,
        test: results.test,
        contention,
        resident_peak_bytes,
        provenance: context.provenance(started),
    })))
}

/// What is measured after training, with the weights that training ended on.
#[derive(Default)]
struct Results {
    train: Option<Evaluation>,
    validation: Option<Evaluation>,
    test: Option<TestResults>,
}

impl Results {
    fn measure(
        spec: &TrialSpec,
        net: &Net,
        data: &ResidentData,
        device: ComputeDevice,
        stop: &StopFlag,
    ) -> Result<Self, TrainError> {
        let batch_size = evaluation_batch(device, spec.train.batch_size);
        let predictor = net.predictor()?;
        Ok(Self {
            train: Some(evaluate(&predictor, &data.train, batch_size, stop)?),
            validation: Some(evaluate(&predictor, &data.validation, batch_size, stop)?),
            test: Some(examine_test_images(spec, &predictor, data, device, stop)?),
        })
    }
}
