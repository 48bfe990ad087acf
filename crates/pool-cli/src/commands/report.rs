//! `pool-cli report`: everything a run says, from its records.

use std::path::Path;

use pool_report::{Run, json_results, terminal_tables, write_report};

use super::terminal_width;
use crate::args::ReportArgs;
use crate::exit::Outcome;
use crate::output::print;

pub(crate) fn run(args: &ReportArgs) -> anyhow::Result<Outcome> {
    show(&args.run, args.json)?;
    Ok(Outcome::Done)
}

/// Prints the tables and writes the report's files: whoever cannot write them has seen them.
pub(super) fn show(root: &Path, json: bool) -> anyhow::Result<()> {
    let run = Run::read(root)?;
    if json {
        print(&format!("{:#}\n", json_results(&run)))?;
        write_report(&run)?;
    } else {
        print(&format!("{}\n", terminal_tables(&run, terminal_width())))?;
        let written = write_report(&run)?;
        print(&format!("Report: {}\n", written.html.display()))?;
    }
    Ok(())
}
