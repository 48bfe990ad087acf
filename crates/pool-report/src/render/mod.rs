//! From figures to text. Nothing here reads or writes a file.

use crate::cells;
mod csv;
mod curves;
mod gallery;
mod html;
mod json;
mod markdown;
mod operators;
mod plan;
mod table;
mod tables;
mod terminal;

pub use csv::results_csv;
pub use curves::learning_curves_svg;
pub use gallery::{Tile, gallery_svg};
pub use html::html_report;
pub use json::json_results;
pub use markdown::markdown_tables;
pub use operators::{OperatorRow, operator_table};
pub use plan::{PlannedArm, plan_table};
pub use terminal::terminal_tables;
