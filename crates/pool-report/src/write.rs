//! The report's files.

use std::fs;
use std::path::{Path, PathBuf};

use pool_metrics::{atomic_write, check_outputs, check_outside_runs};

use crate::{
    Analysis, EventFile, EventFileError, Picture, PlotFile, PlotKind, ReportError, Run, html_report,
    json_results, latex_document, latex_tables, markdown_report, markdown_summary, plot_files, results_csv,
    tensorboard_events, trials_csv,
};

/// The plots of a summary, which is kept where every byte is.
const SUMMARY: [PlotKind; 2] = [PlotKind::LearningCurves, PlotKind::Pareto];

/// The files that were written.
#[derive(Debug)]
pub struct WrittenReport {
    /// The report for people.
    pub html: PathBuf,
    /// All files, the report included.
    pub files: Vec<PathBuf>,
    /// Trials whose learning curves TensorBoard cannot be given, and why.
    pub without_events: Vec<EventFileError>,
}

/// Writes every form of the report into the run directory. Everything is rendered before the first
/// file is touched, and whoever has an old one open keeps seeing it whole. Every trial also gets an event file for
/// TensorBoard, unless it has one: a record never changes.
///
/// # Errors
/// A file that cannot be written.
pub fn write_report(run: &Run, analysis: &Analysis) -> Result<WrittenReport, ReportError> {
    let root = run.layout.root();
    let html = root.join("report.html");
    let plots = plot_files(run, analysis, &PlotKind::ALL);
    let mut contents = vec![
        (html.clone(), html_report(run, analysis)),
        (root.join("results.md"), markdown_report(analysis, &pictures("", &plots))),
        (root.join("results.csv"), results_csv(run)),
        (root.join("results.tex"), latex_document(analysis)),
        (root.join("results-tables.tex"), latex_tables(analysis)),
        (root.join("results.json"), format!("{:#}\n", json_results(analysis))),
    ];
    contents.extend(trials_csv(run).map(|text| (root.join("trials.csv"), text)));
    contents.extend(plots.into_iter().map(|plot| (root.join(plot.kind.file()), plot.svg)));
    let mut files = write_all(contents)?;
    let mut without_events = Vec::new();
    for record in run.records() {
        match tensorboard_events(record) {
            Ok(events) => files.extend(write_events(&run.layout.trial(&record.id), events)?),
            Err(error) => without_events.push(error),
        }
    }
    Ok(WrittenReport { html, files, without_events })
}

/// The file's path, if it was not there already.
fn write_events(trial: &Path, events: EventFile) -> Result<Option<PathBuf>, ReportError> {
    let folder = trial.join("tensorboard");
    let path = folder.join(events.name);
    if path.exists() {
        return Ok(None);
    }
    create(&folder)?;
    atomic_write(&path, &events.bytes).map_err(ReportError::io("write", &path))?;
    Ok(Some(path))
}

fn create(folder: &Path) -> Result<(), ReportError> {
    fs::create_dir_all(folder).map_err(ReportError::io("create", folder))
}

/// Writes what a document on the study shows of a run into a folder, made where it is missing: `<study>.md` and the plots that it
/// shows, `<study>-*.svg`. Small enough to be kept beside a program's source.
///
/// # Errors
/// A folder in a run, or a file that cannot be written.
pub fn write_summary(run: &Run, analysis: &Analysis, folder: &Path) -> Result<Vec<PathBuf>, ReportError> {
    let name = file_name(&run.study);
    let prefix = format!("{name}-");
    let plots = plot_files(run, analysis, &SUMMARY);
    let text = markdown_summary(analysis, &pictures(&prefix, &plots));
    let mut contents = vec![(folder.join(format!("{name}.md")), text)];
    contents.extend(
        plots.into_iter().map(|plot| (folder.join(format!("{prefix}{}", plot.kind.file())), plot.svg)),
    );
    check_outputs(&[], &contents.iter().map(|(path, _)| path.as_path()).collect::<Vec<_>>())?;
    create(folder)?;
    write_all(contents)
}

/// Whether a summary may be written into this folder, which [`write_summary`] checks for each of its files, too.
///
/// # Errors
/// A folder in a run.
pub fn check_summary_folder(folder: &Path) -> Result<(), ReportError> {
    Ok(check_outside_runs(&folder.join("summary"))?)
}

/// How a document refers to the plots beside it.
fn pictures(prefix: &str, plots: &[PlotFile]) -> Vec<Picture> {
    let picture = |plot: &PlotFile| Picture {
        title: plot.kind.title().to_owned(),
        file: format!("{prefix}{}", plot.kind.file()),
    };
    plots.iter().map(picture).collect()
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
