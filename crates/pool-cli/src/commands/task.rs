//! `pool-cli trial`, `measure` and `peak`: what the processes of a sweep run.

use std::io::{Read, Write};
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use mnist_data::DataDir;
use pool_train::{
    DeviceChoice, Phase, RunDir, StopFlag, TrainError, TrialContext, TrialEnd, TrialEvent, measure_costs,
    measure_peak, run_trial,
};

use crate::args::{KernelsArg, PeakArgs, PhaseArg, ProbeArgs, TaskArgs};
use crate::exit::Outcome;
use crate::logging;
use crate::output::print;

/// Trains one trial and stores its record.
pub(crate) fn trial(args: &TaskArgs, verbose: u8) -> anyhow::Result<Outcome> {
    run(args, verbose, |folder, context, stop| {
        let spec = RunDir::read_spec(folder)?;
        match run_trial(&spec, folder, context, stop, &mut |event| tell(&event))? {
            TrialEnd::Finished(record) => RunDir::store_record(folder, &record)?,
            TrialEnd::Paused(paused) => RunDir::store_paused(folder, &paused)?,
        }
        Ok(())
    })
}

/// Measures an arm's costs and stores their record.
pub(crate) fn measure(args: &TaskArgs, verbose: u8) -> anyhow::Result<Outcome> {
    run(args, verbose, |folder, context, stop| {
        let spec = RunDir::read_cost_spec(folder)?;
        let program = std::env::current_exe().context("cannot find this program to measure memory with")?;
        let record = measure_costs(&spec, folder, &program, context, stop, &mut |event| tell(&event))?;
        Ok(RunDir::store_cost_record(folder, &record)?)
    })
}

/// Prints one peak of memory in bytes, or null where the system does not tell.
pub(crate) fn peak(args: &PeakArgs) -> anyhow::Result<Outcome> {
    let spec = RunDir::read_cost_spec(&args.folder)?;
    let phase = match args.phase {
        PhaseArg::Training => Phase::Training,
        PhaseArg::Inference => Phase::Inference,
    };
    let context = context(args.threads, 1, args.kernels, args.device)?;
    let peak = measure_peak(&spec, phase, args.batch_size, &context)?;
    print(&format!("{}\n", serde_json::to_string(&peak)?))?;
    Ok(Outcome::Done)
}

/// Prints what a few steps of the trial on standard input take, as JSON.
pub(crate) fn probe(args: &ProbeArgs) -> anyhow::Result<Outcome> {
    let spec = serde_json::from_reader(std::io::stdin().lock()).context("standard input holds no trial")?;
    let context = context(args.threads, 1, KernelsArg::default(), DeviceChoice::default())?;
    let probe = pool_train::probe(&spec, &context)?;
    print(&format!("{}\n", serde_json::to_string(&probe)?))?;
    Ok(Outcome::Done)
}

fn run(
    args: &TaskArgs,
    verbose: u8,
    work: impl FnOnce(&Path, &TrialContext, &StopFlag) -> anyhow::Result<()>,
) -> anyhow::Result<Outcome> {
    let run = || {
        let stop = StopFlag::new();
        if args.stop_with_stdin {
            stop_when_stdin_closes(stop.clone());
        }
        let _running = RunDir::join(&args.folder, &stop)?;
        if RunDir::is_finished(&args.folder) {
            return Ok(());
        }
        logging::to_task_folder(&args.folder, verbose)?;
        let context = TrialContext {
            checkpoint_every: args.checkpoint_every,
            until_epoch: args.until_epoch,
            ..context(args.threads, args.jobs, args.kernels, args.device)?
        };
        work(&args.folder, &context, &stop)
    };
    run().inspect_err(|error| {
        let reason = format!("{error:#}");
        if !matches!(error.downcast_ref(), Some(TrainError::Stopped)) {
            RunDir::note_failure(&args.folder, &reason);
        }
        // The standard error of a task is a file, which a full disk would not take.
        tell(&TrialEvent::Failed { reason });
    })?;
    Ok(Outcome::Done)
}

fn context(
    threads: u32,
    jobs: u32,
    kernels: KernelsArg,
    device: DeviceChoice,
) -> anyhow::Result<TrialContext> {
    Ok(TrialContext {
        data_dir: DataDir::from_env(),
        threads,
        jobs,
        kernels: kernels.into(),
        device: device.resolve()?,
        checkpoint_every: Duration::MAX,
        until_epoch: None,
        program: format!("pool-cli {}", env!("CARGO_PKG_VERSION")),
        git_revision: option_env!("POOL_GIT_REVISION").map(str::to_owned),
    })
}

/// Events go to standard output, one JSON value per line. A parent that no longer listens is about to close the input.
fn tell(event: &TrialEvent) {
    if let Ok(line) = serde_json::to_string(event) {
        let _ = writeln!(std::io::stdout(), "{line}");
    }
}

fn stop_when_stdin_closes(stop: StopFlag) {
    std::thread::spawn(move || {
        let mut input = std::io::stdin().lock();
        let mut ignored = [0; 64];
        while input.read(&mut ignored).is_ok_and(|count| count > 0) {}
        stop.set();
    });
}
