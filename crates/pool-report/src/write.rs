//! The report's files in the run directory.

use std::io::Write;
use std::path::{Path, PathBuf};

use crate::{ReportError, Run, html_report, learning_curves_svg, markdown_tables, results_csv};

/// The files that were written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenReport {
    /// The report for people.
    pub html: PathBuf,
    /// All files, the report included.
    pub files: Vec<PathBuf>,
}

/// Writes every form of the report into the run directory. Everything is rendered before the first file is touched.
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
        replace(path, text).map_err(ReportError::io("write", path))?;
    }
    Ok(WrittenReport { html, files: contents.into_iter().map(|(path, _)| path).collect() })
}

/// Whoever has the old report open keeps seeing a whole one.
fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o644));
    }
    let mut file = builder.prefix(".partial-").tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.persist(path)?;
    Ok(())
}
