//! What a sweep will take, from a few timed steps of every arm.

use serde::Serialize;

use crate::{Needs, Perturbations, Plan, Probe, Selection, Trial, TrialSpec};

/// What the trials of a sweep will take, one after the other on this machine.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Estimate {
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
    /// The peak of its process's resident memory, data set included; none where the system does not tell.
    pub peak_bytes: Option<u64>,
}

/// Starting a process, libtorch and the data set.
const START_S: f64 = 0.5;

impl Estimate {
    /// From the probe of each arm, in the order of [`Selection::one_per_arm`].
    pub fn of(selection: &Selection<'_>, probes: &[Probe]) -> Self {
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
            [] => selection
                .trials
                .iter()
                .filter_map(|trial| arms.iter().find(|row| row.arm == trial.spec().arm))
                .map(|row| row.trial_s)
                .sum(),
            rungs => {
                // Which arms go on is not known: each is as long as the average.
                let count = specs.len().max(1) as f64;
                let all = || specs.iter().zip(probes);
                let epoch: f64 = all().map(|(spec, probe)| epoch_s(plan, spec, probe)).sum::<f64>() / count;
                let evaluation: f64 =
                    all().map(|(spec, probe)| evaluation_s(plan, spec, probe)).sum::<f64>() / count;
                let (mut total, mut behind) = (0.0, 0);
                for rung in rungs {
                    let entering = rung.arms.min(specs.len()) as f64;
                    total += entering * (START_S + f64::from(rung.epochs - behind) * epoch);
                    let further = entering * (rung.seeds - 1) as f64;
                    total += further * (START_S + f64::from(rung.epochs) * epoch);
                    behind = rung.epochs;
                }
                let last = rungs.last().map_or(0.0, |rung| (rung.arms.min(specs.len()) * rung.seeds) as f64);
                total + last * evaluation
            }
        };
        Self { arms, total_s }
    }
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
