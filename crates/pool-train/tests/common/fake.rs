//! A launcher that trains nothing, and the records it leaves.

use std::sync::Mutex;

use pool_metrics::{
    Contention, CostRecord, Evaluation, ModelFacts, PredictionTimes, Provenance, RECORD_VERSION, StepTimes,
    TrialRecord, TrialSettings, TrialStatus,
};
use pool_train::{Job, LaunchError, Launcher, Measurement, RunDir, StopFlag, Task, Trial, TrialEvent};

/// Notes what it was asked to run, and does with it what the test says.
pub(crate) struct Fake<F> {
    ran: Mutex<Vec<String>>,
    behaviour: F,
}

impl<F> Fake<F> {
    pub(crate) fn new(behaviour: F) -> Self {
        Self { ran: Mutex::new(Vec::new()), behaviour }
    }

    /// Ids, in the order in which they were started.
    pub(crate) fn ran(&self) -> Vec<String> {
        self.ran.lock().unwrap().clone()
    }
}

impl<F: Fn(&Job<'_>, &StopFlag) -> Result<(), LaunchError> + Sync> Launcher for Fake<F> {
    fn run(&self, job: &Job<'_>, stop: &StopFlag, _: &mut dyn FnMut(TrialEvent)) -> Result<(), LaunchError> {
        self.ran.lock().unwrap().push(job.task.id().to_owned());
        (self.behaviour)(job, stop)
    }
}

pub(crate) fn succeed(job: &Job<'_>, _: &StopFlag) -> Result<(), LaunchError> {
    match job.task {
        Task::Trial(trial) => RunDir::store_record(job.folder, &record(trial)).unwrap(),
        Task::Costs(measurement) => {
            RunDir::store_cost_record(job.folder, &cost_record(measurement)).unwrap();
        }
    }
    Ok(())
}

/// A record as `trial` would leave it, with made-up figures.
pub(crate) fn record(trial: &Trial) -> TrialRecord {
    let spec = trial.spec();
    let evaluation = Some(Evaluation { images: 500, errors: 5, loss: 0.1 });
    TrialRecord {
        version: RECORD_VERSION,
        id: trial.id().to_owned(),
        study: spec.study.clone(),
        arm: spec.arm.clone(),
        seed: spec.seed,
        status: TrialStatus::Finished,
        settings: TrialSettings {
            dataset: spec.data.source.to_string(),
            train_images: 1600,
            validation_images: 400,
            test_images: 500,
            class_images: None,
            batch_size: 100,
            max_epochs: 2,
            optimizer: String::new(),
            early_stopping: String::new(),
            precision: "f32".to_owned(),
        },
        model: model(&spec.pool.to_string()),
        epochs: Vec::new(),
        earlier: Vec::new(),
        best_epoch: None,
        train: evaluation,
        validation: evaluation,
        test: None,
        contention: ALONE,
        resident_peak_bytes: None,
        provenance: provenance(),
    }
}

/// A record as `measure` would leave it, with made-up figures.
fn cost_record(measurement: &Measurement) -> CostRecord {
    let spec = measurement.spec();
    CostRecord {
        version: RECORD_VERSION,
        id: measurement.id().to_owned(),
        study: spec.study.clone(),
        arm: spec.arm.clone(),
        model: model(&spec.pool.to_string()),
        training: StepTimes {
            batch_size: 100,
            steps_per_epoch: 16,
            warm_up_steps: 16,
            step_s: vec![0.01; 16],
            epoch_s: vec![0.16],
        },
        prediction: PredictionTimes { batch_size: 200, images: 500, seconds: vec![0.1] },
        latency: Vec::new(),
        memory: Vec::new(),
        contention: ALONE,
        provenance: provenance(),
    }
}

const ALONE: Contention = Contention { jobs: 1, others_share: None };

fn model(pool: &str) -> ModelFacts {
    ModelFacts {
        pool: pool.to_owned(),
        parameters: 1,
        shapes: Vec::new(),
        layers: Vec::new(),
        memory: Vec::new(),
    }
}

fn provenance() -> Provenance {
    Provenance {
        program: String::new(),
        git_revision: None,
        libtorch: String::new(),
        device: "cpu".to_owned(),
        cpu: None,
        os: String::new(),
        threads: 1,
        kernels: Some("fast (avx512)".to_owned()),
        started: String::new(),
        ended: String::new(),
    }
}
