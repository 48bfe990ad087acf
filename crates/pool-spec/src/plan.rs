//! A plan: every trial of a sweep with its network, every measurement of costs, and what a search does with them.

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    Claim, ClassImages, ComparisonSpec, DataSpec, EvaluationSpec, Filling, Fillings, ImageCounts, Pool,
    Reported, Sequential, SettingTrial, TrainSpec, Tuning,
};

/// Every setting of one trial. Two trials with equal specs give equal results on the same machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrialSpec {
    /// The study's name.
    pub study: String,
    /// The arm's name.
    pub arm: String,
    /// The arm's pooling layer; `None` where the network has no place of that name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool: Option<Pool>,
    /// What the arm puts into the places of other names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fill: BTreeMap<String, Filling>,
    /// Seed of batch order, initial weights and dropout.
    pub seed: u64,
    /// The images.
    pub data: DataSpec,
    /// The training protocol.
    pub train: TrainSpec,
    /// What is done with the test images.
    pub evaluation: EvaluationSpec,
    /// The network, with its places filled.
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
    /// The arm's pooling layer; `None` where the network has no place of that name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool: Option<Pool>,
    /// What the arm puts into the places of other names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fill: BTreeMap<String, Filling>,
    /// The images.
    pub data: DataSpec,
    /// The training protocol, of which batch size and optimizer count here.
    pub train: TrainSpec,
    /// Epochs that are timed.
    pub epochs: u32,
    /// Which of the processes that measure the arm this is, from 1. The first one measures memory, too.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub process: u32,
    /// Processes that measure the arm, one after another.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub processes: u32,
    /// The network, with its places filled.
    pub model: Sequential,
}

/// A measurement from before there were several for an arm.
fn one() -> u32 {
    1
}

fn is_one(number: &u32) -> bool {
    *number == 1
}

impl TrialSpec {
    /// Whether the two differ in the seed alone.
    pub fn is_other_seed_of(&self, other: &Self) -> bool {
        let Self { seed, model, .. } = other;
        *other == Self { seed: *seed, model: self.model.clone().seed(model.seed), ..self.clone() }
    }

    /// What the arm puts into the places of the network.
    pub fn fillings(&self) -> Fillings {
        Fillings { pool: self.pool.clone(), fill: self.fill.clone() }
    }
}

impl CostSpec {
    /// What the arm puts into the places of the network.
    pub fn fillings(&self) -> Fillings {
        Fillings { pool: self.pool.clone(), fill: self.fill.clone() }
    }
}

/// Settings of a task, which name its folder.
pub trait TaskSpec: Serialize {
    /// The task's name and folder: the arm, the seed where there is one, and a hash of every setting, so that a changed
    /// setting is a new task.
    fn id(&self) -> String;

    /// The arm's name.
    fn arm(&self) -> &str;
}

impl TaskSpec for TrialSpec {
    fn id(&self) -> String {
        format!("{}-s{}-{}", slug(&self.arm), self.seed, hash(self))
    }

    fn arm(&self) -> &str {
        &self.arm
    }
}

impl TaskSpec for CostSpec {
    fn id(&self) -> String {
        format!("{}-{}", slug(&self.arm), hash(self))
    }

    fn arm(&self) -> &str {
        &self.arm
    }
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

/// Settings with the id that follows from them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Identified<S> {
    #[serde(deserialize_with = "folder_name")]
    id: String,
    spec: S,
}

/// A trial of a plan: one arm, one seed.
pub type Trial = Identified<TrialSpec>;
/// The measurement of one arm's costs.
pub type Measurement = Identified<CostSpec>;

impl<S> Identified<S> {
    /// The task's name and folder.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Every setting.
    pub fn spec(&self) -> &S {
        &self.spec
    }
}

impl<S: TaskSpec> From<S> for Identified<S> {
    fn from(spec: S) -> Self {
        Self { id: spec.id(), spec }
    }
}

/// Reads letters, digits, `-`, `_` and `.`, not the first of them: a name that leads into no other folder.
fn folder_name<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let id = String::deserialize(deserializer)?;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if id.is_empty() || id.starts_with('.') || !id.bytes().all(is_plain) {
        return Err(serde::de::Error::custom(format!("the id {id:?} is no folder's name")));
    }
    Ok(id)
}

