//! One trial: load, build, fit, evaluate, and one record of it.

mod early_stopping;
mod evaluate;
mod event;
mod fit;
mod provenance;
mod resident;
mod resident_memory;

use std::path::Path;

use mnist_data::DataDir;
use pool_metrics::{ConfusionMatrix, RECORD_VERSION, Timing, TrialRecord, TrialSettings, TrialStatus};
use pool_models::{Net, save_weights};
use tch::{Device, nn};

pub use event::TrialEvent;
pub use provenance::{LIBTORCH_VERSION, cpu_name};

use crate::run::StopFlag;
use crate::{EarlyStopping, TrainError, TrialSpec};
use evaluate::{evaluate, time_prediction};
use fit::{Fit, Fitted};
use resident::ResidentData;
use resident_memory::PeakMemory;

/// What a trial is told beside its settings: nothing here changes a loss.
#[derive(Debug, Clone)]
pub struct TrialContext {
    /// Where the data sets lie.
    pub data_dir: DataDir,
    /// Threads for libtorch.
    pub threads: u32,
    /// Trials that may run at once, this one included.
    pub jobs: u32,
    /// The program and its version, for the record.
    pub program: String,
    /// Git revision that the program was built from.
    pub git_revision: Option<String>,
}

/// Runs a trial and returns its record. Leaves `history.jsonl` (one epoch per line, as it goes) and
/// `model.safetensors` in `folder`; the record itself is for the caller to store.
///
/// # Errors
/// Missing data, a network that cannot be built, a folder that cannot be written, or [`TrainError::Stopped`].
pub fn run_trial(
    spec: &TrialSpec,
    folder: &Path,
    context: &TrialContext,
    stop: &StopFlag,
    on_event: &mut dyn FnMut(TrialEvent),
) -> Result<TrialRecord, TrainError> {
    let started = provenance::now();
    tch::set_num_threads(i32::try_from(context.threads).unwrap_or(i32::MAX));
    // Dropout draws from libtorch's generator; nothing else does.
    tch::manual_seed(spec.seed as i64);

    let data = ResidentData::load(&spec.data, &context.data_dir)?;
    let memory = PeakMemory::start();
    let mut variables = nn::VarStore::new(Device::Cpu);
    let net = spec.model.build(&variables.root())?;

    let fit = Fit { spec: &spec.train, seed: spec.seed, net: &net, data: &data, folder, stop };
    let fitted = fit.run(&mut variables, on_event)?;
    let measured_peak_bytes = memory.peak_bytes();
    tracing::debug!(?measured_peak_bytes, epochs = fitted.epochs.len(), "fitted");

    on_event(TrialEvent::Evaluating);
    let results = Results::of(spec, &net, &data, &fitted, stop)?;
    if fitted.status != TrialStatus::Diverged {
        save_model(&variables, folder)?;
    }

    Ok(TrialRecord {
        version: RECORD_VERSION,
        id: spec.id(),
        study: spec.study.clone(),
        arm: spec.arm.clone(),
        seed: spec.seed,
        status: fitted.status,
        settings: settings(spec, &data),
        model: spec.model_facts()?,
        epochs: fitted.epochs,
        best_epoch: fitted.best_epoch,
        train: results.train,
        validation: results.validation,
        test: results.test,
        test_confusion: results.test_confusion,
        test_predictions: results.test_predictions,
        timing: Timing { prediction_s: results.prediction_s, contended: context.jobs > 1 },
        measured_peak_bytes,
        provenance: provenance::describe(context, started),
    })
}

/// What is measured after training, with the weights that training ended on.
#[derive(Default)]
struct Results {
    train: Option<pool_metrics::Evaluation>,
    validation: Option<pool_metrics::Evaluation>,
    test: Option<pool_metrics::Evaluation>,
    test_confusion: Option<ConfusionMatrix>,
    test_predictions: Vec<u8>,
    prediction_s: Vec<f64>,
}

impl Results {
    fn of(
        spec: &TrialSpec,
        net: &Net,
        data: &ResidentData,
        fitted: &Fitted,
        stop: &StopFlag,
    ) -> Result<Self, TrainError> {
        // Weights that have diverged predict nothing worth reporting.
        if fitted.status == TrialStatus::Diverged {
            return Ok(Self::default());
        }
        let batch = spec.train.batch_size;
        let train = evaluate(net, &data.train, batch, stop)?;
        let validation = evaluate(net, &data.validation, batch, stop)?;
        let test = evaluate(net, &data.test, batch, stop)?;
        let confusion = ConfusionMatrix::from_predictions(&data.test_labels, &test.predictions, data.classes);
        Ok(Self {
            train: Some(train.evaluation),
            validation: Some(validation.evaluation),
            test: Some(test.evaluation),
            test_confusion: confusion.inspect_err(|error| tracing::warn!(%error, "no confusion matrix")).ok(),
            test_predictions: test.predictions,
            prediction_s: time_prediction(net, &data.test, batch, stop)?,
        })
    }
}

fn settings(spec: &TrialSpec, data: &ResidentData) -> TrialSettings {
    TrialSettings {
        dataset: spec.data.source.to_string(),
        train_images: data.train.len(),
        validation_images: data.validation.len(),
        test_images: data.test.len(),
        batch_size: spec.train.batch_size as u64,
        max_epochs: spec.train.epochs,
        optimizer: spec.train.optimizer(),
        early_stopping: spec
            .train
            .early_stopping
            .as_ref()
            .map_or("none".to_owned(), EarlyStopping::to_string),
    }
}

/// Writes the weights under a temporary name first, so that a model file is whole or not there.
fn save_model(variables: &nn::VarStore, folder: &Path) -> Result<(), TrainError> {
    let partial = folder.join("model.partial.safetensors");
    save_weights(variables, &partial)?;
    let path = folder.join("model.safetensors");
    std::fs::rename(&partial, &path).map_err(TrainError::io("write", &path))
}
