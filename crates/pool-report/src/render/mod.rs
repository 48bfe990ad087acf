//! The renderers: from an analysis to text. Nothing here reads or writes a file, and nothing draws a conclusion.
//!
//! The tables ([`tables`]) are made once, as plain text in cells. [`document`] puts them and the sentences of the
//! analysis into reading order; [`terminal`] and [`markdown`] render the result. [`latex`] renders the same tables. The
//! page ([`html`]) and the plots ([`plots`]) are built from the run and its analysis.

mod catalogue;
mod document;
mod evaluation;
mod exports;
mod html;
mod latex;
mod league;
mod markdown;
mod plan;
mod plots;
mod recommendation;
mod run_comparison;
mod status;
mod summary;
mod tables;
mod terminal;

pub use catalogue::{Tile, gallery_svg, operator_table};
pub use evaluation::terminal_evaluation;
pub use exports::{json_results, results_csv, trials_csv};
pub use html::html_report;
pub use latex::{latex_document, latex_methods, latex_tables};
pub use league::{league_picture, league_picture_file, markdown_league, terminal_league};
pub use markdown::{Picture, markdown_methods, markdown_report, markdown_summary};
pub use plan::{PlannedArm, PlannedSweep, PlannedTuning, plan_table};
pub use plots::{PlotFile, PlotKind, plot_files};
pub use recommendation::terminal_recommendation;
pub use run_comparison::{markdown_comparison, terminal_comparison};
pub use status::terminal_status;
pub use summary::terminal_summary;
pub use terminal::terminal_report;

/// A study's name as a file name that needs no quoting and cannot lead to another folder.
pub(crate) fn plain_name(study: &str) -> String {
    let kept = |character: char| {
        if character.is_ascii_alphanumeric() { character.to_ascii_lowercase() } else { '-' }
    };
    let name: String = study.chars().map(kept).collect();
    let parts: Vec<&str> = name.split('-').filter(|part| !part.is_empty()).collect();
    if parts.is_empty() { "study".to_owned() } else { parts.join("-") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_studies_become_plain_file_names() {
        for (study, expected) in [
            ("mnist-pooling", "mnist-pooling"),
            ("../../etc/passwd", "etc-passwd"),
            ("<script> 100 %", "script-100"),
            ("池", "study"),
        ] {
            assert_eq!(plain_name(study), expected);
        }
    }
}
