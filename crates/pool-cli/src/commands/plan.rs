//! `pool-cli plan`: what a sweep would train.

use mnist_data::DataDir;
use pool_report::{PlannedArm, PlannedSweep, plan_table};
use pool_train::{Rung, Selection, Sweep, TrainError};

use super::{one_per_arm, terminal_width};
use crate::args::PlanArgs;
use crate::exit::Outcome;
use crate::output::{print, print_json};

pub(crate) fn run(args: &PlanArgs) -> anyhow::Result<Outcome> {
    let plan = Sweep::read(&args.file)?.plan(&DataDir::from_env()?)?;
    show(&plan.select(&args.only)?, args.json)?;
    Ok(Outcome::Done)
}

/// Prints each arm's network with its shapes, parameters and memory.
pub(super) fn show(selection: &Selection<'_>, json: bool) -> anyhow::Result<()> {
    let plan = planned(selection)?;
    if json {
        return print_json(&plan);
    }
    print(&plan_table(&plan, terminal_width()))
}

fn planned(selection: &Selection<'_>) -> Result<PlannedSweep, TrainError> {
    let rungs = selection.plan.rungs();
    let seeds_of = |arm: &str| -> Vec<u64> {
        let trials = selection.trials.iter().map(|trial| trial.spec()).filter(|spec| spec.arm == arm);
        // How many arms get the other seeds is known, but not which.
        trials.map(|spec| spec.seed).take(if rungs.is_empty() { usize::MAX } else { 1 }).collect()
    };
    let arms = one_per_arm(&selection.trials).into_iter().map(|spec| {
        Ok(PlannedArm { arm: spec.arm.clone(), seeds: seeds_of(&spec.arm), model: spec.model_facts()? })
    });
    Ok(PlannedSweep {
        arms: arms.collect::<Result<_, TrainError>>()?,
        rungs: rungs.iter().map(Rung::planned).collect(),
        hours: selection.plan.search.as_ref().and_then(|search| search.hours),
    })
}
