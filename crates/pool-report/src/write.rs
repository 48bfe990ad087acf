//! Writing the report's files.

use std::fs;
use std::path::{Path, PathBuf};

use pool_files::atomic_write;
use pool_records::{check_outputs, check_outside_runs};

use crate::render::plain_name;
use crate::{
    Analysis, EventFile, EventFileError, League, Picture, PlotFile, PlotKind, ReportError, Run, html_report,
    json_results, latex_document, latex_methods, latex_tables, league_picture, league_picture_file,
    markdown_league, markdown_methods, markdown_report, markdown_summary, plot_files, results_csv,
    tensorboard_events, trials_csv,
};

/// The plots of a summary: few, because a summary is kept in a repository.
const SUMMARY: [PlotKind; 2] = [PlotKind::LearningCurves, PlotKind::Pareto];

/// The files that were written.
#[derive(Debug)]
pub struct WrittenReport {
    /// The page, `report.html`.
    pub html: PathBuf,
    /// All files, the page included.
    pub files: Vec<PathBuf>,
    /// Why some trials have no event file for TensorBoard.
    pub without_events: Vec<EventFileError>,
}

/// Writes the report in every format into the run directory, and an event file for TensorBoard into each trial's
/// folder.
///
/// Everything is rendered before the first file is touched, and files are replaced atomically: a program that has an
/// old one open keeps reading the old one. A trial that has an event file keeps it, as its record never changes.
///
/// # Errors
/// [`ReportError::Io`] if a file cannot be written.
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
        (root.join("methods.md"), markdown_methods(analysis)),
        (root.join("methods.tex"), latex_methods(analysis)),
        (root.join("results.json"), format!("{:#}\n", json_results(analysis))),
    ];
    contents.extend(trials_csv(run).map(|text| (root.join("trials.csv"), text)));
    contents.extend(plots.into_iter().map(|plot| (root.join(plot.kind.file()), plot.svg)));
    let mut files = write_all(contents)?;
    if analysis.has_trials() {
        run.seeds.clone().note(&run.layout)?;
    }
    let mut without_events = Vec::new();
    for record in run.records() {
        match tensorboard_events(record) {
            Ok(events) => files.extend(write_events(&run.layout.trial(&record.id), events)?),
            Err(error) => without_events.push(error),
        }
    }
    Ok(WrittenReport { html, files, without_events })
}

/// The path of the file, if it did not exist.
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

/// Writes a summary of the run for documents about the study: `<study>.md` and the plots that it shows,
/// `<study>-*.svg`.
///
/// Creates the folder if it does not exist. The files are small enough to be kept in a repository.
///
/// # Errors
/// [`ReportError::Output`] if the folder is part of a run, [`ReportError::Io`] if a file cannot be written.
pub fn write_summary(run: &Run, analysis: &Analysis, folder: &Path) -> Result<Vec<PathBuf>, ReportError> {
    let name = plain_name(&run.study);
    let prefix = format!("{name}-");
    let plots = plot_files(run, analysis, &SUMMARY);
    let text = markdown_summary(analysis, &pictures(&prefix, &plots));
    let mut contents = vec![(folder.join(format!("{name}.md")), text)];
    contents.extend(
        plots.into_iter().map(|plot| (folder.join(format!("{prefix}{}", plot.kind.file())), plot.svg)),
    );
    write_into(folder, contents)
}

/// Writes a league for documents about the study: `league.md`, and for each run the picture that it shows.
///
/// # Errors
/// [`ReportError::Output`] if the folder is part of a run, [`ReportError::Io`] if a file cannot be written.
pub fn write_league(league: &League, folder: &Path) -> Result<Vec<PathBuf>, ReportError> {
    let mut contents = vec![(folder.join("league.md"), markdown_league(league))];
    contents.extend(
        league
            .tables
            .iter()
            .filter_map(|table| Some((folder.join(league_picture_file(table)), league_picture(table)?))),
    );
    write_into(folder, contents)
}

/// Writes files of a folder outside any run, which is created if it does not exist.
fn write_into(folder: &Path, contents: Vec<(PathBuf, String)>) -> Result<Vec<PathBuf>, ReportError> {
    check_outputs(&[], &contents.iter().map(|(path, _)| path.as_path()).collect::<Vec<_>>())?;
    create(folder)?;
    write_all(contents)
}

/// Checks that a summary may be written into this folder. [`write_summary`] checks the same for each of its files.
///
/// # Errors
/// [`ReportError::NoFolder`] for a file, and [`ReportError::Output`] if the folder is part of a run.
pub fn check_summary_folder(folder: &Path) -> Result<(), ReportError> {
    if folder.exists() && !folder.is_dir() {
        return Err(ReportError::NoFolder { path: folder.to_owned() });
    }
    Ok(check_outside_runs(&folder.join("summary"))?)
}

/// The plots as a document in the same folder refers to them.
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
