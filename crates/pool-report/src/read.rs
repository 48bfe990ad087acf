//! A run, read from its directory.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use pool_metrics::{
    CostRecord, Failure, PlanFile, PlannedCosts, PlannedTrial, RecordError, RunLayout, TrialRecord,
    TrialStatus,
};

use crate::ReportError;

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
    /// Trials and measurements of costs that died, and records that cannot be read.
    pub failures: Vec<Failure>,
    /// Ids of trials that have not run yet, or are running.
    pub missing: Vec<String>,
    /// Arms whose costs the plan asks for and nobody has measured yet.
    pub unmeasured: Vec<String>,
}

/// What one arm left behind.
#[derive(Debug, Clone)]
pub struct ArmResults {
    /// The arm's name.
    pub name: String,
    /// One record per finished trial, in the plan's order.
    pub records: Vec<TrialRecord>,
    /// Its time and memory, measured apart; none if the sweep asked for none, or before they were measured.
    pub costs: Option<CostRecord>,
}

impl ArmResults {
    /// The trials that did not diverge, which are those that enter a mean.
    pub fn healthy(&self) -> impl Iterator<Item = &TrialRecord> {
        self.records.iter().filter(|record| record.status != TrialStatus::Diverged)
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
            unmeasured: Vec::new(),
        };
        for trial in plan.trials {
            run.add_trial(trial);
        }
        for costs in plan.costs {
            run.add_costs(costs);
        }
        Ok(run)
    }

    /// Every record, in the plan's order of arms.
    pub fn records(&self) -> impl Iterator<Item = &TrialRecord> {
        self.arms.iter().flat_map(|arm| &arm.records)
    }

    fn add_trial(&mut self, PlannedTrial { id, arm, seed, .. }: PlannedTrial) {
        let found = look_for(&self.layout.trial(&id), &id, TrialRecord::from_json, |record| &record.id);
        let results = self.arm(&arm);
        match found {
            Found::Record(record) => results.records.push(*record),
            Found::Failure(reason) => self.failures.push(Failure { id, arm, seed: Some(seed), reason }),
            Found::Nothing => self.missing.push(id),
        }
    }

    fn add_costs(&mut self, PlannedCosts { id, arm, .. }: PlannedCosts) {
        let found = look_for(&self.layout.costs(&id), &id, CostRecord::from_json, |record| &record.id);
        let results = self.arm(&arm);
        match found {
            Found::Record(record) => results.costs = Some(*record),
            Found::Failure(reason) => self.failures.push(Failure { id, arm, seed: None, reason }),
            Found::Nothing => self.unmeasured.push(arm),
        }
    }

    /// The results of this arm, which begin empty.
    fn arm(&mut self, name: &str) -> &mut ArmResults {
        let index = self.arms.iter().position(|arm| arm.name == name).unwrap_or_else(|| {
            self.arms.push(ArmResults { name: name.to_owned(), records: Vec::new(), costs: None });
            self.arms.len() - 1
        });
        &mut self.arms[index]
    }
}

enum Found<R> {
    Record(Box<R>),
    Failure(String),
    Nothing,
}

/// The record of a trial or measurement, or why there is none, from its folder.
fn look_for<R>(
    folder: &Path,
    id: &str,
    read: fn(&str) -> Result<R, RecordError>,
    id_of: fn(&R) -> &str,
) -> Found<R> {
    match fs::read_to_string(RunLayout::record_in(folder)) {
        Ok(text) => match read(&text) {
            Ok(record) if id_of(&record) == id => Found::Record(Box::new(record)),
            Ok(record) => Found::Failure(format!("its record is that of {}", id_of(&record))),
            Err(error) => Found::Failure(format!("its record is unusable: {error}")),
        },
        Err(error) if error.kind() == ErrorKind::NotFound => look_for_failure(folder),
        Err(error) => Found::Failure(format!("its record cannot be read: {error}")),
    }
}

fn look_for_failure<R>(folder: &Path) -> Found<R> {
    match fs::read_to_string(RunLayout::failure_in(folder)) {
        Ok(text) => Found::Failure(match serde_json::from_str::<Failure>(&text) {
            Ok(failure) => failure.reason,
            Err(error) => format!("what happened cannot be read from its failure.json: {error}"),
        }),
        Err(_) => Found::Nothing,
    }
}

pub(crate) fn read_plan(layout: &RunLayout) -> Result<PlanFile, ReportError> {
    let path = layout.plan();
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Err(ReportError::NoRun { path: layout.root().to_owned() });
        }
        Err(error) => return Err(ReportError::io("read", &path)(error)),
    };
    PlanFile::from_json(&text).map_err(|cause| ReportError::Plan { path, cause })
}
