//! `pool-cli sweep`: train what is missing, then report.

use std::path::PathBuf;

use anyhow::Context;
use mnist_data::DataDir;
use pool_metrics::Failure;
use pool_models::Kernels;
use pool_report::class_gaps;
use pool_train::{
    ComputeDevice, DeviceChoice, LocalProcesses, Plan, RunDir, Slurm, SlurmOptions, StopFlag, Sweep,
    SweepEvent, SweepSummary, Team, TeamOptions, prepare_trials, run_sweep,
};

use crate::args::{LauncherArg, SweepArgs};
use crate::commands::{plan, report};
use crate::exit::{Outcome, Usage};
use crate::output::{print, say};
use crate::progress::Progress;

const CPU: DeviceChoice = DeviceChoice::Exactly(ComputeDevice::Cpu);

pub(crate) fn run(args: &SweepArgs, verbose: u8) -> anyhow::Result<Outcome> {
    let data_dir = DataDir::from_env();
    let sweep = Sweep::read(&args.file)?;
    let plan = sweep.plan(&data_dir)?;
    let selection = plan.select(&args.only)?;
    if args.dry_run {
        plan::show(&selection, args.json)?;
        return Ok(Outcome::Done);
    }
    check_launcher(args, &plan)?;
    // Machines of a cluster choose for themselves.
    let device = match args.launcher {
        LauncherArg::Local => DeviceChoice::Exactly(resolve(args.device)?),
        LauncherArg::Slurm => args.device,
    };
    if device == CPU && !sweep.train.precision.is_native_here() {
        say(&format!(
            "precision = \"{}\": this processor has no instructions for it, so that f32 would be faster",
            sweep.train.precision
        ));
    }
    // Whether the images are there and intact is known now, not after the first process has started.
    sweep.check_data(&data_dir)?;
    for gap in plan.classes.iter().flat_map(class_gaps) {
        say(&format!("warning: {gap}"));
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
    let arguments = task_arguments(args, device, verbose);
    let mut progress = Progress::new();
    let mut show = |event: SweepEvent<'_>| progress.show(&event);
    let ended = match args.launcher {
        LauncherArg::Local => {
            let launcher = LocalProcesses::new(program).with_arguments(arguments);
            run_sweep(&selection, &dir, &Team::new(&launcher, team_options(args, device)), &stop, &mut show)
        }
        LauncherArg::Slurm => {
            let slurm = Slurm::new(program, arguments, slurm_options(args));
            run_sweep(&selection, &dir, &slurm, &stop, &mut show)
        }
    };
    progress.finish();
    let summary = ended?;
    tell_the_end(&summary);
    if args.detach {
        let root = dir.layout().root().display();
        say(&format!(
            "pool-cli status {root} shows how far they are; the same command without --detach waits"
        ));
        return Ok(Outcome::Done);
    }

    if summary.finished + summary.kept > 0 {
        report::end_of_sweep(dir.layout().root(), args.json)?;
    }
    Ok(match summary {
        SweepSummary { stopped: true, .. } => Outcome::Interrupted,
        SweepSummary { failed, .. } if !failed.is_empty() => Outcome::SomeTrialsFailed,
        _ => Outcome::Done,
    })
}

/// What is chosen by itself and is not the processor is said.
fn resolve(choice: DeviceChoice) -> anyhow::Result<ComputeDevice> {
    let device = choice.resolve()?;
    if choice == DeviceChoice::Auto && device != ComputeDevice::Cpu {
        say(&format!("computing on {device}; --device cpu computes on the processor"));
    }
    Ok(device)
}

/// What the processes of a sweep are told beside their work.
fn task_arguments(args: &SweepArgs, device: DeviceChoice, verbose: u8) -> Vec<String> {
    let kernels = Kernels::from(args.kernels).to_string();
    let checkpoint_every = format!("{}ms", args.checkpoint_every.as_millis());
    let chosen =
        [("--kernels", kernels), ("--device", device.to_string()), ("--checkpoint-every", checkpoint_every)];
    let chosen = chosen.into_iter().flat_map(|(name, value)| [name.to_owned(), value]);
    std::iter::repeat_n("-v".to_owned(), verbose.into()).chain(chosen).collect()
}

/// What one launcher understands and the other does not is refused, not ignored.
fn check_launcher(args: &SweepArgs, plan: &Plan) -> anyhow::Result<()> {
    let refused = match args.launcher {
        LauncherArg::Local if args.detach => {
            Some("--detach needs --launcher slurm: trials of this machine end with the sweep")
        }
        LauncherArg::Local if !args.sbatch_arg.is_empty() => Some("--sbatch-arg needs --launcher slurm"),
        LauncherArg::Local if args.prepare && !plan.rungs().is_empty() => {
            Some("--prepare cannot go with halving: which trials run is decided rung by rung; leave it out")
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

fn team_options(args: &SweepArgs, device: DeviceChoice) -> TeamOptions {
    // The memory of a CUDA device is not divided among trials.
    let jobs = if device == CPU { None } else { Some(1) };
    TeamOptions {
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
        say("stopping; finished trials are kept (once more to stop at once)");
        stop.set();
    })
    .context("cannot listen for Ctrl-C")
}

fn tell_the_end(summary: &SweepSummary) {
    for failure in &summary.failed {
        let Failure { id, arm, seed, reason } = failure;
        match seed {
            Some(seed) => say(&format!("failed: {id} (arm {arm}, seed {seed}): {reason}")),
            None => say(&format!("failed: {id} (costs of arm {arm}): {reason}")),
        }
    }
    if summary.out_of_hours {
        say(
            "the search has used up its hours; give it more in the sweep file, and run the same command again, to go on",
        );
    }
    if summary.stopped {
        say("stopped: run the same command again to finish the rest");
    } else if !summary.failed.is_empty() {
        say(&format!(
            "{} failed; the others are kept. Run the same command again to retry",
            summary.failed.len()
        ));
    }
}
