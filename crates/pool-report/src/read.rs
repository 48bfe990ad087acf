//! A run, read from its directory.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use pool_metrics::{PlanFile, PlannedTrial, RunLayout, TrialFailure, TrialRecord};

/// What a run directory holds, arm by arm.
#[derive(Debug, Clone)]
pub struct Run {
    /// Where its files lie.
    pub layout: RunLayout,
    /// The study's name.
    pub study: String,
    /// The sweep file's text; empty when it is gone.
    pub sweep_text: String,
    /// The arms in the plan's order, those without a finished trial included.
    pub arms: Vec<ArmResults>,
    /// Trials that died, and records that cannot be read.
    pub failures: Vec<TrialFailure>,
    /// Ids of trials that have not run yet, or are running.
    pub missing: Vec<String>,
}

/// The finished trials of one arm.
#[derive(Debug, Clone)]
pub struct ArmResults {
    /// The arm's name.
    pub name: String,
    /// One record per finished trial, in the plan's order.
    pub records: Vec<TrialRecord>,
}

/// A run that cannot be reported on.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// No run directory.
    #[error(
        "{path} is no run directory: it has no plan.json; give the folder that `pool-cli sweep` wrote, such as \
         runs/mnist-pooling",
        path = .path.display()
    )]
    NoRun {
        /// The folder.
        path: PathBuf,
    },
    /// A file cannot be read or written.
    #[error("cannot {action} {path}: {cause}", path = .path.display())]
    Io {
        /// What was attempted.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's words.
        cause: std::io::Error,
    },
    /// `plan.json` does not hold a plan.
    #[error(
        "{path}: {cause}; run the sweep again to write it anew",
        path = .path.display()
    )]
    Plan {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: serde_json::Error,
    },
}

impl ReportError {
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |cause| Self::Io { action, path, cause }
    }
}

impl Run {
    /// Reads the plan, and every record that is there. A record that cannot be read is listed as a failure.
    ///
    /// # Errors
    /// A folder that is no run directory, or a plan that cannot be read.
    pub fn read(root: &Path) -> Result<Self, ReportError> {
        let layout = RunLayout::new(root);
        let plan = read_plan(&layout)?;
        let sweep_text = fs::read_to_string(layout.sweep_file()).unwrap_or_default();
        let mut run = Self {
            layout,
            study: plan.study,
            sweep_text,
            arms: Vec::new(),
            failures: Vec::new(),
            missing: Vec::new(),
        };
        for trial in plan.trials {
            run.add(trial);
        }
        Ok(run)
    }

    /// Every record, in the plan's order of arms.
    pub fn records(&self) -> impl Iterator<Item = &TrialRecord> {
        self.arms.iter().flat_map(|arm| &arm.records)
    }

    fn add(&mut self, trial: PlannedTrial) {
        let index = self.arms.iter().position(|arm| arm.name == trial.arm).unwrap_or_else(|| {
            self.arms.push(ArmResults { name: trial.arm.clone(), records: Vec::new() });
            self.arms.len() - 1
        });
        match self.look_for(&trial) {
            Found::Record(record) => self.arms[index].records.push(*record),
            Found::Failure(reason) => {
                let PlannedTrial { id, arm, seed, .. } = trial;
                self.failures.push(TrialFailure { id, arm, seed, reason });
            }
            Found::Nothing => self.missing.push(trial.id),
        }
    }

    fn look_for(&self, trial: &PlannedTrial) -> Found {
        match fs::read_to_string(self.layout.record(&trial.id)) {
            Ok(text) => match TrialRecord::from_json(&text) {
                Ok(record) if record.id == trial.id => Found::Record(Box::new(record)),
                Ok(record) => Found::Failure(format!("its record is that of trial {}", record.id)),
                Err(error) => Found::Failure(format!("its record is unusable: {error}")),
            },
            Err(error) if error.kind() == ErrorKind::NotFound => self.look_for_failure(trial),
            Err(error) => Found::Failure(format!("its record cannot be read: {error}")),
        }
    }

    fn look_for_failure(&self, trial: &PlannedTrial) -> Found {
        match fs::read_to_string(self.layout.failure(&trial.id)) {
            Ok(text) => Found::Failure(match serde_json::from_str::<TrialFailure>(&text) {
                Ok(failure) => failure.reason,
                Err(error) => format!("what happened cannot be read from its failure.json: {error}"),
            }),
            Err(_) => Found::Nothing,
        }
    }
}

enum Found {
    Record(Box<TrialRecord>),
    Failure(String),
    Nothing,
}

fn read_plan(layout: &RunLayout) -> Result<PlanFile, ReportError> {
    let path = layout.plan();
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Err(ReportError::NoRun { path: layout.root().to_owned() });
        }
        Err(error) => return Err(ReportError::io("read", &path)(error)),
    };
    serde_json::from_str(&text).map_err(|cause| ReportError::Plan { path, cause })
}