/// One piece of work for a process of its own, which leaves a record in a folder of its own.
#[derive(Debug, Clone, Copy)]
pub enum Task<'a> {
    /// Train one arm with one seed.
    Trial(&'a Trial),
    /// Measure what one arm costs.
    Costs(&'a Measurement),
}

impl<'a> Task<'a> {
    /// Its folder's name.
    pub fn id(&self) -> &'a str {
        match self {
            Self::Trial(trial) => trial.id(),
            Self::Costs(measurement) => measurement.id(),
        }
    }

    /// The arm's name.
    pub fn arm(&self) -> &'a str {
        match self {
            Self::Trial(trial) => &trial.spec().arm,
            Self::Costs(measurement) => &measurement.spec().arm,
        }
    }

    /// The trial's seed; costs have none.
    pub fn seed(&self) -> Option<u64> {
        match self {
            Self::Trial(trial) => Some(trial.spec().seed),
            Self::Costs(_) => None,
        }
    }
}

/// The trials of a sweep, and the measurements of its arms' costs, in the order in which they are started.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The study's name.
    pub study: String,
    /// The sweep file's text.
    pub sweep_text: String,
    /// The trials with the sweep file's settings.
    pub trials: Vec<Trial>,
    /// What every arm is tuned with before; `None` trains it with the sweep file's settings alone.
    pub tuning: Option<Tuning>,
    /// The same number of measurements for each arm, by turns, or none at all.
    pub measurements: Vec<Measurement>,
    /// How the arms are compared; its looks may leave out trials of arms that are decided.
    pub comparison: ComparisonSpec,
    /// What is claimed of the arms.
    pub claims: Vec<Claim>,
    /// What a publication reported of the arms, by their names.
    pub reported: BTreeMap<String, Reported>,
    /// How a search goes through the trials; `None` trains them all.
    pub search: Option<SearchPlan>,
    /// Images that every trial loads.
    pub images: ImageCounts,
    /// Images of each class; `None` for a public set that is not on this machine.
    pub classes: Option<ClassImages>,
}

/// What a search adds to a plan.
#[derive(Debug, Clone, PartialEq)]
pub struct SearchPlan {
    /// The rungs of successive halving, the last of which trains to the end; empty where every trial does.
    pub rungs: Vec<Rung>,
    /// The arms that it draws.
    pub drawn: DrawnArms,
}

/// The arms that a search draws, and what it may spend on training.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DrawnArms {
    /// Their number; those that the sweep file lists are not among them.
    pub arms: usize,
    /// Hours of training, added up over all trials, after which no other is started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<f64>,
}

/// One rung of successive halving: so many arms are trained until so many epochs, and the best go on to the next rung.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rung {
    /// Arms that enter it.
    pub arms: usize,
    /// Seeds that each is trained with.
    pub seeds: usize,
    /// Epochs, those of earlier rungs included, that a trial has behind it at the end.
    pub epochs: u32,
}

/// An arm that a plan does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no arm is called \"{name}\"; the sweep has {known}")]
pub struct UnknownArm {
    /// The name that was given.
    pub name: String,
    /// The names that there are.
    pub known: String,
}

/// `plan.json`: the trials and measurements of a run, in the order in which they are started.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanFile {
    /// The study's name.
    pub study: String,
    /// The trials that are sure to run, and those that have.
    pub trials: Vec<Trial>,
    /// What every arm is tuned with, and its trials with the setting that was chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tuning: Option<Tuning>,
    /// The measurement of each arm's costs; empty when the sweep file asks for none.
    pub costs: Vec<Measurement>,
    /// The rungs of successive halving; empty where every trial is trained to its end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rungs: Vec<Rung>,
    /// The arms that a search drew; `None` where the sweep file lists them all, and in plans from before this was noted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search: Option<DrawnArms>,
    /// How the arms are compared.
    #[serde(default, skip_serializing_if = "ComparisonSpec::is_plain")]
    pub comparison: ComparisonSpec,
    /// What is claimed of the arms.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub claims: Vec<Claim>,
    /// What a publication reported of the arms, by their names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub reported: BTreeMap<String, Reported>,
}

/// The arms that a sweep goes on with after a stage, and the seeds until which it does.
#[derive(Debug, Clone, Default)]
pub struct GoingOn<'a> {
    /// The arms' names.
    pub arms: HashSet<&'a str>,
    /// Seeds, in the order of the sweep file.
    pub seeds: usize,
    /// The settings that tuning has chosen for them.
    pub settings: BTreeMap<String, usize>,
}

