//! The report as a web page: one file, complete in itself.

mod elements;
mod mistakes;
mod tables;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use super::plots::{PlotKind, plots};
use crate::{Analysis, ClaimResult, Conclusion, Run};

const STYLE: &str = include_str!("report.css");
const SCRIPT: &str = include_str!("report.js");

/// A section of the page and its entry in the table of contents.
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
                meta http-equiv="Content-Security-Policy" content=(content_security_policy());
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
                @if !run.arms.is_empty() { (elements::legend_bar(run)) }
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

/// In reading order, without empty parts.
fn parts(run: &Run, analysis: &Analysis) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut add = |id, title, markup: Option<Markup>| {
        parts.extend(markup.map(|markup| Part { id, title, markup }));
    };
    let has_trials = analysis.has_trials();
    add("verdict", "Verdict", Some(verdict(analysis)));
    add("claims", "Claims", claims(analysis));
    add("results", "Results", has_trials.then(|| tables::results(analysis)));
    for (kind, chart) in plots(run, analysis) {
        let table = match kind {
            PlotKind::Comparisons => tables::pairs(run, analysis),
            PlotKind::Tuning => tables::tuning(run, analysis),
            PlotKind::LearningCurves
            | PlotKind::Pareto
            | PlotKind::Robustness
            | PlotKind::Memory
            | PlotKind::Confusion
            | PlotKind::Calibration => html! {},
        };
        let markup = html! { (elements::plot(run, &chart)) (table) };
        add(kind.name(), kind.title(), Some(markup));
    }
    add("classes", "Error of each class", mistakes::classes(&analysis.arms, &analysis.class_names));
    add("hardest", "Hardest images", mistakes::hardest(run, &analysis.class_names));
    add("tables", "More tables", has_trials.then(|| tables::more_tables(run, analysis)));
    add("trials", "Every trial", has_trials.then(|| tables::trials(run)));
    add("methods", "Methods", methods(analysis));
    add("settings", "Machine and settings", settings(analysis));
    add("sweep", "Sweep file", sweep(run));
    parts
}

/// What was found and what a reader should doubt.
fn verdict(analysis: &Analysis) -> Markup {
    html! {
        (answer(analysis))
        (warning("What the images cannot show", analysis.class_gaps.iter()))
        (warning("What is not in these figures", absences(analysis)))
    }
}

fn answer(analysis: &Analysis) -> Markup {
    let Some((answer, more)) = analysis.verdict.sentences.split_first() else { return html! {} };
    html! {
        div.verdict {
            p.answer { (answer) }
            @for sentence in more { p { (sentence) } }
            @if let Some(front) = &analysis.pareto.sentence { p { (front) } }
            @for sentence in &analysis.confounding { p.note { (sentence) } }
        }
    }
}

fn absences(analysis: &Analysis) -> impl Iterator<Item = &String> {
    analysis.absences.sentences.iter().chain(&analysis.comparisons.left_out)
}

/// What a reader must know before trusting the figures.
fn warning<'a>(title: &str, sentences: impl Iterator<Item = &'a String>) -> Markup {
    let sentences: Vec<&String> = sentences.collect();
    html! {
        @if !sentences.is_empty() {
            div.warning {
                h3 { (title) }
                ul { @for sentence in sentences { li { (sentence) } } }
            }
        }
    }
}

/// The claims of the sweep file, and what this run says about each. `None` without any.
fn claims(analysis: &Analysis) -> Option<Markup> {
    (!analysis.claims.is_empty()).then(|| {
        html! {
            p.note {
                "A claim holds or does not hold, or its arms are practically equal, only if the figures show it beyond \
                 chance: each at 5 % for all claims together."
            }
            ol.claims { @for claim in &analysis.claims { (item(claim)) } }
        }
    })
}

fn item(claim: &ClaimResult) -> Markup {
    let class = match claim.conclusion {
        Conclusion::Holds => "yes",
        Conclusion::DoesNotHold | Conclusion::PracticallyEqual => "no",
        Conclusion::CannotBeTold => "open",
    };
    html! {
        li {
            div {
                p.claim { (claim.claim.says) }
                @if let Some(reported) = &claim.claim.reported { p.note { "Reported: " (reported) } }
                p { span.tag.(class) { (claim.conclusion) } }
            }
            div {
                p { "Measured: " (claim.measured.trim_end_matches('.')) "." }
                p.note { "Tested: " (claim.test) "." }
            }
        }
    }
}

/// How the study was made, in the words of the files for a publication.
fn methods(analysis: &Analysis) -> Option<Markup> {
    let paragraphs = &analysis.methods;
    (!paragraphs.is_empty()).then(|| html! { @for sentences in paragraphs { p { (sentences.join(" ")) } } })
}

/// The machine, the program and the settings of the trials.
fn settings(analysis: &Analysis) -> Option<Markup> {
    let provenance = &analysis.provenance;
    (!provenance.is_empty())
        .then(|| html! { dl { @for (label, value) in provenance { dt { (label) } dd { (value) } } } })
}

/// The sweep file as it was read.
fn sweep(run: &Run) -> Option<Markup> {
    (!run.sweep_text.is_empty()).then(|| html! { pre.wide tabindex="0" { (run.sweep_text) } })
}

/// What the browser may do with the page: apply its own style and script, and show its own pictures. No request leaves
/// the page. Text that an attacker smuggles in cannot run, because style and script are allowed by their digests and
/// not by their position.
fn content_security_policy() -> String {
    let digest = |text: &str| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)));
    format!(
        "default-src 'none'; img-src data:; style-src {}; script-src {}; base-uri 'none'; form-action 'none'",
        digest(STYLE),
        digest(SCRIPT)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn style_and_script_would_not_end_their_elements_early() {
        assert!(!STYLE.to_lowercase().contains("</style") && !SCRIPT.to_lowercase().contains("</script"));
        assert!(!SCRIPT.contains("<!--"), "which changes how a browser reads a script");
    }
}
