//! `pool-cli plan`: what a sweep would train.

use anyhow::Context;
use mnist_data::DataDir;
use pool_report::{PlannedSweep, plan_table};
use pool_run::{LocalOptions, measure_estimate};
use pool_spec::{Selection, Sweep, SweepEstimate};

use super::terminal_width;
use crate::args::PlanArgs;
use crate::exit::Outcome;
use crate::output::{print, print_json};
use crate::progress::Counter;

pub(crate) fn run(args: &PlanArgs) -> anyhow::Result<Outcome> {
    let sweep = Sweep::read(&args.file)?;
    let plan = sweep.plan(&mnist_data::data_facts(&sweep, &DataDir::from_env())?)?;
    let selection = plan.select(&args.only)?;
    let estimate = if args.no_timing { None } else { Some(estimate(&selection, args)?) };
    show(&selection, estimate, args.json)?;
    Ok(Outcome::Done)
}

/// Times a few steps of every arm, each in processes of its own.
fn estimate(selection: &Selection<'_>, args: &PlanArgs) -> anyhow::Result<SweepEstimate> {
    let program = std::env::current_exe().context("cannot find this program to time steps with")?;
    let options = LocalOptions { jobs: args.jobs.count(), threads: args.threads, ..LocalOptions::default() };
    let progress = Counter::new("timing steps, arm", selection.one_per_arm().len());
    let measured = measure_estimate(selection, &program, options, &mut || progress.step());
    progress.finish();
    Ok(measured?)
}

/// Prints each arm's network with its shapes, parameters and memory.
pub(super) fn show(
    selection: &Selection<'_>,
    times: Option<SweepEstimate>,
    json: bool,
) -> anyhow::Result<()> {
    let plan = PlannedSweep::new(selection, times)?;
    if json {
        return print_json(&plan);
    }
    print(&plan_table(&plan, terminal_width()))
}