impl PlanFile {
    /// Reads a plan from its JSON text.
    ///
    /// # Errors
    /// Text that is no plan, or one whose ids lead out of the run directory.
    pub fn from_json(text: &str) -> serde_json::Result<Self> {
        serde_json::from_str(text)
    }

    /// Every trial: those of tuning first, as they run first, and of tuned arms the trials with either setting.
    pub fn every_trial(&self) -> impl Iterator<Item = &Trial> {
        let of = |tried: fn(&Tuning) -> &[SettingTrial]| self.tuning.iter().flat_map(tried);
        let (tuning, tuned) = (of(|tuning| &tuning.trials), of(|tuning| &tuning.tuned));
        let [tuning, tuned] = [tuning, tuned].map(|tried| tried.map(|tried| &tried.trial));
        tuning.chain(&self.trials).chain(tuned)
    }
}

impl Plan {
    /// Hours of training after which a search starts nothing more.
    pub fn hours(&self) -> Option<f64> {
        self.search.as_ref()?.drawn.hours
    }

    /// The rungs of successive halving; empty where every trial is trained to its end.
    pub fn rungs(&self) -> &[Rung] {
        self.search.as_ref().map_or(&[], |search| &search.rungs)
    }

    /// The arms' names, in order.
    pub fn arms(&self) -> Vec<&str> {
        one_per_arm(&self.trials).map(|trial| trial.spec.arm.as_str()).collect()
    }

    /// What concerns the named arms; all of it when no name is given.
    ///
    /// # Errors
    /// A name that no arm has.
    pub fn select(&self, arms: &[String]) -> Result<Selection<'_>, UnknownArm> {
        let known = self.arms();
        if let Some(name) = arms.iter().find(|name| !known.contains(&name.as_str())) {
            let known = known.iter().map(|arm| format!("\"{arm}\"")).collect::<Vec<_>>().join(", ");
            return Err(UnknownArm { name: name.clone(), known });
        }
        let wanted = |arm: &String| arms.is_empty() || arms.contains(arm);
        let tuning = self.tuning.as_ref();
        let with_setting = |tried: &&SettingTrial| wanted(&tried.trial.spec.arm);
        Ok(Selection {
            plan: self,
            trials: self.trials.iter().filter(|trial| wanted(&trial.spec.arm)).collect(),
            tuning: tuning.map_or(&[][..], |tuning| &tuning.trials).iter().filter(with_setting).collect(),
            tuned: tuning.map_or(&[][..], |tuning| &tuning.tuned).iter().filter(with_setting).collect(),
            measurements: self.measurements.iter().filter(|measured| wanted(&measured.spec.arm)).collect(),
        })
    }

    /// The plan as it is stored in the run directory. Of a sweep that goes by stages, the rungs of a search or the looks of a
    /// design, it holds the trials of the first stage, those of the arms that go on, and what is finished.
    pub fn to_file(&self, going_on: &GoingOn<'_>, is_finished: impl Fn(Task<'_>) -> bool) -> PlanFile {
        let halving = !self.rungs().is_empty();
        let first_seeds = match self.comparison.looks.first() {
            Some(&seeds) => seeds as usize,
            None if halving => 1,
            None => usize::MAX,
        };
        let mut of_arm: BTreeMap<&str, usize> = BTreeMap::new();
        let mut trials = Vec::new();
        for trial in &self.trials {
            let arm = trial.spec.arm.as_str();
            let seeds = of_arm.entry(arm).or_default();
            *seeds += 1;
            let goes_on = going_on.arms.contains(arm) && *seeds <= going_on.seeds;
            if *seeds <= first_seeds || goes_on || is_finished(Task::Trial(trial)) {
                trials.push(trial.clone());
            }
        }
        let is_measured = |measurement: &&Measurement| {
            !halving
                || going_on.arms.contains(&*measurement.spec.arm)
                || is_finished(Task::Costs(measurement))
        };
        let is_kept = |tuned: &&SettingTrial| {
            going_on.settings.get(tuned.arm()) == Some(&tuned.setting)
                || is_finished(Task::Trial(&tuned.trial))
        };
        let tuning = self.tuning.as_ref().map(|tuning| Tuning {
            tuned: tuning.tuned.iter().filter(is_kept).cloned().collect(),
            ..tuning.clone()
        });
        PlanFile {
            study: self.study.clone(),
            trials,
            tuning,
            costs: self.measurements.iter().filter(is_measured).cloned().collect(),
            rungs: self.rungs().to_vec(),
            search: self.search.as_ref().map(|search| search.drawn),
            comparison: self.comparison.clone(),
            claims: self.claims.clone(),
            reported: self.reported.clone(),
        }
    }
}

