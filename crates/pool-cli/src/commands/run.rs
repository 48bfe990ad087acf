//! `pool-cli report`, `bundle`, `status`, `recommend`, `compare` and `league`: what the records of a run show.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytesize::ByteSize;
use pool_records::{PackedBy, TrialSummary, pack_run, unpack_run};
use pool_report::{
    Analysis, Budget, League, Run, RunComparison, RunStatus, check_summary_folder, json_results,
    markdown_comparison, terminal_comparison, terminal_league, terminal_recommendation, terminal_report,
    terminal_status, terminal_summary, write_league, write_report, write_summary,
};

use super::{GIT_REVISION, PROGRAM, terminal_width};
use crate::args::{BundleArgs, CompareArgs, LeagueArgs, RecommendArgs, ReportArgs, StatusArgs};
use crate::exit::{Outcome, Usage};
use crate::output::{eprint_line, print, print_json};

/// Arms of a search that a report shows: more than anybody reads, and no page that a browser cannot hold.
const MOST_ARMS: usize = 60;

pub(crate) fn report(args: &ReportArgs) -> anyhow::Result<Outcome> {
    if let Some(folder) = &args.summary_to {
        check_summary_folder(folder)?;
    }
    let run = Run::read_best(&run_directory(args)?, MOST_ARMS, &[])?;
    let analysis = Analysis::of(&run);
    let shown = if args.json { Shown::Json } else { Shown::Everything };
    print_and_write(&run, &analysis, shown)?;
    if let Some(folder) = &args.summary_to {
        for file in write_summary(&run, &analysis, folder)? {
            // Standard output may be holding JSON.
            eprint_line(&format!("Summary: {}", file.display()));
        }
    }
    Ok(Outcome::Done)
}

/// The run directory that was given, or that of the bundle, which is unpacked.
fn run_directory(args: &ReportArgs) -> anyhow::Result<PathBuf> {
    if args.run.is_file() {
        return Ok(unpack_run(&args.run, args.out.as_deref())?);
    }
    if args.out.is_some() && args.run.is_dir() {
        return Err(Usage("--out is for a bundle, and this is a run directory; leave it out").into());
    }
    Ok(args.run.clone())
}

/// The exact dependencies of this program; the build script finds the file.
const LOCK_FILE: &str = include_str!(concat!(env!("OUT_DIR"), "/Cargo.lock"));

pub(crate) fn bundle(args: &BundleArgs) -> anyhow::Result<Outcome> {
    let by = PackedBy { program: PROGRAM, git_revision: GIT_REVISION, lock_file: LOCK_FILE };
    let packed = pack_run(&args.run, args.out.as_deref(), &by)?;
    let size = ByteSize(packed.bytes);
    print(&format!("Bundle: {} ({} files, {size})\n", packed.path.display(), packed.files))?;
    Ok(Outcome::Done)
}

/// What is printed of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    /// Every table.
    Everything,
    /// The verdict and one table, and where the rest is.
    Summary,
    Json,
}

/// What a sweep ends with; `known` are the trials that it found finished.
pub(super) fn end_of_sweep(root: &Path, known: &[TrialSummary], shown: Shown) -> anyhow::Result<()> {
    let run = Run::read_best(root, MOST_ARMS, known)?;
    print_and_write(&run, &Analysis::of(&run), shown)?;
    if shown == Shown::Summary {
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
        eprint_line(&format!("warning: no event file for TensorBoard: {error}"));
    }
    if shown != Shown::Json {
        print(&format!("Report: {}\n", written.html.display()))?;
    }
    Ok(())
}

const WATCH_INTERVAL: Duration = Duration::from_secs(2);
/// Clears the screen and goes to its first line.
const CLEAR: &str = "\x1b[2J\x1b[H";

pub(crate) fn status(args: &StatusArgs) -> anyhow::Result<Outcome> {
    let mut last_text = String::new();
    let mut last: Option<RunStatus> = None;
    loop {
        let status = RunStatus::read_after(&args.run, last.as_ref())?;
        if args.json {
            print_json(&status)?;
            return Ok(Outcome::Done);
        }
        let text = terminal_status(&status, terminal_width());
        if text != last_text {
            let clear = if args.watch && std::io::stdout().is_terminal() { CLEAR } else { "" };
            print(&format!("{clear}{text}"))?;
        }
        if !args.watch || status.is_over() {
            return Ok(Outcome::Done);
        }
        (last_text, last) = (text, Some(status));
        std::thread::sleep(WATCH_INTERVAL);
    }
}

pub(crate) fn recommend(args: &RecommendArgs) -> anyhow::Result<Outcome> {
    let analysis = Analysis::of(&Run::read(&args.run)?);
    let budget = Budget {
        max_memory_bytes: args.max_memory,
        max_train_memory_bytes: args.max_train_memory,
        max_latency_s: args.max_latency,
        max_parameters: args.max_parameters,
        max_train_s: args.max_train_time,
        max_prediction_s: args.max_prediction_time,
    };
    let recommendation = pool_report::recommend(&analysis, &budget);
    if args.json {
        print_json(&recommendation)?;
    } else {
        print(&format!("{}\n", terminal_recommendation(&recommendation, terminal_width())))?;
    }
    Ok(if recommendation.arm.is_some() { Outcome::Done } else { Outcome::NoArm })
}

pub(crate) fn compare(args: &CompareArgs) -> anyhow::Result<Outcome> {
    let comparison = RunComparison::of(&Run::read(&args.first)?, &Run::read(&args.second)?);
    if args.json {
        print_json(&comparison)?;
    } else if args.markdown {
        print(&markdown_comparison(&comparison))?;
    } else {
        print(&format!("{}\n", terminal_comparison(&comparison, terminal_width())))?;
    }
    Ok(Outcome::Done)
}

pub(crate) fn league(args: &LeagueArgs) -> anyhow::Result<Outcome> {
    if let Some(folder) = &args.to {
        check_summary_folder(folder)?;
    }
    let runs = args.runs.iter().map(|run| Run::read(run)).collect::<Result<Vec<Run>, _>>()?;
    let league = League::of(&runs)?;
    if args.json {
        print_json(&league)?;
    } else {
        print(&format!("{}\n", terminal_league(&league, terminal_width())))?;
    }
    if let Some(folder) = &args.to {
        for file in write_league(&league, folder)? {
            // Standard output may be holding JSON.
            eprint_line(&format!("League: {}", file.display()));
        }
    }
    Ok(Outcome::Done)
}
