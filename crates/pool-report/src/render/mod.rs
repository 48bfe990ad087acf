//! From figures to text. Nothing here reads or writes a file.

mod beside;
mod csv;
mod document;
mod evaluation;
mod gallery;
mod html;
mod json;
mod latex;
mod markdown;
mod operators;
mod plan;
mod plots;
mod recommendation;
mod status;
mod summary;
mod table;
mod tables;
mod terminal;

pub use csv::{results_csv, trials_csv};
pub use evaluation::{SetToShow, terminal_evaluation};
pub use gallery::{Tile, gallery_svg};
pub use html::html_report;
pub use json::json_results;
pub use latex::{latex_document, latex_tables};
pub use markdown::{Picture, markdown_comparison, markdown_report, markdown_summary};
pub use operators::{OperatorRow, operator_table};
pub use plan::{PlannedArm, PlannedImages, PlannedSweep, PlannedTime, PlannedTimes, plan_table};
pub use plots::{PlotFile, PlotKind, plot_files};
pub use status::terminal_status;
pub use summary::terminal_summary;
pub use terminal::{terminal_comparison, terminal_recommendation, terminal_report};
