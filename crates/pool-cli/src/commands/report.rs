//! `pool-cli report`: everything a run says, from its records.

use std::path::Path;

use pool_report::{
    Analysis, Run, check_summary_folder, json_results, terminal_report, terminal_summary, write_report,
    write_summary,
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
    let shown = if args.json { Shown::Json } else { Shown::Everything };
    print_and_write(&run, &analysis, shown)?;
    if let Some(folder) = &args.summary_to {
        for file in write_summary(&run, &analysis, folder)? {
            // Standard output may be holding JSON.
            say(&format!("Summary: {}", file.display()));
        }
    }
    Ok(Outcome::Done)
}

/// What is printed of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    /// Every table.
    Everything,
    /// The verdict and one table, and where the rest is.
    Summary,
    Json,
}

/// What a sweep ends with.
pub(super) fn end_of_sweep(root: &Path, json: bool) -> anyhow::Result<()> {
    let run = Run::read_best(root, MOST_ARMS)?;
    let shown = if json { Shown::Json } else { Shown::Summary };
    print_and_write(&run, &Analysis::of(&run), shown)?;
    if !json {
        print(&format!("All tables: pool-cli report {}\n", root.display()))?;
    }
    Ok(())
}

/// Prints the results and writes the report's files: whoever cannot write them has seen them.
fn print_and_write(run: &Run, analysis: &Analysis, shown: Shown) -> anyhow::Result<()> {
    match shown {
        Shown::Everything => print(&format!("{}\n", terminal_report(analysis, terminal_width())))?,
        Shown::Summary => print(&format!("{}\n", terminal_summary(analysis, terminal_width())))?,
        Shown::Json => print(&format!("{:#}\n", json_results(analysis)))?,
    }
    let written = write_report(run, analysis)?;
    for error in &written.without_events {
        say(&format!("warning: no event file for TensorBoard: {error}"));
    }
    if shown != Shown::Json {
        print(&format!("Report: {}\n", written.html.display()))?;
    }
    Ok(())
}
