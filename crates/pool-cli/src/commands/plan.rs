//! `pool-cli plan`: what a sweep would train.

use mnist_data::DataDir;
use pool_report::{PlannedArm, plan_table};
use pool_train::{Sweep, TrainError, Trial};

use super::{one_per_arm, terminal_width};
use crate::args::PlanArgs;
use crate::exit::Outcome;
use crate::output::{print, print_json};

pub(crate) fn run(args: &PlanArgs) -> anyhow::Result<Outcome> {
    let plan = Sweep::read(&args.file)?.plan(&DataDir::from_env()?)?;
    show(&plan.select(&args.only)?.trials, args.json)?;
    Ok(Outcome::Done)
}

/// Prints each arm's network with its shapes, parameters and memory.
pub(super) fn show(trials: &[&Trial], json: bool) -> anyhow::Result<()> {
    let arms = planned_arms(trials)?;
    if json {
        return print_json(&arms);
    }
    print(&plan_table(&arms, terminal_width()))
}

fn planned_arms(trials: &[&Trial]) -> Result<Vec<PlannedArm>, TrainError> {
    let seeds_of = |arm: &str| -> Vec<u64> {
        trials.iter().map(|trial| trial.spec()).filter(|spec| spec.arm == arm).map(|spec| spec.seed).collect()
    };
    one_per_arm(trials)
        .into_iter()
        .map(|spec| {
            Ok(PlannedArm { arm: spec.arm.clone(), seeds: seeds_of(&spec.arm), model: spec.model_facts()? })
        })
        .collect()
}
