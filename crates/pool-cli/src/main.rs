//! The pooling study on the command line: arguments in, calls out.

mod args;
mod commands;
mod exit;
mod output;
mod progress;

use args::{Cli, Command};
use clap::Parser;
use commands::{data, doctor, layer, run, stored, sweep, task};
use pool_records::TaskCommand;

fn main() -> std::process::ExitCode {
    exit::explain_panics();
    let cli = Cli::parse();
    exit::code_of(dispatch(&cli))
}

fn dispatch(cli: &Cli) -> anyhow::Result<exit::Outcome> {
    pool_models::check_instructions()?;
    // A task writes its log into its folder, and only the task knows which one that is.
    if !matches!(cli.command, Command::Task(TaskCommand::Trial { .. } | TaskCommand::Measure { .. })) {
        output::log_to_stderr(cli.verbose, cli.log_format);
    }
    match &cli.command {
        Command::Sweep(args) => sweep::sweep(args, cli.verbose),
        Command::Plan(args) => sweep::plan(args),
        Command::Status(args) => run::status(args),
        Command::Report(args) => run::report(args),
        Command::Bundle(args) => run::bundle(args),
        Command::Recommend(args) => run::recommend(args),
        Command::Compare(args) => run::compare(args),
        Command::League(args) => run::league(args),
        Command::Predict(args) => stored::predict(args),
        Command::Evaluate(args) => stored::evaluate(args),
        Command::Export(args) => stored::export(args),
        Command::Summary(args) => sweep::summary(args),
        Command::Apply(args) => layer::apply(args),
        Command::Operators(args) => layer::operators(args),
        Command::Data(args) => data::run(args),
        Command::Doctor(args) => doctor::run(args),
        Command::Task(task) => task::run(task),
    }
}
