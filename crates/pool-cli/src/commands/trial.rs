//! `pool-cli trial`: the process of one trial.

use std::io::{Read, Write};

use mnist_data::DataDir;
use pool_train::{RunDir, StopFlag, TrialContext, TrialEvent, run_trial};

use crate::args::TrialArgs;
use crate::exit::Outcome;
use crate::logging;

pub(crate) fn run(args: &TrialArgs, verbose: u8) -> anyhow::Result<Outcome> {
    // The standard error of a trial is a file, which a full disk would not take.
    train(args, verbose).inspect_err(|error| tell(&TrialEvent::Failed { reason: format!("{error:#}") }))
}

fn train(args: &TrialArgs, verbose: u8) -> anyhow::Result<Outcome> {
    let _running = RunDir::join(&args.folder)?;
    logging::to_trial_folder(&args.folder, verbose)?;
    let spec = RunDir::read_spec(&args.folder)?;
    let context = TrialContext {
        data_dir: DataDir::from_env()?,
        threads: args.threads,
        jobs: args.jobs,
        program: format!("pool-cli {}", env!("CARGO_PKG_VERSION")),
        git_revision: option_env!("POOL_GIT_REVISION").map(str::to_owned),
    };
    let stop = StopFlag::new();
    if args.stop_with_stdin {
        stop_when_stdin_closes(stop.clone());
    }
    let record = run_trial(&spec, &args.folder, &context, &stop, &mut |event| tell(&event))?;
    RunDir::store_record(&args.folder, &record)?;
    Ok(Outcome::Done)
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
