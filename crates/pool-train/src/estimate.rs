//! What a sweep will take, from a few timed steps of every arm.

use std::path::Path;

use serde::Serialize;

use crate::run::Share;
use crate::{
    Needs, Perturbations, Plan, Probe, Selection, Task, TeamOptions, TrainError, Trial, TrialSpec,
    probe_apart,
};

/// What the trials of a sweep will take on this machine.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Estimate {
    /// How many trials run at once, and with how many threads each.
    pub share: Share,
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

/// Starting a process, libtorch and the data set.
const START_S: f64 = 0.5;

impl Estimate {
    /// Times a few steps of every arm, in as many processes of this program at once as a sweep with these options would
    /// run. `on_arm` is called before each arm.
    ///
    /// # Errors
    /// A process that cannot be started, or dies.
    pub fn measure(
        selection: &Selection<'_>,
        program: &Path,
        options: TeamOptions,
        on_arm: &mut dyn FnMut(),
    ) -> Result<Self, TrainError> {
        let tasks = selection.plan.rungs().first().map_or(selection.trials.len(), |rung| rung.arms);
        let mut share = options.share(tasks);
        let memory_bytes = options.memory_bytes();
        let images = selection.plan.images.all();
        let trials = selection.one_per_arm();
        let largest = trials.iter().map(|trial| Needs::of(Task::Trial(trial), images).memory_bytes).max();
        let fitting = memory_bytes / largest.unwrap_or(1).max(1);
        share.jobs = share.jobs.min(u32::try_from(fitting).unwrap_or(u32::MAX)).max(1);
        let probes = trials.iter().map(|trial| {
            on_arm();
            probe_apart(trial.spec(), program, share)
        });
        Ok(Self::of(selection, share, &probes.collect::<Result<Vec<_>, _>>()?))
    }

    /// From the probe of each arm, in the order of [`Selection::one_per_arm`].
    pub fn of(selection: &Selection<'_>, share: Share, probes: &[Probe]) -> Self {
        let plan = selection.plan;
        let specs: Vec<&TrialSpec> = selection.one_per_arm().into_iter().map(Trial::spec).collect();
        let arms: Vec<ArmEstimate> = specs
            .iter()
            .zip(probes)
            .map(|(spec, probe)| ArmEstimate {
                arm: spec.arm.clone(),
                step_s: probe.step_s,
                trial_s: START_S
                    + f64::from(spec.train.epochs) * epoch_s(plan, spec, probe)
                    + evaluation_s(plan, spec, probe),
                peak_bytes: probe
                    .peak_bytes
                    .map(|bytes| bytes + Needs::data_bytes(plan.images.all(), &spec.model.input)),
            })
            .collect();
        let total_s = match plan.rungs() {
            [] => {
                let arm_of = |trial: &&Trial| arms.iter().find(|row| row.arm == trial.spec().arm);
                at_once(share.jobs, selection.trials.iter().filter_map(arm_of).map(|row| row.trial_s))
            }
            rungs => {
                // Which arms go on is not known: each is as long as the average.
                let mean = |seconds_of: fn(&Plan, &TrialSpec, &Probe) -> f64| {
                    let all = specs.iter().zip(probes).map(|(spec, probe)| seconds_of(plan, spec, probe));
                    all.sum::<f64>() / specs.len().max(1) as f64
                };
                let (epoch, evaluation) = (mean(epoch_s), mean(evaluation_s));
                let (mut total, mut behind) = (0.0, 0);
                for (index, rung) in rungs.iter().enumerate() {
                    let entering = rung.arms.min(specs.len());
                    let last = if index + 1 == rungs.len() { evaluation } else { 0.0 };
                    let seconds = |epochs: u32| START_S + f64::from(epochs) * epoch + last;
                    let on = std::iter::repeat_n(seconds(rung.epochs - behind), entering);
                    let anew = std::iter::repeat_n(seconds(rung.epochs), entering * (rung.seeds - 1));
                    total += at_once(share.jobs, on.chain(anew));
                    behind = rung.epochs;
                }
                total
            }
        };
        Self { share, arms, total_s }
    }
}

/// How long tasks of these seconds take, each started as soon as one of `jobs` places is free.
fn at_once(jobs: u32, tasks: impl Iterator<Item = f64>) -> f64 {
    let mut ends = vec![0.0_f64; jobs.max(1) as usize];
    for seconds in tasks {
        if let Some(first) = ends.iter_mut().min_by(|a, b| a.total_cmp(b)) {
            *first += seconds;
        }
    }
    ends.into_iter().fold(0.0, f64::max)
}

fn batches(images: u64, spec: &TrialSpec) -> f64 {
    images.div_ceil(spec.train.batch_size as u64) as f64
}

fn epoch_s(plan: &Plan, spec: &TrialSpec, probe: &Probe) -> f64 {
    batches(plan.images.train, spec) * probe.step_s
        + batches(plan.images.validation, spec) * probe.prediction_s
}

fn evaluation_s(plan: &Plan, spec: &TrialSpec, probe: &Probe) -> f64 {
    let changes: u64 = match spec.evaluation.perturbations {
        Perturbations::Standard => {
            mnist_data::standard_levels().iter().map(|level| level.perturbations.len() as u64).sum()
        }
        Perturbations::None => 0,
    };
    let images = plan.images.train + plan.images.validation + plan.images.test * (1 + changes);
    batches(images, spec) * probe.prediction_s
}
