//! The report for people: one file that needs nothing else.

mod bar;
mod claims;
mod classes;
mod grid;
mod hardest;
mod pairs;
mod pictures;
mod policy;
mod results;
mod tables;
mod trials;
mod verdict;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use self::policy::{SCRIPT, STYLE, policy};
use super::plots::{PlotKind, plots};
use crate::{Analysis, Run};

/// A part of the page, and how the contents call it.
struct Part {
    id: &'static str,
    title: &'static str,
    markup: Markup,
}

/// The whole page.
pub fn html_report(run: &Run, analysis: &Analysis) -> String {
    let parts = parts(run, analysis);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy());
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (run.study) ": pooling study" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                a.skip href="#main" { "Skip to the results" }
                header {
                    div.top { h1 { (run.study) } div.tools {} }
                    p.facts { "Which pooling layer should this network use, and what does the choice cost?" }
                }
                @if !run.arms.is_empty() { (bar::bar(run)) }
                @if parts.len() > 1 {
                    nav aria-label="Contents" {
                        ol { @for part in &parts { li { a href=(format!("#{}", part.id)) { (part.title) } } } }
                    }
                }
                main #main tabindex="-1" {
                    @for part in &parts { section #(part.id) { h2 { (part.title) } (part.markup) } }
                }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    page.into_string()
}

/// In reading order; a part with nothing to show is left out.
fn parts(run: &Run, analysis: &Analysis) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut add = |id, title, markup: Option<Markup>| {
        parts.extend(markup.map(|markup| Part { id, title, markup }));
    };
    let has_trials = analysis.has_trials();
    add("verdict", "Verdict", Some(verdict::verdict(analysis)));
    add("claims", "The study's claims", claims::claims(analysis));
    add("results", "Results", has_trials.then(|| results::results(analysis)));
    for plot in plots(run, analysis) {
        let words = match plot.kind {
            PlotKind::Comparisons => pairs::pairs(run, analysis),
            PlotKind::LearningCurves
            | PlotKind::Pareto
            | PlotKind::Robustness
            | PlotKind::Memory
            | PlotKind::Confusion
            | PlotKind::Calibration => html! {},
        };
        let markup = html! { (pictures::pictures(run, &plot)) (words) };
        add(plot.kind.name(), plot.kind.title(), Some(markup));
    }
    add("classes", "Error of each class", classes::classes(&analysis.arms));
    add("hardest", "Hardest images", hardest::hardest(run));
    add("tables", "More tables", has_trials.then(|| tables::tables(run, analysis)));
    add("trials", "Every trial", has_trials.then(|| trials::trials(run)));
    add("settings", "Machine and settings", settings(analysis));
    add("sweep", "Sweep file", sweep(run));
    parts
}

fn settings(analysis: &Analysis) -> Option<Markup> {
    let provenance = &analysis.provenance;
    (!provenance.is_empty())
        .then(|| html! { dl { @for (label, value) in provenance { dt { (label) } dd { (value) } } } })
}

fn sweep(run: &Run) -> Option<Markup> {
    (!run.sweep_text.is_empty()).then(|| html! { pre.wide tabindex="0" { (run.sweep_text) } })
}