/// The first trial of every arm, in order.
pub fn one_per_arm<'a>(trials: impl IntoIterator<Item = &'a Trial>) -> impl Iterator<Item = &'a Trial> {
    let mut seen = HashSet::new();
    trials.into_iter().filter(move |trial| seen.insert(&trial.spec.arm))
}

/// What the trials of a sweep will take on a machine.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SweepEstimate {
    /// Trials that run at once.
    pub jobs: u32,
    /// Threads of each.
    pub threads: u32,
    /// One row per arm, in the plan's order.
    pub arms: Vec<ArmEstimate>,
    /// All trials, or all rungs, in seconds, without the measurements of costs.
    pub total_s: f64,
}

/// What one trial of an arm will take.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ArmEstimate {
    /// The arm.
    pub arm: String,
    /// One step of training, seconds.
    pub step_s: f64,
    /// All epochs and the evaluation, seconds. Early stopping makes it shorter.
    pub trial_s: f64,
    /// The peak of its process's resident memory, data set included; `None` where the system does not tell.
    pub peak_bytes: Option<u64>,
}

/// The part of a plan that is to run.
#[derive(Debug, Clone)]
pub struct Selection<'a> {
    /// The whole plan.
    pub plan: &'a Plan,
    /// Its trials with the sweep file's settings.
    pub trials: Vec<&'a Trial>,
    /// Its trials of tuning.
    pub tuning: Vec<&'a SettingTrial>,
    /// Its trials with every setting that tuning may choose, of which one of each arm will run.
    pub tuned: Vec<&'a SettingTrial>,
    /// Its measurements.
    pub measurements: Vec<&'a Measurement>,
}

impl<'a> Selection<'a> {
    /// The first trial of each arm, in order.
    pub fn one_per_arm(&self) -> Vec<&'a Trial> {
        one_per_arm(self.trials.iter().copied()).collect()
    }

    /// Trials that will run: all, or one of each arm and the further ones of arms in the last rung. Of a design and of tuned
    /// arms, all that it may come to.
    pub fn expected_trials(&self) -> usize {
        match self.plan.rungs().last() {
            None => self.trials_by_stage().iter().sum(),
            Some(last) => {
                let arms = self.one_per_arm().len();
                arms + last.arms.min(arms) * last.seeds.saturating_sub(1)
            }
        }
    }

    /// Trials of each stage: all of them at once, those of one rung after the other, those that each look adds, or those of
    /// tuning and then each arm's as the file has it and as tuning has.
    pub fn trials_by_stage(&self) -> Vec<usize> {
        let arms = self.one_per_arm().len();
        let looks = &self.plan.comparison.looks;
        if !looks.is_empty() {
            let before = std::iter::once(&0).chain(looks);
            return looks
                .iter()
                .zip(before)
                .map(|(seeds, before)| arms * (seeds - before) as usize)
                .collect();
        }
        if !self.tuning.is_empty() {
            return vec![self.tuning.len(), self.trials.len() * 2];
        }
        if self.plan.rungs().is_empty() {
            return vec![self.trials.len()];
        }
        self.plan.rungs().iter().map(|rung| rung.arms.min(arms) * rung.seeds).collect()
    }

    /// Measurements that will have a record.
    pub fn expected_measurements(&self) -> usize {
        let arms = self.one_per_arm().len();
        match self.plan.rungs().last() {
            None => self.measurements.len(),
            Some(last) => self.measurements.len() / arms.max(1) * last.arms.min(arms),
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

    #[test]
    fn a_plan_leads_nowhere_but_into_its_own_folders() {
        for (id, allowed) in [
            ("max-s1-0de0d558", true),
            ("..", false),
            ("../../etc", false),
            ("/etc", false),
            ("a/b", false),
            ("", false),
            (".ssh", false),
            ("a\\b", false),
        ] {
            let text = serde_json::json!({ "id": id, "spec": 1 }).to_string();
            let read = serde_json::from_str::<Identified<u8>>(&text);
            assert_eq!(read.is_ok(), allowed, "{id}");
            if let Err(error) = read {
                assert!(error.to_string().contains("is no folder's name"), "{error}");
            }
        }
    }
}
