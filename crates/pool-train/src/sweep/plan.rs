//! A sweep expanded into trials.

use std::collections::HashSet;

use pool_metrics::{ClassImages, MemoryModel, ModelFacts, PlanFile, PlannedCosts, PlannedRung, PlannedTrial};
use pool_models::{ModelError, Pool, Sequential};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::search::{SearchPlan, without_repeats};
use super::spec::{DataSpec, EvaluationSpec, TrainSpec};
use crate::TrainError;
use crate::run::Task;

/// Every setting of one trial. Two trials with equal specs give equal results on the same machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrialSpec {
    /// The study's name.
    pub study: String,
    /// The arm's name.
    pub arm: String,
    /// The arm's pooling layer.
    pub pool: Pool,
    /// Seed of batch order, initial weights and dropout.
    pub seed: u64,
    /// The images.
    pub data: DataSpec,
    /// The training protocol.
    pub train: TrainSpec,
    /// What is done with the test images.
    pub evaluation: EvaluationSpec,
    /// The network, with the pooling layer in its place.
    pub model: Sequential,
}

/// Every setting of the measurement of one arm's costs, which depend on no seed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CostSpec {
    /// The study's name.
    pub study: String,
    /// The arm's name.
    pub arm: String,
    /// The arm's pooling layer.
    pub pool: Pool,
    /// The images.
    pub data: DataSpec,
    /// The training protocol, of which batch size and optimizer count here.
    pub train: TrainSpec,
    /// Epochs that are timed.
    pub epochs: u32,
    /// The network, with the pooling layer in its place.
    pub model: Sequential,
}

impl TrialSpec {
    /// The trial's name and folder: arm, seed, and a hash of every setting, so that a changed setting is a new trial.
    pub fn id(&self) -> String {
        format!("{}-s{}-{}", slug(&self.arm), self.seed, hash(self))
    }

    /// The network's costs, layer by layer, and what every memory model makes of them.
    ///
    /// # Errors
    /// Settings that do not fit one another; a plan has ruled them out.
    pub fn model_facts(&self) -> Result<ModelFacts, ModelError> {
        model_facts(&self.model, &self.pool, self.train.batch_size)
    }
}

impl CostSpec {
    /// The measurement's name and folder: arm and a hash of every setting.
    pub fn id(&self) -> String {
        format!("{}-{}", slug(&self.arm), hash(self))
    }

    /// As [`TrialSpec::model_facts`].
    ///
    /// # Errors
    /// As there.
    pub fn model_facts(&self) -> Result<ModelFacts, ModelError> {
        model_facts(&self.model, &self.pool, self.train.batch_size)
    }
}

fn model_facts(model: &Sequential, pool: &Pool, batch_size: usize) -> Result<ModelFacts, ModelError> {
    let inferred = model.infer()?;
    let layers = inferred.costs();
    let estimate = |memory: MemoryModel| memory.estimate(&layers, inferred.input_elements, batch_size as u64);
    let memory = MemoryModel::ALL.map(estimate).to_vec();
    Ok(ModelFacts {
        pool: pool.to_string(),
        parameters: inferred.parameters(),
        shapes: inferred.shapes(&model.input),
        layers,
        memory,
    })
}

/// Eight hexadecimal digits that change with every setting.
fn hash(spec: &impl Serialize) -> String {
    let settings = serde_json::to_vec(spec).expect("a spec holds only what JSON can express");
    Sha256::digest(&settings).iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}

/// The name in lower-case letters, digits and dashes, short enough for a folder.
fn slug(name: &str) -> String {
    let mut slug = String::new();
    for c in name.chars().map(|c| c.to_ascii_lowercase()) {
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.truncate(40);
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { "arm".to_owned() } else { slug.to_owned() }
}

/// A trial of a plan: its spec and the id that follows from it.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    id: String,
    spec: TrialSpec,
}

impl Trial {
    /// The trial's name and folder.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Every setting.
    pub fn spec(&self) -> &TrialSpec {
        &self.spec
    }
}

impl From<TrialSpec> for Trial {
    fn from(spec: TrialSpec) -> Self {
        Self { id: spec.id(), spec }
    }
}

/// A measurement of a plan: its spec and the id that follows from it.
#[derive(Debug, Clone, PartialEq)]
pub struct Measurement {
    id: String,
    spec: CostSpec,
}

impl Measurement {
    /// The measurement's name and folder.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Every setting.
    pub fn spec(&self) -> &CostSpec {
        &self.spec
    }
}

impl From<CostSpec> for Measurement {
    fn from(spec: CostSpec) -> Self {
        Self { id: spec.id(), spec }
    }
}

/// The trials of a sweep, and the measurements of its arms' costs, in the order in which they are started.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The study's name.
    pub study: String,
    /// The sweep file's text.
    pub sweep_text: String,
    /// The trials.
    pub trials: Vec<Trial>,
    /// One measurement per arm, or none at all.
    pub measurements: Vec<Measurement>,
    /// How a search goes through the trials; none trains them all.
    pub search: Option<SearchPlan>,
    /// Images that every trial loads.
    pub images: ImageCounts,
    /// Images of each class; none of a public set that is not on this machine.
    pub classes: Option<ClassImages>,
}

/// How many images there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ImageCounts {
    /// To train with.
    pub train: u64,
    /// To decide when to stop.
    pub validation: u64,
    /// To test with.
    pub test: u64,
}

impl ImageCounts {
    /// All of them.
    pub fn all(self) -> u64 {
        self.train + self.validation + self.test
    }
}

