//! `pool-cli plan`: what a sweep would train.

use anyhow::Context;
use mnist_data::DataDir;
use pool_report::{
    PlannedArm, PlannedImages, PlannedSweep, PlannedTime, PlannedTimes, class_gaps, plan_table,
};
use pool_train::{Estimate, Selection, Sweep, TeamOptions, TrainError};

use super::terminal_width;
use crate::args::PlanArgs;
use crate::exit::Outcome;
use crate::output::{print, print_json};
use crate::progress::Counter;

pub(crate) fn run(args: &PlanArgs) -> anyhow::Result<Outcome> {
    let plan = Sweep::read(&args.file)?.plan(&DataDir::from_env())?;
    let selection = plan.select(&args.only)?;
    let estimate = if args.no_timing { None } else { Some(estimate(&selection, args)?) };
    show_with(&selection, estimate, args.json)?;
    Ok(Outcome::Done)
}

/// Times a few steps of every arm, each in processes of its own.
fn estimate(selection: &Selection<'_>, args: &PlanArgs) -> anyhow::Result<PlannedTimes> {
    let program = std::env::current_exe().context("cannot find this program to time steps with")?;
    let options = TeamOptions { jobs: args.jobs.count(), threads: args.threads, ..TeamOptions::default() };
    let progress = Counter::new("timing steps, arm", selection.one_per_arm().len());
    let measured = Estimate::measure(selection, &program, options, &mut || progress.step());
    progress.finish();
    let Estimate { share, arms, total_s } = measured?;
    let arms = arms.into_iter().map(|arm| PlannedTime {
        arm: arm.arm,
        step_s: arm.step_s,
        trial_s: arm.trial_s,
        peak_bytes: arm.peak_bytes,
    });
    Ok(PlannedTimes { jobs: share.jobs, threads: share.threads, arms: arms.collect(), total_s })
}

/// Prints each arm's network with its shapes, parameters and memory.
pub(super) fn show(selection: &Selection<'_>, json: bool) -> anyhow::Result<()> {
    show_with(selection, None, json)
}

fn show_with(selection: &Selection<'_>, times: Option<PlannedTimes>, json: bool) -> anyhow::Result<()> {
    let plan = planned(selection, times)?;
    if json {
        return print_json(&plan);
    }
    print(&plan_table(&plan, terminal_width()))
}

fn planned(selection: &Selection<'_>, times: Option<PlannedTimes>) -> Result<PlannedSweep, TrainError> {
    let rungs = selection.plan.rungs();
    let seeds_of = |arm: &str| -> Vec<u64> {
        let trials = selection.trials.iter().map(|trial| trial.spec()).filter(|spec| spec.arm == arm);
        // How many arms get the other seeds is known, but not which.
        trials.map(|spec| spec.seed).take(if rungs.is_empty() { usize::MAX } else { 1 }).collect()
    };
    let arms = selection.one_per_arm().into_iter().map(|trial| {
        let spec = trial.spec();
        Ok(PlannedArm { arm: spec.arm.clone(), seeds: seeds_of(&spec.arm), model: spec.model_facts()? })
    });
    Ok(PlannedSweep {
        arms: arms.collect::<Result<_, TrainError>>()?,
        rungs: rungs.to_vec(),
        hours: selection.plan.hours(),
        images: PlannedImages {
            train: selection.plan.images.train,
            validation: selection.plan.images.validation,
            test: selection.plan.images.test,
            class_gaps: selection.plan.classes.as_ref().map(class_gaps),
        },
        times,
    })
}
