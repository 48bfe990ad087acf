//! The report's files in the run directory.

use std::path::PathBuf;

use pool_metrics::atomic_write;

use crate::{ReportError, Run, html_report, learning_curves_svg, markdown_tables, results_csv};

/// The files that were written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenReport {
    /// The report for people.
    pub html: PathBuf,
    /// All files, the report included.
    pub files: Vec<PathBuf>,
}

/// Writes every form of the report into the run directory. Everything is rendered before the first
/// file is touched, and whoever has an old one open keeps seeing it whole.
///
/// # Errors
/// A file that cannot be written.
pub fn write_report(run: &Run) -> Result<WrittenReport, ReportError> {
    let root = run.layout.root();
    let html = root.join("report.html");
    let contents = [
        (html.clone(), html_report(run)),
        (root.join("results.md"), markdown_tables(run)),
        (root.join("results.csv"), results_csv(run)),
        (root.join("learning-curves.svg"), learning_curves_svg(run)),
    ];
    for (path, text) in &contents {
        atomic_write(path, text.as_bytes()).map_err(ReportError::io("write", path))?;
    }
    Ok(WrittenReport { html, files: contents.into_iter().map(|(path, _)| path).collect() })
}
