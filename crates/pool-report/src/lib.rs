//! The report of a run: tables, plots and a web page, from its records alone.
//!
//! [`Run::read`] reads the records of a run directory and [`Analysis::of`] computes what they show. [`write_report`]
//! writes the report into the run directory as HTML, Markdown, LaTeX, CSV, JSON and SVG; [`terminal_report`] prints it,
//! and [`terminal_summary`] its essence. [`recommend`] picks an arm under a [`Budget`], [`RunComparison`] compares two
//! runs, and [`RunStatus`] shows the progress of a sweep that runs elsewhere. [`plan_table`] shows a sweep before it
//! starts; [`operator_table`] and [`gallery_svg`] show the pooling operators.
//!
//! ```no_run
//! use pool_report::{Analysis, Run, terminal_report, write_report};
//!
//! let run = Run::read("runs/mnist-pooling".as_ref())?;
//! let analysis = Analysis::of(&run);
//! write_report(&run, &analysis)?;
//! println!("{}", terminal_report(&analysis, 100));
//! # Ok::<(), pool_report::ReportError>(())
//! ```
//!
//! A report is a function of the records, in two steps. The analysis is plain data and holds every figure and every
//! conclusion. The renderers draw no conclusions, so that the terminal, the page and the paper agree. So its files have the
//! same bytes wherever the run directory lies, and whenever it is made. This crate never links torch and cannot start a
//! trial: a report can be made again years later, on a machine that could not train.

mod analysis;
mod cells;
mod chart;
mod error;
mod figures;
mod read;
mod render;
mod status;
mod tensorboard;
mod write;

pub use analysis::{
    Absences, Analysis, ArmBeside, ArmInRun, AtBudget, Basis, Budget, BudgetOf, Budgeted, Choice,
    ClaimResult, Comparisons, Conclusion, Decision, Difference, EqualBudgets, Judgement, League, LeagueRow,
    LeagueTable, Limit, LimitFigure, Method, Objective, Overall, PairComparison, ParetoArm, ParetoFront,
    Recommendation, RunComparison, SettingDifference, ShortVerdict, Standing, StudyData, StudyVerdict,
    TunedPair, TuningFindings, class_gaps, recommend,
};
pub use error::ReportError;
pub use figures::{
    ArmFigures, ClassNames, CostFigures, Estimate, LatencyFigures, MemoryFigure, OverProcesses, PeakFigures,
    Proportion, RobustnessFigures, Spread, TimeSource, TrialFigures,
};
pub use read::{ArmResults, Run, TrialOverview, TuningResults};
pub use render::{
    Picture, PlannedArm, PlannedSweep, PlannedTuning, PlotFile, PlotKind, Tile, gallery_svg, html_report,
    json_results, latex_document, latex_methods, latex_tables, league_picture, league_picture_file,
    markdown_comparison, markdown_league, markdown_methods, markdown_report, markdown_summary,
    operator_table, plan_table, plot_files, results_csv, terminal_comparison, terminal_evaluation,
    terminal_league, terminal_recommendation, terminal_report, terminal_status, terminal_summary, trials_csv,
};
pub use status::{RunStatus, TaskProgress, TaskStatus};
pub use tensorboard::{EventFile, EventFileError, tensorboard_events};
pub use write::{WrittenReport, check_summary_folder, write_league, write_report, write_summary};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
