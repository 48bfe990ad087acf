//! Tables, plots and the HTML report of a run.
//!
//! [`Run::read`] reads the records of a run directory; [`write_report`] leaves `report.html`, `results.md`,
//! `results.csv` and `learning-curves.svg` beside them; [`terminal_tables`] is what a person sees after a sweep, and
//! [`plan_table`] before one. [`operator_table`] and [`gallery_svg`] show the
//! pooling operators that there are.
//!
//! ```no_run
//! use pool_report::{Run, terminal_tables, write_report};
//!
//! let run = Run::read("runs/mnist-pooling".as_ref())?;
//! write_report(&run)?;
//! println!("{}", terminal_tables(&run, 100));
//! # Ok::<(), pool_report::ReportError>(())
//! ```
//!
//! The one decision: a report is a function of the records. This crate never links torch and cannot start a trial, so
//! a report can be made again years later, on a machine that could not train.

mod analysis;
mod cells;
mod error;
mod figures;
mod published;
mod read;
mod render;
mod write;

pub use analysis::{
    Absences, Analysis, ArmBeside, ArmInRun, Basis, Budget, Choice, Claim, ClaimResult, Comparisons,
    Conclusion, Decision, Difference, Judgement, Limit, LimitFigure, Method, Objective, PairComparison,
    ParetoArm, ParetoFront, Recommendation, RunComparison, SettingDifference, Standing, StudyData,
    StudyVerdict, recommend,
};
pub use error::ReportError;
pub use figures::{
    ArmFigures, CostFigures, Estimate, LatencyFigures, MemoryFigure, PeakFigures, Proportion,
    RobustnessFigures, Spread, TimeSource, TrialFigures,
};
pub use published::{PublishedArm, StudyPool};
pub use read::{ArmResults, Run};
pub use render::{
    OperatorRow, PlannedArm, Tile, gallery_svg, html_report, json_results, learning_curves_svg,
    markdown_tables, operator_table, plan_table, results_csv, terminal_tables,
};
pub use write::{WrittenReport, write_report};
