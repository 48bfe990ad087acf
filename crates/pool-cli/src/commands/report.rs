//! `pool-cli report`: everything a run says, from its records.

use std::path::Path;

use pool_report::{Run, json_results, terminal_tables, write_report};

use super::{print, terminal_width};
use crate::args::ReportArgs;
use crate::exit::Outcome;

pub(crate) fn run(args: &ReportArgs) -> anyhow::Result<Outcome> {
    show(&args.run, args.json)?;
    Ok(Outcome::Done)
}

/// Writes the report's files and prints the tables.
pub(super) fn show(root: &Path, json: bool) -> anyhow::Result<()> {
    let run = Run::read(root)?;
    let written = write_report(&run)?;
    if json {
        return print(&format!("{:#}\n", json_results(&run)));
    }
    print(&format!("{}\nReport: {}\n", terminal_tables(&run, terminal_width()), written.html.display()))
}
