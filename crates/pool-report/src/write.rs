//! The report's files.

use std::path::{Path, PathBuf};

use pool_metrics::atomic_write;

use crate::{
    Analysis, Picture, ReportError, Run, html_report, json_results, latex_document, latex_tables,
    learning_curves_svg, markdown_report, markdown_summary, results_csv,
};

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
pub fn write_report(run: &Run, analysis: &Analysis) -> Result<WrittenReport, ReportError> {
    let root = run.layout.root();
    let html = root.join("report.html");
    let pictures = [Picture { title: "Learning curves".to_owned(), file: "learning-curves.svg".to_owned() }];
    let contents = [
        (html.clone(), html_report(run, analysis)),
        (root.join("results.md"), markdown_report(analysis, &pictures)),
        (root.join("results.csv"), results_csv(run)),
        (root.join("results.tex"), latex_document(analysis)),
        (root.join("results-tables.tex"), latex_tables(analysis)),
        (root.join("results.json"), format!("{:#}\n", json_results(analysis))),
        (root.join("learning-curves.svg"), learning_curves_svg(run)),
    ];
    Ok(WrittenReport { html, files: write_all(contents.into())? })
}

/// Writes what a document on the study shows of a run into a folder that is there: `<study>.md` and the plots that it
/// shows, `<study>-*.svg`. Small enough to be kept beside a program's source.
///
/// # Errors
/// A file that cannot be written.
pub fn write_summary(run: &Run, analysis: &Analysis, folder: &Path) -> Result<Vec<PathBuf>, ReportError> {
    let name = file_name(&run.study);
    let curves = format!("{name}-learning-curves.svg");
    let pictures = [Picture { title: "Learning curves".to_owned(), file: curves.clone() }];
    write_all(vec![
        (folder.join(format!("{name}.md")), markdown_summary(analysis, &pictures)),
        (folder.join(curves), learning_curves_svg(run)),
    ])
}

fn write_all(contents: Vec<(PathBuf, String)>) -> Result<Vec<PathBuf>, ReportError> {
    for (path, text) in &contents {
        atomic_write(path, text.as_bytes()).map_err(ReportError::io("write", path))?;
    }
    Ok(contents.into_iter().map(|(path, _)| path).collect())
}

/// A study's name as a file name that needs no quoting and leads to no other folder.
fn file_name(study: &str) -> String {
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
            assert_eq!(file_name(study), expected);
        }
    }
}
