//! `pool-cli trial`, `measure`, `peak` and `probe`: what the processes of a sweep run.

use std::io::{Read, Write};
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use mnist_data::DataDir;
use pool_records::{FailureCause, ProcessOptions, RunDir, RunError, StopFlag, TaskCommand, TrialEvent};
use pool_spec::{CostSpec, TrialSpec};
use pool_train::{
    TrainError, TrialContext, TrialEnd, measure_costs, measure_peak, resolve_device, run_trial,
};

use super::{GIT_REVISION, PROGRAM};
use crate::exit::Outcome;
use crate::output::{log_to_task_folder, print};

/// Does what the command line of a task asks for.
pub(crate) fn run(task: &TaskCommand) -> anyhow::Result<Outcome> {
    match *task {
        TaskCommand::Trial { ref folder, until_epoch, checkpoint_every, options } => {
            in_folder(folder, options, |context, stop| {
                let spec: TrialSpec = RunDir::read_spec(folder)?;
                let context = TrialContext { checkpoint_every, until_epoch, ..context };
                match run_trial(&spec, folder, &context, stop, &mut |event| emit(&event))? {
                    TrialEnd::Finished(record) => RunDir::store_record(folder, &*record)?,
                    TrialEnd::Paused(paused) => RunDir::store_paused(folder, &paused)?,
                }
                Ok(())
            })?;
        }
        TaskCommand::Measure { ref folder, options } => {
            in_folder(folder, options, |context, stop| {
                let spec: CostSpec = RunDir::read_spec(folder)?;
                let program =
                    std::env::current_exe().context("cannot find this program to measure memory with")?;
                let record =
                    measure_costs(&spec, folder, &program, &context, stop, &mut |event| emit(&event))?;
                Ok(RunDir::store_record(folder, &record)?)
            })?;
        }
        TaskCommand::Peak { ref folder, phase, batch_size, options } => {
            let spec: CostSpec = RunDir::read_spec(folder)?;
            let peak = measure_peak(&spec, phase, batch_size, &context(options)?)?;
            print(&format!("{}\n", serde_json::to_string(&peak)?))?;
        }
        TaskCommand::Probe { options } => {
            let spec = serde_json::from_reader(std::io::stdin().lock()).map_err(std::io::Error::from);
            let spec = spec.context("standard input holds no trial's spec")?;
            let probe = pool_train::probe(&spec, &context(options)?)?;
            print(&format!("{}\n", serde_json::to_string(&probe)?))?;
        }
    }
    Ok(Outcome::Done)
}

/// Works in a task's folder, which is this process's alone meanwhile. What goes wrong is noted there.
fn in_folder(
    folder: &Path,
    options: ProcessOptions,
    work: impl FnOnce(TrialContext, &StopFlag) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let run = || {
        let stop = StopFlag::new();
        if options.stop_with_stdin {
            stop_when_stdin_closes(stop.clone());
        }
        let _running = RunDir::join(folder, &stop)?;
        if RunDir::is_finished(folder)? {
            return Ok(());
        }
        log_to_task_folder(folder, options.verbose)?;
        work(context(options)?, &stop)
    };
    run().inspect_err(|error| {
        if let Some(cause) = failure_cause(error) {
            RunDir::note_failure(folder, &format!("{error:#}"), cause);
        }
    })
}

/// What a failure is put down to; `None` for a task that was asked to stop.
fn failure_cause(error: &anyhow::Error) -> Option<FailureCause> {
    match (error.downcast_ref::<TrainError>(), error.downcast_ref::<RunError>()) {
        (_, Some(RunError::Stopped)) => None,
        (Some(error), _) if error.is_stopped() => None,
        (Some(error), _) => Some(error.failure_cause()),
        (None, _) => Some(FailureCause::Error),
    }
}

fn context(options: ProcessOptions) -> anyhow::Result<TrialContext> {
    Ok(TrialContext {
        data_dir: DataDir::from_env(),
        threads: options.threads,
        jobs: options.jobs,
        kernels: options.kernels,
        device: resolve_device(options.device)?,
        checkpoint_every: Duration::MAX,
        until_epoch: None,
        program: PROGRAM.to_owned(),
        git_revision: GIT_REVISION.map(str::to_owned),
    })
}

/// Events go to standard output, one JSON value per line. A parent that no longer listens is about to close the input.
fn emit(event: &TrialEvent) {
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
