//! What was found, and under which conditions: the verdict with its warnings, the study's claims, the settings.

use maud::{Markup, html};

use crate::{Analysis, ClaimResult, Conclusion, Run};

/// What was found and what a reader should doubt.
pub(super) fn verdict(analysis: &Analysis) -> Markup {
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

/// The published study's claims, and what this run says about each. `None` if the run is not that study's.
pub(super) fn claims(analysis: &Analysis) -> Option<Markup> {
    (!analysis.claims.is_empty()).then(|| {
        html! {
            p.note {
                "The study trained each arm once. Here, a claim holds or does not hold only if the figures show it \
                 beyond chance."
            }
            ol.claims { @for claim in &analysis.claims { (item(claim)) } }
        }
    })
}

fn item(claim: &ClaimResult) -> Markup {
    let class = match claim.conclusion {
        Conclusion::Holds => "yes",
        Conclusion::DoesNotHold => "no",
        Conclusion::CannotBeTold => "open",
    };
    html! {
        li {
            div {
                p.claim { (claim.sentence) }
                p { span.tag.(class) { (claim.conclusion) } }
            }
            div {
                p { "Measured: " (claim.measured.trim_end_matches('.')) "." }
                p.note { "Tested: " (claim.test) "." }
            }
        }
    }
}

/// The machine, the program and the settings of the trials.
pub(super) fn settings(analysis: &Analysis) -> Option<Markup> {
    let provenance = &analysis.provenance;
    (!provenance.is_empty())
        .then(|| html! { dl { @for (label, value) in provenance { dt { (label) } dd { (value) } } } })
}

/// The sweep file as it was read.
pub(super) fn sweep(run: &Run) -> Option<Markup> {
    (!run.sweep_text.is_empty()).then(|| html! { pre.wide tabindex="0" { (run.sweep_text) } })
}
