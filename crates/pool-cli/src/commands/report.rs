//! `pool-cli report`: everything a run says, from its records.

use std::path::Path;

use pool_report::{
    Analysis, Run, check_summary_folder, json_results, terminal_report, write_report, write_summary,
};

use super::terminal_width;
use crate::args::ReportArgs;
use crate::exit::Outcome;
use crate::output::{print, say};

/// Arms of a search that a report shows: more than anybody reads, and no page that a browser cannot hold.
const MOST_ARMS: usize = 60;

pub(crate) fn run(args: &ReportArgs) -> anyhow::Result<Outcome> {
    if let Some(folder) = &args.summary_to {
        check_summary_folder(folder)?;
    }
    let run = Run::read_best(&args.run, MOST_ARMS)?;
    let analysis = Analysis::of(&run);
    print_and_write(&run, &analysis, args.json)?;
    if let Some(folder) = &args.summary_to {
        for file in write_summary(&run, &analysis, folder)? {
            // Standard output may be holding JSON.
            say(&format!("Summary: {}", file.display()));
        }
    }
    Ok(Outcome::Done)
}

/// The report of the run in this folder.
pub(super) fn show(root: &Path, json: bool) -> anyhow::Result<()> {
    let run = Run::read_best(root, MOST_ARMS)?;
    print_and_write(&run, &Analysis::of(&run), json)
}

/// Prints the tables and writes the report's files: whoever cannot write them has seen them.
fn print_and_write(run: &Run, analysis: &Analysis, json: bool) -> anyhow::Result<()> {
    if json {
        print(&format!("{:#}\n", json_results(analysis)))?;
    } else {
        print(&format!("{}\n", terminal_report(analysis, terminal_width())))?;
    }
    let written = write_report(run, analysis)?;
    for error in &written.without_events {
        say(&format!("warning: no event file for TensorBoard: {error}"));
    }
    if !json {
        print(&format!("Report: {}\n", written.html.display()))?;
    }
    Ok(())
}
