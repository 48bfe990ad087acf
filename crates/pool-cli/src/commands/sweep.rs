//! `pool-cli sweep`, `plan` and `summary`: train what a sweep file asks for, or show it.

use std::path::{Path, PathBuf};

use anyhow::Context;
use mnist_data::{DataDir, DataError};
use pool_models::has_fast_bf16;
use pool_records::{Failure, RunDir, StopFlag};
use pool_report::{PlannedSweep, class_gaps, plan_table};
use pool_run::{
    LocalExecutor, LocalOptions, LocalProcesses, Slurm, SlurmOptions, SweepEvent, SweepSummary, TaskOptions,
    measure_estimate, prepare_trials, run_sweep,
};
use pool_spec::{ComputeDevice, DeviceChoice, Plan, Selection, Sweep, SweepEstimate, Trial};
use pool_train::resolve_device;

use super::run::{Shown, end_of_sweep};
use super::terminal_width;
use crate::args::{LauncherArg, PlanArgs, SummaryArgs, SweepArgs};
use crate::exit::{Outcome, Usage};
use crate::output::{eprint_line, print, print_json};
use crate::progress::{Counter, Progress};

const CPU: DeviceChoice = DeviceChoice::Exactly(ComputeDevice::Cpu);

/// Reads a sweep file, with other seeds if they are given, and expands it.
fn read_plan(file: &Path, seeds: Option<u32>) -> anyhow::Result<(Sweep, Plan)> {
    let mut sweep = Sweep::read(file)?;
    if let Some(count) = seeds {
        sweep = sweep.with_seeds(count)?;
    }
    let plan = sweep.plan(&mnist_data::data_facts(&sweep, &DataDir::from_env())?)?;
    Ok((sweep, plan))
}

pub(crate) fn sweep(args: &SweepArgs, verbose: u8) -> anyhow::Result<Outcome> {
    let (sweep, plan) = read_plan(&args.file, args.seeds)?;
    let selection = plan.select(&args.only)?;
    if args.dry_run {
        show(&selection, None, args.json)?;
        return Ok(Outcome::Done);
    }
    check_launcher(args, &plan)?;
    // Machines of a cluster choose for themselves.
    let device = match args.launcher {
        LauncherArg::Local => DeviceChoice::Exactly(resolve(args.device)?),
        LauncherArg::Slurm => args.device,
    };
    if device == CPU && !sweep.train.precision.is_default() && !has_fast_bf16() {
        eprint_line(&format!(
            "precision = \"{}\" saves no time on this processor, which rounds the factors of products and multiplies them in f32",
            sweep.train.precision
        ));
    }
    // Whether the images are there and intact is known now, not after the first process has started.
    check_data(&sweep)?;
    for gap in plan.classes.iter().flat_map(class_gaps) {
        eprint_line(&format!("warning: {gap}"));
    }

    let root = args.out.clone().unwrap_or_else(|| PathBuf::from("runs").join(&plan.study));
    let dir = RunDir::create(root, &plan)?;
    if args.prepare {
        let prepared = prepare_trials(&selection, &dir)?;
        print(&format!("{} trials to run: {}\n", prepared.trials, prepared.list.display()))?;
        return Ok(Outcome::Done);
    }
    let stop = StopFlag::new();
    stop_on_signals(stop.clone())?;
    let program = std::env::current_exe().context("cannot find this program to start trials with")?;
    let task_options = task_options(args, device, verbose);
    let mut progress = Progress::new();
    let mut on_event = |event: SweepEvent<'_>| progress.show(&event);
    let ended = match args.launcher {
        LauncherArg::Local => {
            let launcher = LocalProcesses::new(program, task_options);
            run_sweep(
                &selection,
                &dir,
                &LocalExecutor::new(&launcher, local_options(args, device)),
                &stop,
                &mut on_event,
            )
        }
        LauncherArg::Slurm => {
            let slurm = Slurm::new(program, task_options, slurm_options(args));
            run_sweep(&selection, &dir, &slurm, &stop, &mut on_event)
        }
    };
    progress.finish();
    let summary = ended?;
    print_end(&summary);
    if args.detach {
        let root = dir.layout().root().display();
        eprint_line(&format!(
            "pool-cli status {root} shows how far they are; the same command without --detach waits"
        ));
        return Ok(Outcome::Done);
    }

    if summary.finished + summary.kept.len() > 0 {
        let shown = match (args.json, args.details) {
            (true, _) => Shown::Json,
            (false, true) => Shown::Everything,
            (false, false) => Shown::Summary,
        };
        end_of_sweep(dir.layout().root(), &summary.kept, shown)?;
    }
    Ok(match summary {
        SweepSummary { stopped: true, .. } => Outcome::Interrupted,
        SweepSummary { failed, .. } if !failed.is_empty() => Outcome::SomeTrialsFailed,
        _ => Outcome::Done,
    })
}

/// A device that was chosen automatically and is not the processor is announced.
fn resolve(choice: DeviceChoice) -> anyhow::Result<ComputeDevice> {
    let device = resolve_device(choice)?;
    if choice == DeviceChoice::Auto && device != ComputeDevice::Cpu {
        eprint_line(&format!("computing on {device}; --device cpu computes on the processor"));
    }
    Ok(device)
}

/// How the processes of a sweep compute; each gets its threads and jobs from where it runs.
fn task_options(args: &SweepArgs, device: DeviceChoice, verbose: u8) -> TaskOptions {
    TaskOptions { kernels: args.kernels, device, verbose, checkpoint_every: args.checkpoint_every }
}

