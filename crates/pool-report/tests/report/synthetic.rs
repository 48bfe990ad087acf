//! Runs that no training made: the same on every machine, and with a result that a test can compute.

use std::fs;
use std::path::{Path, PathBuf};

use pool_metrics::{
    EpochRecord, Evaluation, LayerCost, MemoryModel, ModelFacts, PlanFile, PlannedTrial, Provenance,
    RECORD_VERSION, RunLayout, Timing, TrialRecord, TrialSettings, TrialStatus,
};
use pool_report::Run;
use tempfile::TempDir;

/// A run directory that vanishes with this value.
pub(crate) struct Synthetic {
    folder: TempDir,
    plan: PlanFile,
}

impl Synthetic {
    /// A run of this study without trials.
    pub(crate) fn study(study: &str) -> Self {
        let run = Self {
            folder: tempfile::tempdir().unwrap(),
            plan: PlanFile { study: study.to_owned(), trials: Vec::new() },
        };
        run.write_plan();
        run
    }

    /// Three arms of the published study, this many seeds each.
    pub(crate) fn published(seeds: u64, epochs: u32) -> Self {
        let mut run = Self::study("mnist-pooling");
        for (arm, pool) in [("average", "\"avg\""), ("maximum", "\"max\""), ("none", "\"none\"")] {
            for seed in 1..=seeds {
                run.finish(trial(arm, pool, seed, epochs));
            }
        }
        run
    }

    pub(crate) fn root(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn read(&self) -> Run {
        Run::read(self.root()).unwrap()
    }

    /// Adds a trial to the plan, and nothing that it left behind.
    pub(crate) fn plan(&mut self, arm: &str, seed: u64) -> String {
        let id = format!("trial-{}", self.plan.trials.len());
        let trial = PlannedTrial { id: id.clone(), arm: arm.to_owned(), seed, spec: serde_json::Value::Null };
        self.plan.trials.push(trial);
        self.write_plan();
        id
    }

    /// Adds a trial with its record.
    pub(crate) fn finish(&mut self, mut record: TrialRecord) -> String {
        let id = self.plan(&record.arm, record.seed);
        record.id.clone_from(&id);
        record.study.clone_from(&self.plan.study);
        self.leave(&id, "record.json", &record.to_json());
        id
    }

    /// Writes a file into a trial's folder.
    pub(crate) fn leave(&self, id: &str, file: &str, text: &str) -> PathBuf {
        let folder = RunLayout::new(self.root()).trial(id);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(file), text).unwrap();
        folder.join(file)
    }

    fn write_plan(&self) {
        let text = serde_json::to_string(&self.plan).unwrap();
        fs::write(RunLayout::new(self.root()).plan(), text).unwrap();
    }
}

/// A finished trial whose error falls like one over the epoch.
pub(crate) fn trial(arm: &str, pool: &str, seed: u64, epochs: u32) -> TrialRecord {
    let epochs: Vec<EpochRecord> = (1..=epochs).map(|epoch| epoch_record(epoch, seed)).collect();
    TrialRecord {
        version: RECORD_VERSION,
        id: String::new(),
        study: String::new(),
        arm: arm.to_owned(),
        seed,
        status: TrialStatus::Finished,
        settings: settings(epochs.len() as u32),
        model: model(pool),
        best_epoch: epochs.last().map(|epoch| epoch.epoch),
        epochs,
        train: Some(Evaluation { images: 48_000, errors: 180 + seed, loss: 0.0150 }),
        validation: Some(Evaluation { images: 12_000, errors: 160 + 5 * seed, loss: 0.0442 }),
        test: Some(Evaluation {
            images: 10_000,
            errors: 100 + 10 * seed,
            loss: 0.0366 + 0.001 * seed as f64,
        }),
        test_confusion: None,
        test_predictions: (0..10_000).map(|image| ((image + seed) % 10) as u8).collect(),
        timing: Timing { prediction_s: vec![0.37, 0.38, 0.39], contended: false },
        measured_peak_bytes: Some(250 << 20),
        provenance: provenance(),
    }
}

/// A trial whose loss became NaN in its second epoch.
pub(crate) fn diverged(arm: &str, seed: u64) -> TrialRecord {
    let mut record = trial(arm, "\"max\"", seed, 2);
    record.status = TrialStatus::Diverged;
    record.epochs[1].train_loss = f64::NAN;
    record.epochs[1].validation_loss = f64::INFINITY;
    record
}

fn epoch_record(epoch: u32, seed: u64) -> EpochRecord {
    let fall = (1.0 + 0.1 * seed as f64) / f64::from(epoch);
    EpochRecord {
        epoch,
        train_loss: 0.33 * fall,
        train_error: 0.09 * fall,
        validation_loss: 0.13 * fall,
        validation_error: 0.036 * fall,
        train_s: 7.5,
        validation_s: 0.5,
    }
}

fn settings(max_epochs: u32) -> TrialSettings {
    TrialSettings {
        dataset: "MNIST".to_owned(),
        train_images: 48_000,
        validation_images: 12_000,
        test_images: 10_000,
        batch_size: 200,
        max_epochs,
        optimizer: "Adam, learning rate 0.001, epsilon 1e-7".to_owned(),
        early_stopping: "none".to_owned(),
    }
}

/// The study's network, in as few layers as give its parameters.
pub(crate) fn model(pool: &str) -> ModelFacts {
    let pooled = pool != "\"none\"";
    let (shape, features) = if pooled { (vec![32, 12, 12], 4_608) } else { (vec![32, 24, 24], 18_432) };
    // Dropout and flatten repeat what the convolution or the pooling layer puts out.
    let repeats = if pooled { 3 } else { 2 };
    let parameters = 832 + 128 * features + 128 + 1_290;
    let layer = LayerCost {
        name: "network".to_owned(),
        input_elements: 784,
        output_elements: 18_432 + repeats * features + 138,
        parameters,
        ..LayerCost::default()
    };
    let layers = vec![layer];
    ModelFacts {
        pool: pool.to_owned(),
        parameters,
        shapes: vec![vec![1, 28, 28], vec![32, 24, 24], shape, vec![features as usize], vec![128], vec![10]],
        memory: MemoryModel::ALL.map(|model| model.estimate(&layers, 784, 200)).to_vec(),
        layers,
    }
}

fn provenance() -> Provenance {
    Provenance {
        program: "pool-cli 0.1.0".to_owned(),
        git_revision: None,
        libtorch: "2.11.0".to_owned(),
        device: "cpu".to_owned(),
        cpu: Some("a processor".to_owned()),
        os: "linux x86_64".to_owned(),
        threads: 2,
        jobs: 1,
        started: "2026-01-01T10:00:00Z".to_owned(),
        ended: "2026-01-01T10:02:00Z".to_owned(),
    }
}
