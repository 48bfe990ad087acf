//! What was found, before anything else.

use maud::{Markup, html};

use crate::Analysis;

pub(super) fn verdict(analysis: &Analysis) -> Markup {
    html! {
        (found(analysis))
        (warning("What the images cannot show", analysis.class_gaps.iter()))
        (warning("What is not in these figures", absences(analysis)))
    }
}

fn found(analysis: &Analysis) -> Markup {
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

/// What is not in the figures.
fn absences(analysis: &Analysis) -> impl Iterator<Item = &String> {
    analysis.absences.sentences.iter().chain(&analysis.comparisons.left_out)
}

/// What a reader must know before believing the figures.
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