/// A split that leaves a part empty is an error of the sweep file; a data set that is missing is none of it.
fn check_data(sweep: &Sweep) -> anyhow::Result<()> {
    mnist_data::check_data(&sweep.data, &DataDir::from_env()).map_err(|error| match error {
        error @ (DataError::EmptyPart { .. } | DataError::EmptyFold { .. }) => {
            sweep.validation_error(error.to_string()).into()
        }
        error => error.into(),
    })
}

/// Refuses options that the chosen launcher does not have, instead of ignoring them.
fn check_launcher(args: &SweepArgs, plan: &Plan) -> anyhow::Result<()> {
    let has_looks = !plan.comparison.looks.is_empty();
    let refused = match args.launcher {
        LauncherArg::Local if args.detach => {
            Some("--detach needs --launcher slurm: trials of this machine end with the sweep")
        }
        LauncherArg::Local if !args.sbatch_arg.is_empty() => Some("--sbatch-arg needs --launcher slurm"),
        LauncherArg::Local if args.prepare && !plan.rungs().is_empty() => {
            Some("--prepare cannot go with halving: which trials run is decided rung by rung; leave it out")
        }
        LauncherArg::Local if args.prepare && has_looks => Some(
            "--prepare cannot go with seeds.until: which trials run is decided look by look; leave it out",
        ),
        LauncherArg::Local if args.prepare && plan.tuning.is_some() => {
            Some("--prepare cannot go with [tune]: which trials run is decided by tuning; leave it out")
        }
        LauncherArg::Local if args.prepare && plan.hours().is_some() => {
            Some("--prepare cannot go with hours: somebody must count them; leave it out")
        }
        LauncherArg::Slurm if args.prepare => {
            Some("--prepare is for other launchers; leave out --launcher slurm")
        }
        LauncherArg::Slurm if args.memory.is_some() => {
            Some("--memory is for this machine; with Slurm give --sbatch-arg=--mem=SIZE for each trial")
        }
        LauncherArg::Slurm if args.detach && !plan.rungs().is_empty() => {
            Some("--detach cannot go with halving: somebody must wait for each rung; leave it out")
        }
        LauncherArg::Slurm if args.detach && has_looks => {
            Some("--detach cannot go with seeds.until: somebody must wait for each look; leave it out")
        }
        LauncherArg::Slurm if args.detach && plan.tuning.is_some() => {
            Some("--detach cannot go with [tune]: somebody must wait for the end of tuning; leave it out")
        }
        LauncherArg::Slurm if args.detach && plan.hours().is_some() => {
            Some("--detach cannot go with hours: somebody must count them; leave it out")
        }
        LauncherArg::Local | LauncherArg::Slurm => None,
    };
    refused.map_or(Ok(()), |message| Err(Usage(message).into()))
}

fn slurm_options(args: &SweepArgs) -> SlurmOptions {
    SlurmOptions {
        jobs: args.jobs.count(),
        threads: args.threads.unwrap_or(1),
        timeout: args.timeout,
        retries: args.retries,
        sbatch_arguments: args.sbatch_arg.clone(),
        detach: args.detach,
    }
}

fn local_options(args: &SweepArgs, device: DeviceChoice) -> LocalOptions {
    // The memory of a CUDA device is not divided among trials.
    let jobs = if device == CPU { None } else { Some(1) };
    LocalOptions {
        jobs: args.jobs.count().or(jobs),
        threads: args.threads,
        memory_bytes: args.memory,
        timeout: args.timeout,
        retries: args.retries,
    }
}

/// The first signal asks the trials to stop; the second ends the program at once, and with it every trial.
fn stop_on_signals(stop: StopFlag) -> anyhow::Result<()> {
    ctrlc::set_handler(move || {
        if stop.is_set() {
            std::process::exit(130);
        }
        eprint_line("stopping; finished trials are kept (once more to stop at once)");
        stop.set();
    })
    .context("cannot listen for Ctrl-C")
}

fn print_end(summary: &SweepSummary) {
    for failure in &summary.failed {
        let Failure { id, arm, seed, reason, .. } = failure;
        match seed {
            Some(seed) => eprint_line(&format!("failed: {id} (arm {arm}, seed {seed}): {reason}")),
            None => eprint_line(&format!("failed: {id} (costs of arm {arm}): {reason}")),
        }
    }
    if summary.out_of_hours {
        eprint_line(
            "the search has used up its hours; give it more in the sweep file, and run the same command again, to go on",
        );
    }
    if summary.stopped {
        eprint_line("stopped: run the same command again to finish the rest");
    } else if !summary.failed.is_empty() {
        eprint_line(&format!(
            "{} failed; the others are kept. Run the same command again to retry",
            summary.failed.len()
        ));
    }
}

pub(crate) fn plan(args: &PlanArgs) -> anyhow::Result<Outcome> {
    let (_, plan) = read_plan(&args.file, args.seeds)?;
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
fn show(selection: &Selection<'_>, times: Option<SweepEstimate>, json: bool) -> anyhow::Result<()> {
    let plan = PlannedSweep::new(selection, times)?;
    if json {
        return print_json(&plan);
    }
    print(&plan_table(&plan, terminal_width()))
}

pub(crate) fn summary(args: &SummaryArgs) -> anyhow::Result<Outcome> {
    let (_, plan) = read_plan(&args.file, None)?;
    for spec in plan.select(&args.only)?.one_per_arm().into_iter().map(Trial::spec) {
        print(&format!("arm {}: {}\n{}\n", spec.arm, spec.fillings(), spec.model.summary()?))?;
    }
    Ok(Outcome::Done)
}
