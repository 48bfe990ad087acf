//! What the tests of several crates need: a small sweep file, the study's specs, records with made-up figures, and PNG
//! files of every kind.
//!
//! Only tests depend on this crate. A record here is the plainest one that a reader accepts; a test changes what it is
//! about.

pub mod png;
pub mod sources;

use std::io::Write;
use std::path::Path;

use mnist_data::DataDir;
use pool_records::{
    Contention, CostRecord, Evaluation, ModelFacts, PredictionTimes, Provenance, RECORD_VERSION, StepTimes,
    TrialRecord, TrialStatus,
};
use pool_spec::{
    Augmentation, ClassImages, CostSpec, DataRemarks, DataSource, DataSpec, EvaluationSpec, Fillings,
    Identified, NetworkTemplate, Normalize, OptimizerSpec, PictureSettings, Plan, Pool, Precision, PublicSet,
    Schedule, Split, Sweep, SweepError, TaskSpec, TrainSpec, TrialSpec,
};
use serde::de::DeserializeOwned;

/// A small network on generated images: a second or less for each epoch. Its costs are not measured.
pub const SMALL_SWEEP: &str = r#"
study = "small"
seeds = [1, 2]
[data]
dataset = "generated"
[train]
epochs = 2
batch_size = 100
[costs]
epochs = 0
[model]
layers = [
    { conv2d = { filters = 4, kernel = 5, activation = "relu" } },
    "pool",
    { dropout = 0.2 },
    "flatten",
    { dense = { units = 4 } },
]
[[arm]]
name = "max"
pool = "max"
[[arm]]
name = "none"
pool = "none"
"#;

/// Plans a sweep file with this text; no test data set is needed from the disk.
///
/// # Errors
/// What is wrong with the text.
///
/// # Panics
/// If the file cannot be written.
pub fn plan(folder: &Path, text: &str) -> Result<Plan, SweepError> {
    let file = folder.join("sweep.toml");
    std::fs::write(&file, text).expect("the folder can be written");
    let sweep = Sweep::read(&file)?;
    sweep.plan(&mnist_data::data_facts(&sweep, &DataDir::at(folder.join("no-data")))?)
}

/// A trial of the published study: its network, data and protocol, with the pooling layer that this spells.
///
/// # Panics
/// If it spells none.
pub fn trial_spec(arm: &str, pool: &str, seed: u64, epochs: u32) -> TrialSpec {
    let fillings = Fillings::from(pool.parse::<Pool>().expect("a pooling layer"));
    let network = NetworkTemplate::reference().fill([1, 28, 28], 10, &fillings, seed);
    TrialSpec {
        study: "mnist-pooling".to_owned(),
        arm: arm.to_owned(),
        model: network.expect("the study's network has one place"),
        pool: fillings.pool,
        fill: fillings.fill,
        seed,
        data: data_spec(),
        train: train_spec(epochs),
        evaluation: EvaluationSpec::default(),
    }
}

/// The measurement of the same arm's costs.
pub fn cost_spec(arm: &str, pool: &str) -> CostSpec {
    let TrialSpec { study, arm, pool, fill, data, train, model, .. } = trial_spec(arm, pool, 0, 10);
    CostSpec { study, arm, pool, fill, data, train, epochs: 3, process: 1, processes: 1, model }
}

fn data_spec() -> DataSpec {
    DataSpec {
        source: DataSource::Public(PublicSet::Mnist),
        validation: Split::Tail(0.2),
        pictures: PictureSettings::default(),
        normalize: Normalize::None,
        augment: Augmentation::default(),
    }
}

fn train_spec(epochs: u32) -> TrainSpec {
    TrainSpec {
        epochs,
        batch_size: 200,
        optimizer: OptimizerSpec::default(),
        learning_rate: 0.001,
        weight_decay: 0.0,
        schedule: Schedule::Constant,
        warmup_epochs: 0.0,
        label_smoothing: 0.0,
        clip_norm: None,
        early_stopping: None,
        precision: Precision::F32,
    }
}

/// A task of a plan whose folder has this name, whatever would follow from its settings.
///
/// # Panics
/// If the name is no folder's.
pub fn named<S: TaskSpec + DeserializeOwned>(id: &str, spec: &S) -> Identified<S> {
    let text = serde_json::json!({ "id": id, "spec": spec });
    serde_json::from_value(text).expect("a task")
}

/// As many images of each of ten classes as make up these parts.
pub fn class_images(train: u64, validation: u64, test: u64) -> ClassImages {
    let part = |images: u64| (0..10).map(|class| images / 10 + u64::from(class < images % 10)).collect();
    ClassImages { train: part(train), validation: part(validation), test: part(test) }
}

/// A record as a trial with these settings would leave it, with made-up figures and no epochs.
///
/// # Panics
/// If the settings do not fit one another.
pub fn trial_record(spec: &TrialSpec) -> TrialRecord {
    let evaluation = Some(Evaluation { images: 500, errors: 5, loss: 0.1 });
    TrialRecord {
        version: RECORD_VERSION,
        id: spec.id(),
        spec: spec.clone(),
        status: TrialStatus::Finished,
        class_images: class_images(1_600, 400, 500),
        class_names: Vec::new(),
        remarks: DataRemarks::default(),
        normalization: Vec::new(),
        model: ModelFacts::new(&spec.model, &spec.train).expect("a network"),
        epochs: Vec::new(),
        earlier: Vec::new(),
        best_epoch: None,
        train: evaluation,
        validation: evaluation,
        test: None,
        contention: Contention { jobs: 1, others_share: None },
        resident_peak_bytes: None,
        provenance: provenance(),
    }
}

/// A record as a measurement with these settings would leave it, with made-up figures.
///
/// # Panics
/// If the settings do not fit one another.
pub fn cost_record(spec: &CostSpec) -> CostRecord {
    CostRecord {
        version: RECORD_VERSION,
        id: spec.id(),
        spec: spec.clone(),
        model: ModelFacts::new(&spec.model, &spec.train).expect("a network"),
        training: StepTimes {
            batch_size: 100,
            steps_per_epoch: 16,
            warm_up_steps: 16,
            step_s: vec![0.01; 16],
            epoch_s: vec![0.16],
            energy_j: None,
            energy_missing: None,
        },
        prediction: PredictionTimes { batch_size: 200, images: 500, seconds: vec![0.1] },
        latency: Vec::new(),
        memory: Vec::new(),
        contention: Contention { jobs: 1, others_share: None },
        provenance: provenance(),
    }
}

/// A machine, and two minutes of its time.
pub fn provenance() -> Provenance {
    Provenance {
        program: "pool-cli 0.1.0".to_owned(),
        git_revision: None,
        libtorch: "2.11.0".to_owned(),
        device: "cpu".to_owned(),
        cpu: Some("a processor".to_owned()),
        os: "linux x86_64".to_owned(),
        threads: 2,
        kernels: Some("fast (avx512)".to_owned()),
        started: "2026-01-01T10:00:00Z".to_owned(),
        ended: "2026-01-01T10:02:00Z".to_owned(),
    }
}

/// Prints, straight to the terminal, that a test leaves out what this machine cannot do: what a passing test prints is not
/// shown otherwise.
///
/// # Panics
/// Where `POOL_REQUIRE` is `all`: there, a test that is left out has failed.
pub fn left_out(why: &str) {
    assert!(std::env::var("POOL_REQUIRE").as_deref() != Ok("all"), "POOL_REQUIRE=all: {why}");
    let _ = std::io::stderr().write_all(format!("left out: {why}\n").as_bytes());
}
