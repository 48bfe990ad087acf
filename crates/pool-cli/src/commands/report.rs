//! `pool-cli report`: everything a run says, from its records.

use std::path::Path;

use pool_report::{Analysis, Run, json_results, terminal_report, write_report};

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
    let analysis = Analysis::of(&run);
    if json {
        print(&format!("{:#}\n", json_results(&analysis)))?;
        write_report(&run, &analysis)?;
    } else {
        print(&format!("{}\n", terminal_report(&analysis, terminal_width())))?;
        let written = write_report(&run, &analysis)?;
        print(&format!("Report: {}\n", written.html.display()))?;
    }
    Ok(())
}
