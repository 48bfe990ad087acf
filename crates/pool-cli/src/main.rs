//! The pooling study on the command line: arguments in, calls out.

mod args;
mod commands;
mod exit;
mod logging;
mod output;
mod progress;

use args::{Cli, Command};
use clap::Parser;

fn main() -> std::process::ExitCode {
    exit::explain_panics();
    let cli = Cli::parse();
    exit::code_of(run(&cli))
}

fn run(cli: &Cli) -> anyhow::Result<exit::Outcome> {
    pool_models::check_instructions()?;
    // A task writes its log into its folder, and only the task knows which one that is.
    if !matches!(cli.command, Command::Trial(_) | Command::Measure(_)) {
        logging::to_stderr(cli.verbose, cli.log_format);
    }
    match &cli.command {
        Command::Sweep(args) => commands::sweep::run(args, cli.verbose),
        Command::Plan(args) => commands::plan::run(args),
        Command::Status(args) => commands::status::run(args),
        Command::Report(args) => commands::report::run(args),
        Command::Recommend(args) => commands::recommend::run(args),
        Command::Compare(args) => commands::compare::run(args),
        Command::Predict(args) => commands::stored::predict(args),
        Command::Evaluate(args) => commands::stored::evaluate(args),
        Command::Export(args) => commands::stored::export(args),
        Command::Summary(args) => commands::summary::run(args),
        Command::Apply(args) => commands::apply::run(args),
        Command::Operators(args) => commands::operators::run(args),
        Command::Data(args) => commands::data::run(args),
        Command::Doctor(args) => commands::doctor::run(args),
        Command::Trial(args) => commands::task::run("trial", &args.words, cli.verbose),
        Command::Measure(args) => commands::task::run("measure", &args.words, cli.verbose),
        Command::Peak(args) => commands::task::run("peak", &args.words, cli.verbose),
        Command::Probe(args) => commands::task::run("probe", &args.words, cli.verbose),
    }
}