impl Plan {
    pub(super) fn new(
        study: String,
        sweep_text: String,
        trials: Vec<TrialSpec>,
        measurements: Vec<CostSpec>,
        search: Option<SearchPlan>,
        images: ImageCounts,
        classes: Option<ClassImages>,
    ) -> Self {
        Self {
            study,
            sweep_text,
            trials: trials.into_iter().map(Trial::from).collect(),
            measurements: measurements.into_iter().map(Measurement::from).collect(),
            search,
            images,
            classes,
        }
    }

    /// Hours of training after which a search starts nothing more.
    pub fn hours(&self) -> Option<f64> {
        self.search.as_ref()?.hours
    }

    /// The rungs of successive halving; none where every trial is trained to its end.
    pub fn rungs(&self) -> &[PlannedRung] {
        self.search.as_ref().map_or(&[], |search| &search.rungs)
    }

    /// The arms' names, in order.
    pub fn arms(&self) -> Vec<&str> {
        let all: Vec<&Trial> = self.trials.iter().collect();
        without_repeats(&all).into_iter().map(|trial| trial.spec.arm.as_str()).collect()
    }

    /// What concerns the named arms; all of it when no name is given.
    ///
    /// # Errors
    /// A name that no arm has.
    pub fn select(&self, arms: &[String]) -> Result<Selection<'_>, TrainError> {
        let known = self.arms();
        if let Some(name) = arms.iter().find(|name| !known.contains(&name.as_str())) {
            let known = known.iter().map(|arm| format!("\"{arm}\"")).collect::<Vec<_>>().join(", ");
            return Err(TrainError::UnknownArm { name: name.clone(), known });
        }
        let wanted = |arm: &String| arms.is_empty() || arms.contains(arm);
        Ok(Selection {
            plan: self,
            trials: self.trials.iter().filter(|trial| wanted(&trial.spec.arm)).collect(),
            measurements: self.measurements.iter().filter(|measured| wanted(&measured.spec.arm)).collect(),
        })
    }

    /// The plan as it is stored in the run directory. Of a search that goes by rungs, it holds the trials that are sure
    /// to run, one of each arm, all of the arms in its last rung, and what is finished.
    pub(crate) fn to_file(&self, finals: &HashSet<&str>, is_finished: impl Fn(Task<'_>) -> bool) -> PlanFile {
        let halving = !self.rungs().is_empty();
        let sure: HashSet<&str> = if halving {
            let all: Vec<&Trial> = self.trials.iter().collect();
            without_repeats(&all).into_iter().map(Trial::id).collect()
        } else {
            self.trials.iter().map(Trial::id).collect()
        };
        let trials = self
            .trials
            .iter()
            .filter(|trial| {
                sure.contains(trial.id())
                    || finals.contains(&*trial.spec.arm)
                    || is_finished(Task::Trial(trial))
            })
            .map(|trial| PlannedTrial {
                id: trial.id.clone(),
                arm: trial.spec.arm.clone(),
                seed: trial.spec.seed,
                spec: serde_json::to_value(&trial.spec).expect("a spec holds only what JSON can express"),
            })
            .collect();
        let costs = self
            .measurements
            .iter()
            .filter(|measurement| {
                !halving || finals.contains(&*measurement.spec.arm) || is_finished(Task::Costs(measurement))
            })
            .map(|measurement| PlannedCosts {
                id: measurement.id.clone(),
                arm: measurement.spec.arm.clone(),
                spec: serde_json::to_value(&measurement.spec)
                    .expect("a spec holds only what JSON can express"),
            })
            .collect();
        PlanFile { study: self.study.clone(), trials, costs, rungs: self.rungs().to_vec() }
    }
}

/// The part of a plan that is to run.
#[derive(Debug, Clone)]
pub struct Selection<'a> {
    /// The whole plan.
    pub plan: &'a Plan,
    /// Its trials.
    pub trials: Vec<&'a Trial>,
    /// Its measurements.
    pub measurements: Vec<&'a Measurement>,
}

impl<'a> Selection<'a> {
    /// The first trial of each arm, in order.
    pub fn one_per_arm(&self) -> Vec<&'a Trial> {
        without_repeats(&self.trials)
    }

    /// Trials that will run: all, or one of each arm and the further ones of arms in the last rung.
    pub fn expected_trials(&self) -> usize {
        match self.plan.rungs().last() {
            None => self.trials.len(),
            Some(last) => {
                let arms = self.one_per_arm().len();
                arms + last.arms.min(arms) * last.seeds.saturating_sub(1)
            }
        }
    }

    /// Trials of each stage: all of them at once, or those of one rung after the other.
    pub fn trials_by_stage(&self) -> Vec<usize> {
        if self.plan.rungs().is_empty() {
            return vec![self.trials.len()];
        }
        let arms = self.one_per_arm().len();
        self.plan.rungs().iter().map(|rung| rung.arms.min(arms) * rung.seeds).collect()
    }

    /// Measurements that will have a record.
    pub fn expected_measurements(&self) -> usize {
        match self.plan.rungs().last() {
            None => self.measurements.len(),
            Some(last) => self.measurements.len().min(last.arms),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folder_names_are_plain_whatever_the_arm_is_called() {
        for (name, expected) in [
            ("max", "max"),
            ("Max 5x5, stride 2", "max-5x5-stride-2"),
            ("../../etc/passwd", "etc-passwd"),
            ("<script>", "script"),
            ("平均", "arm"),
        ] {
            assert_eq!(slug(name), expected);
        }
    }
}
